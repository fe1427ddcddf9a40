// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// oracleTypes are the types that are searched, and how many resources of each are taken.
var oracleTypes = []struct {
	name string
	most int
}{{"Patient", 100}, {"Organization", 300}, {"Practitioner", 300}, {"Encounter", 2000}, {"Observation", 4000}, {"Condition", 700},
	{"Procedure", 1000}, {"MedicationRequest", 1000}, {"Immunization", 1300}, {"DiagnosticReport", 900}, {"CarePlan", 300},
	{"AllergyIntolerance", 100}, {"Device", 10}, {"ImagingStudy", 20}, {"ChargeItem", 60}, {"Location", 100}}

var terms = sync.OnceValue(func() *index.Index {
	x, err := index.New(def.R4())
	if err != nil {
		panic(err)
	}
	return x
})

// bench is a store and the model of what is in it.
type bench struct {
	t       *testing.T
	store   *store.Store
	planner *plan.Planner
	model   *model
	rand    *rand.Rand
	clock   int64          // milliseconds
	own     bool           // parameters of the data store's own are asked too: own-gender is what gender is
	total   string         // what _total of the last query was
	kinds   map[string]int // how many clauses and orders of each kind were compared
}

func newBench(t *testing.T, e engine.Engine, seed uint64) *bench {
	t.Helper()
	b := &bench{t: t, model: newModel(), kinds: map[string]int{}, rand: rand.New(rand.NewPCG(seed, 0)), clock: requestTime.Add(-24 * time.Hour).UnixMilli()}
	stores := store.New(e, terms(), store.Options{Now: func() time.Time { return time.UnixMilli(b.clock) }})
	t.Cleanup(func() { stores.Close() })
	var err error
	if b.store, err = stores.Store(1); err != nil {
		t.Fatal(err)
	}
	if b.planner, err = plan.New(def.R4(), terms(), plan.Options{PageKey: make([]byte, 32), Concepts: concepts, Index: stores.Index}); err != nil {
		t.Fatal(err)
	}
	return b
}

// put stores resources in one commit, in the store and in the model.
func (b *bench) put(lines ...[]byte) {
	b.t.Helper()
	var changes []*store.Change
	var resources []*resource
	var tape fhir.Tape
	for _, line := range lines {
		if err := tape.Parse(line, fhir.Limits{}); err != nil {
			b.t.Fatal(err)
		}
		c, err := b.store.Prepare(&tape, store.Put{})
		if err != nil {
			b.t.Fatal(err)
		}
		changes = append(changes, c)
		body := decoded(b.t, line).(map[string]any)
		resources = append(resources, &resource{typ: text(body["resourceType"]), id: text(body["id"]), body: body})
	}
	b.commit(changes)
	for _, r := range resources { // all of one commit have its time
		r.time = time.UnixMilli(b.clock)
		b.model.put(r)
	}
}

func (b *bench) drop(r *resource) {
	b.t.Helper()
	c, err := b.store.Delete(r.typ, r.id, store.If{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.commit([]*store.Change{c})
	b.model.drop(r.typ, r.id)
}

func (b *bench) commit(changes []*store.Change) {
	b.t.Helper()
	b.clock += 1 + b.rand.Int64N(60_000)
	results, err := b.store.Commit(b.t.Context(), store.Group{Changes: changes})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			b.t.Fatal(r.Err)
		}
	}
}

