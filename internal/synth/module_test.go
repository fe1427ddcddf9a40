// SPDX-License-Identifier: Apache-2.0

package synth_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"galen/internal/synth"
)

// sore is a module as Synthea's public format has them: a guard, a lookup table, a submodule, symptoms, a counter, kinds of
// distribution, prior states, and a condition that is diagnosed at an encounter later on.
const sore = `{
  "name": "Sore Elbow", "gmf_version": 2, "remarks": ["Written for this test."],
  "states": {
    "Initial": {"type": "Initial", "direct_transition": "Age_Guard"},
    "Age_Guard": {"type": "Guard", "allow": {"condition_type": "And", "conditions": [
      {"condition_type": "Age", "operator": ">=", "quantity": 20, "unit": "years", "value": 0},
      {"condition_type": "Not", "condition": {"condition_type": "Attribute", "attribute": "never", "operator": "is not nil"}}]},
      "direct_transition": "Choose"},
    "Choose": {"type": "Simple", "lookup_table_transition": [
      {"transition": "Elbow_Hurts", "default_probability": 0, "lookup_table_name": "sore_elbow.csv"},
      {"transition": "Terminal", "default_probability": 1, "lookup_table_name": "sore_elbow.csv"}]},
    "Elbow_Hurts": {"type": "Symptom", "symptom": "Elbow Pain", "cause": "Sore Elbow", "probability": 1,
      "distribution": {"kind": "UNIFORM", "parameters": {"low": 40, "high": 90}}, "direct_transition": "Tendinitis"},
    "Tendinitis": {"type": "ConditionOnset", "assign_to_attribute": "elbow", "target_encounter": "Elbow_Visit",
      "codes": [{"system": "SNOMED-CT", "code": "202855006", "display": "Lateral epicondylitis (disorder)"}], "direct_transition": "Waits"},
    "Waits": {"type": "Delay", "distribution": {"kind": "GAUSSIAN", "parameters": {"mean": 20, "standardDeviation": 2}}, "unit": "days",
      "complex_transition": [
        {"condition": {"condition_type": "Symptom", "symptom": "Elbow Pain", "operator": ">", "value": 30},
          "distributions": [{"distribution": {"attribute": "sees a doctor", "default": 1}, "transition": "Elbow_Visit"},
            {"distribution": 0, "transition": "Terminal"}]},
        {"transition": "Terminal"}]},
    "Elbow_Visit": {"type": "Encounter", "encounter_class": "outpatient", "reason": "elbow",
      "codes": [{"system": "SNOMED-CT", "code": "185345009", "display": "Encounter for symptom"}], "direct_transition": "Care"},
    "Care": {"type": "CallSubmodule", "submodule": "care/elbow_drug", "direct_transition": "Counted"},
    "Counted": {"type": "Counter", "attribute": "elbow visits", "action": "increment", "direct_transition": "Done"},
    "Done": {"type": "EncounterEnd", "conditional_transition": [
      {"condition": {"condition_type": "And", "conditions": [
        {"condition_type": "PriorState", "name": "Elbow_Visit", "within": {"quantity": 1, "unit": "years"}},
        {"condition_type": "Active Condition", "codes": [{"system": "SNOMED-CT", "code": "202855006", "display": "x"}]}]},
        "transition": "Heals"},
      {"transition": "Terminal"}]},
    "Heals": {"type": "Delay", "range": {"low": 3, "high": 6, "unit": "weeks"}, "direct_transition": "Healed"},
    "Healed": {"type": "ConditionEnd", "condition_onset": "Tendinitis", "direct_transition": "Drug_Ends"},
    "Drug_Ends": {"type": "MedicationEnd", "referenced_by_attribute": "elbow drug", "direct_transition": "Terminal"},
    "Terminal": {"type": "Terminal"}
  }
}`

const soreDrug = `{"name": "Elbow Drug", "states": {
  "Initial": {"type": "Initial", "direct_transition": "Order"},
  "Order": {"type": "MedicationOrder", "assign_to_attribute": "elbow drug", "reason": "elbow",
    "codes": [{"system": "RxNorm", "code": "310965", "display": "Ibuprofen 200 MG Oral Tablet"}],
    "prescription": {"as_needed": true}, "direct_transition": "Terminal"},
  "Terminal": {"type": "Terminal"}}}`

const soreTable = "gender,age,Elbow_Hurts,Terminal\nF,0-140,1,0\nM,0-140,0,1\n"

func TestSyntheaModuleRuns(t *testing.T) {
	folder := fstest.MapFS{
		"sore_elbow.json":              {Data: []byte(sore)},
		"care/elbow_drug.json":         {Data: []byte(soreDrug)},
		"lookup_tables/sore_elbow.csv": {Data: []byte(soreTable)},
	}
	women, sore, men, drugs := 0, 0, 0, 0
	records(t, synth.Options{Patients: 200, Years: -1, Modules: []fs.FS{folder}, OnlyThem: true}, func(r record) {
		has := r.any(func(e *entry) bool {
			return e.ResourceType == "Condition" && e.is("202855006") && e.AbatementDateTime > e.OnsetDateTime && e.Encounter.Reference != ""
		})
		if r.any(func(e *entry) bool {
			return e.ResourceType == "MedicationRequest" && e.DispenseRequest.ValidityPeriod.End > e.AuthoredOn
		}) {
			drugs++
		}
		switch {
		case r[0].Gender == "male" && has:
			men++
		case r[0].Gender == "female" && r[0].BirthDate < "2003":
			women++
			if has {
				sore++
			}
		}
	})
	if women == 0 || sore != women || men != 0 || drugs < women {
		t.Errorf("got %d of %d grown women with it, %d men, %d with the drug; want all women, no men, the drug for all", sore, women, men, drugs)
	}
}

func TestUnknownStateType(t *testing.T) {
	folder := fstest.MapFS{
		"odd.json":                     {Data: []byte(strings.Replace(sore, `"type": "Counter"`, `"type": "Physiology"`, 1))},
		"care/elbow_drug.json":         {Data: []byte(soreDrug)},
		"lookup_tables/sore_elbow.csv": {Data: []byte(soreTable)},
	}
	err := synth.Generate(t.Context(), synth.Options{Patients: 1, Modules: []fs.FS{folder}}, func(string, []byte) error { return nil })
	want := `module odd.json, state "Counted": state type "Physiology" is not known`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
