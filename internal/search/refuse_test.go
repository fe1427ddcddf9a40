// SPDX-License-Identifier: Apache-2.0

package search_test

import (
	"errors"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

// TestRefused has what is wrong (Invalid), what is not offered (Unsupported) and what is too much, each with the parameter it
// is about.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		query string
		kind  fault.Kind
		path  string
	}{
		{"Nothing", fault.NotFound, ""},
		{"Resource", fault.NotFound, ""},
		{"HumanName", fault.NotFound, ""},

		{"Patient?colour=red", fault.Invalid, "colour"},
		{"Patient?colour:exact=red", fault.Invalid, "colour:exact"},
		{"Patient?=red", fault.Invalid, ""},

		{"Patient?birthdate=soon", fault.Invalid, "birthdate"},
		{"Patient?birthdate=1970-13", fault.Invalid, "birthdate"},
		{"Patient?birthdate=1970-02-30", fault.Invalid, "birthdate"},
		{"Patient?birthdate=70", fault.Invalid, "birthdate"},
		{"Patient?birthdate=xx1970", fault.Invalid, "birthdate"},
		{"Patient?birthdate=ge", fault.Invalid, "birthdate"},
		{"Patient?birthdate=gege1970", fault.Invalid, "birthdate"},
		{"Observation?date=2020-03-05T10", fault.Invalid, "date"}, // no minutes
		{"Observation?date=10:20", fault.Invalid, "date"},
		{"Patient?birthdate=1970,", fault.Invalid, "birthdate"},
		{"Patient?birthdate=,1970", fault.Invalid, "birthdate"},
		{"Patient?family=a,,b", fault.Invalid, "family"},
		{"Patient?family=%FF", fault.Invalid, "family"},

		{"RiskAssessment?probability=high", fault.Invalid, "probability"},
		{"RiskAssessment?probability=.5", fault.Invalid, "probability"},
		{"RiskAssessment?probability=5.", fault.Invalid, "probability"},
		{"RiskAssessment?probability=0x10", fault.Invalid, "probability"},
		{"RiskAssessment?probability=NaN", fault.Invalid, "probability"},
		{"Observation?value-quantity=5|mg", fault.Invalid, "value-quantity"},
		{"Observation?value-quantity=5|a|b|c", fault.Invalid, "value-quantity"},
		{"Observation?value-quantity=5|http://u.org|", fault.Invalid, "value-quantity"},
		{"Observation?value-quantity=|http://u.org|mg", fault.Invalid, "value-quantity"},
		{"Patient?identifier=|", fault.Invalid, "identifier"},
		{"Patient?identifier=a|b|c", fault.Invalid, "identifier"},
		{"Observation?code-value-quantity=a", fault.Invalid, "code-value-quantity"},
		{"Observation?code-value-quantity=a$1$2", fault.Invalid, "code-value-quantity"},
		{"Observation?code-value-quantity=$1", fault.Invalid, "code-value-quantity"},
		{"Observation?code-value-quantity=a$x", fault.Invalid, "code-value-quantity"},

		{"Patient?active:missing=perhaps", fault.Invalid, "active:missing"},
		{"Patient?family:near=x", fault.Invalid, "family:near"},
		{"Patient?family:not=x", fault.Invalid, "family:not"},
		{"Patient?birthdate:exact=1970", fault.Invalid, "birthdate:exact"},
		{"Patient?gender:contains=m", fault.Invalid, "gender:contains"},
		{"Patient?gender:=male", fault.Invalid, "gender:"},
		{"Patient?gender:not:not=male", fault.Invalid, "gender:not:not"},
		{"Observation?subject:Organization=o", fault.Invalid, "subject:Organization"}, // no target
		{"Observation?subject:Nothing=o", fault.Invalid, "subject:Nothing"},
		{"Location?near=1", fault.Invalid, "near"},
		{"Location?near=91|2", fault.Invalid, "near"},
		{"Location?near=1|2|NaN", fault.Invalid, "near"},
		{"Location?near=1|2|-1", fault.Invalid, "near"},
		{"Location?near=1|2|3|kg", fault.Invalid, "near"},
		{"Location?near:missing=true", fault.Unsupported, "near:missing"},
		{"Patient?_text=--", fault.Invalid, "_text"},
		{"Patient?_text=NOT", fault.Invalid, "_text"},
		{"Patient?_text:exact=x", fault.Unsupported, "_text:exact"},
		{"Patient?_content=\"x", fault.Invalid, "_content"},
		{"Patient?_content=" + strings.Repeat("x+", 101), fault.TooCostly, "_content"},
		{"Patient?_filter=x", fault.Invalid, "_filter"},
		{"Patient?_filter:not=gender eq male", fault.Invalid, "_filter:not"},
		{"Patient?_filter=birthdate eq x", fault.Invalid, "_filter"},
		{"Patient?_list=$current-allergies", fault.Unsupported, "_list"},
		{"Patient?_query=x", fault.Unsupported, "_query"},
		{"Condition?subject:below=Patient/a", fault.Unsupported, "subject:below"},
		{"Encounter?location:above=Patient/a", fault.Unsupported, "location:above"},
		{"Encounter?location:below=Location/a/_history/2", fault.Unsupported, "location:below"},
		{"Patient?_contained=maybe", fault.Invalid, "_contained"},
		{"Patient?_containedType=true", fault.Invalid, "_containedType"},
		{"Patient?_contained=true&_include=Patient:organization", fault.Unsupported, "_include"},
		{"Patient?_contained=both&_elements=name", fault.Unsupported, "_elements"},
		{"Patient?_score=1", fault.Unsupported, "_score"},
		{"Patient?_type=Patient", fault.Invalid, "_type"},

		{"Patient?family.given=x", fault.Invalid, "family.given"}, // no reference
		{"Observation?subject:Organization.name=x", fault.Invalid, "subject:Organization.name"},
		{"Observation?subject:Patient.colour=x", fault.Invalid, "subject:Patient.colour"},
		{"Observation?subject:Patient.birthdate=x", fault.Invalid, "subject:Patient.birthdate"},
		{"Observation?subject.=x", fault.Invalid, "subject."},
		{"Patient?_has=x", fault.Unsupported, "_has"},
		{"Patient?_has:Observation=x", fault.Invalid, "_has:Observation"},
		{"Patient?_has:Observation:patient=x", fault.Invalid, "_has:Observation:patient"},
		{"Patient?_has:Observation:patient:=x", fault.Invalid, "_has:Observation:patient:"},
		{"Patient?_has:Nothing:patient:code=x", fault.Invalid, "_has:Nothing:patient:code"},
		{"Patient?_has:Observation:code:code=x", fault.Invalid, "_has:Observation:code:code"},
		{"Organization?_has:Observation:patient:code=x", fault.Invalid, "_has:Observation:patient:code"},

		{"Patient?_count=x", fault.Invalid, "_count"},
		{"Patient?_count=-1", fault.Invalid, "_count"},
		{"Patient?_count=1.5", fault.Invalid, "_count"},
		{"Patient?_count=99999999999", fault.Invalid, "_count"},
		{"Patient?_count=1&_count=2", fault.Invalid, "_count"},
		{"Patient?_count:exact=1", fault.Invalid, "_count:exact"},
		{"Patient?_explain=yes", fault.Invalid, "_explain"},
		{"Patient?_total=all", fault.Invalid, "_total"},
		{"Patient?_summary=some", fault.Invalid, "_summary"},
		{"Patient?_elements=unheard", fault.Invalid, "_elements"},
		{"Patient?_elements=name&_summary=true", fault.Invalid, "_elements"},
		{"Patient?_summary=text&_revinclude=Observation:patient", fault.Invalid, "_summary"},
		{"Patient?_sort=colour", fault.Invalid, "_sort"},
		{"Patient?_sort=family,", fault.Invalid, "_sort"},
		{"Patient?_sort=--family", fault.Invalid, "_sort"},
		{"Patient?_sort=family&_sort=given", fault.Invalid, "_sort"},
		{"Observation?_sort=code-value-quantity", fault.Unsupported, "_sort"},
		{"Location?_sort=near", fault.Unsupported, "_sort"},
		{"Patient?page=", fault.Invalid, "page"},
		{"Patient?page=x&page=y", fault.Invalid, "page"},

		{"Observation?_include=subject", fault.Invalid, "_include"},
		{"Observation?_include=Observation:subject:Patient:x", fault.Invalid, "_include"},
		{"Observation?_include=Observation:colour", fault.Invalid, "_include"},
		{"Observation?_include=Observation:code", fault.Invalid, "_include"},
		{"Observation?_include=Nothing:subject", fault.Invalid, "_include"},
		{"Observation?_include=Observation:subject:Organization", fault.Invalid, "_include"},
		{"Observation?_include=Patient:organization", fault.Invalid, "_include"},
		{"Observation?_include:exact=Observation:subject", fault.Invalid, "_include:exact"},
		{"Patient?_revinclude=Observation:encounter", fault.Invalid, "_revinclude"},
	} {
		q, err := parse(t, c.query, search.Options{})
		var f *fault.Fault
		if !errors.As(err, &f) {
			t.Errorf("%s: got %v and %+v, want a fault", c.query, err, q)
			continue
		}
		if f.Kind != c.kind || f.Path != c.path {
			t.Errorf("%s: %q at %q, want %q at %q (%v)", c.query, f.Kind, f.Path, c.kind, c.path, err)
		}
	}
}

