// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fhir/def"
)

// tree is a _filter: a test, or trees with a word between them, or one that does not hold.
type tree struct {
	word string // and, or, not; empty: test
	test clause
	text string
	kids []tree
}

// String writes a tree as _filter has it, with a bracket around everything.
func (t tree) String() string {
	switch t.word {
	case "":
		return t.text
	case "not":
		return "not (" + t.kids[0].String() + ")"
	}
	return "(" + t.kids[0].String() + ") " + t.word + " (" + t.kids[1].String() + ")"
}

func (m *model) grows(r *resource, t tree) bool {
	switch t.word {
	case "":
		return m.fulfils(r, t.test)
	case "not":
		return !m.grows(r, t.kids[0])
	case "and":
		return m.grows(r, t.kids[0]) && m.grows(r, t.kids[1])
	}
	return m.grows(r, t.kids[0]) || m.grows(r, t.kids[1])
}

// tree makes up a _filter on typ.
func (b *bench) tree(typ string, depth int) tree {
	if depth == 0 || b.rand.IntN(3) == 0 {
		for {
			c := b.clause(typ, 1)
			if text, ok := asTest(typ, c); ok {
				for _, kind := range kindsOf(typ, c) {
					b.kinds["_filter "+kind]++
				}
				return tree{test: c, text: text}
			}
		}
	}
	word := []string{"and", "or", "not"}[b.rand.IntN(3)]
	b.kinds["_filter "+word]++
	t := tree{word: word, kids: []tree{b.tree(typ, depth-1)}}
	if word != "not" {
		t.kids = append(t.kids, b.tree(typ, depth-1))
	}
	return t
}

// asTest writes a clause as a test of _filter; ok is false for those that none is the same as.
func asTest(typ string, c clause) (text string, ok bool) {
	path := c.name
	head, rest, chained := strings.Cut(c.name, ".")
	if chained {
		param := def.R4().SearchParam(typ, head)
		if param == nil || len(param.Targets) != 1 {
			return "", false
		}
		typ, path = param.Targets[0], rest
	}
	name, modifier, _ := strings.Cut(path, ":")
	param := def.R4().SearchParam(typ, name)
	if param == nil || slices.Contains([]string{"_text", "_content", "near"}, name) || strings.ContainsAny(c.value, `,\`) || strings.Contains(name, ".") {
		return "", false
	}
	name, _, _ = strings.Cut(c.name, ":")
	operator, value := "eq", c.value
	switch {
	case modifier == "missing":
		return name + " pr " + map[string]string{"true": "false", "false": "true"}[value], true
	case modifier == "contains":
		operator = "co"
	case modifier == "not" && chained:
		return "", false // it asks for another target
	case modifier == "not":
		return "not(" + name + " eq " + quoted(value) + ")", true
	case modifier != "" || param.Code == "_id":
		return "", false
	case param.Type == def.StringParam:
		operator = "sw"
	case slices.Contains([]def.ParamType{def.DateParam, def.NumberParam, def.QuantityParam}, param.Type):
		if operator, value = prefixOf(value); operator == "" {
			operator = "eq"
		}
	}
	return name + " " + operator + " " + quoted(value), true
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// TestFiltersAgreeWithTheOracle compares made up filters with what looking at every resource says.
func TestFiltersAgreeWithTheOracle(t *testing.T) {
	queries := 150 * *times
	if testing.Short() {
		queries = 30
	}
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 23)
		b.load()
		hits := 0
		for range queries {
			typ := b.typ()
			f := b.tree(typ, 3)
			var want []string
			b.model.memo, b.model.has = map[string]bool{}, map[string]map[string]bool{}
			for _, r := range b.model.byType[typ] {
				if b.model.grows(r, f) {
					want = append(want, r.id)
				}
			}
			got, total, err := b.find(typ, []clause{{"_filter", f.String()}}, nil, 1000, nil)
			if err != nil || !slices.Equal(got, want) || b.total == "accurate" && total != len(want) {
				t.Errorf("%s?_filter=%s: %v\n got %d %v\nwant %d %v", typ, f, err, len(got), head(got), len(want), head(want))
			}
			hits += min(len(want), 1)
		}
		b.report(t)
		if hits < queries/3 {
			t.Errorf("only %d of %d filters found anything", hits, queries)
		}
	})
}

// TestTextComparisonsAgreeWithTheOracle holds ne, ew and the orders of strings to what every resource says itself.
func TestTextComparisonsAgreeWithTheOracle(t *testing.T) {
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		b := newBench(t, e, 29)
		b.load()
		for range 40 {
			v, _ := valuesOf(b.some("Patient"), "family")
			if len(v.strings) == 0 {
				continue
			}
			asked := folded(v.strings[b.rand.IntN(len(v.strings))])
			part := []rune(asked)[b.rand.IntN(len([]rune(asked))):]
			for operator, holds := range map[string]func(s string) bool{
				"eq": func(s string) bool { return s == asked }, "ne": func(s string) bool { return s != asked },
				"gt": func(s string) bool { return s > asked }, "ge": func(s string) bool { return s >= asked },
				"lt": func(s string) bool { return s < asked }, "le": func(s string) bool { return s <= asked },
				"ew": func(s string) bool { return strings.HasSuffix(s, string(part)) },
			} {
				value := asked
				if operator == "ew" {
					value = string(part)
				}
				if strings.TrimSpace(value) != value {
					continue
				}
				var want []string
				for _, r := range b.model.byType["Patient"] {
					v, _ := valuesOf(r, "family")
					if slices.ContainsFunc(v.strings, func(s string) bool { return holds(folded(s)) }) {
						want = append(want, r.id)
					}
				}
				f := fmt.Sprintf("family %s %s", operator, quoted(value))
				if got, _, err := b.find("Patient", []clause{{"_filter", f}}, nil, 1000, nil); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: %v\n got %d %v\nwant %d %v", f, err, len(got), head(got), len(want), head(want))
				}
			}
		}
	})
}
