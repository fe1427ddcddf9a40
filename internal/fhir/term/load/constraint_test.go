// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/load"
)

// anatomy is a release: 1 is all; 10 disorder has 11 of lung, 12 of heart and 13 of both; 20 structure has 21 lung, 22 left lung, 23 heart;
// 30 finding site and 31 morphology are attributes, 40 and 41 inflammation and tumour. 90 has the members 11 and 23.
func anatomy(t testing.TB) *term.System {
	t.Helper()
	var concepts, names, related, members strings.Builder
	concepts.WriteString("id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n")
	names.WriteString("id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n")
	for i, id := range []int{1, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 40, 41} {
		fmt.Fprintf(&concepts, "%d\t20210131\t1\t900000000000207008\t900000000000074008\n", id)
		fmt.Fprintf(&names, "%d\t20210131\t1\t900000000000207008\t%d\ten\t900000000000013009\tconcept %d\t900000000000448009\n", 1000+i, id, id)
	}
	related.WriteString("id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\n")
	for i, r := range [][3]int{{10, 116680003, 1}, {11, 116680003, 10}, {12, 116680003, 10}, {13, 116680003, 11}, {13, 116680003, 12}, {20, 116680003, 1}, {21, 116680003, 20},
		{22, 116680003, 21}, {23, 116680003, 20}, {30, 116680003, 1}, {31, 116680003, 1}, {40, 116680003, 1}, {41, 116680003, 1},
		{11, 30, 21}, {11, 31, 40}, {12, 30, 23}, {12, 31, 41}, {13, 30, 22}, {13, 30, 23}, {13, 31, 40}, {13, 30, 22}} {
		fmt.Fprintf(&related, "%d\t20210131\t1\t900000000000207008\t%d\t%d\t0\t%d\t900000000000011006\t900000000000451002\n", i, r[0], r[2], r[1])
	}
	related.WriteString("98\t20210131\t0\t900000000000207008\t10\t21\t0\t30\t900000000000011006\t900000000000451002\n") // inactive
	related.WriteString("99\t20210131\t1\t900000000000207008\t10\t21\t0\t30\t900000000000227009\t900000000000451002\n") // defines nothing
	members.WriteString("id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\n")
	for _, id := range []int{11, 23} {
		fmt.Fprintf(&members, "m%d\t20210131\t1\t900000000000207008\t90\t%d\n", id, id)
	}
	read := strings.NewReader
	sys, err := load.Snomed(load.SnomedFiles{Concepts: read(concepts.String()), Descriptions: []io.Reader{read(names.String())}, Relationships: read(related.String()),
		Refsets: []io.Reader{read(members.String())}}, "http://snomed.info/sct/1/version/20210131")
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

func TestExpressionConstraints(t *testing.T) {
	s := serve(anatomy(t))
	for expression, want := range map[string]string{
		"11":                             "11",
		"<< 10 |disorder, of all kinds|": "10 11 12 13",
		"<10":                            "11 12 13",
		"<!10":                           "11 12",
		"<<! 10":                         "10 11 12",
		">13":                            "1 10 11 12",
		">>! 13":                         "11 12 13",
		">!13":                           "11 12",
		"*":                              "1 10 11 12 13 20 21 22 23 30 31 40 41",
		"^90":                            "11 23",
		"<<10 AND ^ 90":                  "11",
		"< 10 or <20":                    "11 12 13 21 22 23",
		"<10 MINUS <<12":                 "11",
		"<10, <12":                       "13",
		"(<11 OR 21) AND < 20":           "21",
		"<< (11 OR 21) /* both */":       "11 13 21 22",
		"* : 30 = 21":                    "11",
		"<<10: 30 = <<21":                "11 13",
		"<10 : 30 |finding site| = <<21, 31 = 40": "11 13",
		"<10: 30 = 23 , 31 = 40":                  "13",
		"<10: 30 = 22 OR 31 = 41":                 "12 13",
		"<10: (30 = <<21 OR 30 = 23), 31=41":      "12",
		"<10: 31 != 40":                           "12",
		"<10: * = 41":                             "12",
		"<10: (30 OR 31) = (41 OR 22)":            "12 13",
		"(<10: 30 = 21) OR 40":                    "11 40",
		"<10: 30 = *":                             "11 12 13",
		"10: 30 = *":                              "",
	} {
		if got := codes(t, s, term.ExpandRequest{URL: "http://snomed.info/sct?fhir_vs=ecl/" + url.QueryEscape(expression)}); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
	for expression, want := range map[string]fault.Kind{
		"":                                     fault.Invalid,
		"<":                                    fault.Invalid,
		"<10 AND":                              fault.Invalid,
		"<10 |disorder":                        fault.Invalid,
		"(<10":                                 fault.Invalid,
		"<10)":                                 fault.Invalid,
		"<10 <11":                              fault.Invalid,
		"<10 AND <11 OR 12":                    fault.Invalid,
		"<10 MINUS 11 MINUS 12":                fault.Invalid,
		"<10: 30":                              fault.Invalid,
		"<10: 30 = ":                           fault.Invalid,
		"disorder":                             fault.Invalid,
		"<77":                                  fault.Unprocessable,
		"<10: {30 = 21}":                       fault.Unsupported,
		"<10: [1..3] 30 = 21":                  fault.Unsupported,
		"<10.30":                               fault.Unsupported,
		"<10: R 30 = 21":                       fault.Unsupported,
		"<10: 30 = #5":                         fault.Unsupported,
		"<10 {{term = \"x\"}}":                 fault.Unsupported,
		strings.Repeat("(", 1000):              fault.TooCostly,
		strings.Repeat("(", 100_000):           fault.TooCostly,
		"10" + strings.Repeat(" OR <1", 100):   fault.TooCostly,
		"10" + strings.Repeat(": 30 = 21", 99): fault.Invalid,
	} {
		_, err := s.Expand(term.ExpandRequest{URL: "http://snomed.info/sct?fhir_vs=ecl/" + url.QueryEscape(expression)})
		if err == nil || fault.KindOf(err) != want {
			t.Errorf("%.40s: got %v (%v), want %v", expression, err, fault.KindOf(err), want)
		}
	}
}

// TestAttributes looks the attributes up that define a concept: they are its properties, and filters and constraints of value sets find by them.
func TestAttributes(t *testing.T) {
	s := serve(anatomy(t))
	c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: "http://snomed.info/sct", Code: "13"}, Properties: []string{"30"}})
	if err != nil || len(c.Properties) != 2 || c.Properties[0].Value != "22" || c.Properties[0].Type != term.PropertyCode || c.Properties[0].Description != "concept 22" {
		t.Errorf("got %+v, %v", c, err)
	}
	for filter, want := range map[string]string{
		`{"property":"30","op":"=","value":"23"}`:                "12 13",
		`{"property":"31","op":"exists","value":"true"}`:         "11 12 13",
		`{"property":"constraint","op":"=","value":"<10:31=41"}`: "12",
	} {
		set := fhirtest.Parse(t, `{"resourceType":"ValueSet","status":"active","compose":{"include":[{"system":"http://snomed.info/sct","filter":[`+filter+`]}]}}`)
		if got := codes(t, s, term.ExpandRequest{ValueSet: set}); got != want {
			t.Errorf("%s: got %s, want %s", filter, got, want)
		}
	}
	ok, err := s.MemberOf("http://snomed.info/sct?fhir_vs=ecl/<< 10 |disorder|", term.Coding{System: "http://snomed.info/sct", Code: "13"})
	if err != nil || !ok {
		t.Errorf("got %v, %v", ok, err)
	}
}

// FuzzConstraint reads anything as an expression constraint: it is read, or refused for a reason that the caller can act on.
func FuzzConstraint(f *testing.F) {
	for _, s := range []string{"<<10 |x| AND (^90 OR >!13): 30 = <<21, (31 != 40 OR 30 = *)", "* MINUS <1", "<10: (30 OR 31) = 41 /* c */", "<10: {[1..*] R 30 = #5}"} {
		f.Add(s)
	}
	s := serve(anatomy(f))
	f.Fuzz(func(t *testing.T, expression string) {
		_, err := s.Expand(term.ExpandRequest{URL: "http://snomed.info/sct?fhir_vs=ecl/" + url.QueryEscape(expression)})
		switch k := fault.KindOf(err); {
		case err == nil, k == fault.Invalid, k == fault.Unprocessable, k == fault.Unsupported, k == fault.TooCostly:
		default:
			t.Errorf("%q: %v", expression, err)
		}
	})
}
