// SPDX-License-Identifier: Apache-2.0

// Package mem keeps an engine's data in memory: the reference that other engines are compared with, and the engine of tests.
//
// The whole state is one immutable value. Apply makes the next one and swaps it in; a snapshot is the value there was.
package mem

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
)

// Engine holds everything in memory; nothing outlives it. It is safe for concurrent use.
type Engine struct {
	mu    sync.Mutex // held by who makes the next state
	state atomic.Pointer[state]
}

// state is immutable, its sets too.
type state struct {
	rows  *tree[[]byte]
	terms *tree[docset.Set] // none empty
}

// New returns an empty engine.
func New() *Engine {
	e := &Engine{}
	e.state.Store(&state{})
	return e
}

var errClosed = fault.New(fault.Unavailable, "the store is closed")

// Snapshot implements engine.Engine.
func (e *Engine) Snapshot(ctx context.Context) (engine.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := e.state.Load()
	if s == nil {
		return nil, errClosed
	}
	return snapshot{s, e}, nil
}

// Close implements engine.Engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Store(nil)
	return nil
}

// Apply implements engine.Engine.
func (e *Engine) Apply(ctx context.Context, b *engine.Batch) error {
	if err := b.Err(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.state.Load()
	if old == nil {
		return errClosed
	}
	for c := range b.Conditions() {
		if value, _ := old.rows.get(string(c.Key)); !c.Holds(value) {
			return fault.New(fault.Precondition, "the data has changed meanwhile")
		}
	}
	s := *old
	for section := range b.Sections() {
		s.apply(section)
	}
	e.state.Store(&s)
	return nil
}

func (s *state) apply(section engine.Section) {
	if prefix, ok := section.DeletesPrefix(); ok {
		s.rows = s.rows.removeRange(engine.Prefix(prefix))
		s.terms = s.terms.removeRange(engine.Prefix(prefix))
	}
	for r := range section.Rows() {
		if r.Delete {
			s.rows = s.rows.remove(string(r.Key))
		} else {
			s.rows = s.rows.put(string(r.Key), append([]byte{}, r.Value...))
		}
	}
	for term, postings := range section.Postings() {
		docs, _ := s.terms.get(string(term))
		docs = docs.Clone()
		for _, p := range postings {
			if p.Removed {
				docs.Remove(p.Doc)
			} else {
				docs.Add(p.Doc)
			}
		}
		if docs.IsEmpty() {
			s.terms = s.terms.remove(string(term))
		} else {
			s.terms = s.terms.put(string(term), docs)
		}
	}
}

// snapshot is a state; e is there to know whether the engine was closed.
type snapshot struct {
	*state
	e *Engine
}

// ready returns why nothing can be read, if so.
func (s snapshot) ready(ctx context.Context) error {
	if s.e.state.Load() == nil {
		return errClosed
	}
	return ctx.Err()
}

// Get implements engine.Snapshot.
func (s snapshot) Get(ctx context.Context, keys ...[]byte) ([][]byte, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if v, ok := s.rows.get(string(key)); ok {
			values[i] = append([]byte{}, v...)
		}
	}
	return values, nil
}

// Scan implements engine.Snapshot.
func (s snapshot) Scan(ctx context.Context, r engine.Range, o engine.Order) iter.Seq2[engine.Row, error] {
	return func(yield func(engine.Row, error) bool) {
		var err error
		if s.rows.walk(r, o, func(n *tree[[]byte]) bool {
			if err = s.ready(ctx); err != nil {
				return false
			}
			return yield(engine.Row{Key: []byte(n.key), Value: append([]byte{}, n.value...)}, nil)
		}); err != nil {
			yield(engine.Row{}, err)
		}
	}
}

// Terms implements engine.Snapshot.
func (s snapshot) Terms(ctx context.Context, r engine.Range, o engine.Order) iter.Seq2[engine.Term, error] {
	return func(yield func(engine.Term, error) bool) {
		var err error
		if s.terms.walk(r, o, func(n *tree[docset.Set]) bool {
			if err = s.ready(ctx); err != nil {
				return false
			}
			return yield(engine.Term{Key: []byte(n.key), Docs: n.value.Clone()}, nil)
		}); err != nil {
			yield(engine.Term{}, err)
		}
	}
}

// Docs implements engine.Snapshot.
func (s snapshot) Docs(ctx context.Context, ranges ...engine.Range) (docset.Set, error) {
	var docs docset.Set
	if err := s.ready(ctx); err != nil {
		return docs, err
	}
	for _, r := range ranges {
		s.terms.walk(r, engine.Ascending, func(n *tree[docset.Set]) bool {
			docs.Or(n.value)
			return true
		})
	}
	return docs, ctx.Err()
}

// FirstTerm implements engine.Snapshot.
func (s snapshot) FirstTerm(ctx context.Context, r engine.Range, o engine.Order) (term []byte, ok bool, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, false, err
	}
	s.terms.walk(r, o, func(n *tree[docset.Set]) bool {
		term, ok = []byte(n.key), true
		return false
	})
	return term, ok, nil
}

// Estimate implements engine.Snapshot; it is always exact.
func (s snapshot) Estimate(ctx context.Context, ranges ...engine.Range) (int, error) {
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	sum := 0
	for _, r := range ranges {
		s.terms.walk(r, engine.Ascending, func(n *tree[docset.Set]) bool {
			sum += n.value.Len()
			return true
		})
	}
	return sum, nil
}

// Close implements engine.Snapshot.
func (s snapshot) Close() error { return nil }
