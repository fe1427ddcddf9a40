// SPDX-License-Identifier: Apache-2.0

package many

import (
	"context"
	"encoding/json"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/store"
)

// The kinds of jobs.
const (
	KindErase  = "erase"       // one resource, or one version, for good
	KindPurge  = "purge"       // what is about a patient, for good
	KindDelete = "bulk-delete" // all resources of a type
	KindPatch  = "bulk-patch"  // resources of a type, each changed in the same way
)

// Spec is what a job was asked to do.
type Spec struct {
	Account   string    `json:"account"`
	DataStore string    `json:"datastore"`
	Type      string    `json:"type"`
	ID        string    `json:"id,omitempty"`      // of erase and purge
	Version   uint32    `json:"version,omitempty"` // of erase; 0: the resource
	Hard      bool      `json:"hard,omitempty"`    // of bulk-delete: for good
	Audit     bool      `json:"audit,omitempty"`   // AuditEvents too
	Start     time.Time `json:"start,omitzero"`    // changed then or later; zero: any
	End       time.Time `json:"end,omitzero"`      // changed before; zero: any

	IDs   []string        `json:"ids,omitempty"`   // of bulk-patch
	Patch json.RawMessage `json:"patch,omitempty"` // a JSON Patch, or the Parameters of a FHIRPath Patch
	Level string          `json:"level,omitempty"` // of validation
	Token string          `json:"token,omitempty"` // of the caller's: the same again is the same job
}

// Progress is how far a job is.
type Progress struct {
	Expected  int     `json:"expected"`
	Done      int     `json:"done"`
	Succeeded int     `json:"succeeded"`
	Refused   int     `json:"refused"` // for a fault of the caller's
	Failed    int     `json:"failed"`  // for a fault of the server's
	Skipped   int     `json:"skipped"`
	Seq       uint64  `json:"seq,omitempty"`      // of a patch: position before the resources that are being patched now,
	From      string  `json:"from,omitempty"`     // the first of those,
	To        string  `json:"to,omitempty"`       // and the last
	Problems  []About `json:"problems,omitempty"` // the first ones
	Passed    []About `json:"passed,omitempty"`   // the first that were skipped
}

// About says what became of one resource.
type About struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// Bounds of jobs.
const (
	MaxIDs      = 50_000 // resources that a bulk-patch names
	maxAbout    = 100    // that the progress tells of one by one
	maxWaiting  = 100    // jobs of a data store that have not begun
	chunk       = 200    // resources changed at once
	maxPatchLen = 1 << 20
)

// Options of a Service; the zero value works.
type Options struct {
	// Compact writes tables anew so that nothing of what was removed is left on disk; nil: nothing is done.
	Compact func(context.Context) error
}

// Service submits and does the jobs. Its methods are safe for concurrent use.
type Service struct {
	jobs         *job.Queue
	interactions *interaction.Service
	open         interaction.Opener
	opt          Options
}

// New returns a service over the data stores that open finds.
func New(jobs *job.Queue, interactions *interaction.Service, open interaction.Opener, opt Options) *Service {
	return &Service{jobs, interactions, open, opt}
}

// Handlers returns the job handlers of this package's kinds.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindErase: s.run(s.erase), KindPurge: s.run(s.purge), KindDelete: s.run(s.delete), KindPatch: s.run(s.patch)}
}

// queue names the job queue of a data store, as the catalog does when it drains it.
func queue(dataStore string) string { return "change/" + dataStore }

