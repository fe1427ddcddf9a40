// SPDX-License-Identifier: Apache-2.0

package def_test

import (
	"testing"

	"galen/internal/fhir/def"
)

func TestValueSet(t *testing.T) {
	d := def.R4()
	const gender = "http://hl7.org/fhir/administrative-gender"
	v := d.ValueSet("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1")
	if v == nil || !v.Enumerable || !v.HasCode("male") || v.HasCode("man") || !v.Has(gender, "male") || v.Has("http://x", "male") || !v.HasSystem(gender) {
		t.Fatalf("administrative-gender is %+v", v)
	}
	count := 0
	for system, code := range v.Codes() {
		count++
		if system != gender || !v.Has(system, code) {
			t.Errorf("administrative-gender holds %s of %s", code, system)
		}
	}
	if count != 4 {
		t.Errorf("administrative-gender has %d codes, want 4", count)
	}
	if v := d.ValueSet("http://hl7.org/fhir/ValueSet/units-of-time"); !v.Has("http://unitsofmeasure.org", "wk") {
		t.Error("a week is no unit of time")
	}
	for _, name := range []string{"mimetypes", "currencies", "ucum-units", "observation-codes", "all-languages", "body-site"} {
		if v := d.ValueSet("http://hl7.org/fhir/ValueSet/" + name); v == nil || v.Enumerable || v.HasCode("x") {
			t.Errorf("%s is %+v, want it not enumerable", name, v)
		}
	}
	if d.ValueSet("http://x") != nil {
		t.Error("a value set is found that is not there")
	}
}

// TestRequiredBindings counts what required bindings can be checked.
func TestRequiredBindings(t *testing.T) {
	d := def.R4()
	sets, open := map[string]bool{}, map[string]bool{}
	for _, x := range d.Types() {
		for _, e := range x.Structure.Elements {
			if b := e.Binding; b != nil && b.Strength == def.Required {
				sets[b.URL] = true
				if b.ValueSet == nil || !b.ValueSet.Enumerable {
					open[b.URL] = true
				}
			}
		}
	}
	if len(open) != 1 || !open["http://hl7.org/fhir/ValueSet/mimetypes"] {
		t.Errorf("got required value sets that cannot be enumerated: %v, want mimetypes", open)
	}
	t.Logf("%d value sets required by resources' own elements, %d not enumerable", len(sets), len(open))
}

func TestCodeSystem(t *testing.T) {
	d := def.R4()
	c := d.CodeSystem("http://terminology.hl7.org/CodeSystem/v3-RoleCode")
	if c == nil || !c.Complete || !c.CaseSensitive {
		t.Fatalf("RoleCode is %+v", c)
	}
	for _, pair := range []struct {
		above, below string
		want         bool
	}{
		{"FAMMEMB", "DAU", true}, {"FAMMEMB", "FAMMEMB", true}, {"DAU", "FAMMEMB", false},
		{"_PersonalRelationshipRoleType", "NBRO", true}, {"x", "DAU", false}, {"FAMMEMB", "x", false},
	} {
		if got := c.Subsumes(pair.above, pair.below); got != pair.want {
			t.Errorf("%s subsumes %s: got %v, want %v", pair.above, pair.below, got, pair.want)
		}
	}
	systems, concepts := 0, 0
	for url, c := range d.CodeSystems() {
		systems++
		concepts += len(c.Concepts)
		if c.URL != url {
			t.Errorf("%s is found as %s", c.URL, url)
		}
		for i, concept := range c.Concepts {
			if concept.Parent >= int32(i) || c.Find(concept.Code) < 0 {
				t.Errorf("%s in %s has the parent %d", concept.Code, url, concept.Parent)
			}
		}
	}
	if systems != 1062 {
		t.Errorf("got %d code systems, want 1062", systems)
	}
	t.Logf("%d code systems with %d concepts", systems, concepts)
}
