// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/store"
)

// posted is all that search terms say: the numbers under each.
func posted(t *testing.T, e engine.Engine, tenant uint32) map[string]docset.Set {
	t.Helper()
	snap, err := e.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	prefix := append(record.AppendTenant(nil, tenant), index.PostingKind)
	all := map[string]docset.Set{}
	for term, err := range snap.Terms(t.Context(), engine.Prefix(prefix), engine.Ascending) {
		if err != nil {
			t.Fatal(err)
		}
		all[string(term.Key)] = term.Docs
	}
	return all
}

// expected is what posted must be: the terms of every version that there is.
func expected(t *testing.T, x *index.Index, v *record.View) map[string]docset.Set {
	t.Helper()
	var tape fhir.Tape
	var terms index.Terms
	all := map[string]docset.Set{}
	for _, typ := range v.Types() {
		for n := range v.Next(typ) {
			versions, err := v.Bodies(t.Context(), typ, n)
			if err != nil {
				t.Fatal(err)
			}
			if versions[0].Deleted() || versions[0].Erased() {
				continue
			}
			if err := tape.Parse(versions[0].Body, fhir.Limits{}); err != nil {
				t.Fatal(err)
			}
			terms.Reset()
			if err := x.AppendTerms(&terms, tape.Root()); err != nil {
				t.Fatal(err)
			}
			for i := range terms.Len() {
				key := string(append(record.AppendTenant(nil, v.Tenant()), terms.Key(i)...))
				docs := all[key]
				docs.Or(docset.Of(n))
				all[key] = docs
			}
		}
	}
	return all
}

// checkPosted holds that what is posted is what must be.
func checkPosted(t *testing.T, e engine.Engine, x *index.Index, s *store.Store) {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	want, got := expected(t, x, v), posted(t, e, s.Tenant())
	for key, docs := range want {
		if docset.And(got[key], docs).Len() != docs.Len() || got[key].Len() != docs.Len() {
			t.Errorf("under %q there are %d, want %d", key, got[key].Len(), docs.Len())
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("there is a term %q that no version has", key)
	}
}

func named(id string, n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"birthDate":"1970-01-%02d","name":[{"family":"f%d"}]}`, id, n%28+1, n)
}

func observed(id string, n int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"urn:s","code":"c%d"}]}}`, id, n)
}

// outdate makes a data store look as if its terms were of another version: there are some that no version has, and none that
// they have.
func outdate(t *testing.T, e engine.Engine, tenant uint32) {
	t.Helper()
	prefix := append(record.AppendTenant(nil, tenant), index.PostingKind)
	var b engine.Batch
	b.DeletePrefix(prefix)
	b.Post(append(prefix, "of another time"...), 0)
	b.Put(record.AppendSearchKey(nil, tenant), []byte(`{"version":0,"generation":3}`))
	if err := e.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}

// TestOtherTermsAreMadeAnew holds that a data store with terms of another version is not searched before a reindex has made
// all of them, whatever is written, erased and interrupted meanwhile.
func TestOtherTermsAreMadeAnew(t *testing.T) {
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	onEngines(t, func(t *testing.T, e engine.Engine) {
		stores := store.New(e, x, store.Options{})
		s, _ := stores.Store(tenant)
		for i := range 1500 {
			one(t, s, change(t, s, store.Put{}, named(fmt.Sprint("p", i%400), i)))
			if i%3 == 0 {
				one(t, s, change(t, s, store.Put{}, observed(fmt.Sprint("o", i), i)))
			}
			if i%40 == 0 {
				one(t, s, deletion(t, s, fmt.Sprint("p", i%400), store.If{}))
			}
		}
		checkPosted(t, e, x, s)
		stores.Close()
		outdate(t, e, tenant)

		r := rand.New(rand.NewPCG(1, 2))
		for steps, more := 0, true; more; steps++ {
			var due []uint32
			stores = store.New(e, x, store.Options{Due: func(tenant uint32) { due = append(due, tenant) }})
			if s, err = stores.Store(tenant); err != nil {
				t.Fatal(err)
			}
			if len(due) == 0 {
				t.Fatalf("after %d restarts nothing is due", steps)
			}
			more = reindexSome(t, stores, s, r, steps)
			if more {
				stores.Close()
			}
		}
		defer stores.Close()
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if _, err := stores.Index(t.Context(), v); err != nil {
			t.Errorf("when all is done: %v", err)
		}
		checkPosted(t, e, x, s)
		if of, pass := s.Indexing(); of.Due() || of.Version != index.Version || pass.Running() || pass.Done != pass.Total || pass.Failed > 0 {
			t.Errorf("in the end the schema is %+v after %+v", of, pass)
		}
	})
}

