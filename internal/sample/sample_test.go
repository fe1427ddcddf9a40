// SPDX-License-Identifier: Apache-2.0

package sample_test

import (
	"bytes"
	"regexp"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/sample"
)

// preloaded are the types that HealthLake documents for its preload.
var preloaded = []string{"AllergyIntolerance", "CarePlan", "CareTeam", "Claim", "Condition", "Device", "DiagnosticReport", "Encounter", "ExplanationOfBenefit",
	"ImagingStudy", "Immunization", "Location", "MedicationAdministration", "MedicationRequest", "Observation", "Organization", "Patient", "Practitioner",
	"PractitionerRole", "Procedure", "Provenance"}

func TestEverythingIsValidAndEveryReferenceResolves(t *testing.T) {
	data := sample.Make(100, 1)
	v := validate.New(def.R4())
	there := map[string]bool{}
	var tape fhir.Tape
	n := 0
	for typ, text := range data {
		for line := range bytes.Lines(text) {
			if err := tape.Parse(bytes.TrimSpace(line), fhir.Limits{}); err != nil {
				t.Fatalf("%s: %v\n%s", typ, err, line)
			}
			for _, f := range v.Resource(tape.Root(), validate.Strict) {
				t.Errorf("%s: %s: %s", typ, f.Expression, f.Text)
			}
			key := typ + "/" + fhir.ID(tape.Root())
			if there[key] {
				t.Errorf("%s is there twice", key)
			}
			there[key] = true
			n++
		}
	}
	for typ, text := range data {
		for _, m := range regexp.MustCompile(`"reference":"([^"]+)"`).FindAllSubmatch(text, -1) {
			if !there[string(m[1])] {
				t.Errorf("%s refers to %s, which is not there", typ, m[1])
			}
		}
	}
	for _, typ := range preloaded {
		if len(data[typ]) == 0 {
			t.Errorf("there is no %s", typ)
		}
	}
	if len(data) != len(preloaded) {
		t.Errorf("%d types, want %d", len(data), len(preloaded))
	}
	t.Logf("%d resources", n)
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	a, b, c := sample.Make(10, 7), sample.Make(10, 7), sample.Make(10, 8)
	for typ := range a {
		if !bytes.Equal(a[typ], b[typ]) {
			t.Errorf("%s differs", typ)
		}
	}
	if bytes.Equal(a["Patient"], c["Patient"]) {
		t.Error("another seed gives the same patients")
	}
}