// TestHints names parameters that are close to the one that there is not, and never a value.
func TestHints(t *testing.T) {
	_, err := parse(t, "Patient?birthdat=1970-secret", search.Options{})
	if err == nil || !strings.Contains(err.Error(), "birthdate") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	_, err = parse(t, "Patient?birthdate=secret", search.Options{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	opt := search.Options{MaxPairs: 3, MaxValues: 4, MaxChain: 2}
	long := strings.Repeat("x", 64<<10)
	for _, c := range []struct {
		query string
		kind  fault.Kind // empty: accepted
	}{
		{"Patient?family=a&family=b&family=c", ""},
		{"Patient?family=a&family=b&family=c&family=d", fault.TooCostly},
		{"Patient?family=a,b&given=c,d", ""},
		{"Patient?family=a,b&given=c,d,e", fault.TooCostly},
		{"Patient?family=" + strings.Repeat("a,", 1000) + "a", fault.TooCostly},
		{"Encounter?part-of.part-of.date=2020", ""},
		{"Encounter?part-of.part-of.part-of.date=2020", fault.TooCostly},
		{"Encounter?_has:Encounter:part-of:_has:Encounter:part-of:date=2020", ""},
		{"Encounter?_has:Encounter:part-of:_has:Encounter:part-of:_has:Encounter:part-of:date=2020", fault.TooCostly},
		{"Encounter?part-of._has:Encounter:part-of:part-of.date=2020", fault.TooCostly},
		{"Patient?family=" + long, ""},
		{"Patient?family=" + long + "x", fault.TooLarge},
		{"Patient?" + long + "x=1", fault.TooLarge},
		{"Patient?_sort=" + strings.Repeat("family,", 9) + "given", ""},
		{"Patient?_sort=" + strings.Repeat("family,", 10) + "given", fault.TooCostly},
		{"Patient?page=" + strings.Repeat("x", 8<<10), ""},
		{"Patient?page=" + strings.Repeat("x", 8<<10+1), fault.Invalid},
	} {
		_, err := parse(t, c.query, opt)
		if got := fault.KindOf(err); err == nil && c.kind != "" || err != nil && got != c.kind {
			t.Errorf("%.80s: %v, want %q", c.query, err, c.kind)
		}
	}
}

// TestBombs are searches that would cost much to read or to answer, within the limits that a server has if it chooses none.
func TestBombs(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		kind  fault.Kind
	}{
		"chain of 32":         {"Encounter?" + strings.Repeat("part-of.", 32) + "date=2020", fault.TooCostly},
		"chain of 10,000":     {"Encounter?" + strings.Repeat("part-of.", 10_000) + "date=2020", fault.TooLarge},
		"_has of 32":          {"Encounter?" + strings.Repeat("_has:Encounter:part-of:", 32) + "date=2020", fault.TooCostly},
		"_has of 10,000":      {"Encounter?" + strings.Repeat("_has:Encounter:part-of:", 10_000) + "date=2020", fault.TooLarge},
		"chain to many types": {"Observation?" + strings.Repeat("focus.", 8) + "_id=a", fault.TooCostly},
		"a million values":    {"Patient?_id=" + strings.Repeat("a,", 1_000_000) + "a", fault.TooLarge},
		"20,000 values":       {"Patient?_id=" + strings.Repeat("a,", 20_000) + "a", fault.TooCostly},
		"1,000 pairs":         {"Patient?" + strings.Repeat("family=a&", 1000) + "family=a", fault.TooCostly},
	} {
		_, err := parse(t, c.query, search.Options{})
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, want %q", name, err, c.kind)
		}
	}
}

