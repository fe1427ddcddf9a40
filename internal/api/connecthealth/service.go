// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"

	"galen/internal/authz"
	"galen/internal/aws/call"
	"galen/internal/aws/restjson"
	"galen/internal/aws/shape/model"
	"galen/internal/catalog"
	"galen/internal/coding"
	"galen/internal/insights/previsit"
	"galen/internal/scribe"
)

// Options of the service.
type Options struct {
	Catalog  *catalog.Catalog
	Insights *previsit.Service
	Coding   *coding.Service
	Sessions *scribe.Service
	Region   string // of ARNs

	// Principal gives the caller of a request.
	Principal func(context.Context) authz.Principal

	// Own tells whether endpoint is the FHIR API of a data store of this server: then it gives its id, and what the URLs of
	// its resources begin with.
	Own func(ctx context.Context, endpoint string) (dataStore, base string)

	Log *slog.Logger // errors that are ours; nil: none
}

// service holds the operations.
type service struct{ Options }

// New returns the handler of Connect Health's paths. It fails only if the embedded model is broken.
func New(o Options) (http.Handler, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	m, err := model.ConnectHealth()
	if err != nil {
		return nil, err
	}
	s := &service{o}
	return restjson.New(m, s.operations(), call.Options{
		Exception: exception, Common: common,
		Failed: func(ctx context.Context, operation string, err error) {
			o.Log.ErrorContext(ctx, "operation failed", "operation", operation, "error", err)
		},
	})
}

func (s *service) operations() map[string]call.Operation {
	return map[string]call.Operation{
		"CreateDomain":           call.Op(s.createDomain),
		"GetDomain":              call.Op(s.getDomain),
		"ListDomains":            call.Op(s.listDomains),
		"DeleteDomain":           call.Op(s.deleteDomain),
		"CreateSubscription":     call.Op(s.createSubscription),
		"GetSubscription":        call.Op(s.getSubscription),
		"ListSubscriptions":      call.Op(s.listSubscriptions),
		"ActivateSubscription":   call.Op(s.activateSubscription),
		"DeactivateSubscription": call.Op(s.deactivateSubscription),
		"TagResource":            call.Op(s.tag),
		"UntagResource":          call.Op(s.untag),
		"ListTagsForResource":    call.Op(s.listTags),

		"StartPatientInsightsJob": call.Op(s.startInsights),
		"GetPatientInsightsJob":   call.Op(s.getInsights),

		"StartMedicalCodingJob": call.Op(s.startCoding),
		"GetMedicalCodingJob":   call.Op(s.getCoding),

		"GetMedicalScribeListeningSession": call.Op(s.getSession),
	}
}

// account is the caller's, if it may manage what is in it.
func (s *service) account(ctx context.Context) (string, error) {
	who := s.Principal(ctx)
	return who.Account, who.May(authz.Manage, authz.Object{Account: who.Account})
}

// arn is the name of a domain, or of what path says is in it, in AWS's form. The contract has it in the partition aws only.
func (s *service) arn(account, domain, path string) string {
	return "arn:aws:health-agent:" + s.Region + ":" + account + ":domain/" + domain + path
}