// load fills the bench with the shared data, then changes and deletes some of it.
func (b *bench) load() {
	b.t.Helper()
	data := fhirtest.Synthea(b.t, "synthea-100")
	for i := range 60 {
		number := []string{"%d", "%d.5", "-%d.25", "0.0%d", "%de-1"}[i%5]
		data["ChargeItem"] = append(data["ChargeItem"], fmt.Appendf(nil, `{"resourceType":"ChargeItem","id":"c%d","factorOverride":`+number+`}`, i, 1+i/3))
	}
	data["Location"] = places()
	for _, typ := range []string{"Location", "Organization"} { // in trees, some in rings
		for i, line := range data[typ] {
			body := decoded(b.t, line).(map[string]any)
			whole := decoded(b.t, data[typ][i/3]).(map[string]any)
			if i > 0 || b.rand.IntN(2) == 0 {
				body["partOf"] = map[string]any{"reference": typ + "/" + text(whole["id"])}
			}
			var err error
			if data[typ][i], err = json.Marshal(body); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	for _, typ := range oracleTypes {
		lines := data[typ.name]
		for chunk := range slices.Chunk(lines[:min(len(lines), typ.most)], 500) {
			b.put(chunk...)
		}
	}
	for i := range 200 { // references by identifier only
		r := b.some([]string{"Condition", "Observation", "Procedure", "Immunization"}[i%4])
		body := maps.Clone(r.body)
		name := "subject"
		if r.typ == "Immunization" {
			name = "patient"
		}
		body[name] = map[string]any{"type": "Patient", "identifier": map[string]any{"system": "urn:mrn", "value": fmt.Sprint(b.rand.IntN(9))}}
		line, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		b.put(line)
	}
	for _, typ := range []string{"Condition", "Observation", "Procedure", "MedicationRequest"} { // and to contained Patients and Encounters
		for i := range 20 {
			r := b.some(typ)
			body := maps.Clone(r.body)
			body["contained"] = decoded(b.t, fmt.Appendf(nil, `[{"resourceType":"Patient","id":"c","gender":%q,"name":[{"family":"Berg%d"}]},`+
				`{"resourceType":"Encounter","id":"e","status":%q,"subject":{"reference":%q,"type":"Patient"}}]`,
				[]string{"male", "female"}[i%2], i%5, []string{"finished", "planned"}[i%2], []string{"#c", "Patient/" + b.some("Patient").id}[i/2%2]))
			body["subject"] = map[string]any{"reference": "#c", "type": "Patient"}
			if i%3 > 0 {
				body["encounter"] = map[string]any{"reference": "#e", "type": "Encounter"}
			}
			line, err := json.Marshal(body)
			if err != nil {
				b.t.Fatal(err)
			}
			b.put(line)
		}
	}
	for i := range 500 {
		r := b.some(b.typ())
		if i%7 == 0 && len(b.model.byType[r.typ]) > 4 {
			b.drop(r)
		} else {
			b.change(r)
		}
	}
}

// typ draws a type.
func (b *bench) typ() string { return oracleTypes[b.rand.IntN(len(oracleTypes))].name }

// change updates a resource with something of another one of its type, or something odd.
func (b *bench) change(r *resource) {
	b.t.Helper()
	other := b.some(r.typ)
	body := maps.Clone(r.body)
	for _, name := range []string{"code", "subject", "effectiveDateTime", "birthDate", "gender", "period", "onsetDateTime", "name", "valueQuantity"} {
		if v, ok := other.body[name]; ok && b.rand.IntN(3) == 0 {
			body[name] = v
		}
	}
	if inside := other.body["contained"]; inside != nil { // what the subject may refer to
		body["contained"] = inside
	}
	b.twist(body)
	line, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.rand.IntN(4) == 0 { // the same, by the address of the server
		line = bytes.ReplaceAll(line, []byte(`"reference":"Patient/`), []byte(`"reference":"`+base+`Patient/`))
	}
	b.put(line)
}

func (b *bench) some(typ string) *resource {
	all := b.model.byType[typ]
	return all[b.rand.IntN(len(all))]
}

// find runs a search to its last page and gives the ids, with the type of containers and which of what they contain, and the total of
// the first page.
func (b *bench) find(typ string, clauses []clause, sort []string, count int, between func()) (ids []string, total int, err error) {
	b.t.Helper()
	pairs := []search.Pair{{Name: "_count", Value: fmt.Sprint(count)}, {Name: "_total", Value: "accurate"}}
	for _, c := range clauses {
		pairs = append(pairs, search.Pair{Name: c.name, Value: c.value})
	}
	if len(sort) > 0 {
		pairs = append(pairs, search.Pair{Name: "_sort", Value: strings.Join(sort, ",")})
	}
	b.total = []string{"accurate", "none", "estimate"}[b.rand.IntN(3)] // pages of a search that does not count are found another way
	pairs[1].Value = b.total
	for page := ""; ; {
		now := pairs
		if page != "" {
			now = append(slices.Clone(pairs), search.Pair{Name: "page", Value: page})
		}
		q, err := search.Parse(b.store.Definitions(), typ, now, search.Options{Now: requestTime, Base: base})
		if err != nil {
			return nil, 0, err
		}
		view, err := b.store.View(b.t.Context())
		if err != nil {
			return nil, 0, err
		}
		result, err := b.planner.Search(b.t.Context(), view, q)
		view.Close()
		if err != nil {
			return nil, 0, err
		}
		if page == "" {
			total = -1
			if result.Total != nil {
				total = *result.Total
			}
		}
		for i, m := range result.Matches {
			id := m.ID
			if of := def.R4().TypeByID(def.TypeID(m.Type)).Name; of != typ {
				id = of + "/" + id
			}
			if result.Inside != nil && result.Inside[i] >= 0 {
				id += fmt.Sprintf("#%d", result.Inside[i])
			}
			ids = append(ids, id)
		}
		if result.Next == "" {
			return ids, total, nil
		}
		page = result.Next
		if between != nil {
			between()
		}
	}
}

var (
	seed  = flag.Uint64("seed", 0, "of the queries that are compared with the oracle; 0: another one each time")
	times = flag.Int("times", 1, "how often as many queries as usual are compared with the oracle")
)

func TestSearchAgreesWithTheOracle(t *testing.T) {
	queries := 250 * *times
	if testing.Short() {
		queries = 60
	}
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		if *seed == 0 {
			*seed = uint64(time.Now().UnixNano())
		}
		t.Logf("go test -run TestSearchAgreesWithTheOracle -seed %d", *seed)
		b := newBench(t, e, *seed)
		b.load()
		hits := 0
		for range queries {
			hits += b.check()
		}
		b.rest(max(queries/80, 1))
		t.Logf("%d queries, %d with results", queries, hits)
		b.report(t)
		if hits < queries/3 {
			t.Errorf("only %d of %d queries found anything: they test little", hits, queries)
		}
	})
}

