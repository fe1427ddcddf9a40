// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/store"
)

const tenant = 7

// onEngines runs a test on every engine.
func onEngines(t *testing.T, f func(t *testing.T, e engine.Engine)) {
	t.Run("mem", func(t *testing.T) {
		e := mem.New()
		defer e.Close()
		f(t, e)
	})
	t.Run("lsm", func(t *testing.T) {
		e := openLSM(t, t.TempDir())
		defer e.Close()
		f(t, e)
	})
}

func openLSM(t testing.TB, dir string) engine.Engine {
	t.Helper()
	e, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t testing.TB, e engine.Engine, opt store.Options) *store.Store {
	t.Helper()
	stores := store.New(e, nil, opt)
	t.Cleanup(func() { stores.Close() })
	s, err := stores.Store(tenant)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func patient(id, text string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"language":%q}`, id, text)
}

func change(t testing.TB, s *store.Store, put store.Put, doc string) *store.Change {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(doc), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Prepare(&tape, put)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func deletion(t testing.TB, s *store.Store, id string, cond store.If) *store.Change {
	t.Helper()
	c, err := s.Delete("Patient", id, cond)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func commit(t testing.TB, s *store.Store, g store.Group) []store.Result {
	t.Helper()
	results, err := s.Commit(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func one(t testing.TB, s *store.Store, c *store.Change) store.Result {
	t.Helper()
	return commit(t, s, store.Group{Changes: []*store.Change{c}, Bodies: true})[0]
}

func view(t testing.TB, s *store.Store) *record.View {
	t.Helper()
	v, err := s.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func typeID(name string) uint16 { return uint16(def.R4().Type(name).ID) }

func TestWritesGetVersionsInOrder(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		now := time.UnixMilli(1_000_000_000_123)
		s := open(t, e, store.Options{Now: func() time.Time { now = now.Add(-time.Second); return now }})
		for i := range 3 {
			r := one(t, s, change(t, s, store.Put{}, patient("a", fmt.Sprint(i))))
			if r.Err != nil || r.Version.VersionID != uint32(i+1) || r.Created != (i == 0) || !r.Changed {
				t.Fatalf("write %d: %+v", i, r)
			}
			if want := fmt.Sprintf(`"meta":{"versionId":"%d","lastUpdated":"`, i+1); !strings.Contains(string(r.Version.Body), want) {
				t.Errorf("body %s lacks %s", r.Version.Body, want)
			}
		}
		if r := one(t, s, deletion(t, s, "a", store.If{})); r.Version.VersionID != 4 || !r.Changed || r.Version.Body != nil {
			t.Fatalf("delete: %+v", r)
		}
		if r := one(t, s, deletion(t, s, "a", store.If{})); r.Version.VersionID != 4 || r.Changed || r.Err != nil {
			t.Fatalf("delete again: %+v", r)
		}
		if r := one(t, s, deletion(t, s, "never", store.If{})); r.Version.VersionID != 0 || r.Changed || r.Err != nil {
			t.Fatalf("delete what never was: %+v", r)
		}
		v := view(t, s)
		history, err := v.History(t.Context(), typeID("Patient"), "a", 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range history {
			got = append(got, fmt.Sprint(h.VersionID, h.Method))
			if h.Time.After(v.Time()) {
				t.Errorf("version %d is of %v, after the head's %v", h.VersionID, h.Time, v.Time())
			}
		}
		if want := []string{"4 DELETE", "3 PUT", "2 PUT", "1 PUT"}; !slices.Equal(got, want) {
			t.Errorf("history %v, want %v", got, want)
		}
	})
}

