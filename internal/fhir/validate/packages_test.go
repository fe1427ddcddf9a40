// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

func TestPackageToAdd(t *testing.T) {
	v := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), pack.NewSet(nil), nil))
	for url, want := range map[string]string{
		"http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient":  "galen package add hl7.fhir.us.core,",
		"http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/a":        "galen package add hl7.fhir.us.davinci-pdex,",
		"http://hl7.org/fhir/us/davinci-%20%20/StructureDefinition/a":      "add the package that has it with galen package add,",
		"http://example.org/StructureDefinition/a":                         "add the package that has it with galen package add,",
		"http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-tnm|3.0.0": "galen package add hl7.fhir.us.mcode,",
	} {
		found := v.Resource(fhirtest.Parse(t, `{"resourceType":"Patient","meta":{"profile":["`+url+`"]}}`), validate.Strict)
		if len(found) != 1 || !strings.Contains(found[0].Text, " is not installed: "+want) {
			t.Errorf("%s: got %v, want %q", url, found, want)
		}
	}
}

func TestKnownExtensions(t *testing.T) {
	p := validate.NewProfiles(def.R4(), pack.NewSet(nil), nil)
	const text = `{"resourceType":"Patient","extension":[{"url":"http://example.org/a","extension":[{"url":"b","valueString":"x"}]},
		{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"x"}],
		"_birthDate":{"extension":[{"url":"http://example.com/c","valueString":"x"}]}}`
	for _, c := range []struct {
		profiles *validate.Profiles
		want     []string
	}{
		{p, nil},
		{p.With(validate.Rules{KnownExtensions: true}), []string{"Patient.extension[0].url", "Patient.birthDate.extension[0].url"}},
		{p.With(validate.Rules{KnownExtensions: true, Domains: []string{"http://example.org/"}}), []string{"Patient.birthDate.extension[0].url"}},
		{p.With(validate.Rules{KnownExtensions: true, Domains: []string{"http://example.org/", "http://example.com/"}}), nil},
	} {
		var got []string
		for _, f := range validate.NewWithProfiles(def.R4(), c.profiles).Resource(fhirtest.Parse(t, text), validate.Strict) {
			if f.Severity == fhir.Error && f.Code == validate.NotSupported {
				got = append(got, f.Expression)
			}
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