// check compares one query made up; it returns 1 if it found something.
func (b *bench) check() int {
	b.t.Helper()
	typ := b.typ()
	var clauses []clause
	for range 1 + b.rand.IntN(3) {
		clauses = append(clauses, b.clause(typ, 2))
	}
	return b.compare(typ, clauses, b.sort(typ), []int{3, 20, 100, 1000}[b.rand.IntN(4)])
}

// compare compares one query; it returns 1 if it found something.
func (b *bench) compare(typ string, clauses []clause, sort []string, count int) int {
	b.t.Helper()
	for _, c := range clauses {
		for _, kind := range kindsOf(typ, c) {
			b.kinds[kind]++
		}
	}
	for _, key := range sort {
		kind, _, _ := strings.Cut(kindsOf(typ, clause{strings.TrimPrefix(key, "-"), ""})[0], " ")
		b.kinds["_sort "+kind]++
	}
	want := b.model.search(typ, clauses, sort)
	if len(want) > 50*count {
		count = 1000
	}
	got, total, err := b.find(typ, clauses, sort, count, nil)
	asked := fmt.Sprintf("%s?%s&_sort=%s&_count=%d", typ, asURL(clauses), strings.Join(sort, ","), count)
	if err != nil {
		b.t.Errorf("%s: %v", asked, err)
		return 0
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("%s:\n got %d %v\nwant %d %v", asked, len(got), head(got), len(want), head(want))
	}
	if b.kinds["_total="+b.total]++; total >= 0 && (b.total == "accurate" && total != len(want) || b.total == "none" || total < len(want)) {
		b.t.Errorf("%s: total %d, want %d (%s)", asked, total, len(want), b.total)
	}
	return min(len(want), 1)
}

