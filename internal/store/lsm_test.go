// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/index"
	"galen/internal/store"
)

func TestReopening(t *testing.T) {
	dir := t.TempDir()
	for run := range 3 {
		e := openLSM(t, dir)
		stores := store.New(e, nil, store.Options{})
		s, err := stores.Store(tenant)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			r := one(t, s, change(t, s, store.Put{}, patient("a", fmt.Sprint(i))))
			if want := uint32(run*5 + i + 1); r.Err != nil || r.Version.VersionID != want || r.Version.Number != want-1 {
				t.Fatalf("run %d: %+v, want version %d", run, r, want)
			}
		}
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if history, err := v.History(t.Context(), typeID("Patient"), "a", 0, 100); err != nil || len(history) != run*5+5 {
			t.Errorf("run %d: %d versions, %v", run, len(history), err)
		}
		v.Close()
		stores.Close()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// failing is an engine whose Apply fails while it is told to.
type failing struct {
	engine.Engine
	broken atomic.Bool
}

func (f *failing) Apply(ctx context.Context, b *engine.Batch) error {
	if f.broken.Load() {
		return fault.New(fault.Unavailable, "the disk is full")
	}
	return f.Engine.Apply(ctx, b)
}

func TestEngineFailureRefusesWritesAndKeepsReads(t *testing.T) {
	e := &failing{Engine: mem.New()}
	s := open(t, e, store.Options{})
	one(t, s, change(t, s, store.Put{}, patient("a", "1")))
	e.broken.Store(true)
	var wg sync.WaitGroup
	for range 8 {
		c := change(t, s, store.Put{}, patient("a", "2"))
		wg.Go(func() {
			if _, err := s.Commit(context.Background(), store.Group{Changes: []*store.Change{c}}); !errors.Is(err, fault.Unavailable) {
				t.Errorf("a write on a broken engine: %v", err)
			}
		})
	}
	wg.Wait()
	v := view(t, s)
	if found, err := v.Find(t.Context(), typeID("Patient"), "a"); err != nil || found[0].Version != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
	e.broken.Store(false)
	if r := one(t, s, change(t, s, store.Put{}, patient("a", "3"))); r.Err != nil || r.Version.VersionID != 2 {
		t.Errorf("once the engine works again: %+v", r)
	}
}

func TestCommitGivesUpOnlyWhileItWaits(t *testing.T) {
	s := open(t, mem.New(), store.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		c := change(t, s, store.Put{Assign: true}, patient("a", "1"))
		before := view(t, s).Seq()
		_, err := s.Commit(ctx, store.Group{Changes: []*store.Change{c}})
		one(t, s, change(t, s, store.Put{}, patient("sync", "1"))) // whatever waited is decided
		if after := view(t, s).Seq(); (err == nil) != (after == before+2) {
			t.Fatalf("answered %v, but the position went from %d to %d", err, before, after)
		}
	}
}

func newIndex(b *testing.B) *index.Index {
	x, err := index.New(def.R4())
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// observations are the Observations of a Synthea set, if it is there.
func observations(b *testing.B) [][]byte {
	return fhirtest.Synthea(b, "synthea-10")["Observation"]
}

func BenchmarkCreate32(b *testing.B) {
	lines := observations(b)
	e := openLSM(b, b.TempDir())
	defer e.Close()
	stores := store.New(e, newIndex(b), store.Options{})
	defer stores.Close()
	s, err := stores.Store(tenant)
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range 32 {
		wg.Go(func() {
			var tape fhir.Tape
			for {
				i := int(next.Add(1))
				if i > b.N {
					return
				}
				if err := tape.Parse(lines[i%len(lines)], fhir.Limits{}); err != nil {
					panic(err)
				}
				c, err := s.Prepare(&tape, store.Put{Assign: true})
				if err != nil {
					panic(err)
				}
				if r, err := s.Commit(context.Background(), store.Group{Changes: []*store.Change{c}, Bodies: true}); err != nil || r[0].Err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

func BenchmarkGroupsOf1000(b *testing.B) {
	lines := observations(b)
	e := openLSM(b, b.TempDir())
	defer e.Close()
	stores := store.New(e, newIndex(b), store.Options{})
	defer stores.Close()
	s, err := stores.Store(tenant)
	if err != nil {
		b.Fatal(err)
	}
	var tape fhir.Tape
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		g := store.Group{}
		for range 1000 {
			if err := tape.Parse(lines[n%len(lines)], fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			c, err := s.Prepare(&tape, store.Put{Assign: true})
			if err != nil {
				b.Fatal(err)
			}
			g.Changes = append(g.Changes, c)
			n++
		}
		if _, err := s.Commit(context.Background(), g); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "resources/s")
}
