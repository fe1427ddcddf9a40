// SPDX-License-Identifier: Apache-2.0

// Package reindex makes the terms that data stores still lack: those of search parameters that came later than the resources, and all
// of them if the version of the terms has changed.
//
// What is to be done, and how far it is, stands in the rows of each data store (search/schema), and is committed with what was done;
// so there is nothing here that a crash could lose. A Service only calls store.Store.Reindex for the data stores that are due until
// they are not.
package reindex

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/search/schema"
	"galen/internal/store"
)

// Options of a Service; Open is required.
type Options struct {
	Open    func(tenant uint32) (*store.Store, error)
	Every   func(context.Context) iter.Seq2[uint32, error] // the data stores in use, looked at when Run begins; nil: none
	Workers int                                            // data stores that are reindexed at a time; 0: 2
	Pause   time.Duration                                  // before a data store that failed is tried again; 0: 5 seconds
	Log     *slog.Logger                                   // nil: none
}

// Service reindexes data stores. Its methods are safe for concurrent use.
type Service struct {
	opt Options

	mu   sync.Mutex
	due  []uint32      // guarded by mu: each once, first come first served
	busy []uint32      // guarded by mu: those that a worker has
	poke chan struct{} // holds one token if due may have something for a worker
}

// logEvery is how often the progress of a long reindex is logged.
const logEvery = 10 * time.Second

// New makes a service; nothing happens before Run.
func New(opt Options) *Service {
	opt.Workers = cmp.Or(opt.Workers, 2)
	opt.Pause = cmp.Or(opt.Pause, 5*time.Second)
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opt: opt, poke: make(chan struct{}, 1)}
}

// Due says that a data store has something to reindex. It does not wait.
func (s *Service) Due(tenant uint32) {
	s.mu.Lock()
	if !slices.Contains(s.due, tenant) {
		s.due = append(s.due, tenant)
	}
	s.mu.Unlock()
	s.wake()
}

func (s *Service) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Run reindexes what is due until ctx ends, and returns when its last worker has stopped: with an error only if it could not begin.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range s.opt.Workers {
		wg.Go(func() { s.work(ctx) })
	}
	err := s.openEvery(ctx)
	if err == nil {
		<-ctx.Done()
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// openEvery opens all data stores, each of which then says if it is due.
func (s *Service) openEvery(ctx context.Context) error {
	if s.opt.Every == nil {
		return nil
	}
	for tenant, err := range s.opt.Every(ctx) {
		if err != nil {
			return err
		}
		if _, err := s.opt.Open(tenant); err != nil && !errors.Is(err, fault.NotFound) {
			s.Due(tenant) // it is opened again
		}
	}
	return nil
}

// work takes one data store after the other.
func (s *Service) work(ctx context.Context) {
	for {
		tenant, ok := s.take()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-s.poke:
			}
			continue
		}
		err := s.reindex(ctx, tenant)
		if err != nil && ctx.Err() == nil && !errors.Is(err, fault.NotFound) {
			s.opt.Log.Error("reindex failed; it will be tried again", "tenant", tenant, "error", err)
			s.pause(ctx)
			s.Due(tenant)
		}
		s.release(tenant)
		if ctx.Err() != nil {
			return
		}
	}
}

func (s *Service) pause(ctx context.Context) {
	timer := time.NewTimer(s.opt.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// take gives the next data store that no worker has.
func (s *Service) take() (tenant uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.due, func(t uint32) bool { return !slices.Contains(s.busy, t) })
	if i < 0 {
		return 0, false
	}
	tenant = s.due[i]
	s.due = slices.Delete(s.due, i, i+1)
	s.busy = append(s.busy, tenant)
	if len(s.due) > 0 {
		s.wake()
	}
	return tenant, true
}

func (s *Service) release(tenant uint32) {
	s.mu.Lock()
	s.busy = slices.DeleteFunc(s.busy, func(t uint32) bool { return t == tenant })
	s.mu.Unlock()
	s.wake()
}

// reindex does all that a data store needs.
func (s *Service) reindex(ctx context.Context, tenant uint32) error {
	st, err := s.opt.Open(tenant)
	if err != nil {
		return err
	}
	logged := time.Now()
	for ctx.Err() == nil {
		pass, err := st.Reindex(ctx)
		if err != nil {
			return err
		}
		if pass.Running() && time.Since(logged) >= logEvery {
			logged = time.Now()
			s.opt.Log.Info("reindex", "tenant", tenant, "done", pass.Done, "total", pass.Total)
		}
		if pass.Running() {
			continue
		}
		s.ended(tenant, pass)
		if of, _ := st.Indexing(); !of.Due() {
			return nil
		}
	}
	return ctx.Err()
}

func (s *Service) ended(tenant uint32, pass schema.Pass) {
	if pass.Generation == 0 {
		return
	}
	took := time.Duration(pass.Ended-pass.Began) * time.Millisecond
	level := slog.LevelInfo
	if pass.Failed > 0 {
		level = slog.LevelWarn
	}
	s.opt.Log.Log(context.Background(), level, "reindex done", "tenant", tenant, "versions", pass.Done, "failed", pass.Failed, "took", took.String())
}
