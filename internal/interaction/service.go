// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/record"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// Opener finds a data store of an account by id, for reading and writing. It fails with fault.NotFound if there is none or it
// is deleted, and with fault.Conflict if it is not active.
type Opener func(ctx context.Context, account, dataStore string) (*store.Store, error)

// Options of a Service; the zero value works.
type Options struct {
	Limits       fhir.Limits      // of a resource that comes in
	DefaultCount int              // entries on a page if the caller names no _count; 0: 100
	MaxCount     int              // entries on a page at most; 0: 1,000
	MaxEntries   int              // entries of a batch or transaction at most; 0: 5,000
	Now          func() time.Time // nil: time.Now
	Software     string           // version that the CapabilityStatement names; empty: none
	Operations   []OperationInfo  // what the CapabilityStatement says of operations

	// Resource gives members of CapabilityStatement.rest.resource beside those that are made here, by type: each begins with a comma.
	Resource map[string][]byte
	Socket   func(base string) string // where the websocket of subscriptions is; nil: nowhere

	// Admit has a word in what is written, after validation found what it has to say: it gives the resource to store instead (nil: as it
	// is) and the findings that count, or refuses. It must be quick, and may be called several times for one write. nil: nobody is asked.
	Admit func(ctx context.Context, st *store.Store, resource fhir.Node, findings []validate.Finding) ([]byte, []validate.Finding, error)

	// Members gives what a data store knows of codes, for the bindings of profiles; nil: what the validator itself knows.
	Members func(*store.Store) validate.MemberOf

	// Definition gives the definition of a type that a data store holds under a canonical, or nil: for $validate. nil: nothing is asked.
	Definition func(ctx context.Context, st *store.Store, typ, canonical string) ([]byte, error)
}

// Service serves the interactions.
type Service struct {
	open     Opener
	planner  *plan.Planner
	validate *validate.Validator
	opt      Options
	tapes    sync.Pool // of *fhir.Tape

	capabilities func() []byte                   // of data stores without search parameters of their own, made once
	lastMade     atomic.Pointer[ownCapabilities] // of one with some, the last that was asked for
}

// New makes a service over the data stores that open finds, whose searches p answers and whose resources v checks.
func New(open Opener, p *plan.Planner, v *validate.Validator, opt Options) *Service {
	if opt.DefaultCount == 0 {
		opt.DefaultCount = 100
	}
	if opt.MaxCount == 0 {
		opt.MaxCount = 1000
	}
	if opt.MaxEntries == 0 {
		opt.MaxEntries = 5000
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	opt.DefaultCount = min(opt.DefaultCount, opt.MaxCount)
	if opt.Members == nil {
		opt.Members = func(*store.Store) validate.MemberOf { return nil }
	}
	s := &Service{open: open, planner: p, validate: v, opt: opt}
	s.tapes.New = func() any { return new(fhir.Tape) }
	s.capabilities = sync.OnceValue(func() []byte { return s.makeCapabilities(def.R4()) })
	return s
}

// Caller is who asks, and of which data store.
type Caller struct {
	Who       authz.Principal
	DataStore string // its id
	Base      string // what absolute URLs begin with, without a slash at the end: "https://host/datastore/<id>/r4"
	At        uint64 // the position at which is read; 0: the newest. Entries of a transaction read at that which it makes
}

// View takes a view of what the caller reads: of the newest position, or that of c.At. It must be closed.
func (c Caller) View(ctx context.Context, st *store.Store) (*record.View, error) {
	return st.ViewAt(ctx, c.At)
}

// enter checks that the caller may do action and opens the data store.
func (s *Service) enter(ctx context.Context, c Caller, action authz.Action, typ, id string) (*store.Store, error) {
	if err := c.Who.May(action, authz.Object{Account: c.Who.Account, Type: typ, ID: id}); err != nil {
		return nil, err
	}
	return s.open(ctx, c.Who.Account, c.DataStore)
}

// typeID is the number of a type whose resources are stored; fault.NotFound for others, as the URL names nothing.
//
// http://hl7.org/fhir/R4/http.html#create
func typeID(name string) (uint16, error) {
	if !store.Storable(name) {
		return 0, fault.New(fault.NotFound, "there are no resources of this type here").WithCode("not-supported")
	}
	return uint16(def.R4().Type(name).ID), nil
}

// tape lends a tape; done takes it back, after which nothing of it may be used.
func (s *Service) tape() (t *fhir.Tape, done func()) {
	t = s.tapes.Get().(*fhir.Tape)
	return t, func() { s.tapes.Put(t) }
}
