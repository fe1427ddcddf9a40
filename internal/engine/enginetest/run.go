// SPDX-License-Identifier: Apache-2.0

// Package enginetest holds every engine to the invariants of package engine, and to the same answers as engine/mem.
package enginetest

import (
	"context"
	"testing"

	"galen/internal/docset"
	"galen/internal/engine"
)

// Place is where an engine keeps its data. Open opens it; after Close of the engine it may be called again, and then finds
// the same data, unless Volatile.
type Place struct {
	Open     func() (engine.Engine, error)
	Volatile bool
}

// Run holds the engines that fresh makes, each on an empty place of its own, to every invariant.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"E1 all or nothing", allOrNothing},
		{"E2 durable and visible", durable},
		{"E3 snapshots stand still", isolated},
		{"E4 conditions", conditions},
		{"E4 conditions under concurrency", concurrentConditions},
		{"E5 the last operation counts", lastCounts},
		{"E6 two key spaces", twoSpaces},
		{"E7 postings are sets", postingsAreSets},
		{"E8 get", get},
		{"E9 scans in order", scans},
		{"E9 terms in order", terms},
		{"E9 keys that contain each other", nestedKeys},
		{"E10 docs and estimates", docsAndEstimates},
		{"E12 after close", afterClose},
		{"limits", limits},
		{"done contexts", doneContexts},
		{"random histories", histories},
		{"readers beside writers", readersBesideWriters},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fixture{T: t, place: fresh(t), ctx: context.Background()}
			f.open()
			defer f.close()
			c.test(t, f)
		})
	}
}

// fixture is an open engine with calls that fail the test.
type fixture struct {
	*testing.T
	place Place
	ctx   context.Context
	engine.Engine
}

func (f *fixture) open() {
	f.Helper()
	e, err := f.place.Open()
	if err != nil {
		f.Fatalf("open: %v", err)
	}
	f.Engine = e
}

func (f *fixture) close() {
	f.Helper()
	if err := f.Engine.Close(); err != nil {
		f.Errorf("close: %v", err)
	}
}

// reopen closes and opens a place that keeps its data.
func (f *fixture) reopen() {
	f.Helper()
	if !f.place.Volatile {
		f.close()
		f.open()
	}
}

func (f *fixture) apply(b *engine.Batch) {
	f.Helper()
	if err := f.Apply(f.ctx, b); err != nil {
		f.Fatalf("apply: %v", err)
	}
}

// do applies a batch that fill makes.
func (f *fixture) do(fill func(*engine.Batch)) {
	f.Helper()
	var b engine.Batch
	fill(&b)
	f.apply(&b)
}

func (f *fixture) view() view {
	f.Helper()
	s, err := f.Snapshot(f.ctx)
	if err != nil {
		f.Fatalf("snapshot: %v", err)
	}
	return view{f, s}
}

// look opens a view for one use.
func (f *fixture) look(use func(view)) {
	f.Helper()
	v := f.view()
	defer v.close()
	use(v)
}

// view is a snapshot with calls that fail the test.
type view struct {
	f *fixture
	engine.Snapshot
}

func (v view) close() {
	if err := v.Snapshot.Close(); err != nil {
		v.f.Errorf("close snapshot: %v", err)
	}
}

// row returns a row's value, "-" if there is none.
func (v view) row(key string) string {
	v.f.Helper()
	values, err := v.Get(v.f.ctx, []byte(key))
	if err != nil || len(values) != 1 {
		v.f.Fatalf("get: %d values, %v", len(values), err)
	}
	if values[0] == nil {
		return "-"
	}
	return string(values[0])
}

// rows returns the rows of a range as "key=value".
func (v view) rows(r engine.Range, o engine.Order) []string {
	v.f.Helper()
	var out []string
	for row, err := range v.Scan(v.f.ctx, r, o) {
		if err != nil {
			v.f.Fatalf("scan: %v", err)
		}
		out = append(out, string(row.Key)+"="+string(row.Value))
	}
	return out
}

// terms returns the terms of a range with their documents.
func (v view) terms(r engine.Range, o engine.Order) (keys []string, docs []docset.Set) {
	v.f.Helper()
	for term, err := range v.Terms(v.f.ctx, r, o) {
		if err != nil {
			v.f.Fatalf("terms: %v", err)
		}
		keys, docs = append(keys, string(term.Key)), append(docs, term.Docs)
	}
	return keys, docs
}

func (v view) docs(ranges ...engine.Range) docset.Set {
	v.f.Helper()
	s, err := v.Docs(v.f.ctx, ranges...)
	if err != nil {
		v.f.Fatalf("docs: %v", err)
	}
	return s
}

func (v view) estimate(ranges ...engine.Range) int {
	v.f.Helper()
	n, err := v.Estimate(v.f.ctx, ranges...)
	if err != nil {
		v.f.Fatalf("estimate: %v", err)
	}
	return n
}

func term(s string) engine.Range   { return engine.Exactly([]byte(s)) }
func prefix(s string) engine.Range { return engine.Prefix([]byte(s)) }
