// SPDX-License-Identifier: Apache-2.0

package ask_test

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/ask"
)

const observation = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://x","code":"none"},
{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}]},
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"HH"}]},
{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"H"}]}],
"valueCodeableConcept":{"text":"no code"}}`

func TestExpressions(t *testing.T) {
	var tape fhir.Tape
	if err := tape.Parse([]byte(observation), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	root := fhirpath.Root(def.R4(), tape.Root())
	for _, c := range []struct{ expression, want string }{
		{"status.memberOf('http://hl7.org/fhir/ValueSet/observation-status')", "true"},
		{"status.memberOf(%`vs-observation-status`)", "true"},
		{"status.memberOf(%`vs-administrative-gender`)", "false"},
		{"category.memberOf(%`vs-observation-category`)", "true"},
		{"category.coding.memberOf(%`vs-observation-status`)", "false"},
		{"category.memberOf('http://example.org/unknown')", ""},
		{"value.memberOf(%`vs-observation-status`)", ""},
		{"'final'.memberOf(%`vs-observation-status`)", "true"},
		{"interpretation[1].subsumes(interpretation[0])", "true"},
		{"interpretation[0].subsumes(interpretation[1])", "false"},
		{"interpretation[0].subsumedBy(interpretation[1])", "true"},
		{"interpretation[0].coding.subsumes(interpretation[0].coding)", "true"},
		{"interpretation[0].subsumes(category)", ""},
		{"status.subsumes(status)", ""},
	} {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), c.expression, root.Type)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		e := fhirpath.Evaluator{Env: fhirpath.Environment{Terminology: ask.FHIRPath(term.New(term.Options{}))}}
		items, err := e.Evaluate(p, root, root)
		got := ""
		for i := range items {
			got = map[bool]string{true: "true", false: "false"}[items[i].True]
		}
		if err != nil || got != c.want {
			t.Errorf("%s is %q (%v), want %q", c.expression, got, err, c.want)
		}
	}
}
