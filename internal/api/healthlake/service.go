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
	return awsjson.New(m, s.operations(), awsjson.Options{
		Exception: exception,
		Failed: func(ctx context.Context, operation string, err error) {
			o.Log.ErrorContext(ctx, "operation failed", "operation", operation, "error", err)
		},
	})
}

func (s *service) operations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateFHIRDatastore":   awsjson.Op(s.createDatastore),
		"DeleteFHIRDatastore":   awsjson.Op(s.deleteDatastore),
		"DescribeFHIRDatastore": awsjson.Op(s.describeDatastore),
		"ListFHIRDatastores":    awsjson.Op(s.listDatastores),
		"UpdateFHIRDatastore":   awsjson.Op(s.updateDatastore),
		"StartFHIRImportJob":    awsjson.Op(s.startImport),
		"DescribeFHIRImportJob": awsjson.Op(s.describeImport),
		"ListFHIRImportJobs":    awsjson.Op(s.listImports),
		"StartFHIRExportJob":    awsjson.Op(s.startExport),
		"DescribeFHIRExportJob": awsjson.Op(s.describeExport),
		"ListFHIRExportJobs":    awsjson.Op(s.listExports),
		"TagResource":           awsjson.Op(s.tag),
		"UntagResource":         awsjson.Op(s.untag),
		"ListTagsForResource":   awsjson.Op(s.listTags),
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
