// SPDX-License-Identifier: Apache-2.0

package fhir_test

import "testing"

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
