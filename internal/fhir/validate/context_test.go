// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"fmt"
	"slices"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

func TestContext(t *testing.T) {
	const extension = `{"url":"http://e","valueCode":"x"}`
	for _, c := range []struct{ name, context, doc, want string }{
		{"type", `{"type":"element","expression":"Patient"}`, `{"resourceType":"Patient","extension":[` + extension + `]}`, ""},
		{"abstract type", `{"type":"element","expression":"DomainResource"}`, `{"resourceType":"Patient","extension":[` + extension + `]}`, ""},
		{"other type", `{"type":"element","expression":"Group"}`, `{"resourceType":"Patient","extension":[` + extension + `]}`, "invariant Patient.extension[0]"},
		{"element", `{"type":"element","expression":"Patient.name"}`, `{"resourceType":"Patient","name":[{"text":"x","extension":[` + extension + `]}]}`, ""},
		{"data type", `{"type":"element","expression":"HumanName"}`, `{"resourceType":"Patient","name":[{"text":"x","extension":[` + extension + `]}]}`, ""},
		{"other element", `{"type":"element","expression":"Patient.name"}`, `{"resourceType":"Patient","address":[{"text":"x","extension":[` + extension + `]}]}`, "invariant Patient.address[0].extension[0]"},
		{"inherited element", `{"type":"element","expression":"Patient.text"}`, `{"resourceType":"Patient","text":{"status":"generated","div":"<div>x</div>","extension":[` + extension + `]}}`, ""},
		{"primitive", `{"type":"element","expression":"boolean"}`, `{"resourceType":"Patient","active":true,"_active":{"extension":[` + extension + `]}}`, ""},
		{"fhirpath", `{"type":"fhirpath","expression":"Patient.name.where(use = 'old')"}`, `{"resourceType":"Patient","name":[{"use":"old","extension":[` + extension + `]}]}`, ""},
		{"fhirpath of others", `{"type":"fhirpath","expression":"Patient.name.where(use = 'old')"}`, `{"resourceType":"Patient","name":[{"use":"usual","extension":[` + extension + `]}]}`, "invariant Patient.name[0].extension[0]"},
		{"another release", `{"type":"element","expression":"CanonicalResource"}`, `{"resourceType":"Patient","extension":[` + extension + `]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sd := fmt.Appendf(nil, `{"resourceType":"StructureDefinition","url":"http://e","kind":"complex-type","type":"Extension","derivation":"constraint",
				"baseDefinition":%q,"context":[%s],"differential":{"element":[{"path":"Extension.url","fixedUri":"http://e"}]}}`, core+"Extension", c.context)
			set := pack.NewSet([]*pack.Package{{Name: "t", Version: "1", Resources: []pack.Resource{{Type: "StructureDefinition", URL: "http://e", JSON: sd}}}})
			v := validate.NewWithProfiles(def.R4(), validate.NewProfiles(def.R4(), set, nil))
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if got := short(v.Resource(fhirtest.Parse(t, c.doc), validate.Strict)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestTargetProfiles(t *testing.T) {
	p := profiled("http://t/p", core+"Patient", "Patient", `{"path":"Patient.link.other","type":[{"code":"Reference","targetProfile":["http://t/p"]}]},{"path":"Patient.active","min":1}`)
	const doc = `{"resourceType":"Bundle","type":"collection","entry":[
		{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":{"resourceType":"Patient","active":true,"meta":{"profile":["http://t/p"]},"link":[{"type":"seealso","other":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521"}}]}},
		{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521","resource":{"resourceType":"Patient",%s"link":[{"type":"seealso","other":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}}]}}]}`
	v := validate.NewWithProfiles(def.R4(), p)
	if found := v.Resource(fhirtest.Parse(t, fmt.Sprintf(doc, `"active":true,`)), validate.Strict); found != nil {
		t.Errorf("got %v, want nothing of profiles that go round in a circle", found)
	}
	got := short(v.Resource(fhirtest.Parse(t, fmt.Sprintf(doc, "")), validate.Strict))
	if want := []string{"structure Bundle.entry[0].resource.link[0].other.reference"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