// TestOrdersAgreeWithTheOracle pages through whole types in every order that a first key gives, by the index where it can.
func TestOrdersAgreeWithTheOracle(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 31)
		b.load()
		for typ, key := range map[string]string{"Observation": "value-quantity", "Condition": "onset-age", "ChargeItem": "factor-override", "Patient": "birthdate",
			"Encounter": "class", "Device": "device-name", "Immunization": "vaccine-code"} {
			for _, sorted := range [][]string{{key}, {"-" + key}, {key, "-_id"}, {"-" + key, "_tag"}} {
				want := b.model.search(typ, nil, sorted)
				got, _, err := b.find(typ, nil, sorted, max(len(want)/7, 1), nil)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s sorted by %v: %v\n got %d %v\nwant %d %v", typ, sorted, err, len(got), head(got), len(want), head(want))
				}
			}
		}
		r, err := answer(t, b.planner, b.store, queryOf(t, "Observation?_sort=-value-quantity&_count=10", requestTime))
		if err != nil || r.Steps[len(r.Steps)-1].How != plan.Terms {
			t.Errorf("the order of quantities is not walked: %+v, %v", r.Steps, err)
		}
	})
}

// TestSearchOfSeveralTypesAgreesWithTheOracle pages through the resources of several types in orders that they share.
func TestSearchOfSeveralTypesAgreesWithTheOracle(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 5)
		b.load()
		types := []string{"Condition", "Device", "Patient", "Procedure"} // as the definitions have them
		for _, sorted := range [][]string{nil, {"_id"}, {"-_id"}, {"_lastUpdated"}, {"-_lastUpdated"}, {"_source", "-_id"}, {"-_tag"}} {
			var hits []*resource
			for _, typ := range types {
				for _, id := range b.model.search(typ, nil, sorted) {
					hits = append(hits, b.model.byKey[typ+"/"+id])
				}
			}
			if len(sorted) > 0 {
				slices.SortStableFunc(hits, func(x, y *resource) int {
					for _, key := range sorted {
						if c := placeOf(x, key).compare(placeOf(y, key), strings.HasPrefix(key, "-")); c != 0 {
							return c
						}
					}
					return 0
				})
			}
			target := fmt.Sprintf("?_type=%s&_count=%d&_sort=%s&_total=accurate", strings.Join(types, ","), 97, strings.Join(sorted, ","))
			s := &script{t: t, store: b.store, planner: b.planner}
			got, err := s.search(target)
			var want strings.Builder
			for i, r := range hits {
				if i > 0 {
					want.WriteString([]string{" | ", " "}[min(i%97, 1)])
				}
				want.WriteString(r.typ + "/" + r.id)
			}
			fmt.Fprintf(&want, " total %d", len(hits))
			if err != nil || got != want.String() {
				t.Errorf("%s (%v): %d bytes\n got %.200s\nwant %.200s", target, err, len(got), got, want.String())
			}
		}
	})
}

func head(ids []string) []string { return ids[:min(len(ids), 8)] }

func asURL(clauses []clause) string {
	v := make([]string, len(clauses))
	for i, c := range clauses {
		v[i] = c.name + "=" + url.QueryEscape(c.value)
	}
	return strings.Join(v, "&")
}

func (b *bench) sort(typ string) []string {
	keys := map[string][]string{"Patient": {"birthdate", "family", "given", "gender", "death-date"}, "Observation": {"date", "code", "status", "value-quantity", "subject", "encounter"},
		"Encounter": {"status", "date"}, "Condition": {"onset-date", "onset-age", "abatement-date", "code", "subject", "patient"}, "Immunization": {"date", "vaccine-code"},
		"Organization": {"name", "address-city"}, "MedicationRequest": {"authoredon", "status", "requester"}, "DiagnosticReport": {"date", "issued"},
		"ChargeItem": {"factor-override"}, "Location": {"name", "partof"}, "Device": {"device-name"}}[typ]
	keys = append(keys, "_id", "_lastUpdated", "_source", "_tag")
	var sort []string
	for range b.rand.IntN(3) {
		key := keys[b.rand.IntN(len(keys))]
		if !slices.ContainsFunc(sort, func(s string) bool { return strings.TrimPrefix(s, "-") == key }) {
			sort = append(sort, []string{"", "-"}[b.rand.IntN(2)]+b.owned(key))
		}
	}
	return sort
}

