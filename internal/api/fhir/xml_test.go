// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/engine/mem"
	core "galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
	"galen/internal/fhir/xml"
	"galen/internal/store"
)

const (
	takesXML = "Accept: application/fhir+xml"
	sendsXML = "Content-Type: application/fhir+xml"
)

const patientXML = `<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="p1"/><active value="true"/></Patient>`

// xml checks that the answer is XML without findings, and gives its JSON.
func (r reply) xml(t testing.TB, status int) string {
	t.Helper()
	if got := r.header.Get("Content-Type"); r.status != status || got != "application/fhir+xml; charset=utf-8" {
		t.Fatalf("status %d, Content-Type %s: %s", r.status, got, r.body)
	}
	d, err := xml.Decode([]byte(r.body), core.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return string(d.JSON)
}

func TestXML(t *testing.T) {
	e := mem.New()
	t.Cleanup(func() { e.Close() })
	s := newServer(t, e, api.Options{})
	has := func(got string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(got, text) {
				t.Errorf("got %s, want %s in it", got, text)
			}
		}
	}
	has(s.do("PUT", r4+"/Patient/p1", patientXML, sendsXML, takesXML).xml(t, 201), `"active":true`)
	has(s.do("PUT", r4+"/Patient/p1", patientXML, sendsXML).xml(t, 200), `"versionId":"2"`) // no Accept: as it was sent
	s.do("PUT", r4+"/Patient/p1", patientXML, "Content-Type: text/xml; charset=utf-8", "Accept: application/json").want(t, 200, `"versionId":"3"`)
	has(s.do("GET", r4+"/Patient/p1?_format=xml", "").xml(t, 200), `"id":"p1"`)
	has(s.do("GET", r4+"/Patient/p1", "", "Accept: text/html;q=0.5, application/xml;q=0.9, */*;q=0.8").xml(t, 200), `"id":"p1"`)
	s.do("GET", r4+"/Patient/p1?_format=json", "", takesXML).want(t, 200, `"id":"p1"`)
	has(s.do("GET", r4+"/Patient/p1?_format=xml&_pretty=true", "").body, "\n  <id value=\"p1\"/>\n")
	has(s.do("GET", r4+"/Patient/p2", "", takesXML).xml(t, 404), "OperationOutcome")
	has(s.do("GET", r4+"/metadata", "", takesXML).xml(t, 200), "CapabilityStatement")
	has(s.do("GET", r4+"/Patient/p1/_history", "", takesXML).xml(t, 200), `"total":3`)
	s.do("GET", r4+"/Patient/p1", "", "Accept: text/turtle").outcome(t, 406, "not-supported")
	s.do("GET", r4+"/Patient/p1?_format=ttl", "").outcome(t, 406, "not-supported")
	s.do("PUT", r4+"/Patient/p1", patientXML, "Content-Type: text/turtle").outcome(t, 415, "value")
	s.do("PUT", r4+"/Patient/p1", patientXML, "Content-Type: application/fhir+json; charset=utf-16").outcome(t, 415, "value")
	s.do("PUT", r4+"/Patient/p1", "<Patient", sendsXML, "Accept: application/json").outcome(t, 400, "invalid")
	s.do("PUT", r4+"/Patient/p1", strings.Replace(patientXML, "<active", `<x/><active`, 1), sendsXML, "Accept: application/json").
		want(t, 400, `"expression":["Patient.x"]`, "line 1 column")
	for i := range 12 {
		s.do("PUT", r4+"/Patient/q"+string(rune('a'+i)), strings.Replace(patientXML, "p1", "q"+string(rune('a'+i)), 1), sendsXML).xml(t, 201)
	}
	found := s.do("POST", r4+"/Patient/_search", "active=true&_format=xml", "Content-Type: application/x-www-form-urlencoded").xml(t, 200)
	var page bundle
	if err := json.Unmarshal([]byte(found), &page); err != nil {
		t.Fatal(err)
	}
	if next := s.do("GET", local(page.link("next")), "").xml(t, 200); !strings.Contains(next, `"mode":"match"`) {
		t.Errorf("the next page is %s", next)
	}
	batch := `<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><request><method value="GET"/><url value="Patient/p1"/></request></entry></Bundle>`
	has(s.do("POST", r4, batch, sendsXML).xml(t, 200), `"batch-response"`, `"id":"p1"`)
	transaction := `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><fullUrl value="urn:uuid:00000000-0000-4000-8000-000000000001"/>` +
		`<resource><Patient><active value="false"/></Patient></resource><request><method value="POST"/><url value="Patient"/></request></entry>` +
		`<entry><resource><Basic><code><text value="x"/></code><subject><reference value="urn:uuid:00000000-0000-4000-8000-000000000001"/></subject></Basic></resource>` +
		`<request><method value="POST"/><url value="Basic"/></request></entry></Bundle>`
	has(s.do("POST", r4, transaction, sendsXML, takesXML, "Prefer: return=representation").xml(t, 200), `"transaction-response"`, `"reference":"Patient/`)
	patch := `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="replace"/></part>` +
		`<part><name value="path"/><valueString value="Patient.active"/></part><part><name value="value"/><valueBoolean value="false"/></part></parameter></Parameters>`
	has(s.do("PATCH", r4+"/Patient/p1", patch, sendsXML, takesXML).xml(t, 200), `"active":false`, `"versionId":"4"`)
	has(s.do("PATCH", r4+"/Patient?_id=p1", strings.Replace(patch, "false", "true", 1), sendsXML, takesXML).xml(t, 200), `"active":true`)
	for path, want := range map[string]string{"/Patient/_history": `"total":`, "/_history?_count=2": `"history"`, "/Patient/p1/_history/1": `"versionId":"1"`,
		"/Patient/p1/$everything": `"searchset"`, "/Patient/p1/$meta": `"valueMeta"`, "/Patient/p1/*": `"searchset"`} {
		has(s.do("GET", r4+path, "", takesXML).xml(t, 200), want)
	}
	has(s.do("POST", r4+"/Patient/$validate", strings.Replace(patientXML, "<active", `<x/><active`, 1), sendsXML, takesXML).body, "OperationOutcome")
	has(s.do("DELETE", r4+"/Patient?active=true&_count=1", "", takesXML).xml(t, 200), `"batch-response"`)
	if got := s.do("DELETE", r4+"/Patient/p1", "", takesXML, "Prefer: return=OperationOutcome").xml(t, 200); !strings.Contains(got, "OperationOutcome") {
		t.Errorf("a deletion is answered %s", got)
	}
}

