// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"math/big"
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
	switch b.rand.IntN(20) {
	case 3, 4:
		if c, ok := b.textClause(typ); ok {
			return c
		}
	case 5, 6, 7, 8, 9:
		if typ == "Location" {
			return b.nearClause()
		}
	case 2:
		at := b.model.born[typ+"/"+b.some(typ).id]
		return clause{"createdAt", strings.Replace(b.date(span{at, at}), "ap", "", 1)}
	case 0:
		ids := []string{b.some(typ).id, b.some(typ).id, "no-such-id"}
		return clause{[]string{"_id", "_id:not"}[b.rand.IntN(2)], strings.Join(ids[:1+b.rand.IntN(3)], ",")}
	case 1:
		at := b.some(typ).time
		return clause{"_lastUpdated", strings.Replace(b.date(span{at, at}), "ap", "", 1)}
	}
	names := b.namesOf(typ)
	name := names[b.rand.IntN(len(names))]
	if b.rand.IntN(12) == 0 && !strings.Contains(name, "code-value-") {
		return clause{name + ":missing", []string{"true", "false"}[b.rand.IntN(2)]}
	}
	name = b.owned(name)
	modifier, value := b.value(typ, name)
	for b.rand.IntN(4) == 0 && modifier != "missing" {
		if m, another := b.value(typ, name); m == modifier {
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
		if of, name, _ := strings.Cut(key, "."); of == typ || of == "*" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// links are the references that chains follow: type, parameter, the type they lead to.
var links = [][3]string{
	{"Observation", "subject", "Patient"}, {"Observation", "patient", "Patient"}, {"Observation", "encounter", "Encounter"},
	{"Encounter", "subject", "Patient"}, {"Encounter", "service-provider", "Organization"}, {"Encounter", "practitioner", "Practitioner"},
	{"Condition", "patient", "Patient"}, {"Condition", "encounter", "Encounter"}, {"Immunization", "patient", "Patient"},
	{"Procedure", "encounter", "Encounter"}, {"Procedure", "reason-reference", "Condition"}, {"MedicationRequest", "requester", "Practitioner"},
	{"MedicationRequest", "subject", "Patient"}, {"DiagnosticReport", "result", "Observation"}, {"DiagnosticReport", "encounter", "Encounter"},
	{"CarePlan", "condition", "Condition"}, {"CarePlan", "subject", "Patient"}, {"AllergyIntolerance", "patient", "Patient"},
}

// link draws one of the links that have a word in a place.
func (b *bench) link(place int, word string) (l [3]string, ok bool) {
	var all [][3]string
	for _, l := range links {
		if l[place] == word {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return l, false
	}
	l = all[b.rand.IntN(len(all))]
	l[1] = b.owned(l[1])
	return l, true
}

// ownPrefix begins the codes of own parameters.
const ownPrefix = "own-"

// owned is the name of the own parameter that finds what one of R4 does, now and then, or that name itself.
func (b *bench) owned(name string) string {
	if !b.own || name[0] == '_' || strings.Contains(name, "code-value-") || b.rand.IntN(3) == 0 {
		return name
	}
	return ownPrefix + name
}

func (b *bench) chain(typ string, depth int) (clause, bool) {
	l, ok := b.link(0, typ)
	if !ok {
		return clause{}, false
	}
	next := b.clause(l[2], depth-1)
	name := l[1]
	if b.rand.IntN(2) == 0 || strings.HasPrefix(next.name, "_") || next.name == "createdAt" { // without a type all that know the rest are meant
		name += ":" + l[2]
	}
	return clause{name + "." + next.name, next.value}, true
}

func (b *bench) has(typ string, depth int) (clause, bool) {
	l, ok := b.link(2, typ)
	if !ok {
		return clause{}, false
	}
	next := b.clause(l[0], depth-1)
	return clause{"_has:" + l[0] + ":" + l[1] + ":" + next.name, next.value}, true
}

// value draws a value of a parameter from some resource that has one, and changes it a little.
func (b *bench) value(typ, name string) (modifier, value string) {
	for range 200 {
		if v, _ := valuesOf(b.some(typ), name); !v.empty() {
			return b.valueOf(v)
		}
	}
	return "missing", "true" // hardly any resource has one
}

func (b *bench) valueOf(v values) (modifier, value string) {
	switch {
	case len(v.codes) > 0:
		return b.token(v.codes[b.rand.IntN(len(v.codes))])
	case len(v.strings) > 0:
		return b.string(v.strings[b.rand.IntN(len(v.strings))])
	case len(v.uris) > 0:
		return b.uri(v.uris[b.rand.IntN(len(v.uris))])
	case len(v.dates) > 0:
		return "", b.date(v.dates[b.rand.IntN(len(v.dates))])
	case len(v.refs) > 0:
		return b.reference(v.refs[b.rand.IntN(len(v.refs))])
	case len(v.amounts) > 0:
		return "", b.amount(v.amounts[b.rand.IntN(len(v.amounts))])
	}
	p := v.pairs[b.rand.IntN(len(v.pairs))]
	return "", b.part(p.first) + "$" + b.part(p.second)
}

// part draws a value without a modifier.
func (b *bench) part(v values) string {
	for range 50 {
		if modifier, value := b.valueOf(v); modifier == "" {
			return value
		}
	}
	return "none"
}

// escape puts backslashes before what parts values.
var escape = strings.NewReplacer(`,`, `\,`, `$`, `\$`, `|`, `\|`, `\`, `\\`).Replace

func (b *bench) token(c code) (modifier, value string) {
	if b.rand.IntN(5) == 0 && c.implied == "" {
		c.code = b.cased(c.code)
	}
	if len(c.types) > 0 && c.types[0].code != "" && c.code != "" && b.rand.IntN(3) == 0 {
		return "of-type", escape(c.types[0].system) + "|" + escape(c.types[0].code) + "|" + escape(c.code)
	}
	switch b.rand.IntN(12) {
	case 9, 10:
		return b.concept(c)
	case 0, 1:
		if c.system != "" && c.code != "" {
			return "", escape(c.system) + "|" + escape(c.code)
		}
	case 2:
		if c.system != "" {
			return "", escape(c.system) + "|"
		}
	case 3:
		if c.code != "" {
			return "", "|" + escape(c.code)
		}
	case 4:
		if c.code != "" {
			return "not", escape(c.code)
		}
	case 5:
		if c.code != "" {
			return "", "http://example.org/other|" + escape(c.code)
		}
	case 6:
		if words := strings.Fields(c.text); len(words) > 0 {
			return "text", escape(b.cased(strings.Join(words[b.rand.IntN(len(words)):], " ")))
		}
	case 7:
		if c.implied != "" {
			return "", c.implied + "|" + c.code
		}
	}
	switch {
	case c.code != "":
		return "", escape(c.code)
	case c.text != "":
		return "text", escape(c.text)
	}
	return "", escape(c.system) + "|"
}

// cased changes the case of a text, now and then.
func (b *bench) cased(s string) string {
	return []func(string) string{strings.ToUpper, strings.ToLower, strings.Clone}[b.rand.IntN(3)](s)
}

func (b *bench) string(s string) (modifier, value string) {
	r := []rune(s)
	if strings.TrimSpace(s) == "" {
		return "", "zzz"
	}
	switch b.rand.IntN(6) {
	case 0:
		return "exact", escape(s)
	case 1:
		return "exact", escape(strings.ToUpper(s))
	case 2, 3:
		from := b.rand.IntN(len(r))
		if part := strings.TrimSpace(string(r[from:min(len(r), from+1+b.rand.IntN(4))])); part != "" {
			return "contains", escape(b.cased(part))
		}
	case 4:
		if part := strings.TrimSpace(string(r[:1+b.rand.IntN(len(r))])); part != "" {
			return "", escape(folded(part))
		}
	}
	return "", escape(b.cased(s))
}

func (b *bench) uri(s string) (modifier, value string) {
	url, _, _ := strings.Cut(s, "|")
	switch b.rand.IntN(5) {
	case 0:
		return "below", url[:len(url)/2+b.rand.IntN(len(url)-len(url)/2)]
	case 1:
		return "above", url + "/and/more"
	case 2:
		return "", url
	case 3:
		return "", url + "|9"
	}
	return "", s
}

// date writes an instant of a span, or one not far from it, in some precision and zone, with some prefix.
func (b *bench) date(d span) string {
	at := d.low.UTC()
	if d.low.Equal(always) || !d.high.Equal(ever) && b.rand.IntN(3) == 0 {
		at = d.high.UTC()
	}
	if b.rand.IntN(3) == 0 {
		at = at.AddDate(0, b.rand.IntN(24)-12, b.rand.IntN(40)-20)
	}
	at = at.In(time.FixedZone("", []int{0, 0, -5, 5*3600 + 1800, 14 * 3600}[b.rand.IntN(5)]))
	layout := []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", time.RFC3339, time.RFC3339, "2006-01-02T15:04:05.0Z07:00",
		"2006-01-02T15:04:05.000Z07:00", "2006-01-02T15:04:05"}[b.rand.IntN(9)]
	return []string{"", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}[b.rand.IntN(11)] + at.Format(layout)
}

func (b *bench) reference(r ref) (modifier, value string) {
	if r.identifier != nil && (r.key == "" && r.address == "" || b.rand.IntN(2) == 0) {
		_, value := b.token(code{system: r.identifier.system, code: r.identifier.code})
		return "identifier", value
	}
	switch {
	case r.key == "" && (r.address == "" || r.address[0] == '#'):
		return "missing", "false"
	case r.key == "":
		return "", escape(r.address)
	}
	typ, id, _ := strings.Cut(r.key, "/")
	if modifier := []string{"above", "below", ""}[b.rand.IntN(3)]; modifier != "" && (typ == "Location" || typ == "Organization") {
		return modifier, []string{id, r.key, base + r.key}[b.rand.IntN(3)]
	}
	switch b.rand.IntN(4) {
	case 0:
		return "", id
	case 1:
		return typ, id
	case 2:
		return "", base + r.key
	}
	if r.version != "" && b.rand.IntN(2) == 0 {
		return "", r.key + "/_history/" + []string{r.version, "99"}[b.rand.IntN(2)]
	}
	return "", r.key
}

// amount writes a number near an amount in some precision, with some prefix, with or without its unit.
func (b *bench) amount(a amount) string {
	places := b.rand.IntN(4)
	value := a.low
	if value.Cmp(new(big.Rat).Neg(beyond)) == 0 || a.high.Cmp(beyond) != 0 && b.rand.IntN(2) == 0 {
		value = a.high
	}
	number := value.FloatString(places)
	if b.rand.IntN(6) == 0 { // a little off
		number = new(big.Rat).Add(value, big.NewRat(int64(b.rand.IntN(21)-10), 10)).FloatString(places)
	}
	if digits := strings.TrimLeft(strings.Replace(number, ".", "", 1), "-0"); b.rand.IntN(5) == 0 && len(digits) > 1 {
		sign := number[:len(number)-len(strings.TrimPrefix(number, "-"))]
		number = sign + digits + "e-" + string(rune('0'+places))
	}
	number = []string{"", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}[b.rand.IntN(11)] + number
	switch b.rand.IntN(4) {
	case 0:
		if a.code != "" && a.system != "" {
			return number + "|" + escape(a.system) + "|" + escape(a.code)
		}
	case 1:
		if a.unit != "" {
			return number + "||" + escape(a.unit)
		}
	}
	return number
}
