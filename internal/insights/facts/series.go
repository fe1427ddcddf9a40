// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"galen/internal/fhir"
)

// Flag says how a value lies to what is normal.
type Flag string

// The flags.
const (
	Normal   Flag = "normal"
	High     Flag = "high"
	Low      Flag = "low"
	Abnormal Flag = "abnormal"
	Critical Flag = "critical"
)

// Out reports whether the flag is one that a reader must see.
func (f Flag) Out() bool { return f != "" && f != Normal }

// Value is one measurement or answer.
type Value struct {
	Date        Date     `json:"date"`
	Text        string   `json:"value"` // as shown: "6.8 %", "130/80 mmHg", "Never smoker"
	Number      float64  `json:"number"`
	Second      float64  `json:"second,omitempty"` // diastolic
	Unit        string   `json:"unit,omitempty"`   // the unit of Number: that of the series' latest value
	Numeric     bool     `json:"numeric"`
	Flag        Flag     `json:"flag,omitempty"`
	FlagBy      string   `json:"flagBy,omitempty"` // "interpretation", "referenceRange", or the source of the table
	Range       string   `json:"referenceRange,omitempty"`
	Preliminary bool     `json:"preliminary,omitempty"`
	Evidence    Evidence `json:"evidence"`

	unit string // UCUM code as recorded
}

// Series is what was measured or asked repeatedly: values of one code, latest first, one a moment.
type Series struct {
	Fact
	Concept
	Category string  `json:"category"` // vital-signs, laboratory, survey, social-history, …
	Values   []Value `json:"values"`
	Change   string  `json:"change,omitempty"` // of the last two numbers: rising, falling, steady
}

// Latest is the newest value.
func (s *Series) Latest() *Value { return &s.Values[0] }

// LOINC is the series' LOINC code, if it has one.
func (s *Series) LOINC() string { return s.Code(LOINC) }

// steady is how much a number may move, as a part of itself, and still be called steady.
const steady = 0.03

// point is a value with the concept it belongs to.
type point struct {
	Concept
	category string
	value    Value
}

// pointKey is the code that makes points one series, or else the name.
func (p point) key() string {
	if c := p.Code(LOINC); c != "" {
		return LOINC + "|" + c
	}
	if len(p.Codes) > 0 {
		return p.Codes[0].System + "|" + p.Codes[0].Code
	}
	return "=" + sameName(p.Text)
}

func (b *builder) series() []Series {
	byKey := map[string][]point{}
	var order []string
	for _, n := range b.Of("Observation") {
		for _, p := range b.points(n) {
			k := p.key()
			if _, ok := byKey[k]; !ok {
				order = append(order, k)
			}
			byKey[k] = append(byKey[k], p)
		}
	}
	slices.Sort(order)
	var out []Series
	for _, k := range order {
		out = append(out, split(byKey[k])...)
	}
	slices.SortStableFunc(out, func(x, y Series) int {
		return cmp.Or(cmp.Compare(y.Latest().Date.Micros(), x.Latest().Date.Micros()), cmp.Compare(x.Text, y.Text))
	})
	return out
}

// points reads the values of an Observation: its own, and those of its components; of a blood pressure both as one.
func (b *builder) points(n fhir.Node) (out []point) {
	switch n.Field("status").Text() {
	case "cancelled", "registered", "unknown":
		return nil
	}
	when := Date{}
	for _, e := range []string{"effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"} {
		if when = b.date(n.Field(e)); when.Known() {
			break
		}
	}
	c := concept(n.Field("code"))
	if c.Text == "" || !when.Known() || b.later(when) {
		return nil
	}
	c.Text = shortName(c)
	category := code(n.Field("category").First())
	take := func(c Concept, from fhir.Node, path string) {
		v, element, ok := b.value(from)
		if !ok || c.Text == "" {
			return
		}
		v.Date, v.Preliminary, v.Evidence = when, n.Field("status").Text() == "preliminary", Evidence{keyOf(n), path + element}
		b.flag(&v, c, from, when)
		out = append(out, point{c, category, v})
	}
	take(c, n, "Observation.")
	if p, ok := b.pressure(n, when); ok {
		return append(out, point{Concept{"Blood pressure", []Coding{{LOINC, bloodPressure}}}, category, p})
	}
	for i, m := range n.Field("component").Elements() {
		part := concept(m.Field("code"))
		part.Text = shortName(part)
		take(part, m, "Observation.component["+strconv.Itoa(i)+"].")
	}
	return out
}

// shortName takes from LOINC's long names what is clear without: "Hemoglobin [Mass/volume] in Blood by Automated count" is
// Hemoglobin; of another specimen than blood its name stays.
func shortName(c Concept) string {
	head, tail, found := strings.Cut(c.Text, " [")
	if c.Code(LOINC) == "" {
		return c.Text
	}
	if !found {
		head, _, _ = strings.Cut(c.Text, "/Hemoglobin.total in Blood")
		return head
	}
	_, tail, _ = strings.Cut(tail, "]")
	tail, _, _ = strings.Cut(tail, " by ")
	for _, blood := range []string{"Blood", "Serum", "Plasma", "Arterial"} {
		if strings.Contains(tail, blood) {
			return head
		}
	}
	if strings.HasPrefix(tail, " in ") || strings.HasPrefix(tail, " of ") {
		return head + tail
	}
	return head
}

