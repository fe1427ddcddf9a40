// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"fmt"
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// vital is an observation with a code of LOINC and further members.
func vital(profile, code, members string) string {
	return fmt.Sprintf(`{"resourceType":"Observation",%s"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
		"code":{"coding":[{"system":"http://loinc.org","code":%q}]},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-01-02"%s}`, profile, code, members)
}

func named(profile string) string {
	return `"meta":{"profile":["http://hl7.org/fhir/StructureDefinition/` + profile + `"]},`
}

// TestVitalSigns checks observations against R4's own profiles, which need no package: those that they name, and those that their codes ask for
// if that is wanted.
func TestVitalSigns(t *testing.T) {
	none := validate.NewProfiles(def.R4(), pack.NewSet(nil), nil)
	byCode := none.With(validate.Rules{Global: true})
	quantity := func(value, unit string) string {
		return `,"valueQuantity":{"value":` + value + `,"unit":"x","system":"http://unitsofmeasure.org","code":"` + unit + `"}`
	}
	flow := `,"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"3151-8"}]}` + quantity("6", "L/min") + `}]`
	for _, c := range []struct {
		name, doc    string
		named, coded string // the first error: of the profiles that it names, and of those by its code too
	}{
		{"a right weight", vital(named("bodyweight"), "29463-7", quantity("70", "kg")), "", ""},
		{"a weight in centimetres", vital(named("bodyweight"), "29463-7", quantity("70", "cm")), "code-invalid", "code-invalid"},
		{"the same, with the version", vital(strings.Replace(named("bodyweight"), `bodyweight"`, `bodyweight|4.0.1"`, 1), "29463-7", quantity("70", "cm")), "code-invalid", "code-invalid"},
		{"a weight in centimetres that names no profile", vital("", "29463-7", quantity("70", "cm")), "", "code-invalid"},
		{"a weight that names the profile of height", vital(named("bodyheight"), "29463-7", quantity("70", "kg")), "required", "required"},
		{"a vital sign without a value", vital(named("vitalsigns"), "8867-4", ""), "invariant", "invariant"},
		{"a pressure without its components", vital("", "85354-9", `,"dataAbsentReason":{"text":"x"}`), "", "required"},
		{"saturation with the flow of oxygen", vital(named("oxygensat"), "2708-6", quantity("95", "%")+flow), "", ""},
		{"another code", vital("", "1-8", quantity("70", "cm")), "", ""},
	} {
		for _, p := range []struct {
			profiles *validate.Profiles
			want     string
		}{{none, c.named}, {byCode, c.coded}} {
			got := ""
			for _, f := range p.profiles.Check(fhirtest.Parse(t, c.doc), validate.Strict) {
				if got == "" && f.Severity == "error" {
					got = f.Code
				}
			}
			if got != p.want {
				t.Errorf("%s: got %q, want %q: %v", c.name, got, p.want, p.profiles.Check(fhirtest.Parse(t, c.doc), validate.Strict))
			}
		}
	}
}

// TestOwnProfilesWithoutPackages asks a validator that has no packages for profiles by parameter.
func TestOwnProfilesWithoutPackages(t *testing.T) {
	v := validate.New(def.R4())
	weight := fhirtest.Parse(t, vital("", "29463-7", `,"valueQuantity":{"value":70,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}`))
	for profile, want := range map[string]string{
		"http://hl7.org/fhir/StructureDefinition/bodyweight":  "code-invalid",
		"http://hl7.org/fhir/StructureDefinition/Observation": "",
		"http://x/none": "not-supported",
	} {
		found := v.ProfilesIn(weight, nil, profile)
		got := ""
		if len(found) > 0 {
			got = found[0].Code
		}
		if got != want {
			t.Errorf("%s: got %v, want %q", profile, found, want)
		}
	}
	if found := v.Resource(fhirtest.Parse(t, vital(named("bodyweight"), "29463-7", "")), validate.Strict); found != nil {
		t.Errorf("without packages, meta.profile is let be: got %v", found)
	}
}
