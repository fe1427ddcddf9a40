// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// TestResourcesOfOneType has resources with the one finding that each of them is to have, empty for none.
func TestResourcesOfOneType(t *testing.T) {
	v := validate.New(def.R4())
	profile := func(element string) string {
		return `{"resourceType":"StructureDefinition","url":"http://a/b","name":"A","status":"draft","kind":"resource","abstract":false,"type":"Observation",
			"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation","derivation":"constraint","differential":{"element":[{"id":"Observation",` + element + `}]}}`
	}
	form := func(asked string) string {
		return `{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"a","type":"boolean"},{"linkId":"b","type":"group",
			"enableWhen":[{"question":"` + asked + `","operator":"=","answerBoolean":true}],"item":[{"linkId":"c","type":"boolean"}]}]}`
	}
	search := func(url, entry string) string {
		return `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"` + url + `"}],"entry":[{"fullUrl":"urn:uuid:5d9588d8-3cd6-4b32-8fb7-ad13694e069d",` + entry + `}]}`
	}
	for _, c := range []struct{ name, text, want string }{
		{"a path", profile(`"path":"Observation.component.valueQuantity.value"`), ""},
		{"a path by content", profile(`"path":"Observation.component.referenceRange.low"`), ""},
		{"no path", profile(`"path":"Observation.valueBla"`), "StructureDefinition.differential.element[0].path"},
		{"a discriminator", profile(`"path":"Observation.category","slicing":{"rules":"open","discriminator":[{"type":"value","path":"coding.code"},{"type":"value","path":"extension('http://a').value"}]}`), ""},
		{"no discriminator", profile(`"path":"Observation.category","slicing":{"rules":"open","discriminator":[{"type":"value","path":"type"}]}`),
			"StructureDefinition.differential.element[0].slicing.discriminator[0].path"},
		{"enabled from outside", form("a"), ""},
		{"enabled from inside", form("c"), "Questionnaire.item[1].enableWhen[0].question"},
		{"a match", search("http://x/Patient?name=a", `"search":{"mode":"match"},"resource":{"resourceType":"Patient","id":"a"}`), ""},
		{"an include", search("http://x/Observation?_include=*", `"search":{"mode":"include"},"resource":{"resourceType":"Patient","id":"a"}`), ""},
		{"a match of another type", search("http://x/Observation?code=a", `"search":{"mode":"match"},"resource":{"resourceType":"Patient","id":"a"}`), "Bundle.entry[0].resource"},
		{"a result without id", search("http://x/Patient", `"resource":{"resourceType":"Patient","active":true}`), "Bundle.entry[0].resource"},
		{"an outcome", search("http://x/Patient", `"search":{"mode":"outcome"},"resource":{"resourceType":"Patient","id":"a"}`), "Bundle.entry[0].resource"},
		{"a size", `{"resourceType":"Media","status":"completed","content":{"contentType":"text/plain","data":"AAAA","size":3}}`, ""},
		{"a wrong size", `{"resourceType":"Media","status":"completed","content":{"contentType":"text/plain","data":"AAAA","size":4}}`, "Media.content.size"},
		{"an id alone", `{"resourceType":"Patient","_language":{"id":"a"}}`, "Patient.language"},
		{"an id beside a value", `{"resourceType":"Patient","language":"de","_language":{"id":"a"}}`, ""},
	} {
		var got []string
		for _, f := range v.Resource(fhirtest.Parse(t, c.text), validate.Strict) {
			got = append(got, f.Expression)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
