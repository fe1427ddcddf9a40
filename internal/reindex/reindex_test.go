// SPDX-License-Identifier: Apache-2.0

package reindex_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/reindex"
	"galen/internal/search/index"
	"galen/internal/store"
)

// shaky is an engine whose every third Apply fails while it is told to.
type shaky struct {
	engine.Engine
	on atomic.Bool
	n  atomic.Int64
}

func (s *shaky) Apply(ctx context.Context, b *engine.Batch) error {
	if s.on.Load() && s.n.Add(1)%3 == 0 {
		return fault.New(fault.Unavailable, "the disk is full")
	}
	return s.Engine.Apply(ctx, b)
}

func put(t *testing.T, s *store.Store, text string) {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Prepare(&tape, store.Put{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := s.Commit(t.Context(), store.Group{Changes: []*store.Change{c}})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
}

const parameter = `{"resourceType":"SearchParameter","id":"g","url":"http://x/g","status":"active","code":"g","base":["Patient"],"type":"token","expression":"Patient.gender"}`

// house is data stores and what reindexes them, running until the test ends.
type house struct {
	stores *store.Stores
	stop   func()
}

// open starts a house; the data stores of tenants are looked at when it begins.
func open(t *testing.T, e engine.Engine, tenants ...uint32) *house {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{}
	every := func(context.Context) iter.Seq2[uint32, error] {
		return func(yield func(uint32, error) bool) {
			for _, tenant := range tenants {
				if !yield(tenant, nil) {
					return
				}
			}
		}
	}
	s := reindex.New(reindex.Options{Open: func(tenant uint32) (*store.Store, error) { return h.stores.Store(tenant) }, Every: every, Pause: time.Millisecond})
	h.stores = store.New(e, x, store.Options{Due: s.Due})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run ended: %v", err)
		}
	})
	h.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		h.stores.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// complete waits until the parameter of a data store is complete.
func (h *house) complete(t *testing.T, tenant uint32) {
	t.Helper()
	st, err := h.stores.Store(tenant)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		of, pass := st.Indexing()
		if len(of.Params) == 1 && of.Params[0].Complete && !pass.Running() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("data store %d is never done: %+v, %+v", tenant, of, pass)
		}
	}
}

// TestWhatIsDueIsDone holds that parameters of several data stores become complete by themselves, though the engine fails now and then, and that what was cut
// off goes on after a restart.
func TestWhatIsDueIsDone(t *testing.T) {
	e := &shaky{Engine: mem.New()}
	defer e.Close()
	tenants := []uint32{1, 2, 3, 4}
	h := open(t, e)
	for _, tenant := range tenants {
		st, err := h.stores.Store(tenant)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			put(t, st, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"male"}`, i))
		}
	}
	for _, tenant := range tenants[:3] {
		st, _ := h.stores.Store(tenant)
		put(t, st, parameter)
	}
	e.on.Store(true)
	for _, tenant := range tenants[:3] {
		h.complete(t, tenant)
	}
	e.on.Store(false)
	st, _ := h.stores.Store(4)
	put(t, st, parameter)
	h.stop()

	h = open(t, e, tenants...)
	h.complete(t, 4)
	for _, tenant := range tenants {
		st, _ := h.stores.Store(tenant)
		if _, pass := st.Indexing(); pass.Done != 300 || pass.Total != 300 || pass.Failed > 0 {
			t.Errorf("data store %d: %+v", tenant, pass)
		}
	}
}

// TestADroppedDataStoreIsLeftAlone holds that one that is deleted while it is due is forgotten, and others go on.
func TestADroppedDataStoreIsLeftAlone(t *testing.T) {
	h := open(t, mem.New())
	for _, tenant := range []uint32{1, 2} {
		st, err := h.stores.Store(tenant)
		if err != nil {
			t.Fatal(err)
		}
		put(t, st, `{"resourceType":"Patient","id":"p"}`)
		put(t, st, parameter)
		if tenant == 1 {
			if err := h.stores.Drop(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.complete(t, 2)
}
