// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir/def"
)

// kindsOf names what a clause asks: the type of its parameter with its modifier or its prefix, chain or _has, or the parameter itself.
// It goes on with what stands at the end of a chain.
func kindsOf(typ string, c clause) []string {
	if rest, ok := strings.CutPrefix(c.name, "_has:"); ok {
		parts := strings.SplitN(rest, ":", 3)
		return append([]string{"_has"}, kindsOf(parts[0], clause{parts[2], c.value})...)
	}
	if head, rest, ok := strings.Cut(c.name, "."); ok {
		name, target, _ := strings.Cut(strings.TrimPrefix(head, ownPrefix), ":")
		if target == "" {
			target = def.R4().SearchParam(typ, name).Targets[0]
			for _, l := range links {
				if l[0] == typ && l[1] == name {
					target = l[2]
				}
			}
		}
		return append([]string{"chain"}, kindsOf(target, clause{rest, c.value})...)
	}
	name, modifier, _ := strings.Cut(strings.TrimPrefix(c.name, ownPrefix), ":")
	if modifier != "" {
		modifier = ":" + modifier
	}
	switch name {
	case "_id", "_lastUpdated", "createdAt", "_text", "_content", "near":
		return []string{name + modifier}
	}
	param := def.R4().SearchParam(typ, name)
	kind := param.Type.String()
	switch param.Type {
	case def.ReferenceParam:
		if modifier != "" && modifier != ":missing" && modifier != ":identifier" && modifier != ":above" && modifier != ":below" {
			modifier = ":[type]"
		}
	case def.DateParam, def.NumberParam, def.QuantityParam:
		if modifier == "" {
			modifier, _ = prefixOf(c.value)
			modifier = " " + modifier
		}
	}
	return []string{kind + modifier}
}

// everyKind is what the made-up queries must have had at least once.
func everyKind() []string {
	all := strings.Fields(`_id _id:not _lastUpdated createdAt _text _content near chain _has composite
		token token:not token:text token:in token:not-in token:above token:below token:of-type token:missing
		string string:exact string:contains string:missing uri uri:above uri:below uri:missing
		reference reference:[type] reference:identifier reference:missing reference:above reference:below date:missing quantity:missing`)
	for _, kind := range []string{"date", "quantity", "number"} {
		for _, prefix := range []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"} {
			all = append(all, kind+" "+prefix)
		}
	}
	return all
}

// rest compares single clauses of the kinds that were not drawn often enough.
func (b *bench) rest(least int) {
	left := func(kind string) bool { return b.kinds[kind] < least && slices.Contains(everyKind(), kind) }
	for range 50_000 * *times {
		typ := b.typ()
		if c := b.clause(typ, 2); slices.ContainsFunc(kindsOf(typ, c), left) {
			b.compare(typ, []clause{c}, b.sort(typ), 100)
		}
		if !slices.ContainsFunc(everyKind(), left) {
			return
		}
	}
	b.t.Errorf("these kinds were not drawn: %v", slices.DeleteFunc(everyKind(), func(kind string) bool { return !left(kind) }))
}

// report prints how many clauses of each kind were compared.
func (b *bench) report(t *testing.T) {
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(b.kinds)) {
		lines = append(lines, fmt.Sprintf("%s %d", kind, b.kinds[kind]))
	}
	t.Logf("compared: %s", strings.Join(lines, ", "))
}