// Start submits a job. It fails with fault.Invalid for what cannot be done, fault.Throttled if too many wait, and for a bulk-patch with
// fault.Conflict while another one of the data store has not ended; with the token of an earlier one it gives that.
func (s *Service) Start(ctx context.Context, who authz.Principal, kind string, spec Spec) (job.Job, error) {
	action := authz.Delete
	if kind == KindPatch {
		action = authz.Update
	}
	if err := who.May(action, authz.Object{Account: spec.Account, Type: spec.Type, ID: spec.ID}); err != nil {
		return job.Job{}, err
	}
	if err := spec.check(kind); err != nil {
		return job.Job{}, err
	}
	if kind == KindPatch {
		if same, err := s.patching(ctx, spec); err != nil || same != nil {
			return deref(same), err
		}
	}
	waiting, err := s.jobs.Waiting(ctx, queue(spec.DataStore))
	if err != nil {
		return job.Job{}, err
	}
	if waiting >= maxWaiting {
		return job.Job{}, fault.New(fault.Throttled, "%d such jobs of this data store wait already", waiting)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return job.Job{}, err
	}
	return s.jobs.Submit(ctx, job.Job{Kind: kind, Queue: queue(spec.DataStore), Spec: text}, nil)
}

func deref(j *job.Job) job.Job {
	if j == nil {
		return job.Job{}
	}
	return *j
}

// maxLooked bounds the jobs that are looked through for one with the same token.
const maxLooked = 1000

// patching looks for a bulk-patch that was begun with the same token, or that has not ended.
func (s *Service) patching(ctx context.Context, spec Spec) (*job.Job, error) {
	jobs, _, err := s.jobs.List(ctx, queue(spec.DataStore), job.Filter{}, 0, maxLooked)
	if err != nil {
		return nil, err
	}
	busy := false
	for i := range jobs {
		var other Spec
		if jobs[i].Kind != KindPatch || json.Unmarshal(jobs[i].Spec, &other) != nil || other.Account != spec.Account {
			continue
		}
		if spec.Token != "" && other.Token == spec.Token {
			return &jobs[i], nil
		}
		busy = busy || !jobs[i].State.Ended()
	}
	if busy {
		return nil, fault.New(fault.Conflict, "another bulk patch of this data store has not ended")
	}
	return nil, nil
}

// check refuses a job that cannot be done.
func (s *Spec) check(kind string) error {
	if !store.Storable(s.Type) {
		return fault.New(fault.Invalid, "there are no resources of this type here").WithCode("value")
	}
	if kind != KindPatch {
		return nil
	}
	switch {
	case len(s.IDs) > MaxIDs:
		return fault.New(fault.TooCostly, "more than %d resources are named", MaxIDs).At("resourceIds")
	case len(s.Patch) == 0:
		return fault.New(fault.Invalid, "there are no operations").WithCode("required").At("operations")
	case len(s.Patch) > maxPatchLen:
		return fault.New(fault.TooLarge, "the operations are longer than %d bytes", maxPatchLen).At("operations")
	}
	for _, id := range s.IDs {
		if !fhir.ValidID(id) {
			return fault.New(fault.Invalid, "an id is not 1 to 64 of A-Z a-z 0-9 - and dot").WithCode("value").At("resourceIds")
		}
	}
	if _, ok := validate.ParseLevel(s.Level); !ok && s.Level != "" {
		return fault.New(fault.Invalid, "the validation level is strict, structure-only or minimal").WithCode("value").At("validationLevel")
	}
	return nil
}

// Find gives a job of a kind of a data store, what it was asked and how far it is. It fails with fault.NotFound if there is none.
func (s *Service) Find(ctx context.Context, account, dataStore, kind, id string) (job.Job, Spec, Progress, error) {
	var spec Spec
	var p Progress
	j, err := s.jobs.Describe(ctx, queue(dataStore), id)
	if err != nil {
		return j, spec, p, err
	}
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return j, spec, p, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	if j.Kind != kind || spec.Account != account {
		return job.Job{}, Spec{}, p, fault.New(fault.NotFound, "there is no such job")
	}
	if len(j.Progress) > 0 {
		err = json.Unmarshal(j.Progress, &p)
	}
	return j, spec, p, err
}

// typeID is the number of a type that was checked.
func typeID(name string) uint16 { return uint16(def.R4().Type(name).ID) }
