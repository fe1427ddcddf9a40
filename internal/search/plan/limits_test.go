// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// plannerOf makes a planner with its own limits.
func plannerOf(t testing.TB, opt plan.Options) *plan.Planner {
	t.Helper()
	opt.PageKey = make([]byte, 32)
	p, err := plan.New(def.R4(), terms(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// queryOf reads Type?query as it stands in a URL.
func queryOf(t testing.TB, target string, now time.Time) *search.Query {
	t.Helper()
	typ, query, _ := strings.Cut(target, "?")
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	q, err := search.Parse(def.R4(), typ, pairs, search.Options{Now: now})
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return q
}

// answer runs one page of a search.
func answer(t testing.TB, p *plan.Planner, st *store.Store, q *search.Query) (*plan.Result, error) {
	t.Helper()
	view, err := st.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	return p.Search(t.Context(), view, q)
}

func idsOf(r *plan.Result) []string {
	ids := []string{}
	if r != nil {
		for i := range r.Matches {
			ids = append(ids, r.Matches[i].ID)
		}
	}
	return ids
}

// allPages reads a search to its end.
func allPages(t testing.TB, p *plan.Planner, st *store.Store, target string, now func() time.Time) (ids []string) {
	t.Helper()
	for page := ""; ; {
		r, err := answer(t, p, st, queryOf(t, target+page, now()))
		if err != nil {
			t.Fatalf("%.80s: %v", target, err)
		}
		if ids = append(ids, idsOf(r)...); r.Next == "" {
			return ids
		}
		page = "&page=" + r.Next
	}
}

// people is two thousand patients: a family name each, one birth date that none of the others has, no deaths.
func people(b *bench) {
	var lines [][]byte
	for i := range 2000 {
		day := "1970-01-01"
		if i == 1990 {
			day = "1999-01-01"
		}
		lines = append(lines, fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%04d","birthDate":%q,"name":[{"family":"Family%d"}]}`, (i*7)%2000, day, i))
	}
	for chunk := range slices.Chunk(lines, 500) {
		b.put(chunk...)
	}
}

// TestWhatSoundsCostlyIsNot has searches that find or order few of many resources: none needs more than some of their bodies.
func TestWhatSoundsCostlyIsNot(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 1)
		people(b)
		p := plannerOf(t, plan.Options{MaxBodies: 500})
		for _, c := range []struct{ target, how, want string }{
			// Filters that keep next to nothing are answered from terms after all.
			{"Patient?family:contains=ily1990&_count=5", "numbers", "p1930"},
			{"Patient?family:contains=nowhere&_count=5", "numbers", ""},
			{"Patient?family:contains=ily1990&_count=5&_sort=-_lastUpdated", "numbers", "p1930"},
			// Those without a value are not read to the last for one page of them.
			{"Patient?_sort=death-date&_count=3", "terms", "p0000 p0007 p0014"},
			{"Patient?_sort=-death-date&_count=3", "terms", "p0000 p0007 p0014"},
			// One group of equal values is not either.
			{"Patient?_sort=-birthdate&_count=3", "terms", "p1930 p0000 p0007"},
			// Ids have an order of their own.
			{"Patient?_sort=_id&_count=3", "ids", "p0000 p0001 p0002"},
			{"Patient?_sort=-_id,family&_count=3", "ids", "p1999 p1998 p1997"},
			{"Patient?_sort=_id&birthdate=1999&_count=3", "bodies", "p1930"},
		} {
			r, err := answer(t, p, b.store, queryOf(t, c.target, time.Now()))
			if got := strings.Join(idsOf(r), " "); err != nil || got != c.want {
				t.Errorf("%s: got %s and %v, want %s", c.target, got, err, c.want)
				continue
			}
			last := r.Steps[len(r.Steps)-1]
			if last.Clause != "_sort" || last.How != c.how {
				t.Errorf("%s: answered as %+v, want the order by %s", c.target, r.Steps, c.how)
			}
		}
	})
}

// TestOrderOfIDsWhilePatientsChange reads pages along the ids of an earlier state.
func TestOrderOfIDsWhilePatientsChange(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 3)
		people(b)
		for _, key := range []string{"_id", "-_id"} {
			want := b.model.search("Patient", nil, []string{key})
			got, _, err := b.find("Patient", nil, []string{key}, 150, func() {
				for range 40 {
					b.change(b.some("Patient"))
				}
				b.drop(b.some("Patient"))
				b.put(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%05d"}`, b.rand.IntN(20000)))
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("_sort=%s: %d ids (%v), want %d", key, len(got), err, len(want))
			}
		}
	})
}