// TestExamplesStored stores every official example and reads it back, as JSON and as XML, equal to what was sent but for
// what a server sets: id, version and time.
func TestExamplesStored(t *testing.T) {
	e := mem.New()
	t.Cleanup(func() { e.Close() })
	s := newServer(t, e, api.Options{})
	stored, refused := 0, 0
	for typ, lines := range fhirtest.Examples(t) {
		if !store.Storable(typ) {
			continue
		}
		for _, line := range lines {
			made := s.do("POST", r4+"/"+typ, string(line))
			if validate.Failed(validator.Resource(fhirtest.Parse(t, line), validate.Strict)) { // by the base definitions
				made.outcome(t, 400, "processing")
				refused++
				continue
			}
			made.want(t, 201)
			stored++
			path := local(made.header.Get("Location"))
			want := settled(t, line)
			if got := settled(t, []byte(s.do("GET", path, "").want(t, 200).body)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s as JSON: got %.500v, want %.500v", typ, got, want)
			}
			asXML := s.do("GET", path, "", takesXML)
			if got := settled(t, []byte(asXML.xml(t, 200))); !reflect.DeepEqual(got, want) {
				t.Errorf("%s as XML: got %.500v, want %.500v", typ, got, want)
			}
			again := s.do("POST", r4+"/"+typ, asXML.body, sendsXML, "Accept: application/fhir+json").want(t, 201)
			if got := settled(t, []byte(again.body)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s sent as XML: got %.500v, want %.500v", typ, got, want)
			}
		}
	}
	t.Logf("%d examples stored, %d refused", stored, refused)
	if stored < 10*refused {
		t.Errorf("%d of %d examples are refused", refused, stored+refused)
	}
}

// settled is a resource without what a server sets, its numbers as text.
func settled(t testing.TB, doc []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	delete(v, "id")
	if meta, ok := v["meta"].(map[string]any); ok {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(v, "meta")
		}
	}
	return v
}
