// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The oracle: searches answered by looking at every resource, decoded into maps, by this file's own reading of the
// specification. It shares no code with the index, the planner or the parser of searches.

// resource is one resource of the model.
type resource struct {
	typ, id string
	body    map[string]any
	order   int // of its commit
}

// span is a time from low up to but not including high.
type span struct{ low, high time.Time }

// code is a token value.
type code struct{ system, code, text string }

// amount is a quantity value.
type amount struct {
	value              *big.Rat
	unit, system, code string
}

// values of one parameter of a resource; only those of its type are set.
type values struct {
	codes   []code
	strings []string
	dates   []span
	refs    []string // Type/id
	amounts []amount
	pairs   []pair
}

// pair is a value of a composite parameter of a code and an amount.
type pair struct {
	codes  []code
	amount amount
}

func (v values) empty() bool {
	return len(v.codes)+len(v.strings)+len(v.dates)+len(v.refs)+len(v.amounts)+len(v.pairs) == 0
}

// at follows a path of member names and gives all it leads to, lists spread out.
func at(v any, path ...string) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var all []any
		for _, e := range v {
			all = append(all, at(e, path...)...)
		}
		return all
	case map[string]any:
		if len(path) > 0 {
			return at(v[path[0]], path[1:]...)
		}
		return []any{v}
	}
	if len(path) > 0 {
		return nil
	}
	return []any{v}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func field(v any, name string) string {
	m, _ := v.(map[string]any)
	return text(m[name])
}

// concepts reads codings of CodeableConcepts.
func concepts(in ...any) (v values) {
	for _, c := range in {
		v.codes = append(v.codes, codings(at(c, "coding")...).codes...)
		if t := field(c, "text"); t != "" {
			v.codes = append(v.codes, code{text: t})
		}
	}
	return v
}

func codings(in ...any) (v values) {
	for _, c := range in {
		v.codes = append(v.codes, code{field(c, "system"), field(c, "code"), field(c, "display")})
	}
	return v
}

// plain reads codes that are strings or booleans.
func plain(in ...any) (v values) {
	for _, c := range in {
		v.codes = append(v.codes, code{code: fmt.Sprint(c)})
	}
	return v
}

func identifiers(in ...any) (v values) {
	for _, c := range in {
		v.codes = append(v.codes, code{system: field(c, "system"), code: field(c, "value")})
	}
	return v
}

func texts(in ...any) (v values) {
	for _, s := range in {
		v.strings = append(v.strings, text(s))
	}
	return v
}

func refs(in ...any) (v values) {
	for _, r := range in {
		if t := field(r, "reference"); t != "" {
			v.refs = append(v.refs, t)
		}
	}
	return v
}

func dates(in ...any) (v values) {
	for _, d := range in {
		if s, ok := spanOf(text(d)); ok {
			v.dates = append(v.dates, s)
		}
	}
	return v
}

