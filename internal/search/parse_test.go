// SPDX-License-Identifier: Apache-2.0

package search_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

func TestConditions(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"Patient", ""},
		{"Patient?", ""},
		{"Patient?birthdate=", ""}, // nothing is asked

		{"Patient?family=Berg", "family Berg"},
		{"Patient?family=Berg,Dahl", "family Berg or Dahl"},
		{`Patient?family=Berg%5C,Dahl`, "family Berg,Dahl"},
		{`Patient?family=a%5C%7Cb%5C$c%5C%5Cd%5Ce`, `family a|b$c\d\e`},
		{"Patient?family=van%20der+Berg", "family van der Berg"},
		{"Patient?family:exact=Berg", "family:exact Berg"},
		{"Patient?family:contains=er", "family:contains er"},
		{"Patient?family:missing=true", "family:missing true"},
		{"Patient?given=Ann&given=Maria", "given Ann and given Maria"},
		{"Patient?family=ge1", "family ge1"}, // no prefix on a string

		{"Patient?gender=male", "gender male"},
		{"Patient?gender:not=male,female", "gender:not male or female"},
		{"Patient?identifier=urn:mrn|17", "identifier urn:mrn|17"},
		{"Patient?identifier=|17", "identifier |17"},
		{"Patient?identifier=urn:mrn|", "identifier urn:mrn|"},
		{`Patient?identifier=urn:a%5C|b|1%5C|7`, "identifier urn:a|b|1|7"},
		{"Condition?code:text=asthma, mild", "code:text asthma or  mild"},
		{"Condition?code:text=a|b", "code:text a|b"},
		{"Patient?active:missing=false", "active:missing false"},
		{"Patient?_id=a,b", "_id a or b"},
		{"Patient?_tag=urn:t|x&_security=y", "_tag urn:t|x and _security y"},

		{"Observation?subject=Patient/ann", "subject Patient/ann"},
		{"Observation?subject=ann,bob", "subject ann or bob"},
		{"Observation?subject:Patient=ann", "subject[Patient] ann"},
		{"Observation?subject=http://x/fhir/Patient/ann", "subject http://x/fhir/Patient/ann"},
		{"Observation?subject=http://here/fhir/Patient/ann", "subject Patient/ann"}, // this server's own
		{"Observation?subject:identifier=urn:mrn|17", "subject:identifier urn:mrn|17"},

		{"ValueSet?url=http://x/vs|1", "url http://x/vs|1"},
		{"ValueSet?url:below=http://x", "url:below http://x"},
		{"ValueSet?url:above=urn:oid:1.2.3", "url:above urn:oid:1.2.3"},
		{"Patient?_profile=http://x/p|2,http://x/q", "_profile http://x/p|2 or http://x/q"},

		{"Observation?code-value-quantity=http://loinc.org|8480-6$lt60||mm[Hg]", "code-value-quantity http://loinc.org|8480-6$lt60||mm[Hg]"},
		{"Observation?code-value-quantity=a$1,b$2", "code-value-quantity a$1 or b$2"},
		{`Observation?code-value-quantity=a%5C$b$ge1`, "code-value-quantity a$b$ge1"},

		{"Observation?subject:Patient.birthdate=1970", "subject -> Patient(birthdate 1970)"},
		{"Observation?patient.organization.name:exact=X", "patient -> Patient(organization -> Organization(name:exact X))"},
		{"Patient?_has:Observation:patient:code=x", "Observation(code x) -> patient"},
		{"Patient?_has:Observation:patient:code:not=x", "Observation(code:not x) -> patient"},
		{"Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=u", "Observation(AuditEvent(agent u) -> entity) -> patient"},
		{"Encounter?patient:Patient._has:Observation:patient:code=x", "patient -> Patient(Observation(code x) -> patient)"},
		{"Patient?_has:Observation:patient:encounter:Encounter.date=gt2020", "Observation(encounter -> Encounter(date gt2020)) -> patient"},
	} {
		q := mustParse(t, c.query, search.Options{Base: "http://here/fhir/"})
		if got := describe(q); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.query, got, c.want)
		}
	}
}

