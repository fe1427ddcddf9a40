// SPDX-License-Identifier: Apache-2.0

package compartment_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"galen/internal/compartment"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// house is a data store, and what answers searches of it.
type house struct {
	t       testing.TB
	store   *store.Store
	planner *plan.Planner
}

func newHouse(t testing.TB) *house {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	stores := store.New(mem.New(), x, store.Options{})
	t.Cleanup(func() { stores.Close() })
	st, err := stores.Store(1)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t, st, p}
}

// put stores resources, each Type/id and then the rest of its members.
func (h *house) put(lines ...string) {
	h.t.Helper()
	var group store.Group
	for _, line := range lines {
		name, members, _ := strings.Cut(line, " ")
		typ, id, _ := strings.Cut(name, "/")
		if members != "" {
			members = ", " + members
		}
		var tape fhir.Tape
		if err := tape.Parse(fmt.Appendf(nil, `{"resourceType": %q, "id": %q%s}`, typ, id, members), fhir.Limits{}); err != nil {
			h.t.Fatalf("%s: %v", line, err)
		}
		c, err := h.store.Prepare(&tape, store.Put{})
		if err != nil {
			h.t.Fatal(err)
		}
		group.Changes = append(group.Changes, c)
	}
	h.commit(group)
}

func (h *house) delete(typ, id string) {
	h.t.Helper()
	c, err := h.store.Delete(typ, id, store.If{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.commit(store.Group{Changes: []*store.Change{c}})
}

func (h *house) commit(group store.Group) {
	h.t.Helper()
	results, err := h.store.Commit(h.t.Context(), group)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			h.t.Fatal(r.Err)
		}
	}
}

func (h *house) view() *record.View {
	h.t.Helper()
	v, err := h.store.View(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(v.Close)
	return v
}

// names lists a set: Type/id by type, then by number.
func names(t testing.TB, v *record.View, set compartment.Set) string {
	t.Helper()
	var all []string
	for versions, err := range compartment.Bodies(t.Context(), v, set) {
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range versions {
			all = append(all, def.R4().TypeByID(def.TypeID(one.Type)).Name+"/"+one.ID)
		}
	}
	if len(all) != set.Len() {
		t.Errorf("a set of %d has the bodies %v", set.Len(), all)
	}
	return strings.Join(all, " ")
}

// ward is two patients and what is about them.
var ward = []string{
	`Practitioner/d "name": [{"family": "D"}]`,
	`Patient/a "generalPractitioner": [{"reference": "Practitioner/d"}], "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}]`, `Patient/b`,
	`Encounter/e "status": "finished", "class": {"code": "AMB"}, "subject": {"reference": "Patient/a"}`,
	`Observation/a1 "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/a"}, "encounter": {"reference": "Encounter/e"}`,
	`Observation/ab "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/b"}, "performer": [{"reference": "Patient/a"}]`,
	`Observation/b1 "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/b"}`,
	`Observation/nobody "status": "final", "code": {"text": "Patient/a"}, "subject": {"reference": "Group/g"}, "note": [{"text": "\"reference\":\"Patient/a\""}]`,
	`AuditEvent/s "type": {"code": "x"}, "recorded": "2020-01-01T00:00:00Z", "agent": [{"requestor": true, "who": {"reference": "Patient/a"}}], "source": {"observer": {"display": "x"}}`,
	`Group/g "type": "person", "actual": true, "member": [{"entity": {"reference": "Patient/a"}}]`,
	`Medication/m "code": {"text": "m"}`,
}

func TestOfAPatientAndAnEncounter(t *testing.T) {
	h := newHouse(t)
	h.put(ward...)
	early := h.view()
	h.put(`Observation/late "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/a"}`)
	h.delete("Observation", "ab")
	late := h.view()
	for _, c := range []struct {
		view *record.View
		of   []fhir.Key
		want string
	}{
		{early, []fhir.Key{{Type: "Patient", ID: "a"}}, "AuditEvent/s Encounter/e Group/g Observation/a1 Observation/ab Patient/a"},
		{early, []fhir.Key{{Type: "Patient", ID: "b"}}, "Observation/ab Observation/b1 Patient/a Patient/b"}, // a says that it is linked with b
		{early, []fhir.Key{{Type: "Encounter", ID: "e"}}, "Encounter/e Observation/a1"},
		{early, []fhir.Key{{Type: "Patient", ID: "none"}}, ""},
		{early, nil, ""},
		{late, []fhir.Key{{Type: "Patient", ID: "a"}}, "AuditEvent/s Encounter/e Group/g Observation/a1 Observation/late Patient/a"},
		{late, []fhir.Key{{Type: "Patient", ID: "a"}, {Type: "Patient", ID: "b"}}, "AuditEvent/s Encounter/e Group/g Observation/a1 Observation/b1 Observation/late Patient/a Patient/b"},
	} {
		set, err := compartment.Of(t.Context(), h.planner, c.view, c.of...)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, c.view, set); got != c.want {
			t.Errorf("the compartment of %v is\n%s, want\n%s", c.of, got, c.want)
		}
	}
	if _, err := compartment.Of(t.Context(), h.planner, early, fhir.Key{Type: "Medication", ID: "m"}); !errors.Is(err, fault.Unsupported) {
		t.Errorf("the compartment of a Medication is given with %v", err)
	}
	all, err := compartment.All(t.Context(), h.planner, late, "Patient")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, late, all), "AuditEvent/s Encounter/e Group/g Observation/a1 Observation/b1 Observation/late Patient/a Patient/b"; got != want {
		t.Errorf("the compartments of all patients are\n%s, want\n%s", got, want)
	}
}