func periods(in ...any) (v values) {
	for _, p := range in {
		s := span{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
		if a, ok := spanOf(field(p, "start")); ok {
			s.low = a.low
		}
		if b, ok := spanOf(field(p, "end")); ok {
			s.high = b.high
		}
		v.dates = append(v.dates, s)
	}
	return v
}

func amounts(in ...any) (v values) {
	for _, q := range in {
		m, _ := q.(map[string]any)
		n, ok := m["value"].(json.Number)
		if !ok {
			continue
		}
		r, _ := new(big.Rat).SetString(n.String())
		v.amounts = append(v.amounts, amount{r, text(m["unit"]), text(m["system"]), text(m["code"])})
	}
	return v
}

func both(a, b values) values {
	a.codes = append(a.codes, b.codes...)
	a.strings = append(a.strings, b.strings...)
	a.dates = append(a.dates, b.dates...)
	return a
}

// spanOf reads a date or dateTime of any precision.
func spanOf(s string) (span, bool) {
	for _, l := range []struct {
		layout string
		y, m   int
		d      time.Duration
	}{
		{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {"2006-01-02", 0, 0, 24 * time.Hour},
		{"2006-01-02T15:04Z07:00", 0, 0, time.Minute}, {"2006-01-02T15:04:05Z07:00", 0, 0, time.Second},
		{"2006-01-02T15:04:05.000Z07:00", 0, 0, time.Millisecond},
	} {
		if len(l.layout) < 11 && len(l.layout) != len(s) || strings.Contains(s, ".") != strings.Contains(l.layout, ".") {
			continue
		}
		if t, err := time.Parse(l.layout, s); err == nil {
			return span{t, t.AddDate(l.y, l.m, 0).Add(l.d)}, true
		}
	}
	return span{}, false
}

// folded is text as strings are compared: without case and accents.
func folded(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// params reads parameters, by type and name: each line is the specification's definition of it.
var params = map[string]func(map[string]any) values{
	"Patient.gender":    func(m map[string]any) values { return plain(at(m, "gender")...) },
	"Patient.birthdate": func(m map[string]any) values { return dates(at(m, "birthDate")...) },
	"Patient.family":    func(m map[string]any) values { return texts(at(m, "name", "family")...) },
	"Patient.given":     func(m map[string]any) values { return texts(at(m, "name", "given")...) },
	"Patient.name": func(m map[string]any) values {
		var all []any
		for _, part := range []string{"family", "given", "prefix", "suffix", "text"} {
			all = append(all, at(m, "name", part)...)
		}
		return texts(all...)
	},
	"Patient.address-city":  func(m map[string]any) values { return texts(at(m, "address", "city")...) },
	"Patient.address-state": func(m map[string]any) values { return texts(at(m, "address", "state")...) },
	"Patient.identifier":    func(m map[string]any) values { return identifiers(at(m, "identifier")...) },
	"Patient.language":      func(m map[string]any) values { return concepts(at(m, "communication", "language")...) },
	"Observation.code":      func(m map[string]any) values { return concepts(m["code"]) },
	"Observation.status":    func(m map[string]any) values { return plain(m["status"]) },
	"Observation.category":  func(m map[string]any) values { return concepts(at(m, "category")...) },
	"Observation.subject":   func(m map[string]any) values { return refs(m["subject"]) },
	"Observation.patient":   func(m map[string]any) values { return refs(m["subject"]) },
	"Observation.encounter": func(m map[string]any) values { return refs(at(m, "encounter")...) },
	"Observation.date": func(m map[string]any) values {
		return both(dates(at(m, "effectiveDateTime")...), periods(at(m, "effectivePeriod")...))
	},
	"Observation.value-quantity": func(m map[string]any) values { return amounts(at(m, "valueQuantity")...) },
	"Observation.value-concept":  func(m map[string]any) values { return concepts(at(m, "valueCodeableConcept")...) },
	"Observation.component-code": func(m map[string]any) values { return concepts(at(m, "component", "code")...) },
	"Observation.combo-code": func(m map[string]any) values {
		return both(concepts(m["code"]), concepts(at(m, "component", "code")...))
	},
	"Observation.code-value-quantity": func(m map[string]any) (v values) {
		for _, a := range amounts(at(m, "valueQuantity")...).amounts {
			v.pairs = append(v.pairs, pair{concepts(m["code"]).codes, a})
		}
		return v
	},
	"Encounter.status":           func(m map[string]any) values { return plain(m["status"]) },
	"Encounter.class":            func(m map[string]any) values { return codings(m["class"]) },
	"Encounter.type":             func(m map[string]any) values { return concepts(at(m, "type")...) },
	"Encounter.date":             func(m map[string]any) values { return periods(at(m, "period")...) },
	"Encounter.subject":          func(m map[string]any) values { return refs(at(m, "subject")...) },
	"Encounter.service-provider": func(m map[string]any) values { return refs(at(m, "serviceProvider")...) },
	"Condition.code":             func(m map[string]any) values { return concepts(at(m, "code")...) },
	"Condition.clinical-status":  func(m map[string]any) values { return concepts(at(m, "clinicalStatus")...) },
	"Condition.onset-date": func(m map[string]any) values {
		return both(dates(at(m, "onsetDateTime")...), periods(at(m, "onsetPeriod")...))
	},
	"Condition.abatement-date": func(m map[string]any) values {
		return both(dates(at(m, "abatementDateTime")...), periods(at(m, "abatementPeriod")...))
	},
	"Condition.subject":         func(m map[string]any) values { return refs(at(m, "subject")...) },
	"Condition.encounter":       func(m map[string]any) values { return refs(at(m, "encounter")...) },
	"Immunization.vaccine-code": func(m map[string]any) values { return concepts(at(m, "vaccineCode")...) },
	"Immunization.date":         func(m map[string]any) values { return dates(at(m, "occurrenceDateTime")...) },
	"Immunization.patient":      func(m map[string]any) values { return refs(at(m, "patient")...) },
	"Organization.name":         func(m map[string]any) values { return texts(append(at(m, "name"), at(m, "alias")...)...) },
	"Organization.address-city": func(m map[string]any) values { return texts(at(m, "address", "city")...) },
}