// TestOrdered has every prefix of the types that take them, with the forms of their values.
func TestOrdered(t *testing.T) {
	for i, prefix := range append([]string{"eq"}, prefixNames...) {
		shown := prefix
		if i == 0 {
			shown = ""
		}
		for _, c := range []struct{ param, value, want string }{
			{"RiskAssessment?probability", "5.40", "5.40"},
			{"RiskAssessment?probability", "-0.1", "-0.1"},
			{"RiskAssessment?probability", "1e-3", "1e-3"},
			{"Observation?value-quantity", "5.40", "5.40"},
			{"Observation?value-quantity", "5.4|http://u.org|mg", "5.4|http://u.org|mg"},
			{"Observation?value-quantity", "5.4||mg", "5.4||mg"},
			{"Observation?value-quantity", "5.4||", "5.4"},
			{"Patient?birthdate", "1970", "1970"},
			{"Patient?birthdate", "1970-03", "1970-03"},
			{"Patient?birthdate", "1970-03-05", "1970-03-05"},
			{"Observation?date", "2020-03-05T10:20", "2020-03-05T10:20"},
			{"Observation?date", "2020-03-05T10:20Z", "2020-03-05T10:20Z"},
			{"Observation?date", "2020-03-05T10:20:30.25-05:00", "2020-03-05T10:20:30.25-05:00"},
			{"Patient?_lastUpdated", "2020-03-05T10:20:30Z", "2020-03-05T10:20:30Z"},
		} {
			target := c.param + "=" + strings.ReplaceAll(prefix+c.value, "+", "%2B")
			_, code, _ := strings.Cut(c.param, "?")
			want := code + " " + shown + c.want
			if got := describe(mustParse(t, target, search.Options{})); got != want {
				t.Errorf("%s\n got %q\nwant %q", target, got, want)
			}
		}
	}
}

// TestPlusInNumbers takes a plus sign, which a form may have made a space of: with the sign the number is right, with the
// space it is none.
func TestPlusInNumbers(t *testing.T) {
	if got, want := describe(mustParse(t, "RiskAssessment?probability=%2B1", search.Options{})), "probability 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := parse(t, "RiskAssessment?probability=+1", search.Options{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a space before a number: %v", err)
	}
}

// TestTypelessChain follows a reference without a type to each type that knows the rest, and to no other.
func TestTypelessChain(t *testing.T) {
	q := mustParse(t, "Observation?subject.name=x", search.Options{})
	if got, want := describe(q), "subject -> Location(name x) or Patient(name x)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := parse(t, "Observation?subject.colour=x", search.Options{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a chain to a parameter that no target has: %v", err)
	}
	// The value is right for one of the types only.
	q = mustParse(t, "AuditEvent?entity.date=2020", search.Options{})
	for _, l := range q.Where[0].Chain.Next {
		if got := l.Clause.Leaf.Param.Type; got != def.DateParam {
			t.Errorf("%s.date is a %s", l.Type, got)
		}
	}
}

// TestLeafContext says what each leaf has of the request.
func TestLeafContext(t *testing.T) {
	q := mustParse(t, "Observation?subject:Patient.birthdate=ap1970", search.Options{Zone: -300})
	leaf := q.Where[0].Chain.Next[0].Clause.Leaf
	if leaf.Type != "Patient" || leaf.Now != now.UnixMicro() || leaf.Zone != -300 {
		t.Errorf("got %+v", leaf.Clause)
	}
	if q.Where[0].Name != "subject:Patient.birthdate" || q.Type != "Observation" {
		t.Errorf("got %q of %q", q.Where[0].Name, q.Type)
	}
}

func TestShape(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"Patient", ""},
		{"Patient?_count=5", "count 5"},
		{"Patient?_count=0", "count 0"},
		{"Patient?_count=5000", "count 1000"},
		{"Patient?_total=none", "total 1"},
		{"Patient?_total=accurate", "total 2"},
		{"Patient?_total=estimate", "total 3"},
		{"Patient?_sort=family,-birthdate,_id", "sort family; sort -birthdate; sort _id"},
		{"Patient?_sort=-_lastUpdated", "sort -_lastUpdated"},
		{"Patient?_summary=true", "summary 1"},
		{"Patient?_summary=text", "summary 2"},
		{"Patient?_summary=data", "summary 3"},
		{"Patient?_summary=count", "count 0; summary 4"},
		{"Patient?_summary=false", ""},
		{"Patient?_elements=name,Patient.gender,unheard", "elements name,gender"},
		{"Observation?_elements=valueQuantity,code", "elements value,code"},
		{"Patient?_contained=false", ""},
		{"Patient?_format=json&_pretty=true", ""},
		{"Patient?page=abc", "page abc"},
		{"Observation?_include=Observation:subject", "include Observation:subject:"},
		{"Observation?_include=Observation:subject:Patient", "include Observation:subject:Patient"},
		{"Observation?_include=Observation:*", "include Observation:*:"},
		{"Observation?_include=*", "include *:*:"},
		{"Observation?_include=Observation:patient&_include:iterate=Patient:organization", "include Observation:patient:; include Patient:organization: iterate"},
		{"Observation?_include:recurse=Patient:link", "include Patient:link: iterate"},
		{"Patient?_revinclude=Observation:patient", "revinclude Observation:patient:"},
		{"Patient?_revinclude=Observation:*", "revinclude Observation:*:"},
		{"Patient?_revinclude=*", "revinclude *:*:"},
		{"Patient?_revinclude=Observation:subject:Patient", "revinclude Observation:subject:Patient"},
		{"Patient?_revinclude:iterate=DiagnosticReport:result", "revinclude DiagnosticReport:result: iterate"},
	} {
		if got := describeShape(mustParse(t, c.query, search.Options{})); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.query, got, c.want)
		}
	}
}

