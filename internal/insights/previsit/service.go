// SPDX-License-Identifier: Apache-2.0

package previsit

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/catalog"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/insights"
	"galen/internal/insights/gather"
	"galen/internal/job"
	"galen/internal/seal"
)

// Kind is the kind of the jobs.
const Kind = "patient insights"

// Options of a Service. All but the limits are required.
type Options struct {
	Catalog   *catalog.Catalog
	Jobs      *job.Queue
	Objects   blob.Store
	Gatherer  *gather.Gatherer
	Secrets   *seal.Box
	Summarise func(context.Context, insights.Input) (insights.Output, error)

	MaxPending int              // jobs of a domain that have not ended; more are refused; 0: 1,000
	Now        func() time.Time // nil: time.Now
}

// Service starts, describes and does the jobs.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service {
	o.MaxPending = cmp.Or(o.MaxPending, 1000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// Handlers returns the job handlers of this package's kind.
func (s *Service) Handlers() map[string]job.Handler { return map[string]job.Handler{Kind: s.run} }

// Spec is what a job was asked to do.
type Spec struct {
	Account   string   `json:"account"`
	AccessKey string   `json:"access_key,omitempty"`
	Domain    string   `json:"domain"`
	Patient   string   `json:"patient"`
	BirthDate string   `json:"birth_date,omitempty"`
	Pronouns  string   `json:"pronouns,omitempty"`
	Reason    string   `json:"reason"`
	Role      string   `json:"role"`
	User      string   `json:"user"`
	Specialty string   `json:"specialty,omitempty"`
	Endpoint  string   `json:"endpoint,omitempty"`   // of the FHIR server, as the caller gave it; empty: none
	DataStore string   `json:"data_store,omitempty"` // galen's own data store that Endpoint is; empty: another server's
	Base      string   `json:"base,omitempty"`       // of that data store
	Token     []byte   `json:"token,omitempty"`      // sealed, bound to the job's id
	Sources   []string `json:"sources,omitempty"`    // s3:// URIs
	Output    string   `json:"output"`               // s3:// URI
}

// Result is what a job that is done has to show.
type Result struct {
	Summary string   `json:"summary"`         // s3:// URI of summary.json
	Notes   []string `json:"notes,omitempty"` // what was left out and why
}

// Start stores a job. oauth is the access token in clear. client makes the request safe to repeat (catalog.Token); its text may
// be empty. It fails with fault.Invalid for what cannot be done, fault.NotFound without an active domain, fault.Conflict for a
// client token of another request, and fault.Throttled if the domain has too many jobs waiting.
func (s *Service) Start(ctx context.Context, who authz.Principal, spec Spec, oauth string, client catalog.Token) (job.Job, error) {
	if err := who.May(authz.Summarise, authz.Object{Account: who.Account}); err != nil {
		return job.Job{}, err
	}
	if err := check(spec); err != nil {
		return job.Job{}, err
	}
	spec.Account, spec.AccessKey = who.Account, who.AccessKey
	id := job.NewUUID()
	client.Scope += " " + spec.Domain
	client.Text = cmp.Or(client.Text, id)
	id, err := s.o.Catalog.Once(ctx, who.Account, client, id, func(id string, also catalog.Also) error {
		_, unchanged, err := s.o.Catalog.InDomain(ctx, who.Account, spec.Domain)
		if err != nil {
			return err
		}
		waiting, err := s.o.Jobs.Waiting(ctx, catalog.InsightsQueue(spec.Domain))
		if err != nil {
			return err
		}
		if waiting >= s.o.MaxPending {
			return fault.New(fault.Throttled, "%d jobs of the domain are waiting already; try again when some have ended", waiting)
		}
		if oauth != "" {
			spec.Token = s.o.Secrets.Seal(oauth, id)
		}
		text, err := json.Marshal(spec)
		if err != nil {
			return err
		}
		_, err = s.o.Jobs.Submit(ctx, job.Job{ID: id, Kind: Kind, Queue: catalog.InsightsQueue(spec.Domain), Spec: text}, func(b *engine.Batch) {
			unchanged(b)
			also(b)
		})
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	return s.o.Jobs.Describe(ctx, catalog.InsightsQueue(spec.Domain), id)
}

// check refuses what no job could do.
func check(spec Spec) error {
	if !fhir.ValidID(spec.Patient) {
		return fault.New(fault.Invalid, "patientContext.patientId is not the id of a FHIR resource: 1 to 64 letters, digits, '-' and '.'")
	}
	if spec.Endpoint == "" && len(spec.Sources) == 0 {
		return fault.New(fault.Invalid, "inputDataConfig names nothing to read: give fhirServer, s3Sources or both")
	}
	if spec.Endpoint != "" {
		if err := gather.CheckEndpoint(spec.Endpoint); err != nil {
			return err
		}
	}
	if _, err := parseAll(append([]string{spec.Output}, spec.Sources...)); err != nil {
		return err
	}
	return nil
}

func parseAll(texts []string) ([]blob.URI, error) {
	var uris []blob.URI
	for _, text := range texts {
		u, err := blob.ParseURI(text)
		if err != nil {
			return nil, err
		}
		uris = append(uris, u)
	}
	return uris, nil
}

// Describe gives a job of an active domain with what it was asked and, once it is done, its result. It fails with
// fault.NotFound if there is none with this id.
func (s *Service) Describe(ctx context.Context, who authz.Principal, domain, id string) (job.Job, Spec, Result, error) {
	var spec Spec
	var result Result
	if err := who.May(authz.Summarise, authz.Object{Account: who.Account}); err != nil {
		return job.Job{}, spec, result, err
	}
	if _, _, err := s.o.Catalog.InDomain(ctx, who.Account, domain); err != nil {
		return job.Job{}, spec, result, err
	}
	j, err := s.o.Jobs.Describe(ctx, catalog.InsightsQueue(domain), id)
	if err != nil {
		return j, spec, result, err
	}
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return j, spec, result, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	if j.State == job.Done {
		if err := json.Unmarshal(j.Progress, &result); err != nil {
			return j, spec, result, fault.Wrap(fault.Internal, err, "the job's result cannot be read")
		}
	}
	return j, spec, result, nil
}
