// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"testing"
	"time"

	"galen/internal/fhir"
	"galen/internal/fhir/term"
)

func parameters(t *testing.T, text string) term.Parameters {
	t.Helper()
	p, err := term.ParseParameters(parse(t, `{"resourceType":"Parameters","parameter":[`+text+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParameters(t *testing.T) {
	s := term.New(term.Options{Source: (&store{}).add(t, animals, petMap, restMap, valueSet("http://x/all", include(``)))})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	check := func(what string, got []byte, err error, want string) {
		t.Helper()
		var tape fhir.Tape
		if err != nil || tape.Parse(got, fhir.Limits{}) != nil || string(got) != want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", what, err, got, want)
		}
	}
	r, err := parameters(t, `{"name":"url","valueUri":"http://x/all"},{"name":"filter","valueString":"dog"},{"name":"count","valueInteger":5},{"name":"includeDesignations","valueBoolean":true}`).Expand()
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Expand(r)
	if err != nil {
		t.Fatal(err)
	}
	check("expand", e.AppendValueSet(nil, "urn:x", at), nil, `{"resourceType":"ValueSet","url":"http://x/all","status":"active","expansion":{"identifier":"urn:x","timestamp":"2026-01-02T03:04:05.000Z","total":1,"offset":0,"parameter":[{"name":"filter","valueString":"dog"},{"name":"count","valueInteger":5},{"name":"includeDesignations","valueBoolean":true},{"name":"version","valueUri":"http://x/animals|1"}],"contains":[{"system":"http://x/animals","code":"dog","display":"Dog","designation":[{"language":"de","value":"Hund"},{"language":"fr","use":{"system":"http://x/use","code":"pet"},"value":"Chien"}]}]}}`)

	v, err := s.ValidateCode(parameters(t, `{"name":"url","valueUri":"http://x/animals"},{"name":"code","valueCode":"dog"}`).ValidateCode(true))
	check("validate", v.AppendParameters(nil), err, `{"resourceType":"Parameters","parameter":[{"name":"result","valueBoolean":true},{"name":"display","valueString":"Dog"},{"name":"code","valueCode":"dog"},{"name":"system","valueUri":"http://x/animals"},{"name":"version","valueString":"1"}]}`)

	c, err := s.Lookup(parameters(t, `{"name":"coding","valueCoding":{"system":"http://x/animals","code":"dog"}},{"name":"property","valueCode":"legs"},{"name":"property","valueCode":"parent"}`).Lookup())
	if err != nil {
		t.Fatal(err)
	}
	check("lookup", c.AppendParameters(nil), nil, `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"Animals"},{"name":"version","valueString":"1"},{"name":"display","valueString":"Dog"},{"name":"property","part":[{"name":"code","valueCode":"legs"},{"name":"value","valueInteger":4}]},{"name":"property","part":[{"name":"code","valueCode":"parent"},{"name":"value","valueCode":"mammal"},{"name":"description","valueString":"Mammal"}]}]}`)

	sub, err := s.Subsumes(parameters(t, `{"name":"system","valueUri":"http://x/animals"},{"name":"codeA","valueCode":"mammal"},{"name":"codeB","valueCode":"dog"}`).Subsumes())
	check("subsumes", sub.AppendParameters(nil), err, `{"resourceType":"Parameters","parameter":[{"name":"outcome","valueCode":"subsumes"}]}`)

	tr, err := s.Translate(parameters(t, `{"name":"url","valueUri":"http://x/map"},{"name":"targetsystem","valueUri":"http://x/animals2"},{"name":"codeableConcept","valueCodeableConcept":{"coding":[{"system":"http://x/animals","code":"dog"}]}}`).Translate())
	if err != nil {
		t.Fatal(err)
	}
	check("translate", tr.AppendParameters(nil), nil, `{"resourceType":"Parameters","parameter":[{"name":"result","valueBoolean":true},{"name":"match","part":[{"name":"equivalence","valueCode":"equal"},{"name":"concept","valueCoding":{"system":"http://x/animals2","code":"dog2"}},{"name":"source","valueUri":"http://x/map|2"}]}]}`)

	name, concepts, _, err := parameters(t, `{"name":"name","valueString":"table"},{"name":"concept","valueCoding":{"system":"http://x/animals","code":"dog"}},{"name":"concept","valueCoding":{"system":"http://x/animals","code":"mammal"}}`).Closure()
	if err != nil {
		t.Fatal(err)
	}
	var table term.Closure
	added, err := table.Add(s, concepts)
	check("closure", table.AppendConceptMap(nil, name, added, at), err, `{"resourceType":"ConceptMap","version":"1","name":"table","status":"active","date":"2026-01-02T03:04:05.000Z","group":[{"source":"http://x/animals","target":"http://x/animals","element":[{"code":"dog","target":[{"code":"mammal","equivalence":"subsumes"}]}]}]}`)
}
