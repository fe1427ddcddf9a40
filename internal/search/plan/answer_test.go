// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"unicode"
)

// model is the resources as they are, by type.
type model struct {
	byType map[string][]*resource
	byKey  map[string]*resource
	next   int
}

func newModel() *model {
	return &model{byType: map[string][]*resource{}, byKey: map[string]*resource{}}
}

// put stores a resource, as the newest commit.
func (m *model) put(typ, id string, body map[string]any) {
	m.drop(typ, id)
	m.next++
	r := &resource{typ, id, body, m.next}
	m.byType[typ] = append(m.byType[typ], r)
	m.byKey[typ+"/"+id] = r
}

func (m *model) drop(typ, id string) {
	if m.byKey[typ+"/"+id] == nil {
		return
	}
	delete(m.byKey, typ+"/"+id)
	m.byType[typ] = slices.DeleteFunc(m.byType[typ], func(r *resource) bool { return r.id == id })
}

// clause is one condition: name=value, name with its modifier.
type clause struct{ name, value string }

// search gives the ids that fulfil all clauses, in the order of sort keys, then of commits.
func (m *model) search(typ string, clauses []clause, sort []string) []string {
	var found []*resource
	for _, r := range m.byType[typ] {
		if !slices.ContainsFunc(clauses, func(c clause) bool { return !m.fulfils(r, c) }) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *resource) int {
		for _, key := range sort {
			if c := compareBy(a, b, key); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.order, b.order)
	})
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.id
	}
	return ids
}

// compareBy orders two resources by one key; those without a value come last in both directions.
func compareBy(a, b *resource, key string) int {
	name, down := strings.CutPrefix(key, "-")
	x, okX := sortValue(a, name, down)
	y, okY := sortValue(b, name, down)
	switch {
	case !okX && !okY:
		return 0
	case !okX:
		return 1
	case !okY:
		return -1
	case down:
		return cmp.Compare(y, x)
	}
	return cmp.Compare(x, y)
}

// sortValue is the least value, or the greatest if down, as text that compares as the values do.
func sortValue(r *resource, name string, down bool) (string, bool) {
	if name == "_id" {
		return r.id, true
	}
	v := params[r.typ+"."+name](r.body)
	var keys []string
	for _, s := range v.strings {
		keys = append(keys, folded(s))
	}
	for _, d := range v.dates {
		keys = append(keys, d.low.UTC().Format("2006-01-02T15:04:05.000"))
	}
	for _, c := range v.codes {
		if c.code != "" {
			keys = append(keys, c.code)
		}
	}
	if len(keys) == 0 {
		return "", false
	}
	if down {
		return slices.Max(keys), true
	}
	return slices.Min(keys), true
}

// fulfils reports whether a resource fulfils a clause.
func (m *model) fulfils(r *resource, c clause) bool {
	if rest, ok := strings.CutPrefix(c.name, "_has:"); ok {
		parts := strings.SplitN(rest, ":", 3)
		return slices.ContainsFunc(m.byType[parts[0]], func(s *resource) bool {
			return slices.Contains(params[parts[0]+"."+parts[1]](s.body).refs, r.typ+"/"+r.id) && m.fulfils(s, clause{parts[2], c.value})
		})
	}
	if head, rest, ok := strings.Cut(c.name, "."); ok {
		name, target, _ := strings.Cut(head, ":")
		for _, ref := range params[r.typ+"."+name](r.body).refs {
			to := m.byKey[ref]
			if to != nil && (target == "" || to.typ == target) && knows(to.typ, rest) && m.fulfils(to, clause{rest, c.value}) {
				return true
			}
		}
		return false
	}
	name, modifier, _ := strings.Cut(c.name, ":")
	if name == "_id" {
		return slices.Contains(strings.Split(c.value, ","), r.id) != (modifier == "not")
	}
	v := params[r.typ+"."+name](r.body)
	if modifier == "missing" {
		return v.empty() == (c.value == "true")
	}
	any := slices.ContainsFunc(strings.Split(c.value, ","), func(value string) bool { return v.match(modifier, value) })
	return any != (modifier == "not")
}

