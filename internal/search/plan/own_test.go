// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/store"
)

// define stores a SearchParameter for one type, that finds what R4's of that name does, or nothing of the kind.
func (b *bench) define(typ, name string, right bool) {
	b.t.Helper()
	p := def.R4().SearchParam(typ, name)
	expression := p.ExpressionFor(typ)
	if !right {
		expression = "(" + expression + ").where(false)"
	}
	body, err := json.Marshal(map[string]any{"resourceType": "SearchParameter", "id": typ + "-" + name, "url": "http://x/" + typ + "-" + name, "status": "active",
		"code": ownPrefix + name, "base": []string{typ}, "type": p.Type.String(), "target": p.Targets, "expression": expression})
	if err != nil {
		b.t.Fatal(err)
	}
	var tape fhir.Tape
	if err := tape.Parse(body, fhir.Limits{}); err != nil {
		b.t.Fatal(err)
	}
	c, err := b.store.Prepare(&tape, store.Put{})
	if err != nil {
		b.t.Fatalf("%s of %s: %v", name, typ, err)
	}
	b.commit([]*store.Change{c})
}

// reindex does some steps, or all there are.
func (b *bench) reindex(steps int) {
	b.t.Helper()
	for ; steps != 0; steps-- {
		pass, err := b.store.Reindex(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if of, _ := b.store.Indexing(); !pass.Running() && !of.Due() {
			return
		}
	}
}

// defineAll adds an own parameter for each of the table, a third of them before there is data, the others while it changes and between the steps of a
// reindex. Some ask for something else at first.
func (b *bench) defineAll() {
	b.t.Helper()
	names := slices.Sorted(maps.Keys(params))
	b.rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, key := range names {
		if i == len(names)/3 {
			b.load()
		}
		typ, name, _ := strings.Cut(key, ".")
		if typ == "*" || strings.Contains(name, "code-value-") {
			continue
		}
		if b.rand.IntN(3) == 0 {
			b.define(typ, name, false)
			b.reindex(b.rand.IntN(20))
		}
		b.define(typ, name, true)
		if i > len(names)/3 && i%4 == 0 {
			b.reindex(b.rand.IntN(8))
			for range 10 {
				b.change(b.some(b.typ()))
			}
		}
	}
	b.reindex(-1)
}

// TestSearchByOwnParametersAgreesWithTheOracle asks own parameters and those of R4 together, in conditions, chains, _has and sorts.
func TestSearchByOwnParametersAgreesWithTheOracle(t *testing.T) {
	queries := 200 * *times
	if testing.Short() {
		queries = 60
	}
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, max(*seed, 3))
		b.defineAll()
		b.own = true
		hits := 0
		for range queries {
			hits += b.check()
		}
		of, pass := b.store.Indexing()
		t.Logf("%d queries, %d with results; %d parameters, generation %d, last reindex %+v", queries, hits, len(of.Params), of.Generation, pass)
		if hits < queries/3 || pass.Failed > 0 {
			t.Errorf("only %d of %d queries found anything, %d failed", hits, queries, pass.Failed)
		}
	})
}
