// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// broken has for each rule a resource that breaks it, and the findings expected: code and expression. A $ in front says that
// Minimal reports it as a warning, a ! that it is an error there too; without either, Minimal does not look.
var broken = []struct{ name, doc, want string }{
	{"no object", `[]`, "!structure Resource"},
	{"no type", `{"id":"a"}`, "!required Resource"},
	{"type no string", `{"resourceType":1}`, "!required Resource"},
	{"unknown type", `{"resourceType":"Pet"}`, "!not-supported Resource"},
	{"abstract type", `{"resourceType":"DomainResource"}`, "!not-supported Resource"},
	{"data type", `{"resourceType":"HumanName"}`, "!not-supported Resource"},
	{"id too long", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `"}`, "!value Patient.id"},
	{"id with slash", `{"resourceType":"Patient","id":"a/b"}`, "!value Patient.id"},
	{"id no string", `{"resourceType":"Patient","id":7}`, "!* Patient.id"},

	{"unknown element", `{"resourceType":"Patient","nam":[]}`, "structure Patient.nam"},
	{"unknown element below", `{"resourceType":"Patient","name":[{"famly":"x"}]}`, "structure Patient.name[0].famly"},
	{"unknown name not shown", `{"resourceType":"Patient","Ann Lee":true}`, "structure Patient.?"},
	{"resourceType in a data type", `{"resourceType":"Patient","maritalStatus":{"resourceType":"x","text":"y"}}`, "structure Patient.maritalStatus.resourceType"},
	{"choice without type", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"value":1}`, "structure Observation.value"},
	{"choice of a wrong type", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueDecimal":1}`, "structure Observation.valueDecimal"},
	{"choice twice", `{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}`, "$structure Patient.deceased"},
	{"choice twice by a sibling", `{"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"a"}}`, "$structure Patient.deceased"},

	{"missing", `{"resourceType":"Observation","status":"final"}`, "required Observation.code"},
	{"missing, all", `{"resourceType":"Observation"}`, "required Observation.status|required Observation.code"},
	{"missing below", `{"resourceType":"Patient","link":[{"type":"seealso"}]}`, "required Patient.link[0].other"},
	{"missing of an extension", `{"resourceType":"Patient","extension":[{"valueCode":"x"}]}`, "required Patient.extension[0].url"},
	{"no list", `{"resourceType":"Patient","name":{"family":"x"}}`, "$structure Patient.name"},
	{"list", `{"resourceType":"Patient","gender":["male"]}`, "$structure Patient.gender"},
	{"no list of primitives", `{"resourceType":"Patient","name":[{"given":"x"}]}`, "$structure Patient.name[0].given"},
	{"no object", `{"resourceType":"Patient","maritalStatus":"M"}`, "$structure Patient.maritalStatus"},
	{"no object in a list", `{"resourceType":"Patient","name":["x"]}`, "$structure Patient.name[0]"},
	{"list in a list", `{"resourceType":"Patient","name":[[{"family":"x"}]]}`, "$structure Patient.name[0]"},

	{"null", `{"resourceType":"Patient","gender":null}`, "$structure Patient.gender"},
	{"null in a list of objects", `{"resourceType":"Patient","name":[null]}`, "$structure Patient.name[0]"},
	{"null without sibling", `{"resourceType":"Patient","name":[{"given":["x",null]}]}`, "$structure Patient.name[0].given[1]"},
	{"null beside null", `{"resourceType":"Patient","name":[{"given":["x",null],"_given":[{"id":"a"},null]}]}`, "$structure Patient.name[0].given[1]"},
	{"sibling null without value", `{"resourceType":"Patient","name":[{"_given":[null,{"id":"a"}]}]}`, "$structure Patient.name[0].given[0]"},
	{"sibling of other length", `{"resourceType":"Patient","name":[{"given":["x","y"],"_given":[{"id":"a"}]}]}`, "$structure Patient.name[0].given"},
	{"sibling no object", `{"resourceType":"Patient","_gender":"x"}`, "$structure Patient.gender"},
	{"sibling no list", `{"resourceType":"Patient","name":[{"given":["x"],"_given":{"id":"a"}}]}`, "$structure Patient.name[0].given"},
	{"sibling with a value", `{"resourceType":"Patient","gender":"male","_gender":{"value":"x"}}`, "structure Patient.gender.value"},
	{"sibling of an object", `{"resourceType":"Patient","_name":[{"id":"a"}]}`, "structure Patient._name"},
	{"sibling of an id", `{"resourceType":"Patient","_id":{"id":"a"}}`, "structure Patient._id"},
	{"empty object", `{"resourceType":"Patient","maritalStatus":{}}`, "$structure Patient.maritalStatus"},
	{"empty list", `{"resourceType":"Patient","name":[]}`, "$structure Patient.name"},
	{"empty string", `{"resourceType":"Patient","name":[{"family":""}]}`, "$value Patient.name[0].family"},
	{"id only", `{"resourceType":"Patient","name":[{"id":"a"}]}`, "invariant Patient.name[0]"},

	{"resource inside, no type", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"id":"a"}}]}`, "!required Bundle.entry[0].resource"},
	{"resource inside, unknown type", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Pet"}}]}`, "!not-supported Bundle.entry[0].resource"},
	{"resource inside", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","gender":"x"}}]}`, "code-invalid Bundle.entry[0].resource.gender"},
	{"resource in a parameter", `{"resourceType":"Parameters","parameter":[{"name":"x","resource":{"resourceType":"Patient","gender":"x"}}]}`, "code-invalid Parameters.parameter[0].resource.gender"},
	{"content reference", `{"resourceType":"Bundle","type":"collection","entry":[{"link":[{"relation":"self"}]}]}`, "required Bundle.entry[0].link[0].url"},
	{"contained", `{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"p","birthDate":"x"}]}`, "$value Patient.contained[0].birthDate"},
	{"contained in contained", `{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Patient","id":"q"}]}]}`, "invariant Patient.contained[0].contained[0]"},

	{"code", `{"resourceType":"Patient","gender":"man"}`, "code-invalid Patient.gender"},
	{"code with white space", `{"resourceType":"Patient","gender":"male "}`, "$value Patient.gender"},
	{"code in a data type", `{"resourceType":"Library","status":"draft","type":{"text":"x"},"parameter":[{"use":"in","type":"Pet"}]}`, "code-invalid Library.parameter[0].type"},
	{"concept", `{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"on"}]}}`, "code-invalid AllergyIntolerance.clinicalStatus"},
	{"concept of another system", `{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://x","code":"active"}]}}`, "code-invalid AllergyIntolerance.clinicalStatus"},
	{"concept without coding", `{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"},"clinicalStatus":{"text":"active"}}`, "code-invalid AllergyIntolerance.clinicalStatus"},

	{"reference of no form", `{"resourceType":"Patient","managingOrganization":{"reference":"some where"}}`, "$value Patient.managingOrganization.reference"},
	{"reference to an unknown type", `{"resourceType":"Patient","managingOrganization":{"reference":"Firm/a"}}`, "value Patient.managingOrganization.reference"},
	{"reference to a wrong type", `{"resourceType":"Patient","managingOrganization":{"reference":"Patient/a"}}`, "structure Patient.managingOrganization.reference"},
	{"reference by search to a wrong type", `{"resourceType":"Patient","managingOrganization":{"reference":"Patient?identifier=a"}}`, "structure Patient.managingOrganization.reference"},
	{"reference to nothing contained", `{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}`, "invariant Patient.managingOrganization.reference"},
	{"reference with another type", `{"resourceType":"Patient","generalPractitioner":[{"reference":"Organization/a","type":"Practitioner"}]}`, "value Patient.generalPractitioner[0].type"},
	{"simple quantity", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"referenceRange":[{"low":{"value":1,"comparator":"<"}}]}`, "structure Observation.referenceRange[0].low.comparator"},
	{"extension with both", `{"resourceType":"Patient","extension":[{"url":"http://x","valueCode":"x","extension":[{"url":"y","valueCode":"z"}]}]}`, "invariant Patient.extension[0]"},
	{"extension with neither", `{"resourceType":"Patient","extension":[{"url":"http://x"}]}`, "invariant Patient.extension[0]"},
	{"extension of a choice's value", `{"resourceType":"Patient","deceasedBoolean":true,"_deceasedBoolean":{"extension":[{"url":"http://x"}]}}`, "invariant Patient.deceased.ofType(boolean).extension[0]"},
}

func TestBroken(t *testing.T) {
	v := validate.New(def.R4())
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			root := fhirtest.Parse(t, c.doc)
			var want, minimal []string
			for w := range strings.SplitSeq(c.want, "|") {
				bare := strings.TrimLeft(w, "$!")
				want = append(want, bare)
				switch w[0] {
				case '$':
					minimal = append(minimal, "warning "+bare)
				case '!':
					minimal = append(minimal, "error "+bare)
				}
			}
			for _, level := range []validate.Level{validate.Strict, validate.StructureOnly} {
				found := v.Resource(root, level)
				if got := short(found); !same(got, want) {
					t.Errorf("%v: got %q, want %q", level, got, want)
				}
				if !validate.Failed(found) {
					t.Errorf("%v: no error among %v", level, found)
				}
			}
			var got []string
			for _, f := range v.Resource(root, validate.Minimal) {
				got = append(got, string(f.Severity)+" "+f.Code+" "+f.Expression)
			}
			if !same(got, minimal) {
				t.Errorf("minimal: got %q, want %q", got, minimal)
			}
		})
	}
}

// same compares findings; a * in what is wanted stands for any code.
func same(got, want []string) bool {
	return slices.EqualFunc(got, want, func(g, w string) bool {
		before, after, any := strings.Cut(w, "*")
		return g == w || any && strings.HasPrefix(g, before) && strings.HasSuffix(g, after)
	})
}
