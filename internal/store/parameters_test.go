// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
	"galen/internal/store"
)

// parameterText is a SearchParameter resource.
func parameterText(id, code, kind, base, status, expression string) string {
	return fmt.Sprintf(`{"resourceType":"SearchParameter","id":%q,"url":"http://x/%s","name":"N","status":%q,"description":"d","code":%q,"base":[%q],"type":%q,"expression":%q}`,
		id, id, status, code, base, kind, expression)
}

// kinds are what the parameters of the race ask.
var kinds = []struct{ kind, base, expression string }{
	{"string", "Patient", "Patient.name.family"},
	{"date", "Patient", "Patient.birthDate"},
	{"token", "Observation", "Observation.status"},
	{"token", "Resource", "Resource.language"},
	{"string", "Patient", "Patient.name.where(family != 'f1').family"},
}

// race changes parameters and resources from several goroutines while a reindex runs.
func race(t *testing.T, s *store.Store, seed uint64) {
	var wg, indexing sync.WaitGroup
	var done atomic.Bool
	indexing.Go(func() {
		for !done.Load() {
			if _, err := s.Reindex(context.Background()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for g := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, g))
			for i := range 150 {
				if err := act(s, r, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	done.Store(true)
	indexing.Wait()
}

// act does one thing: mostly writes, in groups that may have a parameter too.
func act(s *store.Store, r *rand.Rand, i int) error {
	ctx := context.Background()
	id := fmt.Sprint(r.IntN(40))
	var texts []string
	switch r.IntN(10) {
	case 0:
		_, err := s.Erase(ctx, store.Erasure{Type: []string{"Patient", "SearchParameter"}[r.IntN(2)], ID: id})
		return err
	case 1:
		c, err := s.Delete([]string{"Patient", "SearchParameter"}[r.IntN(2)], fmt.Sprint(r.IntN(6)), store.If{})
		if err != nil {
			return err
		}
		_, err = s.Commit(ctx, store.Group{Changes: []*store.Change{c}})
		return err
	case 2, 3:
		k := kinds[r.IntN(len(kinds))]
		id := fmt.Sprint(r.IntN(6))
		texts = append(texts, named("p"+id, i), parameterText(id, "c"+fmt.Sprint(r.IntN(8)), k.kind, k.base, []string{"active", "active", "retired"}[r.IntN(3)], k.expression))
	}
	texts = append(texts, named(id, r.IntN(4)), observed(id, i))
	g := store.Group{Atomic: r.IntN(2) == 0}
	for _, text := range texts {
		var tape fhir.Tape
		if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
			return err
		}
		c, err := s.Prepare(&tape, store.Put{})
		if err != nil {
			return err
		}
		g.Changes = append(g.Changes, c)
	}
	results, err := s.Commit(ctx, g)
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	if errors.Is(err, fault.Unprocessable) { // the code is another's
		return nil
	}
	return err
}

// TestParametersRaceWithWritersAndAReindex holds that after any history of writes, parameters and reindexes the terms of R4's and of all
// complete parameters are those that the versions have, and that there are no others.
func TestParametersRaceWithWritersAndAReindex(t *testing.T) {
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	onEngines(t, func(t *testing.T, e engine.Engine) {
		for seed := range uint64(3) {
			tenant := uint32(20 + seed)
			stores := store.New(e, x, store.Options{})
			s, err := stores.Store(tenant)
			if err != nil {
				t.Fatal(err)
			}
			race(t, s, seed)
			for more := true; more; {
				pass, err := s.Reindex(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				of, _ := s.Indexing()
				more = pass.Running() || of.Due()
			}
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			own, err := stores.Index(t.Context(), v)
			v.Close()
			if err != nil {
				t.Fatal(err)
			}
			checkPosted(t, e, own, s)
			checkNumbers(t, s)
			if t.Failed() {
				of, pass := s.Indexing()
				t.Fatalf("seed %d: %+v after %+v", seed, of, pass)
			}
			stores.Close()
			again := store.New(e, x, store.Options{})
			s, err = again.Store(tenant)
			if err != nil {
				t.Fatal(err)
			}
			checkPosted(t, e, own, s)
			again.Close()
		}
	})
}

// TestParametersOfTheFirstReleaseAreAdopted holds that active SearchParameters that were stored before they did anything do so after the first reindex, but
// for those that cannot.
func TestParametersOfTheFirstReleaseAreAdopted(t *testing.T) {
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	onEngines(t, func(t *testing.T, e engine.Engine) {
		bare := store.New(e, nil, store.Options{}) // it looks into no SearchParameter
		s, _ := bare.Store(tenant)
		one(t, s, change(t, s, store.Put{}, named("a", 1)))
		one(t, s, change(t, s, store.Put{}, parameterText("good", "good", "string", "Patient", "active", "Patient.name.family")))
		one(t, s, change(t, s, store.Put{}, parameterText("bad", "gender", "token", "Patient", "active", "Patient.gender")))
		one(t, s, change(t, s, store.Put{}, parameterText("draft", "draft", "token", "Patient", "draft", "Patient.gender")))
		one(t, s, change(t, s, store.Put{}, parameterText("gone", "gone", "token", "Patient", "active", "Patient.gender")))
		one(t, s, deletion(t, s, "none", store.If{}))
		gone, err := s.Delete("SearchParameter", "gone", store.If{})
		if err != nil {
			t.Fatal(err)
		}
		one(t, s, gone)
		bare.Close()

		stores := store.New(e, x, store.Options{})
		defer stores.Close()
		s, _ = stores.Store(tenant)
		for more := true; more; {
			pass, err := s.Reindex(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			of, _ := s.Indexing()
			more = pass.Running() || of.Due()
		}
		of, _ := s.Indexing()
		if len(of.Params) != 1 || of.Params[0].ID != "good" || !of.Params[0].Complete {
			t.Errorf("the parameters are %+v", of.Params)
		}
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		own, err := stores.Index(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		checkPosted(t, e, own, s)
	})
}

// checkNumbers holds that the parameters are those of the active resources, each complete and of a number of its own.
func checkNumbers(t *testing.T, s *store.Store) {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	of, _ := s.Indexing()
	active := map[string]bool{}
	for version, err := range v.Each(t.Context(), typeID("SearchParameter"), 0) {
		if err != nil {
			t.Fatal(err)
		}
		var tape fhir.Tape
		if err := tape.Parse(version.Body, fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		if tape.Root().Field("status").Is("active") {
			active[version.ID] = true
		}
	}
	numbers := map[def.ParamID]bool{}
	for _, p := range of.Params {
		if !active[p.ID] || !p.Complete || numbers[p.Number] || p.Number >= of.Next {
			t.Errorf("the parameter %+v should not be so", p)
		}
		numbers[p.Number] = true
		delete(active, p.ID)
	}
	for id := range active {
		t.Errorf("SearchParameter/%s is active and no parameter", id)
	}
}
