// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/engine/scripttest"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/plan"
)

// includable is the reference parameters that the oracle of includes follows: where they stand and, if the parameter leaves
// others out, the only type they lead to.
var includable = map[string]map[string]struct{ path, only string }{
	"Observation":       {"subject": {"subject", ""}, "patient": {"subject", "Patient"}, "encounter": {"encounter", ""}, "performer": {"performer", ""}},
	"Encounter":         {"subject": {"subject", ""}, "service-provider": {"serviceProvider", ""}, "participant": {"participant.individual", ""}},
	"Condition":         {"subject": {"subject", ""}, "encounter": {"encounter", ""}},
	"DiagnosticReport":  {"result": {"result", ""}, "patient": {"subject", "Patient"}},
	"Immunization":      {"patient": {"patient", ""}},
	"MedicationRequest": {"requester": {"requester", ""}, "subject": {"subject", ""}, "encounter": {"encounter", ""}},
}

// referredTo lists the resources, as Type/id, that a resource refers to by a parameter.
func (m *model) referredTo(r *resource, param, target string) (keys []string) {
	p := includable[r.typ][param]
	for _, v := range at(r.body, strings.Split(p.path, ".")...) {
		key, _, _ := strings.Cut(field(v, "reference"), "/_history/")
		typ, _, _ := strings.Cut(key, "/")
		if m.byKey[key] != nil && (p.only == "" || typ == p.only) && (target == "" || typ == target) {
			keys = append(keys, key)
		}
	}
	return keys
}

// include is one _include or _revinclude.
type include struct {
	reverse, iterate      bool
	source, param, target string
}

func (i include) String() string {
	s := "_include"
	if i.reverse {
		s = "_revinclude"
	}
	if i.iterate {
		s += ":iterate"
	}
	s += "=" + i.source + ":" + i.param
	if i.target != "" {
		s += ":" + i.target
	}
	return s
}

// follow adds what one include brings for some resources.
func (m *model) follow(i include, from map[string]bool, add func(key string)) {
	if !i.reverse {
		for key := range from {
			if r := m.byKey[key]; r.typ == i.source {
				for _, to := range m.referredTo(r, i.param, i.target) {
					add(to)
				}
			}
		}
		return
	}
	for _, r := range m.byType[i.source] {
		for _, to := range m.referredTo(r, i.param, i.target) {
			if from[to] {
				add(r.typ + "/" + r.id)
			}
		}
	}
}

// included gives what includes bring for the matches of a page, in no order.
func (m *model) included(matches []string, includes []include) []string {
	all := map[string]bool{}
	from := map[string]bool{}
	for _, key := range matches {
		all[key], from[key] = true, true
	}
	for round := 0; len(from) > 0; round++ {
		next := map[string]bool{}
		for _, i := range includes {
			if round == 0 || i.iterate {
				m.follow(i, from, func(key string) {
					if !all[key] {
						all[key], next[key] = true, true
					}
				})
			}
		}
		from = next
	}
	for _, key := range matches {
		delete(all, key)
	}
	return slices.Sorted(maps.Keys(all))
}