func TestConditions(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		s := open(t, e, store.Options{})
		one(t, s, change(t, s, store.Put{}, patient("live", "1")))
		one(t, s, change(t, s, store.Put{}, patient("dead", "1")))
		one(t, s, deletion(t, s, "dead", store.If{}))
		for _, c := range []struct {
			id   string
			cond store.If
			want error
		}{
			{"live", store.If{Version: 2}, fault.Precondition},
			{"dead", store.If{Version: 2}, fault.Precondition},
			{"none", store.If{Version: 1}, fault.Precondition},
			{"live", store.If{None: true}, fault.Precondition},
			{"none", store.If{Exists: true}, fault.NotFound},
			{"dead", store.If{Exists: true}, fault.Gone},
			{"live", store.If{Version: 1}, nil},
			{"live", store.If{Exists: true}, nil},
			{"none", store.If{None: true}, nil},
			{"dead", store.If{None: true}, nil},
		} {
			before := view(t, s).Seq()
			r := one(t, s, change(t, s, store.Put{If: c.cond}, patient(c.id, "2")))
			if !errors.Is(r.Err, c.want) {
				t.Errorf("%s with %+v: %v, want %v", c.id, c.cond, r.Err, c.want)
			}
			if after := view(t, s).Seq(); (after > before) != (c.want == nil) {
				t.Errorf("%s with %+v: position %d after %d", c.id, c.cond, after, before)
			}
		}
	})
}

func TestGroupsSeeTheirOwnChanges(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		s := open(t, e, store.Options{})
		results := commit(t, s, store.Group{Changes: []*store.Change{
			change(t, s, store.Put{}, patient("a", "1")),
			change(t, s, store.Put{If: store.If{Version: 1}}, patient("a", "2")),
			change(t, s, store.Put{If: store.If{None: true}}, patient("a", "3")),
			deletion(t, s, "a", store.If{Version: 2}),
			change(t, s, store.Put{}, patient("a", "4")),
		}, Rows: []store.Row{{Suffix: []byte("import/1"), Value: []byte("at 5")}},
			Also: func(r []store.Result) []store.Row {
				return []store.Row{{Suffix: []byte("also"), Value: []byte(r[4].TypeName())}}
			}})
		var got []string
		for _, r := range results {
			got = append(got, fmt.Sprint(r.Version.VersionID, r.Created, r.Changed, r.Err != nil))
		}
		want := []string{"1 true true false", "2 false true false", "2 false false true", "3 false true false", "4 true true false"}
		if !slices.Equal(got, want) {
			t.Errorf("results %q, want %q", got, want)
		}
		v := view(t, s)
		live, err := v.Live(t.Context(), typeID("Patient"))
		if n, _ := v.Count(t.Context(), typeID("Patient")); err != nil || live.Len() != 1 || !live.Contains(3) || n != 1 {
			t.Errorf("live %v, %v; count %d", live, err, n)
		}
		for suffix, want := range map[string]string{"import/1": "at 5", "also": "Patient"} {
			if row, err := s.Extra(t.Context(), []byte(suffix)); err != nil || string(row) != want {
				t.Errorf("extra row %s is %q, %v", suffix, row, err)
			}
		}
		commit(t, s, store.Group{Rows: []store.Row{{Suffix: []byte("also")}}})
		if row, err := s.Extra(t.Context(), []byte("also")); err != nil || row != nil {
			t.Errorf("the removed row is %q, %v", row, err)
		}
	})
}

func TestAtomicGroupsLeaveNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		s := open(t, e, store.Options{})
		one(t, s, change(t, s, store.Put{}, patient("a", "1")))
		var wg sync.WaitGroup
		for range 8 { // some of these are committed together
			wg.Go(func() {
				_, err := s.Commit(context.Background(), store.Group{Atomic: true, Changes: []*store.Change{
					change(t, s, store.Put{If: store.If{Key: "k"}}, patient("a", "2")),
					change(t, s, store.Put{}, patient("b", "1")),
					change(t, s, store.Put{If: store.If{Exists: true}}, patient("none", "1")),
				}, Rows: []store.Row{{Suffix: []byte("row"), Value: []byte("x")}}})
				if !errors.Is(err, fault.NotFound) {
					t.Errorf("got %v, want %v", err, fault.NotFound)
				}
			})
		}
		wg.Wait()
		v := view(t, s)
		if n, _ := v.Count(t.Context(), typeID("Patient")); v.Seq() != 1 || n != 1 {
			t.Errorf("position %d with %d patients, want 1 and 1", v.Seq(), n)
		}
		if row, _ := s.Extra(t.Context(), []byte("row")); row != nil {
			t.Errorf("a refused group left its row")
		}
		if r := one(t, s, change(t, s, store.Put{If: store.If{Key: "k"}}, patient("a", "2"))); r.Err != nil {
			t.Errorf("a refused group left its idempotency key: %v", r.Err)
		}
	})
}