// TestFilterBombs are filters that would cost much to read or to answer.
func TestFilterBombs(t *testing.T) {
	for name, filter := range map[string]string{
		"parentheses": strings.Repeat("(", 30_000) + "gender eq male" + strings.Repeat(")", 30_000),
		"nots":        strings.Repeat("not(", 10_000) + "gender eq male" + strings.Repeat(")", 10_000),
		"tests":       strings.Repeat("gender eq a or ", 4000) + "gender eq male",
		"chain":       strings.Repeat("general-practitioner.", 3000) + "name eq x",
		"brackets":    strings.Repeat("link[", 5_000) + "gender eq a" + strings.Repeat("].gender eq a", 2_000),
		"types":       "_has eq x or " + strings.Repeat("link.link.link.link.link.link.gender eq a or ", 600) + "gender eq a",
	} {
		q, err := search.Parse(def.R4(), "Patient", []search.Pair{{Name: "_filter", Value: filter}}, search.Options{})
		if !errors.Is(err, fault.TooCostly) && !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v and %v, want it to be refused", name, q != nil, err)
		}
	}
	values := []search.Pair{{Name: "_id", Value: strings.Repeat("a,", 30_000) + "a"}}
	if _, err := search.Parse(def.R4(), "Patient", values, search.Options{}); !errors.Is(err, fault.TooCostly) {
		t.Errorf("30,001 values: %v", err)
	}
}

// TestTypelessChainIsBounded keeps a chain without types from branching into everything there is, and from losing the types
// that were too much.
func TestTypelessChainIsBounded(t *testing.T) {
	for query, opt := range map[string]search.Options{
		"Observation?" + strings.Repeat("focus.", 10) + "code=x": {},
		"AuditEvent?entity.date=2020,2021":                       {MaxValues: 20},
	} {
		if q, err := parse(t, query, opt); !errors.Is(err, fault.TooCostly) {
			t.Errorf("%s: got %v and %v, want it to be too costly", query, q, err)
		}
	}
}
