// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/schema"
)

// Store is one data store.
type Store struct {
	of      *Stores
	engine  engine.Engine
	tenant  uint32
	opt     Options
	scratch sync.Pool // of *index.Terms, for Prepare
	writer  writer    // the committer's

	terms     atomic.Pointer[terms]       // what is posted; set by load, then by the committer
	pass      atomic.Pointer[schema.Pass] // the last reindex; set by load, then by the committer
	stepping  sync.Mutex                  // one step of Reindex at a time
	passOnly  *index.Index                // guarded by stepping: of the parameters that the pass is for,
	passFor   *terms                      // guarded by stepping: under these terms
	bodyBytes int                         // guarded by stepping: length of a body, as those that it read last

	profiles atomic.Pointer[[]string] // see Profiles

	queue    chan *request
	stopping chan struct{} // closed by stop
	stopped  chan struct{} // closed by the committer when it is done

	once   sync.Once
	reason error // why it stops; set before stopping is closed
}

func start(of *Stores, tenant uint32) (*Store, error) {
	opt := of.opt
	s := &Store{of: of, engine: of.engine, tenant: tenant, opt: opt, writer: writer{tenant: tenant}, queue: make(chan *request, opt.MaxQueue),
		stopping: make(chan struct{}), stopped: make(chan struct{})}
	s.scratch.New = func() any { return new(index.Terms) }
	if err := s.load(context.Background()); err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

// stop makes later commits fail with reason, and returns when the committer has committed what waited.
func (s *Store) stop(reason error) {
	s.once.Do(func() {
		s.reason = reason
		close(s.stopping)
	})
	<-s.stopped
}

// Profiles is the default profiles that the owner of the data store chose: what checks its resources asks for them.
func (s *Store) Profiles() []string {
	if p := s.profiles.Load(); p != nil {
		return *p
	}
	return nil
}

// SetProfiles sets what Profiles gives. The catalog calls it, which keeps them; the list may not change any more.
func (s *Store) SetProfiles(names []string) { s.profiles.Store(&names) }

// Tenant is the number of the data store.
func (s *Store) Tenant() uint32 { return s.tenant }

// View takes a view of the newest commit. The caller closes it. It fails as Commit does once the store is closed or dropped.
func (s *Store) View(ctx context.Context) (*record.View, error) { return s.ViewAt(ctx, 0) }

// ViewAt takes a view of the position seq, 0 being that of the newest commit. The caller closes it. It fails as View does, and with
// fault.Invalid if there never was that position.
func (s *Store) ViewAt(ctx context.Context, seq uint64) (*record.View, error) {
	select {
	case <-s.stopping:
		return nil, s.reason
	default:
		return record.OpenAt(ctx, s.engine, s.tenant, seq)
	}
}

// Extra reads the extra row with that key suffix; nil if there is none.
func (s *Store) Extra(ctx context.Context, suffix []byte) ([]byte, error) {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("read an extra row: %w", err)
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, record.AppendExtraKey(nil, s.tenant, suffix))
	if err != nil {
		return nil, fmt.Errorf("read an extra row: %w", err)
	}
	return rows[0], nil
}

// Group is what one caller commits together. It and its changes belong to the store until Commit has returned.
type Group struct {
	Changes []*Change
	Rows    []Row // committed with the changes, even if all of those are refused (unless Atomic)
	Atomic  bool  // all changes or none
	Bodies  bool  // results carry the bodies as they are stored
	Last    bool  // the position that is made (Result.Seq) is the state right after this group: no other follows it in the same commit

	// Check looks at the newest state right before the changes are decided: nothing is committed between what it sees and
	// them. Its error refuses the whole group, Atomic or not. The committer calls it, again if another process commits first: it must be
	// quick, keep nothing of the view, and change nothing that matters if it is called twice. nil: nothing is asked.
	Check func(ctx context.Context, newest *record.View) error

	// Erase is what the group removes for good, with its history; see Store.Erase. Such a group has nothing else.
	Erase []Erasure

	pass *step // one of Store.Reindex; such a group has nothing else

	// Also makes further rows once it is known what becomes of the changes (without bodies). The committer calls it, again
	// if another process commits first: it must be quick, and change nothing. nil: no further rows.
	Also func(results []Result) []Row
}

