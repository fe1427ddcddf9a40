// SPDX-License-Identifier: Apache-2.0

package terminology_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/term"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/terminology"
)

// house is data stores with their terminology and searches.
type house struct {
	t       testing.TB
	stores  *store.Stores
	codes   *terminology.Service
	planner *plan.Planner
}

func newHouse(t testing.TB, opt terminology.Options) *house {
	t.Helper()
	e := mem.New()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, stores: store.New(e, x, store.Options{})}
	t.Cleanup(func() { h.stores.Close() })
	if h.codes, err = terminology.New(e, x, opt); err != nil {
		t.Fatal(err)
	}
	if h.planner, err = plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32), Concepts: h.codes.Concepts}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) store(tenant uint32) *store.Store {
	h.t.Helper()
	st, err := h.stores.Store(tenant)
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// put stores a resource in data store 1.
func (h *house) put(text string) {
	h.t.Helper()
	h.putIn(1, text)
}

func (h *house) putIn(tenant uint32, text string) {
	h.t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		h.t.Fatal(err)
	}
	st := h.store(tenant)
	c, err := st.Prepare(&tape, store.Put{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.commit(st, c)
}

func (h *house) delete(typ, id string) {
	h.t.Helper()
	st := h.store(1)
	c, err := st.Delete(typ, id, store.If{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.commit(st, c)
}

func (h *house) commit(st *store.Store, c *store.Change) {
	h.t.Helper()
	results, err := st.Commit(h.t.Context(), store.Group{Changes: []*store.Change{c}})
	if err != nil || results[0].Err != nil {
		h.t.Fatal(err, results)
	}
}

func (h *house) view(tenant uint32) *record.View {
	h.t.Helper()
	v, err := h.store(tenant).View(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(v.Close)
	return v
}

// has asks data store 1 whether a code is in a value set.
func (h *house) has(v *record.View, valueSet, system, code string) string {
	h.t.Helper()
	ok, err := h.codes.On(v).MemberOf(valueSet, term.Coding{System: system, Code: code})
	if err != nil {
		return string(fault.KindOf(err))
	}
	return fmt.Sprint(ok)
}

func TestStoredResourcesGoFirstAndAreCurrent(t *testing.T) {
	h := newHouse(t, terminology.Options{})
	const gender, system = "http://hl7.org/fhir/ValueSet/administrative-gender", "http://hl7.org/fhir/administrative-gender"
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	before := h.view(1)
	check("built in", h.has(before, gender, system, "male"), "true")
	check("unknown", h.has(before, "http://x/v", "http://x/c", "a"), "not found")

	h.put(`{"resourceType":"CodeSystem","id":"c","url":"http://x/c","status":"active","content":"complete","concept":[{"code":"a"},{"code":"b"}]}`)
	h.put(`{"resourceType":"ValueSet","id":"v","url":"http://x/v","version":"1.9.0","status":"active","compose":{"include":[{"system":"http://x/c"}]}}`)
	first := h.view(1)
	check("stored", h.has(first, "http://x/v", "http://x/c", "a"), "true")
	check("by id", h.has(first, "ValueSet/v", "http://x/c", "a"), "true")
	check("by version", h.has(first, "http://x/v|1.9.0", "http://x/c", "a"), "true")
	check("by another version", h.has(first, "http://x/v|2", "http://x/c", "a"), "not found")
	check("in the view of before", h.has(before, "http://x/v", "http://x/c", "a"), "not found")

	h.put(`{"resourceType":"ValueSet","id":"v10","url":"http://x/v","version":"1.10.0","status":"active","compose":{"include":[{"system":"http://x/c","concept":[{"code":"b"}]}]}}`)
	h.put(`{"resourceType":"ValueSet","id":"v11","url":"http://x/v","version":"1.11.0","status":"retired","compose":{"include":[{"system":"http://x/c","concept":[{"code":"z"}]}]}}`)
	second := h.view(1)
	check("the newest that is not retired", h.has(second, "http://x/v", "http://x/c", "a"), "false")
	check("an older version", h.has(second, "http://x/v|1.9.0", "http://x/c", "a"), "true")
	check("a retired version", h.has(second, "http://x/v|1.11.0", "http://x/c", "z"), "true")
	check("the first view, after others were asked", h.has(first, "http://x/v", "http://x/c", "a"), "true")

	h.put(`{"resourceType":"ValueSet","id":"g","url":"` + gender + `","status":"active","compose":{"include":[{"system":"` + system + `","concept":[{"code":"other"}]}]}}`)
	check("over a built-in one", h.has(h.view(1), gender, system, "male"), "false")
	h.delete("ValueSet", "g")
	check("deleted again", h.has(h.view(1), gender, system, "male"), "true")
	check("in another data store", h.has(h.view(2), "http://x/v", "http://x/c", "a"), "not found")
}

func TestOneOfManyDataStoresAndRequests(t *testing.T) {
	h := newHouse(t, terminology.Options{MaxStores: 3})
	var group sync.WaitGroup
	for tenant := uint32(1); tenant <= 8; tenant++ {
		h.putIn(tenant, fmt.Sprintf(`{"resourceType":"CodeSystem","id":"c","url":"http://x/c","status":"active","content":"complete","concept":[{"code":"own%d"}]}`, tenant))
		v := h.view(tenant)
		for range 4 {
			group.Go(func() {
				for range 50 {
					own, err := h.codes.On(v).ValidateCode(term.ValidateRequest{Codings: []term.Coding{{System: "http://x/c", Code: fmt.Sprintf("own%d", tenant)}}})
					other, err2 := h.codes.On(v).ValidateCode(term.ValidateRequest{Codings: []term.Coding{{System: "http://x/c", Code: fmt.Sprintf("own%d", tenant+1)}}})
					if err := errors.Join(err, err2); err != nil || !own.Result || other.Result {
						t.Errorf("data store %d: %v %v %v", tenant, own, other, err)
						return
					}
				}
			})
		}
	}
	group.Wait()
}

// found gives the ids that a search of data store 1 finds, or why it is refused.
func (h *house) found(typ, name, value string) string {
	h.t.Helper()
	q, err := search.Parse(def.R4(), typ, []search.Pair{{Name: name, Value: value}}, search.Options{Base: "http://here/fhir/"})
	if err != nil {
		return string(fault.KindOf(err))
	}
	v := h.view(1)
	r, err := h.planner.Search(h.t.Context(), v, q)
	if err != nil {
		return string(fault.KindOf(err)) + ": " + fault.All(err)[0].Text
	}
	var ids []string
	for _, m := range r.Matches {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestSearchByWhatCodesMean(t *testing.T) {
	h := newHouse(t, terminology.Options{})
	h.put(`{"resourceType":"CodeSystem","id":"c","url":"http://x/c","status":"active","content":"complete","concept":[
		{"code":"root","concept":[{"code":"left","concept":[{"code":"leaf"}]},{"code":"right"}]},{"code":"alone"}]}`)
	h.put(`{"resourceType":"CodeSystem","id":"ci","url":"http://x/ci","status":"active","caseSensitive":false,"content":"complete","concept":[{"code":"Word"}]}`)
	h.put(`{"resourceType":"ValueSet","id":"v","url":"http://x/v","version":"1","status":"active","compose":{"include":[{"system":"http://x/c","filter":[{"property":"concept","op":"is-a","value":"left"}]}]}}`)
	h.put(`{"resourceType":"ValueSet","id":"words","url":"http://x/words","status":"active","compose":{"include":[{"system":"http://x/ci"}]}}`)
	h.put(`{"resourceType":"ValueSet","id":"units","url":"http://x/units","status":"active","compose":{"include":[{"system":"http://unitsofmeasure.org"}]}}`)
	h.put(`{"resourceType":"ValueSet","id":"lost","url":"http://x/lost","status":"active","compose":{"include":[{"system":"http://snomed.info/sct"}]}}`)
	h.put(`{"resourceType":"Patient","id":"p","gender":"male","active":true}`)
	for id, coding := range map[string]string{"root": `{"system":"http://x/c","code":"root"}`, "left": `{"system":"http://x/c","code":"left"}`,
		"leaf": `{"system":"http://x/c","code":"leaf"},{"system":"http://y","code":"other"}`, "right": `{"system":"http://x/c","code":"right"}`,
		"bare": `{"code":"leaf"}`, "word": `{"system":"http://x/ci","code":"wORD"}`, "unit": `{"system":"http://unitsofmeasure.org","code":"mg/dL"}`,
		"strange": `{"system":"http://y","code":"leaf"}`} {
		h.put(fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","subject":{"reference":"Patient/p"},"code":{"coding":[%s]}}`, id, coding))
	}
	h.put(`{"resourceType":"Observation","id":"text","status":"preliminary","code":{"text":"no code"}}`)
	for _, c := range []struct{ typ, name, value, want string }{
		{"Observation", "code:in", "http://x/v", "leaf left"},
		{"Observation", "code:in", "http://x/v|1", "leaf left"},
		{"Observation", "code:in", "ValueSet/v", "leaf left"},
		{"Observation", "code:in", "http://here/fhir/ValueSet/v", "leaf left"},
		{"Observation", "code:in", "http://x/v,http://x/words", "leaf left word"},
		{"Observation", "code:not-in", "http://x/v", "bare right root strange text unit word"},
		{"Observation", "code:in", "http://x/units", "unit"},
		{"Observation", "code:in", "http://x/c?fhir_vs=isa/root", "leaf left right root"},
		{"Observation", "code:below", "http://x/c|left", "leaf left"},
		{"Observation", "code:below", "http://x/c|leaf,http://x/c|right", "leaf right"},
		{"Observation", "code:above", "http://x/c|leaf", "leaf left root"},
		{"Observation", "code:above", "http://x/c|right", "right root"},
		{"Observation", "code:below", "http://unitsofmeasure.org|mg/dL", "unit"},
		{"Observation", "status:in", "http://hl7.org/fhir/ValueSet/observation-status", "bare leaf left right root strange text unit word"},
		{"Observation", "status:below", "http://hl7.org/fhir/observation-status|final", "bare leaf left right root strange unit word"},
		{"Patient", "gender:in", "http://hl7.org/fhir/ValueSet/administrative-gender", "p"},
		{"Patient", "gender:not-in", "http://hl7.org/fhir/ValueSet/administrative-gender", ""},
		{"Patient", "_has:Observation:subject:code:in", "http://x/v", "p"},
		{"Patient", "_has:Observation:subject:code:below", "http://x/c|alone", ""},
		{"Observation", "subject:Patient.gender:in", "http://hl7.org/fhir/ValueSet/administrative-gender", "bare leaf left right root strange unit word"},
		{"Observation", "code:in", "http://x/v|2", "invalid: the value set http://x/v|2 is not known here: create it in the data store, or add the package that has it"},
		{"Observation", "code:in", "http://x/lost", "invalid: the code system http://snomed.info/sct is not here: import an RF2 snapshot of SNOMED CT"},
		{"Observation", "code:below", "leaf", "invalid: say which code of which system, as in http://snomed.info/sct|73211009"},
		{"Observation", "code:below", "http://x/c|nothing", `invalid: the system http://x/c has no code "nothing"`},
		{"Observation", "code:above", "http://z|nothing", "invalid: the code system http://z is not here: create it as a CodeSystem with its concepts in the data store, or add the package that has it"},
	} {
		if got := h.found(c.typ, c.name, c.value); got != c.want {
			t.Errorf("%s?%s=%s\n got %s\nwant %s", c.typ, c.name, c.value, got, c.want)
		}
	}
	h.put(`{"resourceType":"ValueSet","id":"v","url":"http://x/v","version":"1","status":"active","compose":{"include":[{"system":"http://x/c","concept":[{"code":"right"}]}]}}`)
	if got := h.found("Observation", "code:in", "http://x/v"); got != "right" {
		t.Errorf("after a change of the value set: %s", got)
	}
}

func TestClosureTablesAreKept(t *testing.T) {
	h := newHouse(t, terminology.Options{})
	h.put(`{"resourceType":"CodeSystem","id":"c","url":"http://x/c","status":"active","content":"complete","concept":[{"code":"a","concept":[{"code":"b"}]}]}`)
	add := func(r terminology.ClosureRequest) (relations, version int, err error) {
		c, list, err := h.codes.Closure(t.Context(), h.store(1), r)
		if err != nil {
			return 0, 0, err
		}
		return len(list), c.Version(), nil
	}
	a, b := term.Coding{System: "http://x/c", Code: "a"}, term.Coding{System: "http://x/c", Code: "b"}
	for i, step := range []struct {
		r                  terminology.ClosureRequest
		relations, version int
		err                error
	}{
		{terminology.ClosureRequest{Name: "t", Concepts: []term.Coding{a}}, 0, 0, fault.NotFound},
		{terminology.ClosureRequest{Name: "t"}, 0, 0, nil},
		{terminology.ClosureRequest{Name: "t", Concepts: []term.Coding{a}}, 0, 1, nil},
		{terminology.ClosureRequest{Name: "t", Concepts: []term.Coding{b}}, 1, 2, nil},
		{terminology.ClosureRequest{Name: "t", Concepts: []term.Coding{b, a}}, 0, 2, nil},
		{terminology.ClosureRequest{Name: "t", Resend: true, Since: 1}, 1, 2, nil},
		{terminology.ClosureRequest{Name: "t", Resend: true, Since: 2}, 0, 2, nil},
		{terminology.ClosureRequest{Name: "t", Resend: true, Concepts: []term.Coding{a}}, 0, 0, fault.Invalid},
		{terminology.ClosureRequest{Name: "t", Concepts: []term.Coding{{System: "http://x/c", Code: "z"}}}, 0, 0, fault.Unprocessable},
		{terminology.ClosureRequest{Name: strings.Repeat("n", 300)}, 0, 0, fault.Invalid},
		{terminology.ClosureRequest{Name: "t"}, 0, 0, nil},
		{terminology.ClosureRequest{Name: "t", Resend: true}, 0, 0, nil},
	} {
		relations, version, err := add(step.r)
		if relations != step.relations || version != step.version || !errors.Is(err, step.err) {
			t.Errorf("step %d: %d relations, version %d, %v; want %d, %d, %v", i, relations, version, err, step.relations, step.version, step.err)
		}
	}
}