func TestPagesStayExactWhileDataChanges(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 11)
		b.load()
		for range 25 {
			typ := []string{"Patient", "Condition", "Observation"}[b.rand.IntN(3)]
			clauses := []clause{b.clause(typ, 0)}
			sort := b.sort(typ)
			want := b.model.search(typ, clauses, sort)
			if len(want) < 4 {
				continue
			}
			got, _, err := b.find(typ, clauses, sort, max(len(want)/4, 1), func() {
				b.change(b.some(typ))
				b.drop(b.some(typ))
				b.change(b.some(typ))
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s?%s sorted by %v: %d ids (%v), want %d", typ, asURL(clauses), sort, len(got), err, len(want))
			}
		}
	})
}

func TestATokenIsGoodForItsOwnQueryOnly(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	for i := range 5 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","gender":"male"}`, i))
	}
	first := func(pairs ...search.Pair) (*plan.Result, error) {
		q, err := search.Parse(def.R4(), "Patient", pairs, search.Options{})
		if err != nil {
			t.Fatal(err)
		}
		view, err := b.store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer view.Close()
		return b.planner.Search(t.Context(), view, q)
	}
	count, male := search.Pair{Name: "_count", Value: "2"}, search.Pair{Name: "gender", Value: "male"}
	page, err := first(count, male)
	if err != nil || page.Next == "" {
		t.Fatalf("first page: %+v %v", page, err)
	}
	next := search.Pair{Name: "page", Value: page.Next}
	if second, err := first(count, male, next); err != nil || len(second.Matches) != 2 || second.Matches[0].ID != "p2" {
		t.Errorf("second page: %v", err)
	}
	for what, pairs := range map[string][]search.Pair{
		"another query": {count, {Name: "gender", Value: "female"}, next},
		"another count": {{Name: "_count", Value: "3"}, male, next},
		"changed":       {count, male, {Name: "page", Value: page.Next[:len(page.Next)-3] + "AAA"}},
		"nonsense":      {count, male, {Name: "page", Value: "x"}},
	} {
		if _, err := first(pairs...); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestASearchThatHasToReadTooMuchSaysSo(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	for i := range 50 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","name":[{"family":"Family%d"}]}`, i, i))
	}
	p, err := plan.New(def.R4(), terms(), plan.Options{PageKey: make([]byte, 32), MaxBodies: 10})
	if err != nil {
		t.Fatal(err)
	}
	q, err := search.Parse(def.R4(), "Patient", []search.Pair{{Name: "family:exact", Value: "family1"}, {Name: "_total", Value: "accurate"}, {Name: "_sort", Value: "_id"}}, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := b.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	q.Where = nil // all of them, sorted by their bodies
	if _, err := p.Search(t.Context(), view, q); !errors.Is(err, fault.TooCostly) {
		t.Errorf("50 bodies with a budget of 10: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.planner.Search(ctx, view, q); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that has ended: %v", err)
	}
}

// TestAPageOfLargeResourcesEndsEarly pages through resources that do not fit into one page together, in every kind of order.
func TestAPageOfLargeResourcesEndsEarly(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	for i := range 60 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%02d","gender":%q,"birthDate":"19%02d","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"}}`,
			i, []string{"male", "female"}[i%2], 60-i%7, strings.Repeat("x", 1000)))
	}
	p, err := plan.New(def.R4(), terms(), plan.Options{PageKey: make([]byte, 32), PageBytes: 8000})
	if err != nil {
		t.Fatal(err)
	}
	b.planner = p
	for _, sort := range [][]string{nil, {"-_id"}, {"birthdate"}, {"-birthdate", "gender"}, {"gender"}} {
		want := b.model.search("Patient", nil, sort)
		got, _, err := b.find("Patient", nil, sort, 50, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("sorted by %v: %d of %d (%v)\n got %v\nwant %v", sort, len(got), len(want), err, got, want)
		}
		q, err := search.Parse(def.R4(), "Patient", []search.Pair{{Name: "_count", Value: "50"}}, search.Options{})
		if err != nil {
			t.Fatal(err)
		}
		view, err := b.store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		page, err := p.Search(t.Context(), view, q)
		view.Close()
		if err != nil || len(page.Matches) > 8 || page.Next == "" {
			t.Errorf("the page has %d resources of 1,200 bytes (%v)", len(page.Matches), err)
		}
	}
}