// knows reports whether a type has the parameter that a condition begins with.
func knows(typ, name string) bool {
	if strings.HasPrefix(name, "_has:") {
		return true
	}
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, ":")
	return params[typ+"."+name] != nil
}

// match reports whether any of the values matches one value asked for.
func (v values) match(modifier, value string) bool {
	return slices.ContainsFunc(v.codes, func(c code) bool { return c.match(modifier, value) }) ||
		slices.ContainsFunc(v.strings, func(s string) bool { return matchString(s, modifier, value) }) ||
		slices.ContainsFunc(v.dates, func(d span) bool { return d.match(value) }) ||
		slices.ContainsFunc(v.refs, func(r string) bool { return matchRef(r, modifier, value) }) ||
		slices.ContainsFunc(v.amounts, func(a amount) bool { return a.match(value) }) ||
		slices.ContainsFunc(v.pairs, func(p pair) bool {
			first, second, _ := strings.Cut(value, "$")
			return p.amount.match(second) && slices.ContainsFunc(p.codes, func(c code) bool { return c.match("", first) })
		})
}

func (c code) match(modifier, value string) bool {
	if modifier == "text" {
		return textBegins(folded(c.text), folded(value))
	}
	system, want, has := strings.Cut(value, "|")
	if !has {
		return c.code == value && c.code != ""
	}
	return c.system == system && (want == "" && c.code != "" || c.code == want && want != "")
}

// textBegins reports whether some word of a text begins what is asked for.
func textBegins(s, want string) bool {
	word := false
	for i, r := range s {
		if !word && strings.HasPrefix(s[i:], want) {
			return true
		}
		word = unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	return false
}

func matchString(s, modifier, value string) bool {
	switch modifier {
	case "exact":
		return s == value
	case "contains":
		return strings.Contains(folded(s), folded(value))
	}
	return strings.HasPrefix(folded(s), folded(value))
}

func matchRef(ref, modifier, value string) bool {
	typ, id, _ := strings.Cut(ref, "/")
	if modifier != "" && modifier != typ && modifier != "not" {
		return false
	}
	return ref == value || id == value
}

// prefixOf takes a prefix off a value.
func prefixOf(value string) (prefix, rest string) {
	for _, p := range []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"} {
		if rest, ok := strings.CutPrefix(value, p); ok {
			return p, rest
		}
	}
	return "eq", value
}

// match compares the range of a date with that asked for.
//
// http://hl7.org/fhir/R4/search.html#prefix
func (d span) match(value string) bool {
	prefix, rest := prefixOf(value)
	q, ok := spanOf(rest)
	if !ok {
		return false
	}
	within := !d.low.Before(q.low) && !d.high.After(q.high)
	above, below := d.high.After(q.high), d.low.Before(q.low)
	switch prefix {
	case "ne":
		return !within
	case "gt":
		return above
	case "lt":
		return below
	case "ge":
		return above || within
	case "le":
		return below || within
	case "sa":
		return !d.low.Before(q.high)
	case "eb":
		return !d.high.After(q.low)
	}
	return within
}

// match compares an amount with [prefix]number, number|system|code or number||code.
func (a amount) match(value string) bool {
	parts := strings.Split(value, "|")
	if len(parts) == 3 && (parts[1] != "" && (a.system != parts[1] || a.code != parts[2]) || parts[1] == "" && a.code != parts[2] && a.unit != parts[2]) {
		return false
	}
	prefix, number := prefixOf(parts[0])
	q, ok := new(big.Rat).SetString(number)
	if !ok {
		return false
	}
	half := big.NewRat(1, 2) // of the last digit that was given
	if _, fraction, ok := strings.Cut(number, "."); ok {
		for range fraction {
			half.Mul(half, big.NewRat(1, 10))
		}
	}
	low, high := new(big.Rat).Sub(q, half), new(big.Rat).Add(q, half)
	within := a.value.Cmp(low) >= 0 && a.value.Cmp(high) < 0
	switch prefix {
	case "ne":
		return !within
	case "gt", "sa":
		return a.value.Cmp(q) > 0
	case "lt", "eb":
		return a.value.Cmp(q) < 0
	case "ge":
		return a.value.Cmp(q) >= 0
	case "le":
		return a.value.Cmp(q) <= 0
	}
	return within
}