// reindexSome does a few steps while others write and erase; false when nothing is left to do.
func reindexSome(t *testing.T, stores *store.Stores, s *store.Store, r *rand.Rand, round int) (more bool) {
	t.Helper()
	view, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stores.Index(t.Context(), view); !errors.Is(err, fault.Unavailable) {
		t.Errorf("before all is done, a search: %v", err)
	}
	view.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i := range 20 {
			c := change(t, s, store.Put{}, named(fmt.Sprint("p", 100*round+i), i))
			if _, err := s.Commit(context.Background(), store.Group{Changes: []*store.Change{c}}); err != nil {
				t.Error(err)
			}
			if _, err := s.Erase(context.Background(), store.Erasure{Type: "Observation", ID: fmt.Sprint("o", 3*(20*round+i))}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 1 + r.IntN(3) {
		pass, err := s.Reindex(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !pass.Running() {
			return false
		}
	}
	return true
}

// TestReindexAllMakesTermsAgain holds that terms that got lost are there again after it, that searches go on meanwhile, and that another is
// begun when it is asked for during one.
func TestReindexAllMakesTermsAgain(t *testing.T) {
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	onEngines(t, func(t *testing.T, e engine.Engine) {
		stores := store.New(e, x, store.Options{})
		defer stores.Close()
		s, _ := stores.Store(tenant)
		for i := range 200 {
			one(t, s, change(t, s, store.Put{}, named(fmt.Sprint("p", i), i)))
		}
		var b engine.Batch
		b.DeletePrefix(append(record.AppendTenant(nil, tenant), index.PostingKind))
		if err := e.Apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if err := s.ReindexAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		passes := 0
		for again := true; again; {
			pass, err := s.Reindex(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if passes == 0 && pass.Done > 0 {
				if err := s.ReindexAll(t.Context()); err != nil {
					t.Fatal(err)
				}
				passes++
			}
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stores.Index(t.Context(), v); err != nil {
				t.Errorf("during the reindex: %v", err)
			}
			v.Close()
			of, _ := s.Indexing()
			again = pass.Running() || of.Due()
		}
		checkPosted(t, e, x, s)
		if _, pass := s.Indexing(); passes == 0 || !pass.Full || pass.Done != 200 {
			t.Errorf("the last pass is %+v", pass)
		}
	})
}

// TestADataStoreOfTheFirstReleaseHasNoRow holds that one without a search row has terms of version 1, and that a new one has its row from its
// first commit on.
func TestADataStoreOfTheFirstReleaseHasNoRow(t *testing.T) {
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	onEngines(t, func(t *testing.T, e engine.Engine) {
		stores := store.New(e, x, store.Options{})
		s, _ := stores.Store(tenant)
		one(t, s, change(t, s, store.Put{}, named("a", 1)))
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(v.Search()), fmt.Sprintf(`{"version":%d,"generation":1}`, index.Version); got != want {
			t.Errorf("after the first commit the search row is %s, want %s", got, want)
		}
		v.Close()
		stores.Close()

		var b engine.Batch
		b.Delete(record.AppendSearchKey(nil, tenant))
		if err := e.Apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		stores = store.New(e, x, store.Options{})
		defer stores.Close()
		s, _ = stores.Store(tenant)
		if of, _ := s.Indexing(); of.Version != 1 {
			t.Errorf("without a row the terms are of version %d, want 1", of.Version)
		}
		one(t, s, change(t, s, store.Put{}, named("b", 2)))
	})
}
