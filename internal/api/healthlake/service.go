// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"

	"galen/internal/authz"
	"galen/internal/aws/awsjson"
	"galen/internal/aws/call"
	"galen/internal/aws/shape/model"
	"galen/internal/bulk"
	"galen/internal/catalog"
	"galen/internal/job"
)

// Options of the service.
type Options struct {
	Catalog *catalog.Catalog
	Jobs    *job.Queue
	Bulk    *bulk.Service
	Region  string // of ARNs

	// Principal gives the caller of a request. BaseURL gives what endpoints begin with: scheme and host, no slash at the end.
	Principal func(context.Context) authz.Principal
	BaseURL   func(context.Context) string

	Log *slog.Logger // errors that are ours; nil: none
}

// service holds the operations.
type service struct{ Options }

// New returns the handler of `POST /` with X-Amz-Target HealthLake.*. It fails only if the embedded model is broken.
func New(o Options) (http.Handler, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	m, err := model.HealthLake()
	if err != nil {
		return nil, err
	}
	s := &service{o}
	return awsjson.New(m, s.operations(), call.Options{
		Exception: exception,
		Failed: func(ctx context.Context, operation string, err error) {
			o.Log.ErrorContext(ctx, "operation failed", "operation", operation, "error", err)
		},
	})
}

func (s *service) operations() map[string]call.Operation {
	return map[string]call.Operation{
		"CreateFHIRDatastore":   call.Op(s.createDatastore),
		"DeleteFHIRDatastore":   call.Op(s.deleteDatastore),
		"DescribeFHIRDatastore": call.Op(s.describeDatastore),
		"ListFHIRDatastores":    call.Op(s.listDatastores),
		"UpdateFHIRDatastore":   call.Op(s.updateDatastore),
		"StartFHIRImportJob":    call.Op(s.startImport),
		"DescribeFHIRImportJob": call.Op(s.describeImport),
		"ListFHIRImportJobs":    call.Op(s.listImports),
		"StartFHIRExportJob":    call.Op(s.startExport),
		"DescribeFHIRExportJob": call.Op(s.describeExport),
		"ListFHIRExportJobs":    call.Op(s.listExports),
		"TagResource":           call.Op(s.tag),
		"UntagResource":         call.Op(s.untag),
		"ListTagsForResource":   call.Op(s.listTags),
	}
}

// account is the caller's, if it may manage data stores.
func (s *service) account(ctx context.Context) (string, error) {
	who := s.Principal(ctx)
	return who.Account, who.May(authz.Manage, authz.Object{Account: who.Account})
}

// arn is the name of a data store in AWS's form.
func (s *service) arn(d catalog.DataStore) string {
	return "arn:" + partition(s.Region) + ":healthlake:" + s.Region + ":" + d.Account + ":datastore/fhir/" + d.ID
}

// partition is the part of AWS that a region lies in.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "us-iso-"):
		return "aws-iso"
	case strings.HasPrefix(region, "us-isob-"):
		return "aws-iso-b"
	}
	return "aws"
}

func (s *service) endpoint(ctx context.Context, d catalog.DataStore) string {
	return s.BaseURL(ctx) + "/datastore/" + d.ID + "/r4/"
}
