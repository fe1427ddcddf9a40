// SPDX-License-Identifier: Apache-2.0

package fhir_test

import "testing"

func TestOperationsOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		s.do("GET", r4+"/Patient/p1/$meta", "").want(t, 200, `"valueMeta":{"versionId":"1"`)
		s.do("POST", r4+"/Patient/p1/_history/1/$meta", `{"resourceType":"Parameters"}`).want(t, 200, `"valueMeta":{"versionId":"1"`)
		s.do("GET", r4+"/Patient/p1/$meta?unknown=1", "").outcome(t, 400, "not-supported")
		s.do("GET", r4+"/Patient/p1/$none", "").outcome(t, 404, "not-supported")
		s.do("GET", r4+"/Patient/p1/_history/1/x/$meta", "").outcome(t, 404, "not-found")
		s.do("GET", r4+"/Patient/p1/$", "").outcome(t, 404, "not-found")
		s.do("DELETE", r4+"/Patient/p1/$meta", "").outcome(t, 405, "not-supported")
		s.do("GET", r4+"/metadata", "").want(t, 200, `{"name":"meta"`, `"documentation":"`+base+`/OperationDefinition/meta"`)
		s.do("GET", r4+"/OperationDefinition/meta", "").want(t, 200, `"code":"meta"`)
		s.do("GET", r4+"/OperationDefinition/none", "").outcome(t, 404, "not-found")
		s.do("GET", r4+"/export/none", "", "Accept: application/fhir+ndjson").outcome(t, 404, "not-found")
		s.do("POST", r4+"/export/none", "").outcome(t, 405, "not-supported")
	})
}
