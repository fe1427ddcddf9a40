// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/term"
)

const petMap = `{"resourceType":"ConceptMap","url":"http://x/map","version":"2","sourceUri":"http://x/pets","targetUri":"http://x/tiere","group":[
{"source":"http://x/animals","target":"http://x/tiere","element":[
 {"code":"dog","target":[{"code":"hund","display":"Hund","equivalence":"equivalent"},{"code":"haustier","equivalence":"wider"}]},
 {"code":"bat","target":[{"code":"flughund","equivalence":"narrower","dependsOn":[{"property":"http://x/size","value":"big"}]},{"equivalence":"unmatched"}]}],
 "unmapped":{"mode":"other-map","url":"http://x/rest"}},
{"source":"http://x/animals","target":"http://x/animals2","element":[{"code":"dog","target":[{"code":"dog2","equivalence":"equal"}]}],"unmapped":{"mode":"provided"}}]}`

const restMap = `{"resourceType":"ConceptMap","url":"http://x/rest","group":[{"source":"http://x/animals","target":"http://x/tiere","element":[
 {"code":"bird","target":[{"code":"vogel","equivalence":"equivalent"}]}],"unmapped":{"mode":"fixed","code":"tier"}}]}`

const ring = `{"resourceType":"ConceptMap","url":"http://x/ring","group":[{"source":"http://x/animals","target":"http://x/tiere","element":[],"unmapped":{"mode":"other-map","url":"http://x/ring2"}}]}`
const ring2 = `{"resourceType":"ConceptMap","url":"http://x/ring2","group":[{"source":"http://x/animals","target":"http://x/tiere","element":[],"unmapped":{"mode":"other-map","url":"http://x/ring"}}]}`

func TestTranslate(t *testing.T) {
	s := term.New(term.Options{Source: (&store{}).add(t, animals, petMap, restMap, ring, ring2)})
	one := func(system, code string) []term.Coding { return []term.Coding{{System: system, Code: code}} }
	const x, tiere = "http://x/animals", "http://x/tiere"
	for _, c := range []struct {
		r    term.TranslateRequest
		want string
	}{
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "dog")}, "equivalent:hund wider:haustier equal:dog2"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "dog"), TargetSystem: tiere}, "equivalent:hund wider:haustier"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "bat"), TargetSystem: tiere}, "no unmatched:"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "bat"), TargetSystem: tiere,
			Dependencies: []term.Dependency{{Property: "http://x/size", Coding: term.Coding{Code: "big"}}}}, "narrower:flughund unmatched:"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "bird")}, "equivalent:vogel equal:bird"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(x, "cow")}, "inexact:tier equal:cow"},
		{term.TranslateRequest{URL: "http://x/map", Codings: one("http://x/other", "dog")}, "no "},
		{term.TranslateRequest{URL: "http://x/map", Codings: one(tiere, "haustier"), Reverse: true}, "narrower:dog"},
		{term.TranslateRequest{Source: "http://x/pets", Codings: one(x, "dog"), TargetSystem: "http://x/animals2"}, "equal:dog2"},
		{term.TranslateRequest{URL: "http://x/none", Codings: one(x, "dog")}, "not found"},
		{term.TranslateRequest{URL: "http://x/ring", Codings: one(x, "dog")}, "unprocessable"},
		{term.TranslateRequest{Map: parse(t, restMap), Codings: one(x, "bird")}, "equivalent:vogel"},
		{term.TranslateRequest{URL: "http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3", Codings: one("http://hl7.org/fhir/administrative-gender", "male")}, "equal:M"},
		{term.TranslateRequest{Source: "http://hl7.org/fhir/ValueSet/administrative-gender", TargetSystem: "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
			Codings: one("http://hl7.org/fhir/administrative-gender", "female")}, "equal:F"},
	} {
		got := ""
		out, err := s.Translate(c.r)
		if err != nil {
			got = string(fault.KindOf(err))
		} else {
			var all []string
			for _, m := range out.Matches {
				all = append(all, m.Equivalence+":"+m.Code)
			}
			if !out.Result {
				got = "no "
			}
			got += strings.Join(all, " ")
		}
		if got != c.want {
			t.Errorf("%+v: got %s, want %s", c.r, got, c.want)
		}
	}
}