func TestRacingCreatorsMakeOne(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		// Two sets of stores on one engine are what two processes would be.
		a, b := open(t, e, store.Options{}), open(t, e, store.Options{})
		for round := range 20 {
			id := fmt.Sprint("r", round)
			var mu sync.Mutex
			won := 0
			var wg sync.WaitGroup
			for i := range 32 {
				s := a
				if i%2 == 1 {
					s = b
				}
				c := change(t, s, store.Put{If: store.If{None: true}}, patient(id, fmt.Sprint(i)))
				wg.Go(func() {
					results, err := s.Commit(context.Background(), store.Group{Changes: []*store.Change{c}})
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					} else if results[0].Err == nil {
						won++
					} else if !errors.Is(results[0].Err, fault.Precondition) {
						t.Error(results[0].Err)
					}
				})
			}
			wg.Wait()
			if won != 1 {
				t.Fatalf("%d writers made %s, want 1", won, id)
			}
		}
		if n, _ := view(t, a).Count(t.Context(), typeID("Patient")); n != 20 {
			t.Errorf("%d patients, want 20", n)
		}
	})
}

func TestIdempotencyKeys(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		now := time.UnixMilli(1_000_000_000_000)
		s := open(t, e, store.Options{Now: func() time.Time { return now }, IdempotencyTTL: time.Hour})
		put := store.Put{Assign: true, If: store.If{Key: "key"}}
		first := one(t, s, change(t, s, put, patient("x", "1")))
		again := one(t, s, change(t, s, put, patient("x", "2")))
		if first.Err != nil || !again.Repeated || !errors.Is(again.Err, fault.Conflict) {
			t.Fatalf("first %+v, again %+v", first, again)
		}
		if again.Version.ID != first.Version.ID || again.Version.Number != first.Version.Number {
			t.Errorf("the key gives %+v, want %+v", again.Version, first.Version)
		}
		now = now.Add(time.Hour)
		late := one(t, s, change(t, s, put, patient("x", "3")))
		if late.Err != nil || late.Version.ID == first.Version.ID {
			t.Errorf("after its time: %+v", late)
		}
		if again := one(t, s, change(t, s, put, patient("x", "4"))); again.Version.ID != late.Version.ID || !again.Repeated {
			t.Errorf("used again: %+v", again)
		}
		now = now.Add(2 * time.Hour)
		one(t, s, change(t, s, store.Put{Assign: true, If: store.If{Key: "other"}}, patient("x", "5")))
		rows := 0
		snap, _ := e.Snapshot(t.Context())
		defer snap.Close()
		for range snap.Scan(t.Context(), engine.Prefix(record.AppendPrefix(nil, tenant, record.IdempotencyKind)), engine.Ascending) {
			rows++
		}
		if rows != 2 {
			t.Errorf("%d idempotency rows are left, want the 2 of the last key", rows)
		}
	})
}

