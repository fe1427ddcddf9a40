// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// versions is a package in several versions, whose profile asks for as many names as its first number says, and for an extension
// that asks for a code of that number.
func versions(list ...string) *pack.Set {
	var packages []*pack.Package
	for _, v := range list {
		n := v[:1]
		define := func(typ, url, elements string) pack.Resource {
			return pack.Resource{Type: "StructureDefinition", URL: url, Version: v, Package: "hl7.fhir.us.core#" + v, JSON: fmt.Appendf(nil,
				`{"resourceType":"StructureDefinition","url":%q,"version":%q,"kind":"resource","type":%q,"baseDefinition":%q,"differential":{"element":[%s]}}`,
				url, v, typ, core+typ, elements)}
		}
		packages = append(packages, &pack.Package{Name: "hl7.fhir.us.core", Version: v, Resources: []pack.Resource{
			define("Patient", "http://us/patient", `{"path":"Patient.name","min":`+n+`},
				{"path":"Patient.extension","slicing":{"discriminator":[{"type":"value","path":"url"}],"rules":"open"}},
				{"path":"Patient.extension","sliceName":"x","type":[{"code":"Extension","profile":["http://us/ext"]}]}`),
			define("Extension", "http://us/ext", `{"path":"Extension.url","fixedUri":"http://us/ext"},{"path":"Extension.value[x]","min":1,"fixedCode":"v`+n+`"}`),
		}})
	}
	return pack.NewSet(packages)
}

func TestChoosing(t *testing.T) {
	several := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), versions("1.0.0", "2.1.0", "3.0.0"), nil))
	none := validate.New(def.R4())
	patient := func(profile string, names int, code string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","meta":{"profile":[%q]},"extension":[{"url":"http://us/ext","valueCode":%q}],"name":[%s]}`,
			profile, code, strings.TrimSuffix(strings.Repeat(`{"text":"x"},`, names), ","))
	}
	for _, c := range []struct {
		name   string
		v      *validate.Validator
		chosen []string
		doc    string
		want   string // in the text of the only kind of finding; empty: none
	}{
		{"nothing chosen: the newest", several, nil, patient("http://us/patient", 3, "v3"), ""},
		{"nothing chosen: the newest asks for more", several, nil, patient("http://us/patient", 2, "v3"), "at least 3"},
		{"chosen", several, []string{"us-core-2.1.0"}, patient("http://us/patient", 2, "v2"), ""},
		{"chosen by its whole name", several, []string{"hl7-fhir-us-core-1.0.0"}, patient("http://us/patient", 1, "v1"), ""},
		{"chosen, too few", several, []string{"us-core-2.1.0"}, patient("http://us/patient", 1, "v2"), "at least 2"},
		{"a version that is named counts more", several, []string{"us-core-2.1.0"}, patient("http://us/patient|1.0.0", 1, "v2"), "the profile fixes this value"},
		{"not installed", several, []string{"us-core-4.0.0"}, patient("http://us/patient", 3, "v3"), "default profiles us-core-4.0.0 are not installed"},
		{"nothing installed", none, []string{"us-core-6.1.0"}, patient("http://us/patient", 3, "v3"), "galen package add"},
		{"nothing installed, nothing chosen", none, nil, `{"resourceType":"Patient","meta":{"profile":["http://us/patient"]}}`, ""},
		{"a profile that no package has", several, []string{"us-core-2.1.0"}, `{"resourceType":"Patient","meta":{"profile":["http://other/patient"]}}`, "is not installed: add the package"},
	} {
		root := fhirtest.Parse(t, c.doc)
		found := c.v.Choosing(c.chosen).Resource(root, validate.Strict)
		if c.want == "" && found != nil || c.want != "" && (len(found) == 0 || !validate.Failed(found) || !strings.Contains(fmt.Sprint(found), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, found, c.want)
		}
		for _, level := range []validate.Level{validate.StructureOnly, validate.Minimal} {
			if found := c.v.Choosing(c.chosen).Resource(root, level); found != nil {
				t.Errorf("%s: %s: got %v", c.name, level, found)
			}
		}
	}
	first := several.Choosing([]string{"us-core-2.1.0"})
	if again := several.Choosing([]string{"us-core-2.1.0"}); again != first {
		t.Error("a choice is made twice")
	}
	for i := range 100 {
		several.Choosing([]string{fmt.Sprint("x-", i)}) // bounded: none of them stays
	}
}

// TestUSCoreVersions checks one immunization against three versions of US Core installed together.
func TestUSCoreVersions(t *testing.T) {
	var packages []*pack.Package
	for _, name := range []string{"us_core_311.tgz", "us_core_610.tgz", "us_core_700.tgz"} {
		f, err := os.Open(filepath.Join("../../../../shared/packages", name))
		if err != nil {
			t.Skip("../shared/packages is not here")
		}
		p, err := pack.Read(f)
		if f.Close(); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	v := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), pack.NewSet(packages), nil))
	// primarySource must be there in 3.1.1 and may be left out since.
	absent := fhirtest.Parse(t, `{"resourceType":"Immunization","meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-immunization"]},
		"status":"completed","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}]},"patient":{"reference":"Patient/a"},"occurrenceDateTime":"2020-01-02"}`)
	for _, c := range []struct {
		chosen string
		want   bool
	}{{"us-core-3.1.1", false}, {"us-core-6.1.0", true}, {"us-core-7.0.0", true}} {
		found := v.Choosing([]string{c.chosen}).Resource(absent, validate.Strict)
		if got := !validate.Failed(found); got != c.want {
			t.Errorf("%s: got %v %v, want %v", c.chosen, got, found, c.want)
		}
	}
}
