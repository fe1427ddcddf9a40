// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/engine/mem"
	core "galen/internal/fhir"
	"galen/internal/fhir/xml"
)

// FuzzRequest sends whatever comes: no request panics, is answered 500, or with anything but JSON or XML.
func FuzzRequest(f *testing.F) {
	s := newServer(f, mem.New(), api.Options{})
	s.do("PUT", r4+"/Patient/p1", patient).want(f, 201)
	f.Add(uint8(0), "Patient/p1", "_summary=true", "application/json", `W/"1"`, "")
	f.Add(uint8(0), "Patient/p1/_history", "_count=1&page=1.1", "*/*;q=0", `*`, "")
	f.Add(uint8(0), "Patient", "name=a&_sort=-birthdate&_include=*", "", ``, "")
	f.Add(uint8(1), "Patient/_search", "", "", `"1"`, "name=a")
	f.Add(uint8(1), "Patient", "_pretty=true", "", ``, patient)
	f.Add(uint8(2), "Patient/p1", "_format=json", "", `"1", "2"`, patient)
	f.Add(uint8(0), "Patient/p1/nothing/at", "", "application/fhir+xml; fhirVersion=4.0", ``, "")
	f.Add(uint8(1), "", "", "*/*", ``, `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","url":"Patient/_search?_id=p1"}}]}`)
	f.Add(uint8(0), "Composition/$document", "id=Composition/c", "", ``, "")
	f.Add(uint8(3), "Patient/p1", "", "", ``, "")
	methods := []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"}
	f.Fuzz(func(t *testing.T, method uint8, path, query, accept, tag, body string) {
		r := httptest.NewRequest(methods[int(method)%len(methods)], r4, strings.NewReader(body))
		r.URL = &url.URL{Path: r4 + "/" + path, RawQuery: query}
		r.Header = http.Header{"If-Match": {tag}, "If-None-Match": {tag}, "Prefer": {accept}}
		if accept != "" {
			r.Header["Accept"] = []string{accept}
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, s.who)))
		answer, _ := io.ReadAll(w.Result().Body)
		if w.Code >= 500 {
			t.Errorf("status %d: %s", w.Code, answer)
		}
		switch {
		case len(answer) == 0:
		case strings.HasPrefix(w.Header().Get("Content-Type"), "application/fhir+xml"):
			if _, err := xml.Decode(answer, core.Limits{}); err != nil {
				t.Errorf("status %d, %v: %s", w.Code, err, answer)
			}
		default:
			if err := new(core.Tape).Parse(answer, core.Limits{}); err != nil {
				t.Errorf("status %d, %v: %s", w.Code, err, answer)
			}
		}
	})
}