func TestPrepareRefuses(t *testing.T) {
	s := open(t, mem.New(), store.Options{})
	for _, c := range []struct {
		put  store.Put
		doc  string
		want fault.Kind
	}{
		{store.Put{}, `[]`, fault.Invalid},
		{store.Put{}, `{"id":"a"}`, fault.Invalid},
		{store.Put{}, `{"resourceType":"Nothing","id":"a"}`, fault.Unsupported},
		{store.Put{}, `{"resourceType":"DomainResource","id":"a"}`, fault.Unsupported},
		{store.Put{}, `{"resourceType":"Parameters","id":"a"}`, fault.Unsupported},
		{store.Put{}, `{"resourceType":"Patient"}`, fault.Invalid},
		{store.Put{}, `{"resourceType":"Patient","id":""}`, fault.Invalid},
		{store.Put{}, `{"resourceType":"Patient","id":7}`, fault.Invalid},
		{store.Put{}, `{"resourceType":"Patient","id":"a/b"}`, fault.Invalid},
		{store.Put{ID: "b"}, `{"resourceType":"Patient","id":"a"}`, fault.Invalid},
		{store.Put{Type: "Group"}, `{"resourceType":"Patient","id":"a"}`, fault.Invalid},
		{store.Put{}, `{"resourceType":"Patient","id":"a","meta":[]}`, fault.Invalid},
		{store.Put{If: store.If{Key: strings.Repeat("k", 300)}}, `{"resourceType":"Patient","id":"a"}`, fault.Invalid},
	} {
		var tape fhir.Tape
		if err := tape.Parse([]byte(c.doc), fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Prepare(&tape, c.put); fault.KindOf(err) != c.want || err == nil {
			t.Errorf("%s with %+v: %v, want %s", c.doc, c.put, err, c.want)
		}
	}
	if _, err := s.Delete("Patient", "a b", store.If{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("delete with a malformed id: %v", err)
	}
}

func TestStoresEnd(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		stores := store.New(e, nil, store.Options{})
		s, _ := stores.Store(tenant)
		other, _ := stores.Store(tenant + 1)
		one(t, s, change(t, s, store.Put{}, patient("a", "1")))
		one(t, other, change(t, other, store.Put{}, patient("a", "1")))
		if err := stores.Drop(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		c := change(t, s, store.Put{}, patient("b", "1"))
		if _, err := s.Commit(t.Context(), store.Group{Changes: []*store.Change{c}}); !errors.Is(err, fault.NotFound) {
			t.Errorf("a write after Drop: %v", err)
		}
		if _, err := stores.Store(tenant); !errors.Is(err, fault.NotFound) {
			t.Errorf("a store after Drop: %v", err)
		}
		v, err := record.Open(t.Context(), e, tenant)
		if err != nil || v.Seq() != 0 {
			t.Errorf("after Drop the store is at %d, %v", v.Seq(), err)
		}
		v.Close()
		if n, _ := view(t, other).Count(t.Context(), typeID("Patient")); n != 1 {
			t.Errorf("Drop took a neighbour's resources")
		}
		stores.Close()
		if _, err := other.Commit(t.Context(), store.Group{}); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a write after Close: %v", err)
		}
	})
}

func TestChecksSeeTheNewestState(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		// Two sets of stores on one engine are what two processes would be.
		a, b := open(t, e, store.Options{}), open(t, e, store.Options{})
		errFull := errors.New("there are three")
		var mu sync.Mutex
		refused := 0
		var wg sync.WaitGroup
		for i := range 32 {
			s := a
			if i%2 == 1 {
				s = b
			}
			wg.Go(func() {
				_, err := s.Commit(context.Background(), store.Group{
					Changes: []*store.Change{change(t, s, store.Put{Assign: true}, patient("x", fmt.Sprint(i)))},
					Check: func(ctx context.Context, newest *record.View) error {
						n, err := newest.Count(ctx, typeID("Patient"))
						if err == nil && n >= 3 {
							return errFull
						}
						return err
					},
				})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, errFull) {
					refused++
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, _ := view(t, a).Count(t.Context(), typeID("Patient")); n != 3 || refused != 29 {
			t.Errorf("%d patients, %d refused; want 3 and 29", n, refused)
		}
	})
}

func TestRefusalsNameTheChange(t *testing.T) {
	s := open(t, mem.New(), store.Options{})
	_, err := s.Commit(t.Context(), store.Group{Atomic: true, Changes: []*store.Change{
		change(t, s, store.Put{}, patient("a", "1")),
		change(t, s, store.Put{If: store.If{Exists: true}}, patient("b", "1")),
	}})
	var refusal *store.Refusal
	if !errors.As(err, &refusal) || refusal.Index != 1 || !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want that change 1 is refused", err)
	}
}