func TestMembers(t *testing.T) {
	const group = `{"resourceType":"Group","member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"},"inactive":true},
		{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Practitioner/c"}},{"entity":{"reference":"http://elsewhere/Patient/d"}},{"entity":{"display":"e"}},
		{"entity":{"reference":"Patient/f"},"inactive":false}]}`
	var tape fhir.Tape
	if err := tape.Parse([]byte(group), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	got, err := compartment.Members(tape.Root(), 2)
	if want := []fhir.Key{{Type: "Patient", ID: "a"}, {Type: "Patient", ID: "f"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("the members are %v, %v, want %v", got, err, want)
	}
	if _, err := compartment.Members(tape.Root(), 1); !errors.Is(err, fault.TooCostly) {
		t.Errorf("more than the limit are given with %v", err)
	}
}

// TestDirectAndReferenced follows references by one step and by all.
func TestDirectAndReferenced(t *testing.T) {
	h := newHouse(t)
	h.put(`Organization/o5`, `Organization/gone`, `Patient/b`, `Practitioner/d`,
		`Organization/o4 "partOf": {"reference": "Organization/o5"}`, `Organization/o3 "partOf": {"reference": "Organization/o4"}`,
		`Organization/o2 "partOf": {"reference": "Organization/o3"}`, `Organization/o1 "partOf": {"reference": "Organization/o2"}`,
		`Organization/o0 "partOf": {"reference": "Organization/o1"}`,
		`Observation/of-b "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/b"}, "performer": [{"reference": "Practitioner/d"}]`,
		`Patient/a "managingOrganization": {"reference": "Organization/o0"}, "generalPractitioner": [{"reference": "Organization/gone"}, {"reference": "Organization/none"},
			{"reference": "#in"}, {"reference": "urn:uuid:5f9f4f3c-1b52-4f9e-9b4e-2f2f2f2f2f2f"}, {"reference": "http://elsewhere/Organization/o5"}, {"reference": "Organization/o5/_history/1"}]`,
		`Observation/of-a "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/a"}, "derivedFrom": [{"reference": "Observation/of-b"}]`)
	h.delete("Organization", "gone")
	v := h.view()
	body := func(typ, id string) record.Version {
		n := uint16(def.R4().Type(typ).ID)
		found, err := v.Find(t.Context(), n, id)
		if err != nil {
			t.Fatal(err)
		}
		versions, err := v.Bodies(t.Context(), n, found[0].Number)
		if err != nil {
			t.Fatal(err)
		}
		return versions[0]
	}
	direct, err := compartment.Direct(t.Context(), v, body("Patient", "a").Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, v, direct), "Organization/o5 Organization/o0"; got != want {
		t.Errorf("directly Patient/a refers to %s, want %s", got, want)
	}
	own, err := compartment.Of(t.Context(), h.planner, v, fhir.Key{Type: "Patient", ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	both := maps.Clone(own)
	theirs, err := compartment.Of(t.Context(), h.planner, v, fhir.Key{Type: "Patient", ID: "b"})
	if err != nil {
		t.Fatal(err)
	}
	for typ, docs := range theirs {
		one := both[typ].Clone()
		one.Or(docs)
		both[typ] = one
	}
	first := []record.Version{body("Observation", "of-a"), body("Patient", "a")}
	for _, c := range []struct {
		allowed compartment.Set
		first   []record.Version
		want    string
	}{
		{nil, nil, "Organization/o5 Organization/o4 Organization/o3 Organization/o2 Organization/o1 Organization/o0"},
		{own, first, "Organization/o5 Organization/o4 Organization/o3 Organization/o2 Organization/o1 Organization/o0"},
		{both, nil, "Observation/of-b Organization/o5 Organization/o4 Organization/o3 Organization/o2 Organization/o1 Organization/o0 Patient/b Practitioner/d"},
	} {
		found, err := compartment.Referenced(t.Context(), v, own, c.allowed, c.first)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, v, found); got != c.want {
			t.Errorf("with %d allowed the record refers to\n%s, want\n%s", c.allowed.Len(), got, c.want)
		}
	}
}

// TestReferencedAgainstWalks holds C1 and the five steps over random references: what is found is what a walk over the references finds that
// never enters what belongs to a patient.
func TestReferencedAgainstWalks(t *testing.T) {
	const each = 12
	types := []string{"Organization", "Practitioner", "Location", "Observation"} // the last one is in the compartment
	members := map[string]string{"Organization": `"active": true`, "Practitioner": `"active": true`, "Location": `"status": "active"`,
		"Observation": `"status": "final", "code": {"text": "x"}`}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := newHouse(t)
		refers := map[string][]string{}
		var lines []string
		for _, typ := range types {
			for i := range each {
				name := fmt.Sprint(typ, "/", i)
				var list []string
				for range r.IntN(3) {
					to := fmt.Sprint(types[r.IntN(len(types))], "/", r.IntN(each))
					refers[name] = append(refers[name], to)
					list = append(list, fmt.Sprintf(`{"url": "urn:x", "valueReference": {"reference": %q}}`, to))
				}
				line := name + " " + members[typ]
				if len(list) > 0 {
					line += `, "extension": [` + strings.Join(list, ", ") + `]`
				}
				lines = append(lines, line)
			}
		}
		h.put(lines...)
		v := h.view()
		from := fmt.Sprint(types[r.IntN(len(types))], "/", r.IntN(each))
		allowed := map[string]bool{}
		for i := range each {
			allowed[fmt.Sprint("Observation/", i)] = r.IntN(2) == 0
		}
		found, err := compartment.Referenced(t.Context(), v, h.set(v, from), h.set(v, keys(allowed)...), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := walk(refers, from, func(name string) bool { return !strings.HasPrefix(name, "Observation") || allowed[name] })
		got := strings.Fields(names(t, v, found))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: from %s\n%v are found, want\n%v", seed, from, got, want)
		}
	}
}

func keys(of map[string]bool) (all []string) {
	for name, in := range of {
		if in {
			all = append(all, name)
		}
	}
	return all
}

// walk follows references up to six times: five that lead on, and a last one.
func walk(refers map[string][]string, from string, may func(string) bool) (found []string) {
	seen, next := map[string]bool{from: true}, []string{from}
	for range 6 {
		var after []string
		for _, name := range next {
			for _, to := range refers[name] {
				if !seen[to] && may(to) {
					seen[to] = true
					after, found = append(after, to), append(found, to)
				}
			}
		}
		next = after
	}
	slices.Sort(found)
	return found
}

// set is the current versions of some resources.
func (h *house) set(v *record.View, list ...string) compartment.Set {
	h.t.Helper()
	set := compartment.Set{}
	for _, name := range list {
		key, ok := fhir.ParseKey(name)
		if !ok {
			h.t.Fatal(name)
		}
		typ := uint16(def.R4().Type(key.Type).ID)
		found, err := v.Find(h.t.Context(), typ, key.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		docs := set[typ]
		docs.Add(found[0].Number)
		set[typ] = docs
	}
	return set
}
