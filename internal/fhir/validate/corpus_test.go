// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// wrong lists the official examples that break R4's own base definitions, with all that is wrong with them. Every other one
// must pass. Indexes are left out, and what repeats but for them.
var wrong = map[string][]string{
	// an id past 64 characters in a reference, and name and status left out of the guide
	"ImplementationGuide/fhir": {"value ImplementationGuide.manifest.resource.reference.reference",
		"required ImplementationGuide.name", "required ImplementationGuide.status"},
	// items that take their linkId from a definition elsewhere; linkId is 1..1
	"Questionnaire/qs1": {"required Questionnaire.item.item.linkId", "required Questionnaire.item.item.item.linkId",
		"required Questionnaire.item.item.item.item.linkId"},
	// fullUrls that end in another type and id than their resource's
	"Bundle/10bb101f-a121-4264-a920-67be9cb82c74": {"invariant Bundle.entry.fullUrl"},
	"Bundle/3a0707d3-549e-4467-b8b8-5a2ab3800efe": {"invariant Bundle.entry.fullUrl"},
	"Bundle/lri-example":                          {"invariant Bundle.entry.fullUrl"},
	// txt-2: narratives with nothing but white space
	"ActivityDefinition/blood-tubes-supply":        {"invariant ActivityDefinition.text.div"},
	"ActivityDefinition/heart-valve-replacement":   {"invariant ActivityDefinition.text.div"},
	"EventDefinition/example":                      {"invariant EventDefinition.text.div"},
	"Questionnaire/zika-virus-exposure-assessment": {"invariant Questionnaire.text.div"},
	// references to types that the element does not allow
	"DeviceUseStatement/example":  {"structure DeviceUseStatement.reasonReference.reference"},
	"DeviceMetric/example":        {"structure DeviceMetric.parent.reference"},
	"MedicationRequest/medrx0301": {"structure MedicationRequest.dispenseRequest.performer.reference"},
	"Observation/clinical-gender": {"structure Observation.performer.reference"},
}

func TestExamples(t *testing.T) {
	examples := fhirtest.Examples(t)
	v := validate.New(def.R4())
	count, failed := 0, 0
	seen := map[string]bool{}
	var tape fhir.Tape
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		for _, line := range examples[name] {
			count++
			if err := tape.Parse(line, fhir.Limits{}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			found := v.Resource(tape.Root(), validate.Strict)
			key := name + "/" + fhir.ID(tape.Root())
			if validate.Failed(found) {
				failed++
				seen[key] = true
			}
			if got, want := kinds(found), wrong[key]; !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
	}
	if len(seen) != len(wrong) {
		t.Errorf("got %d wrong examples, want %d", len(seen), len(wrong))
	}
	t.Logf("%d of %d official examples without a finding; the others are wrong themselves", count-failed, count)
}

func TestSynthea(t *testing.T) {
	v := validate.New(def.R4())
	for _, set := range []string{"synthea-10", "synthea-100"} {
		t.Run(set, func(t *testing.T) {
			count := 0
			var tape fhir.Tape
			for name, lines := range fhirtest.Synthea(t, set) {
				for _, line := range lines {
					count++
					if err := tape.Parse(line, fhir.Limits{}); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					for _, level := range []validate.Level{validate.Strict, validate.StructureOnly, validate.Minimal} {
						if found := v.Resource(tape.Root(), level); found != nil {
							t.Errorf("%s/%s at %v: %v", name, fhir.ID(tape.Root()), level, found)
						}
					}
				}
			}
			t.Logf("%d resources without a finding", count)
		})
	}
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

// kinds is short without indexes, each once.
func kinds(found []validate.Finding) []string {
	var list []string
	for _, s := range short(found) {
		if s = indexes.ReplaceAllString(s, ""); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// short writes findings as code and expression; nil for none.
func short(found []validate.Finding) []string {
	var list []string
	for _, f := range found {
		if f.Severity == fhir.Warning && f.Code == validate.Invariant {
			continue
		}
		list = append(list, f.Code+" "+f.Expression)
	}
	return list
}