// value reads value[x].
func (b *builder) value(n fhir.Node) (v Value, element string, ok bool) {
	if q := n.Field("valueQuantity"); q.Field("value").Ok() {
		f, err := strconv.ParseFloat(q.Field("value").Number(), 64)
		return Value{Text: quantity(q), Number: f, Numeric: err == nil, Unit: unitOf(q), unit: codeOf(q)}, "valueQuantity", true
	}
	for _, e := range []string{"valueInteger", "valueBoolean", "valueString", "valueDateTime", "valueTime"} {
		m := n.Field(e)
		switch m.Kind() {
		case fhir.Number:
			f, err := strconv.ParseFloat(m.Number(), 64)
			return Value{Text: m.Number(), Number: f, Numeric: err == nil}, e, true
		case fhir.True:
			return Value{Text: "yes"}, e, true
		case fhir.False:
			return Value{Text: "no"}, e, true
		case fhir.String:
			if d := b.date(m); e == "valueDateTime" && d.Known() {
				return Value{Text: d.Text()}, e, true
			}
			return Value{Text: m.Text()}, e, m.Text() != ""
		}
	}
	if t := concept(n.Field("valueCodeableConcept")).Text; t != "" {
		return Value{Text: t}, "valueCodeableConcept", true
	}
	return Value{}, "", false
}

// The codes of a blood pressure and its parts.
const (
	bloodPressure = "85354-9"
	systolic      = "8480-6"
	diastolic     = "8462-4"
)

// pressure reads the components of a blood pressure as one value.
func (b *builder) pressure(n fhir.Node, when Date) (v Value, ok bool) {
	var high, low fhir.Node
	for _, m := range n.Field("component").Elements() {
		switch c := concept(m.Field("code")); {
		case c.Has(LOINC, systolic):
			high = m.Field("valueQuantity")
		case c.Has(LOINC, diastolic):
			low = m.Field("valueQuantity")
		}
	}
	s, d := high.Field("value").Number(), low.Field("value").Number()
	if s == "" || d == "" {
		return v, false
	}
	v = Value{Date: when, Numeric: true, Unit: ShownUnit(unitOf(high)), unit: codeOf(high),
		Preliminary: n.Field("status").Text() == "preliminary", Evidence: Evidence{keyOf(n), "Observation.component"}}
	v.Text = ShownNumber(s) + "/" + ShownNumber(d) + " " + v.Unit
	v.Number, _ = strconv.ParseFloat(s, 64)
	v.Second, _ = strconv.ParseFloat(d, 64)
	b.flag(&v, Concept{Codes: []Coding{{LOINC, bloodPressure}}}, n, when)
	return v, true
}

// split makes series of points of one code: numbers whose units measure the same are one series, in the latest's unit.
func split(points []point) (out []Series) {
	slices.SortStableFunc(points, func(x, y point) int {
		return cmp.Or(cmp.Compare(y.value.Date.Micros(), x.value.Date.Micros()), cmp.Compare(x.value.Evidence.Reference, y.value.Evidence.Reference))
	})
	for _, p := range points {
		placed := false
		for i := range out {
			if placed = out[i].take(p); placed {
				break
			}
		}
		if !placed {
			out = append(out, Series{Concept: p.Concept, Category: p.category, Values: []Value{p.value}, Fact: Fact{Evidence: []Evidence{p.value.Evidence}}})
		}
	}
	for i := range out {
		out[i].Change = out[i].change()
		out[i].Codes = distinct(out[i].Codes)
	}
	return out
}

// take adds a point if it measures the same. Two of one moment and one value are one, with the evidence of both.
func (s *Series) take(p point) bool {
	last := s.Latest()
	if last.Numeric != p.value.Numeric {
		return false
	}
	v := p.value
	if v.Numeric {
		f, ok := inUnit(v.Number, v.unit, last.unit)
		if !ok {
			return false
		}
		v.Number, v.Unit = f, last.Unit
		if v.Second != 0 {
			v.Second, _ = inUnit(v.Second, v.unit, last.unit)
		}
	}
	s.Evidence = append(s.Evidence, v.Evidence)
	s.Codes = append(s.Codes, p.Codes...)
	for i := len(s.Values) - 1; i >= 0 && s.Values[i].Date == v.Date; i-- {
		if s.Values[i].Text == v.Text {
			return true
		}
	}
	s.Values = append(s.Values, v)
	return true
}

// change tells how the last two numbers differ.
func (s *Series) change() string {
	if len(s.Values) < 2 || !s.Values[0].Numeric || s.Values[0].Date.Micros() == s.Values[1].Date.Micros() {
		return ""
	}
	now, before := s.Values[0].Number, s.Values[1].Number
	switch d := now - before; {
	case abs(d) <= steady*abs(before):
		return "steady"
	case d > 0:
		return "rising"
	}
	return "falling"
}

func abs(f float64) float64 {
	if f < 0 {
		return -f
	}
	return f
}