func TestASearchThatHasToLookAtTooManyValuesSaysSo(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	people(b)
	p := plannerOf(t, plan.Options{MaxTerms: 1000})
	for _, target := range []string{"Patient?family:contains=ily1&_total=accurate", "Patient?_sort=_id&family:missing=false&_count=1000", "Patient?_sort=family&_count=1000&birthdate:missing=false"} {
		q := queryOf(t, target, time.Now())
		if _, err := answer(t, p, b.store, q); !errors.Is(err, fault.TooCostly) {
			t.Errorf("%s, at most 1000 values: %v", target, err)
		}
	}
	if _, err := answer(t, p, b.store, queryOf(t, "Patient?family=family1&birthdate=1999", time.Now())); err != nil {
		t.Errorf("a search by ranges: %v", err)
	}
}

// putOne stores one resource.
func putOne(t testing.TB, st *store.Store, line []byte) {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse(line, fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	change, err := st.Prepare(&tape, store.Put{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := st.Commit(t.Context(), store.Group{Changes: []*store.Change{change}})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
}

// TestATokenIsGoodForItsOwnDataStoreOnly takes a page of one data store to another that holds the same.
func TestATokenIsGoodForItsOwnDataStoreOnly(t *testing.T) {
	stores := store.New(mem.New(), terms(), store.Options{})
	t.Cleanup(func() { stores.Close() })
	p := plannerOf(t, plan.Options{})
	page := ""
	for tenant := uint32(1); tenant <= 2; tenant++ {
		st, err := stores.Store(tenant)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			putOne(t, st, fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d"}`, i))
		}
		if page != "" {
			if r, err := answer(t, p, st, queryOf(t, "Patient?_count=2&page="+page, time.Now())); !errors.Is(err, fault.Invalid) {
				t.Errorf("a token of another data store: %v and %v", idsOf(r), err)
			}
		}
		r, err := answer(t, p, st, queryOf(t, "Patient?_count=2", time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		page = r.Next
		if r, err := answer(t, p, st, queryOf(t, "Patient?_count=2&page="+page, time.Now())); err != nil || !slices.Equal(idsOf(r), []string{"p2"}) {
			t.Errorf("a token of its own data store: %v and %v", idsOf(r), err)
		}
	}
}

// TestPagesHaveTheTimeOfTheFirst: what is approximately a date depends on the time of the request, which goes on.
func TestPagesHaveTheTimeOfTheFirst(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	for i := range 6 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","birthDate":"20%02d-06-01"}`, i, 20-i))
	}
	first := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, target := range []string{"Patient?_count=1&birthdate=ap2018", "Patient?_count=1&_sort=birthdate&birthdate:missing=false&birthdate=ap2018"} {
		want := allPages(t, b.planner, b.store, target, func() time.Time { return first })
		at := first
		got := allPages(t, b.planner, b.store, target, func() time.Time {
			defer func() { at = at.AddDate(-10, 0, 0) }()
			return at
		})
		if len(want) < 2 || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", target, got, want)
		}
	}
}

// TestLongSortKeys has keys as long as they get, in a token that is taken.
func TestLongSortKeys(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	long := strings.Repeat("x", 1000)
	for i := range 3 {
		b.put(fmt.Appendf(nil, `{"resourceType":"ValueSet","id":"v%d","status":"draft","url":"http://%s","version":%q,"name":%q,"title":%q,"publisher":%q,"description":%q}`,
			i, long, long, long, long, long, long))
	}
	got := allPages(t, b.planner, b.store, "ValueSet?_count=1&_sort=url,version,name,title,publisher,description,status", time.Now)
	if want := []string{"v0", "v1", "v2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSteps says how a chain was answered: the condition on its target stands inside.
func TestSteps(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	people(b)
	b.put([]byte(`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p0000"}}`))
	r, err := answer(t, b.planner, b.store, queryOf(t, "Observation?status=final&subject:Patient.family=family0", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != 3 || r.Steps[0].Clause != "status" || r.Steps[1].Clause != "subject:Patient.family" || r.Steps[2].Clause != "_sort" {
		t.Fatalf("got %+v", r.Steps)
	}
	inner := r.Steps[1].Inner
	if len(inner) != 1 || inner[0].Clause != "Patient.family" || inner[0].Left != 1 || inner[0].How == plan.Terms {
		t.Errorf("inside the chain: %+v", inner)
	}
}