// includes makes some up for a search in a type: one that applies to it, then some that may only apply to what that brings.
func (b *bench) includes(typ string) (list []include) {
	sources := sortedKeys(includable)
	for range 1 + b.rand.IntN(3) {
		i := include{reverse: b.rand.IntN(2) == 0, iterate: b.rand.IntN(2) == 0, source: sources[b.rand.IntN(len(sources))]}
		if !i.reverse && (!i.iterate || b.rand.IntN(2) == 0) {
			i.source = typ
		}
		params := sortedKeys(includable[i.source])
		if len(params) == 0 {
			continue
		}
		i.param = params[b.rand.IntN(len(params))]
		targets := def.R4().SearchParam(i.source, i.param).Targets
		if i.reverse && !i.iterate && !slices.Contains(targets, typ) {
			continue
		}
		if b.rand.IntN(3) == 0 && len(targets) > 0 {
			i.target = targets[b.rand.IntN(len(targets))]
		}
		list = append(list, i)
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func keysOf(versions []record.Version) []string {
	keys := make([]string, len(versions))
	for i, v := range versions {
		keys[i] = def.R4().TypeByID(def.TypeID(v.Type)).Name + "/" + v.ID
	}
	return keys
}

func TestIncludesAgreeWithTheOracle(t *testing.T) {
	queries := 150 * *times
	if testing.Short() {
		queries = 30
	}
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		b := newBench(t, e, seed)
		b.load()
		types, brought := sortedKeys(includable), 0
		types = append(types, "Patient", "Organization")
		for range queries {
			typ := types[b.rand.IntN(len(types))]
			includes := b.includes(typ)
			target := fmt.Sprintf("%s?_count=%d", typ, 1+b.rand.IntN(8))
			for _, i := range includes {
				target += "&" + i.String()
			}
			if b.rand.IntN(2) == 0 {
				target += "&_sort=-_lastUpdated"
			}
			r, err := answer(t, b.planner, b.store, queryOf(t, target, time.Now()))
			if err != nil {
				t.Errorf("%s: %v", target, err)
				continue
			}
			got, want := slices.Sorted(slices.Values(keysOf(r.Included))), b.model.included(keysOf(r.Matches), includes)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d included %v, want %d %v", target, len(got), head(got), len(want), head(want))
			}
			brought += min(len(want), 1)
		}
		if brought < queries/6 {
			t.Errorf("only %d of %d queries included anything: they test little", brought, queries)
		}
	})
}

// TestIncludesOfEverything has * in both directions: what the model knows of must be there.
func TestIncludesOfEverything(t *testing.T) {
	b := newBench(t, mem.New(), 5)
	b.load()
	for typ, params := range includable {
		var forward, reverse []include
		for _, param := range sortedKeys(params) {
			forward = append(forward, include{source: typ, param: param})
			reverse = append(reverse, include{reverse: true, source: typ, param: param})
		}
		check := func(target string, includes []include) {
			r, err := answer(t, b.planner, b.store, queryOf(t, target, time.Now()))
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			got := map[string]bool{}
			for _, key := range keysOf(r.Included) {
				if got[key] {
					t.Errorf("%s: %s is there twice", target, key)
				}
				got[key] = true
			}
			for _, key := range b.model.included(keysOf(r.Matches), includes) {
				if !got[key] {
					t.Errorf("%s: %s is not there", target, key)
				}
			}
		}
		check(typ+"?_count=5&_include=*", forward)
		check(typ+"?_count=5&_include="+typ+":*", forward)
		check("Patient?_count=2&_revinclude=*", reverse)
		check("Patient?_count=2&_revinclude="+typ+":*", reverse)
	}
}

// TestIncludesAreCut has limits on what is included and on how far, each with a warning, and a ring that ends.
func TestIncludesAreCut(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	for i := range 40 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Organization","id":"o%02d","partOf":{"reference":"Organization/o%02d"}}`, i, i+1))
	}
	for i := range 3 {
		b.put(fmt.Appendf(nil, `{"resourceType":"Organization","id":"r%d","partOf":{"reference":"Organization/r%d"}}`, i, (i+1)%3))
	}
	for _, c := range []struct {
		target   string
		opt      plan.Options
		included int
		warnings int
	}{
		{"Organization?_id=o00&_include=Organization:partof", plan.Options{}, 1, 0},
		{"Organization?_id=o35&_include:iterate=Organization:partof", plan.Options{}, 4, 0},
		{"Organization?_id=o00&_include:iterate=Organization:partof", plan.Options{}, 10, 1},
		{"Organization?_id=o39&_revinclude:iterate=Organization:partof", plan.Options{}, 10, 1},
		{"Organization?_id=o35&_include:iterate=Organization:partof", plan.Options{MaxIncluded: 2}, 2, 1},
		{"Organization?_id=o35&_include:iterate=Organization:partof", plan.Options{MaxIncluded: 4}, 4, 0},
		{"Organization?_id=r0&_include:iterate=Organization:partof", plan.Options{}, 2, 0},
		{"Organization?_id=r0&_revinclude:iterate=Organization:partof&_include:iterate=Organization:partof", plan.Options{}, 2, 0},
	} {
		r, err := answer(t, plannerOf(t, c.opt), b.store, queryOf(t, c.target, time.Now()))
		if err != nil || len(r.Included) != c.included || len(r.Warnings) != c.warnings {
			t.Errorf("%s: got %+v and %v, want %d included and %d warnings", c.target, r, err, c.included, c.warnings)
		}
	}
}
