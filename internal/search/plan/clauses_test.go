// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"time"
)

// clause makes up a condition on typ with a value drawn from some resource; depth is how many links a chain may have.
func (b *bench) clause(typ string, depth int) clause {
	if depth > 0 {
		switch b.rand.IntN(6) {
		case 0:
			if c, ok := b.chain(typ, depth); ok {
				return c
			}
		case 1:
			if c, ok := b.has(typ, depth); ok {
				return c
			}
		}
	}
	if b.rand.IntN(15) == 0 {
		ids := []string{b.some(typ).id, b.some(typ).id, "no-such-id"}
		return clause{"_id", strings.Join(ids[:1+b.rand.IntN(3)], ",")}
	}
	names := b.namesOf(typ)
	name := names[b.rand.IntN(len(names))]
	if b.rand.IntN(12) == 0 && !strings.Contains(name, "-value-") {
		return clause{name + ":missing", []string{"true", "false"}[b.rand.IntN(2)]}
	}
	modifier, value := b.value(typ, name)
	for b.rand.IntN(4) == 0 && modifier == "" {
		if m, another := b.value(typ, name); m == "" {
			value += "," + another
		}
	}
	if modifier != "" {
		name += ":" + modifier
	}
	return clause{name, value}
}

// namesOf lists the parameters of a type, in order, so that a seed gives the same queries.
func (b *bench) namesOf(typ string) []string {
	var names []string
	for key := range params {
		if name, ok := strings.CutPrefix(key, typ+"."); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// referenceNames are the reference parameters that chains follow, and where they lead.
var referenceNames = map[string]map[string]string{
	"Observation":  {"subject": "Patient", "patient": "Patient", "encounter": "Encounter"},
	"Encounter":    {"subject": "Patient", "service-provider": "Organization"},
	"Condition":    {"subject": "Patient", "encounter": "Encounter"},
	"Immunization": {"patient": "Patient"},
}

func (b *bench) chain(typ string, depth int) (clause, bool) {
	names := sortedKeys(referenceNames[typ])
	if len(names) == 0 {
		return clause{}, false
	}
	name := names[b.rand.IntN(len(names))]
	target := referenceNames[typ][name]
	next := b.clause(target, depth-1)
	if strings.HasPrefix(next.name, "_id") {
		return clause{}, false
	}
	return clause{name + ":" + target + "." + next.name, next.value}, true
}

func (b *bench) has(typ string, depth int) (clause, bool) {
	for _, source := range sortedKeys(referenceNames) {
		for _, name := range sortedKeys(referenceNames[source]) {
			if referenceNames[source][name] == typ && b.rand.IntN(3) == 0 {
				next := b.clause(source, 0)
				return clause{"_has:" + source + ":" + name + ":" + next.name, next.value}, true
			}
		}
	}
	return clause{}, false
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// value draws a value of a parameter from some resource that has one, and changes it a little.
func (b *bench) value(typ, name string) (modifier, value string) {
	var v values
	for range 200 {
		if v = params[typ+"."+name](b.some(typ).body); !v.empty() {
			break
		}
	}
	switch {
	case len(v.codes) > 0:
		return b.token(v.codes[b.rand.IntN(len(v.codes))])
	case len(v.strings) > 0:
		return b.string(v.strings[b.rand.IntN(len(v.strings))])
	case len(v.dates) > 0:
		return "", b.date(v.dates[b.rand.IntN(len(v.dates))])
	case len(v.refs) > 0:
		return b.reference(v.refs[b.rand.IntN(len(v.refs))])
	case len(v.amounts) > 0:
		return "", b.amount(v.amounts[b.rand.IntN(len(v.amounts))])
	case len(v.pairs) > 0:
		p := v.pairs[b.rand.IntN(len(v.pairs))]
		_, token := b.token(p.codes[0])
		return "", token + "$" + b.amount(p.amount)
	}
	return "missing", "true" // no resource has any
}

func (b *bench) token(c code) (modifier, value string) {
	if c.code == "" {
		return "text", plainText(c.text)
	}
	switch b.rand.IntN(7) {
	case 0:
		return "", c.system + "|" + c.code
	case 1:
		if c.system != "" {
			return "", c.system + "|"
		}
	case 2:
		return "", "|" + c.code
	case 3:
		return "not", c.code
	case 4:
		return "", "http://example.org/other|" + c.code
	case 5:
		if t := plainText(c.text); t != "" {
			return "text", t
		}
	}
	return "", c.code
}

// plainText is the beginning of a text up to what would need escapes.
func plainText(s string) string {
	if i := strings.IndexAny(s, `,$|\`); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

func (b *bench) string(s string) (modifier, value string) {
	s = plainText(s)
	r := []rune(s)
	if len(r) == 0 {
		return "", "zzz"
	}
	switch b.rand.IntN(5) {
	case 0:
		return "exact", s
	case 1:
		return "exact", strings.ToUpper(s)
	case 2:
		from := b.rand.IntN(len(r))
		if part := strings.TrimSpace(string(r[from:min(len(r), from+1+b.rand.IntN(3))])); part != "" {
			return "contains", part
		}
	case 3:
		return "", strings.ToUpper(strings.TrimSpace(string(r[:1+b.rand.IntN(len(r))])))
	}
	return "", s
}

func (b *bench) date(d span) string {
	at := d.low.UTC()
	if b.rand.IntN(3) == 0 {
		at = at.AddDate(0, b.rand.IntN(24)-12, b.rand.IntN(40)-20)
	}
	layout := []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z", time.RFC3339, "2006-01-02T15:04:05.000Z"}[b.rand.IntN(6)]
	return []string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"}[b.rand.IntN(9)] + at.Format(layout)
}

func (b *bench) reference(ref string) (modifier, value string) {
	typ, id, _ := strings.Cut(ref, "/")
	switch b.rand.IntN(3) {
	case 0:
		return "", id
	case 1:
		return typ, id
	}
	return "", ref
}

func (b *bench) amount(a amount) string {
	number := a.value.FloatString(b.rand.IntN(4))
	number = []string{"", "", "eq", "ne", "gt", "lt", "ge", "le"}[b.rand.IntN(8)] + number
	switch b.rand.IntN(4) {
	case 0:
		if a.code != "" {
			return number + "|" + a.system + "|" + a.code
		}
	case 1:
		if a.unit != "" && !strings.ContainsAny(a.unit, `,$|\`) {
			return number + "||" + a.unit
		}
	}
	return number
}
