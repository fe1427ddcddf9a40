// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"strings"
	"testing"
)

func TestPatchOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		const ops = `[{"op":"replace","path":"/name/0/family","value":"Windsor"}]`
		got := s.do("PATCH", r4+"/Patient/p1", ops, jsonPatch, `If-Match: W/"1"`).want(t, 200, `"versionId":"2"`, "Windsor")
		if got.header.Get("ETag") != `W/"2"` || got.header.Get("Last-Modified") == "" {
			t.Errorf("headers %v", got.header)
		}
		s.do("PATCH", r4+"/Patient/p1", ops, jsonPatch, `If-Match: W/"1"`).outcome(t, 412, "conflict")
		s.do("PATCH", r4+"/Patient?family=windsor", ops, jsonPatch).want(t, 200, `"versionId":"3"`)
		if got := s.do("PATCH", r4+"/Patient/p1", ops); got.status != 415 || got.header.Get("Accept-Patch") == "" {
			t.Errorf("without a media type: %+v", got)
		}
		s.do("DELETE", r4+"/Patient/p1", "").want(t, 204)
		s.do("PATCH", r4+"/Patient/p1", ops, jsonPatch).outcome(t, 410, "deleted")
	})
}

func TestFHIRPathPatchOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		ops := func(family string) string {
			return `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},` +
				`{"name":"path","valueString":"Patient.name[0].family"},{"name":"value","valueString":"` + family + `"}]}]}`
		}
		const sendsJSON = "Content-Type: application/fhir+json"
		s.do("PATCH", r4+"/Patient/p1", ops("Windsor"), sendsJSON).want(t, 200, `"versionId":"2"`, "Windsor")
		s.do("PATCH", r4+"/Patient?family=windsor", ops("Smith"), sendsJSON).want(t, 200, `"versionId":"3"`, "Smith")
		asXML := `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="delete"/></part>` +
			`<part><name value="path"/><valueString value="Patient.active"/></part></parameter></Parameters>`
		if got := s.do("PATCH", r4+"/Patient/p1", asXML, sendsXML, "Accept: application/fhir+json").want(t, 200, `"versionId":"4"`); strings.Contains(got.body, "active") {
			t.Errorf("active is still there: %s", got.body)
		}
		for i, kind := range []string{"batch", "transaction"} {
			bundle := `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"resource":` + ops("Jones") + `,"request":{"method":"PATCH","url":"Patient/p1"}}]}`
			s.do("POST", r4, bundle).want(t, 200, `"status":"200"`, `"etag":"W/\"`+string(rune('5'+i)))
		}
		s.do("PATCH", r4+"/Patient/p1", strings.Replace(ops("x"), "name[0]", "contact", 1), sendsJSON).outcome(t, 422, "processing")
		s.do("PATCH", r4+"/Patient/p1", patient, sendsJSON).outcome(t, 400, "structure")
	})
}
