// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"cmp"
	"context"
	"encoding/json"
	"sync"
	"time"
	"unicode/utf8"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/catalog"
	"galen/internal/coding/icd10"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/job"
)

// Kind is the kind of the jobs.
const Kind = "medical coding"

// MaxText is how many characters a note has at most.
const MaxText = 100_000

// Options of a Service. All but Systems and the limits are required.
type Options struct {
	Catalog *catalog.Catalog
	Jobs    *job.Queue
	Objects blob.Store
	Systems []*term.System // the code systems that were imported, the newest first; those that are not ICD-10-CM count nothing

	MaxPending int // jobs of a domain that have not ended; more are refused; 0: 1,000
}

// Service starts, describes and does the jobs.
type Service struct {
	o        Options
	releases []*release // the newest first
}

// release is a year's ICD-10-CM, whose index is made when it is asked for first.
type release struct {
	system *term.System
	once   sync.Once
	index  *icd10.Index
	err    error
}

func (r *release) open() (*icd10.Index, error) {
	r.once.Do(func() { r.index, r.err = icd10.New(r.system) })
	return r.index, r.err
}

// New makes the service.
func New(o Options) *Service {
	o.MaxPending = cmp.Or(o.MaxPending, 1000)
	s := &Service{o: o}
	for _, system := range o.Systems {
		if system.URL == icd10.URL {
			s.releases = append(s.releases, &release{system: system})
		}
	}
	return s
}

// Handlers returns the job handlers of this package's kind.
func (s *Service) Handlers() map[string]job.Handler { return map[string]job.Handler{Kind: s.run} }

// Spec is what a job was asked to do.
type Spec struct {
	Domain    string    `json:"domain"`
	Text      string    `json:"text"` // the note
	Output    string    `json:"output"`
	Patient   Patient   `json:"patient,omitzero"`
	Encounter Encounter `json:"encounter,omitzero"`
}

// Patient is what the caller knows of whom the note is about. Only Sex counts.
type Patient struct {
	Sex       string `json:"sex,omitempty"` // MALE, FEMALE or another
	Status    string `json:"status,omitempty"`
	BirthDate string `json:"birth_date,omitempty"`
	Insurance string `json:"insurance,omitempty"`
}

// Encounter is what the caller knows of the visit. Only Date counts.
type Encounter struct {
	Type       string `json:"type,omitempty"`
	Reason     string `json:"reason,omitempty"`
	AfterHours *bool  `json:"after_hours,omitempty"`
	Date       string `json:"date,omitempty"` // YYYY-MM-DD
	Minutes    *int32 `json:"minutes,omitempty"`
}

// Result is what a job that is done has to show.
type Result struct {
	Codes  string `json:"codes"`  // s3:// URI of medical-codes.json
	Notice string `json:"notice"` // what its reader must know
}

// Start stores a job. client makes the request safe to repeat (catalog.Token); its text may be empty. It fails with fault.Invalid for what
// cannot be done, an output bucket that is not there included; fault.NotFound without an active domain; fault.Conflict for a client token of
// another request; and fault.Throttled if the domain has too many jobs waiting.
func (s *Service) Start(ctx context.Context, who authz.Principal, spec Spec, client catalog.Token) (job.Job, error) {
	if err := who.May(authz.Summarise, authz.Object{Account: who.Account}); err != nil {
		return job.Job{}, err
	}
	if err := s.check(ctx, &spec); err != nil {
		return job.Job{}, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return job.Job{}, err
	}
	id, queue := job.NewUUID(), catalog.CodingQueue(spec.Domain)
	client.Scope += " " + spec.Domain
	client.Text = cmp.Or(client.Text, id)
	id, err = s.o.Catalog.Once(ctx, who.Account, client, id, func(id string, also catalog.Also) error {
		_, unchanged, err := s.o.Catalog.InDomain(ctx, who.Account, spec.Domain)
		if err != nil {
			return err
		}
		waiting, err := s.o.Jobs.Waiting(ctx, queue)
		if err != nil {
			return err
		}
		if waiting >= s.o.MaxPending {
			return fault.New(fault.Throttled, "%d jobs of the domain are waiting already; try again when some have ended", waiting)
		}
		_, err = s.o.Jobs.Submit(ctx, job.Job{ID: id, Kind: Kind, Queue: queue, Spec: text}, func(b *engine.Batch) {
			unchanged(b)
			also(b)
		})
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	return s.o.Jobs.Describe(ctx, queue, id)
}

// check refuses what no job could do.
func (s *Service) check(ctx context.Context, spec *Spec) error {
	if utf8.RuneCountInString(spec.Text) > MaxText {
		return fault.New(fault.Invalid, "text has at most %d characters", MaxText)
	}
	if d := spec.Encounter.Date; d != "" {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			return fault.New(fault.Invalid, "encounterContext.encounterDate is not a date")
		}
	}
	out, err := blob.ParseURI(spec.Output)
	if err != nil {
		return err
	}
	there, err := s.o.Objects.Exists(ctx, out.Bucket)
	switch {
	case fault.KindOf(err) == fault.Forbidden:
		return fault.Wrap(fault.Forbidden, err, "outputDataConfig.s3OutputPath: access to the bucket is denied")
	case err != nil:
		return fault.Wrap(fault.KindOf(err), err, "outputDataConfig.s3OutputPath: the bucket cannot be reached")
	case !there:
		return fault.New(fault.Invalid, "outputDataConfig.s3OutputPath: the bucket does not exist")
	}
	return nil
}

// Describe gives a job of an active domain with what it was asked and, once it is done, its result. It fails with fault.NotFound if there is
// none with this id.
func (s *Service) Describe(ctx context.Context, who authz.Principal, domain, id string) (job.Job, Spec, Result, error) {
	var spec Spec
	var result Result
	if err := who.May(authz.Summarise, authz.Object{Account: who.Account}); err != nil {
		return job.Job{}, spec, result, err
	}
	if _, _, err := s.o.Catalog.InDomain(ctx, who.Account, domain); err != nil {
		return job.Job{}, spec, result, err
	}
	j, err := s.o.Jobs.Describe(ctx, catalog.CodingQueue(domain), id)
	if err != nil {
		return j, spec, result, err
	}
	err = json.Unmarshal(j.Spec, &spec)
	if err == nil && j.State == job.Done {
		err = json.Unmarshal(j.Progress, &result)
	}
	if err != nil {
		return j, spec, result, fault.Wrap(fault.Internal, err, "the job cannot be read")
	}
	return j, spec, result, nil
}
