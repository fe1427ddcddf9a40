// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/search/index"
)

// Options of Stores; the zero value works.
type Options struct {
	Now            func() time.Time // nil: time.Now
	MaxGroup       int              // changes in one Group at most; 0: 50,000
	MaxQueue       int              // groups that wait for one committer before Commit blocks; 0: 1,024
	BatchBytes     int              // bytes of resources that one batch takes together; 0: 8 MiB. A group is never split.
	IdempotencyTTL time.Duration    // how long an idempotency key is remembered; 0: 24 hours

	// Committed is told of each commit that made versions, once it is durable: whose it is, and the state after it, which it must
	// not keep or change. The committer waits for it: it must be quick. nil: nobody is.
	Committed func(tenant uint32, after *record.State)

	// Due is told of a data store that needs Store.Reindex, when it is opened or because of a commit; it may be told again. It must be
	// quick, and not use the Stores before it has returned. nil: nobody is.
	Due func(tenant uint32)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxGroup == 0 {
		o.MaxGroup = 50_000
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = 1024
	}
	if o.BatchBytes == 0 {
		o.BatchBytes = 8 << 20
	}
	if o.IdempotencyTTL == 0 {
		o.IdempotencyTTL = 24 * time.Hour
	}
	return o
}

// Stores is the data stores of one engine.
type Stores struct {
	engine engine.Engine
	index  *index.Index
	opt    Options

	mu      sync.Mutex
	closed  bool              // guarded by mu
	open    map[uint32]*Store // guarded by mu
	dropped map[uint32]bool   // guarded by mu
}

var (
	errClosed  = fault.New(fault.Unavailable, "the server is stopping")
	errDropped = fault.New(fault.NotFound, "the data store is deleted")
)

// New returns the data stores of e, whose resources x indexes (nil: they cannot be searched). Nothing is read until one is used. The caller closes it
// before the engine.
func New(e engine.Engine, x *index.Index, opt Options) *Stores {
	return &Stores{engine: e, index: x, opt: opt.withDefaults(), open: map[uint32]*Store{}, dropped: map[uint32]bool{}}
}

// Store gives the data store of a tenant, an empty one if it was never written. Whether the tenant exists is the
// catalog's to know. It fails with fault.Unavailable after Close or if the engine fails, and with fault.NotFound after Drop.
func (s *Stores) Store(tenant uint32) (*Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
	case s.dropped[tenant]:
		return nil, errDropped
	}
	st := s.open[tenant]
	if st == nil {
		var err error
		if st, err = start(s, tenant); err != nil {
			return nil, err
		}
		s.open[tenant] = st
	}
	return st, nil
}

// Drop removes everything a tenant has, rows and terms. Writes that wait are committed first; later ones fail with
// fault.NotFound. It may be called again after a failure or a restart.
func (s *Stores) Drop(ctx context.Context, tenant uint32) error {
	s.mu.Lock()
	st := s.open[tenant]
	delete(s.open, tenant)
	s.dropped[tenant] = true
	s.mu.Unlock()
	if st != nil {
		st.stop(errDropped)
	}
	var b engine.Batch
	b.DeletePrefix(record.AppendTenant(nil, tenant))
	if err := s.engine.Apply(ctx, &b); err != nil {
		return fmt.Errorf("drop a data store: %w", err)
	}
	return nil
}

// Close refuses new writes, commits those that wait, and returns when the last committer has stopped.
func (s *Stores) Close() error {
	s.mu.Lock()
	open := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for _, st := range open {
		st.stop(errClosed)
	}
	return nil
}