func TestCountOptions(t *testing.T) {
	opt := search.Options{DefaultCount: 20, MaxCount: 30}
	for query, want := range map[string]int{"Patient": 20, "Patient?_count=25": 25, "Patient?_count=31": 30, "Patient?_count=0": 0} {
		if got := mustParse(t, query, opt).Count; got != want {
			t.Errorf("%s: %d entries, want %d", query, got, want)
		}
	}
	if got := mustParse(t, "Patient", search.Options{DefaultCount: 50, MaxCount: 10}).Count; got != 10 {
		t.Errorf("a default above the maximum gives %d entries, want 10", got)
	}
}

// TestLenient leaves out what is not known, and nothing else.
func TestLenient(t *testing.T) {
	q := mustParse(t, "Patient?colour=red&gender=male&_has:Observation:shade:code=x&subject.x=1", search.Options{Lenient: true})
	if got, want := describe(q), "gender male"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := describeShape(q), "ignored colour,_has:Observation:shade:code,subject.x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := q.Canonical(), "gender=male"; got != want {
		t.Errorf("canonical %q, want %q", got, want)
	}
	for _, query := range []string{"Patient?birthdate=soon", "Patient?gender:near=x", "Patient?_count=x"} {
		if _, err := parse(t, query, search.Options{Lenient: true}); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s, lenient: %v", query, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"Patient", ""},
		{"Patient?page=x&family=&_format=json", ""},
		{"Patient?family=van%20der+Berg&page=x", "family=van%20der%20Berg"},
		{"Patient?identifier=urn:a|%26%3D&_sort=-birthdate&gender=male", "identifier=urn%3Aa%7C%26%3D&_sort=-birthdate&gender=male"},
		{"Observation?subject:Patient.name:exact=%C3%85", "subject%3APatient.name%3Aexact=%C3%85"},
		{"Observation?_include=Observation:subject&_count=5", "_include=Observation%3Asubject&_count=5"},
	} {
		if got := mustParse(t, c.query, search.Options{}).Canonical(); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.query, got, c.want)
		}
	}
}

// TestHash binds a page token to what was asked: everything but the page, in order.
func TestHash(t *testing.T) {
	hash := func(query string) string { return fmt.Sprintf("%x", mustParse(t, query, search.Options{}).Hash()) }
	base := hash("Patient?family=a&given=b")
	for _, same := range []string{"Patient?family=a&given=b&page=x", "Patient?family=a&given=b&birthdate=", "Patient?%66amily=a&given=b&_format=json"} {
		if hash(same) != base {
			t.Errorf("%s has another hash", same)
		}
	}
	seen := map[string]string{base: "the first"}
	for _, other := range []string{"Patient?given=b&family=a", "Patient?family=a", "Practitioner?family=a&given=b", "Patient?family=a&given=b&_count=5",
		"Patient?family=a%26given%3Db", "Patient?family=a&given=b&_sort=family", "Patient?family=a&given=b&_revinclude=Observation:patient",
		"Patient?family:exact=a&given=b"} {
		h := hash(other)
		if was := seen[h]; was != "" {
			t.Errorf("%s has the hash of %s", other, was)
		}
		seen[h] = other
	}
}

func TestNowIsAnOption(t *testing.T) {
	later := now.Add(time.Hour)
	q := mustParse(t, "Patient?birthdate=ap2020", search.Options{Now: later})
	if got := q.Where[0].Leaf.Now; got != later.UnixMicro() {
		t.Errorf("got %d, want %d", got, later.UnixMicro())
	}
}