// Row is a row that rides along in a commit, under record.ExtraKind.
type Row struct {
	Suffix []byte // its key after tenant and kind; begin it with something of its owner's own
	Value  []byte // nil removes the row
}

// Result is what became of one change.
type Result struct {
	// Version is what the change made, with its body if the group asked for bodies. If nothing was made, it is the newest version as far as it is known
	// (Type, ID, Number, VersionID; no body): that of the resource a delete found deleted (VersionID 0 if there never was
	// one), or that which an idempotency key made before.
	Version  record.Version
	Seq      uint64 // the position that the commit makes, if it makes any
	Created  bool   // there was no such resource before, or it was deleted
	Changed  bool   // a version was made
	Repeated bool   // the idempotency key was used before; Err is fault.Conflict
	Err      error  // why the change was refused; nothing of it was stored
}

// TypeName is the type of the resource that the change was about.
func (r *Result) TypeName() string {
	if t := def.R4().TypeByID(def.TypeID(r.Version.Type)); t != nil {
		return t.Name
	}
	return ""
}

// Refusal is the error of an atomic group: why one of its changes was refused, and which.
type Refusal struct {
	Index int // of the change in the group
	Err   error
}

// Error gives the text of the change's own error.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the change's own error.
func (r *Refusal) Unwrap() error { return r.Err }

// Bounds of a group, within those of engine.
const (
	maxSuffix     = 1 << 10
	maxGroupBytes = 256 << 20
)

// request is a group on its way through the committer.
type request struct {
	group   Group
	taken   atomic.Bool // by the committer, or by its writer who gave up; whoever sets it first
	done    chan struct{}
	results []Result
	err     error
}

func (r *request) answer(err error) {
	r.err = err
	close(r.done)
}

// Commit stores a group and answers once it is durable. The results are in the order of the changes, each refused for
// its own reason (Err). The error is that of the group as a whole: fault.Unavailable if the engine failed, fault.TooLarge for
// too many changes, fault.NotFound after Drop, that of Check, the first refusal if the group is Atomic (a Refusal); then nothing was stored.
// If ctx ends while the group waits, nothing is stored; once it is being committed, Commit waits for the outcome.
func (s *Store) Commit(ctx context.Context, g Group) ([]Result, error) {
	if err := s.check(&g); err != nil {
		return nil, err
	}
	r := &request{group: g, done: make(chan struct{})}
	select {
	case <-s.stopping:
		return nil, s.reason
	default:
	}
	select {
	case s.queue <- r:
	case <-s.stopping:
		return nil, s.reason
	case <-ctx.Done():
		return nil, gaveUp(ctx)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return nil, gaveUp(ctx)
		}
		<-r.done
	case <-s.stopped:
		select {
		case <-r.done: // the committer's last group
		default:
			return nil, s.reason
		}
	}
	return r.results, r.err
}

// check refuses what would make the whole batch, with the groups of others in it, too large for an engine.
func (s *Store) check(g *Group) error {
	if len(g.Changes) > s.opt.MaxGroup {
		return fault.New(fault.TooLarge, "more than %d changes at once", s.opt.MaxGroup)
	}
	size := 0
	for _, c := range g.Changes {
		size += c.prepared.Len() + len(c.terms)
	}
	for _, r := range g.Rows {
		if len(r.Suffix) > maxSuffix {
			return fault.New(fault.TooLarge, "the key of a row is longer than %d bytes", maxSuffix)
		}
		size += len(r.Value)
	}
	if size > maxGroupBytes {
		return fault.New(fault.TooLarge, "more than %d bytes at once", maxGroupBytes)
	}
	return nil
}

func gaveUp(ctx context.Context) error {
	return fault.Wrap(fault.Unavailable, context.Cause(ctx), "the request ended before it could be stored")
}
