// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/plan"
)

// searchInside gives what a search of a type with _contained finds, in the order of types and of commits; alone: by what is contained.
func (m *model) searchInside(typ string, clauses []clause, both, alone bool) (found []string) {
	m.memo, m.has = map[string]bool{}, map[string]map[string]bool{}
	fulfils := func(r *resource) bool {
		return !slices.ContainsFunc(clauses, func(c clause) bool { return !m.fulfils(r, c) })
	}
	of := func(container string) {
		for _, r := range m.byType[container] {
			name := container + "/" + r.id
			if container == typ {
				name = r.id
			}
			self := both && container == typ && fulfils(r)
			if self {
				found = append(found, name)
			}
			for i, c := range at(r.body, "contained") {
				body := c.(map[string]any)
				if text(body["resourceType"]) != typ || !fulfils(&resource{typ: typ, body: body, container: r}) {
					continue
				}
				if alone {
					found = append(found, fmt.Sprintf("%s#%d", name, i))
				} else if !self {
					found = append(found, name)
					break
				}
			}
		}
	}
	if both {
		of(typ)
	}
	for _, t := range def.R4().Types() {
		if !both || t.Name != typ {
			of(t.Name)
		}
	}
	return found
}

// TestContainedAgreesWithTheOracle compares searches of contained resources with what looking at every resource says.
func TestContainedAgreesWithTheOracle(t *testing.T) {
	queries := 120 * *times
	if testing.Short() {
		queries = 30
	}
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, max(*seed, 31))
		b.load()
		hits := 0
		for range queries {
			typ := []string{"Patient", "Encounter"}[b.rand.IntN(2)]
			var clauses []clause
			for range b.rand.IntN(3) {
				clauses = append(clauses, b.clause(typ, 1))
			}
			both, alone := b.rand.IntN(2) == 0, b.rand.IntN(2) == 0
			want := b.model.searchInside(typ, clauses, both, alone)
			asked := append(slices.Clone(clauses), clause{"_contained", map[bool]string{false: "true", true: "both"}[both]},
				clause{"_containedType", map[bool]string{false: "container", true: "contained"}[alone]})
			count := []int{3, 20, 1000}[b.rand.IntN(3)]
			if len(want) > 20*count {
				count = 1000
			}
			got, total, err := b.find(typ, asked, nil, count, nil)
			if err != nil || !slices.Equal(got, want) || b.total == "accurate" && total != len(want) {
				t.Errorf("%s?%s: %v\n got %d %v\nwant %d %v, total %d", typ, asURL(asked), err, len(got), head(got), len(want), head(want), total)
			}
			hits += min(len(want), 1)
		}
		t.Logf("%d queries, %d with results", queries, hits)
		if hits < queries/3 {
			t.Errorf("only %d of %d queries found anything", hits, queries)
		}
	})
}

// TestContainedIsBounded has more containers than a search may read: only what need not read them is answered.
func TestContainedIsBounded(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 1)
		var lines [][]byte
		for i := range 600 {
			lines = append(lines, fmt.Appendf(nil, `{"resourceType":"Condition","id":"c%03d","contained":[{"resourceType":"Patient","id":"p","gender":"male"}],"subject":{"reference":"#p"}}`, i))
		}
		b.put(lines...)
		p := plannerOf(t, plan.Options{MaxBodies: 500})
		for _, target := range []string{"Patient?gender=male&_contained=true", "Patient?_contained=true&_containedType=contained", "Condition?subject:Patient.gender=male"} {
			if _, err := answer(t, p, b.store, queryOf(t, target, requestTime)); !errors.Is(err, fault.TooCostly) {
				t.Errorf("%s: %v, want it to be too costly", target, err)
			}
		}
		for target, want := range map[string]string{"Patient?_contained=true&_count=2": "c000 c001", "Patient?gender=male&_contained=false&_count=2": "",
			"Condition?subject:Patient.gender=male&_id=c100,c200": "c100 c200", "Condition?subject:Patient.gender=female&_id=c100": "", "Practitioner?gender=male&_contained=true": ""} {
			r, err := answer(t, p, b.store, queryOf(t, target, requestTime))
			if got := strings.Join(idsOf(r), " "); err != nil || got != want {
				t.Errorf("%s: got %q and %v, want %q", target, got, err, want)
			}
		}
	})
}
