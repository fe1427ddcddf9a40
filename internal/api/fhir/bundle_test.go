// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
)

func TestTransactionOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const entries = `{"resourceType":"Bundle","type":"transaction","entry":[
			{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},
			{"resource":{"resourceType":"Basic","id":"b","code":{"text":"x"},"subject":{"reference":"urn:uuid:1"}},"request":{"method":"PUT","url":"Basic/b"}},
			{"request":{"method":"GET","url":"` + base + `/Patient?active=true"}}]}`
		got := s.do("POST", r4+"/", entries).want(t, 200, `"type":"transaction-response"`, `"status":"201","location":"Basic/b/_history/1","etag":"W/\"1\"","lastModified":"`,
			`"type":"searchset","timestamp":"`, `"total":1`)
		if strings.Contains(got.body, `"subject"`) || strings.Contains(got.body, `"outcome"`) {
			t.Errorf("a minimal answer has %s", got.body)
		}
		s.do("GET", r4+"/Basic/b", "").want(t, 200, `"subject":{"reference":"Patient/`)
		s.do("POST", r4, entries, "Prefer: return=representation").want(t, 200, `"fullUrl":"`+base+`/Basic/b","resource":{"resourceType":"Basic"`, `"status":"200"`)
		s.do("POST", r4, entries, "Prefer: return=OperationOutcome").want(t, 200, `"outcome":{"resourceType":"OperationOutcome"`)
		wrong := strings.Replace(entries, `"url":"Basic/b"`, `"url":"Basic/b","ifMatch":"W/\"9\""`, 1)
		refused := s.do("POST", r4, wrong)
		refused.outcome(t, 412, "conflict")
		refused.want(t, 412, `"expression":["Bundle.entry[1]"]`)
		s.do("POST", r4, strings.Replace(wrong, "transaction", "batch", 1)).want(t, 200, `"type":"batch-response"`, `"status":"412","outcome":{"resourceType":"OperationOutcome"`)
	})
}

func TestDeleteManyOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		for _, id := range []string{"a", "b", "c"} {
			s.do("PUT", r4+"/Basic/"+id, `{"resourceType":"Basic","id":"`+id+`","code":{"text":"x"},"created":"2020"}`).want(t, 201)
		}
		const query = "/Basic?created=2020&_count=2"
		got := s.do("DELETE", r4+query, "").want(t, 200, `"type":"batch-response"`, `"relation":"next","url":"`+base+query, `"status":"204","location":"Basic/a/_history/2"`)
		if n := strings.Count(got.body, `"status":"204"`); n != 2 {
			t.Errorf("%d are deleted, want 2", n)
		}
		if got := s.do("DELETE", r4+query, "").want(t, 200, "Basic/c/_history/2"); strings.Contains(got.body, "next") {
			t.Errorf("the last has a next link: %s", got.body)
		}
		if got := s.do("DELETE", r4+query, "").want(t, 200, "batch-response"); strings.Contains(got.body, "entry") {
			t.Errorf("nothing is found, and yet: %s", got.body)
		}
		s.do("DELETE", r4+query, "", `If-Match: W/"1"`).outcome(t, 400, "value")
		s.do("DELETE", r4+"/Basic?created=2020&_count=101", "").outcome(t, 400, "value")
		s.do("DELETE", r4+"/Basic?_count=1", "").outcome(t, 400, "value")
	})
}

func TestConditionalWritesOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const body, query = `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"1"}]}`, "?identifier=urn:s%7C1"
		made := s.do("POST", r4+"/Patient", body, "If-None-Exist: identifier=urn:s|1").want(t, 201)
		again := s.do("POST", r4+"/Patient", body, "If-None-Exist: identifier=urn:s|1").want(t, 200)
		for _, prefix := range []string{"?", "Patient?", base + "/Patient?"} { // as some clients have it
			s.do("POST", r4+"/Patient", body, "If-None-Exist: "+prefix+"identifier=urn:s|1").want(t, 200)
		}
		if made.body != again.body {
			t.Errorf("again gives %s, want %s", again.body, made.body)
		}
		s.do("PUT", r4+"/Patient"+query, body).want(t, 200, `"versionId":"2"`)
		s.do("PUT", r4+"/Patient"+query, strings.Replace(body, `"id`, `"id":"x","id`, 1)).outcome(t, 409, "conflict")
		s.do("DELETE", r4+"/Patient"+query, "", `If-Match: W/"1"`).outcome(t, 412, "conflict")
		s.do("DELETE", r4+"/Patient"+query, "").want(t, 204)
		s.do("DELETE", r4+"/Patient"+query, "").outcome(t, 404, "not-found")
		s.do("PUT", r4+"/Patient"+query, body).want(t, 201)
		s.do("POST", r4+"/Patient", body).want(t, 201)
		s.do("PUT", r4+"/Patient"+query, body).outcome(t, 412, "multiple-matches")
		s.do("POST", r4+"/Patient", body, "If-None-Exist: identifier=urn:s|1").outcome(t, 412, "multiple-matches")
		s.do("DELETE", r4+"/Patient"+query, "").outcome(t, 412, "multiple-matches")
	})
}

func TestDeferredTransaction(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const async = "Prefer: respond-async"
		body := func(id string) string {
			return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"` + id + `"},"request":{"method":"PUT","url":"Patient/p"}}]}`
		}
		good := s.do("POST", r4, body("p"), async).want(t, 202, "Submitted Asynchronous Bundle Transaction").header.Get("Content-Location")
		wrong := s.do("POST", r4, body("q"), async).want(t, 202).header.Get("Content-Location")
		if !strings.HasPrefix(good, base+"/Transaction/") {
			t.Fatalf("Content-Location is %s", good)
		}
		if got := s.do("GET", local(good), "").want(t, 202, `"SUBMITTED"`); got.header.Get("X-Progress") != "SUBMITTED" || got.header.Get("Retry-After") == "" {
			t.Errorf("headers %v", got.header)
		}
		back := s.do("POST", r4, body("p"), async).want(t, 202).header.Get("Content-Location")
		s.do("DELETE", local(back), "").want(t, 202)
		s.do("GET", local(back), "").outcome(t, 404, "not-found")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			s.work(ctx)
			close(done)
		}()
		poll := func(url string) reply {
			for {
				if got := s.do("GET", local(url), ""); got.status != 202 {
					return got
				}
				runtime.Gosched()
			}
		}
		poll(good).want(t, 200, `"transaction-response"`, `"status":"201"`, `"location":"Patient/p/_history/1"`)
		poll(wrong).want(t, 400, "Bundle.entry[0]")
		cancel()
		<-done
		s.do("GET", r4+"/Patient/p", "").want(t, 200, `"versionId":"1"`)
		s.do("POST", r4, strings.Replace(body("p"), "transaction", "batch", 1), async).want(t, 200, `"batch-response"`)
		s.do("PUT", local(good), "").outcome(t, 405, "not-supported")
		s.do("DELETE", local(good), "").want(t, 202)
		s.do("GET", local(good), "").outcome(t, 404, "not-found")
		s.do("DELETE", local(good), "").outcome(t, 404, "not-found")
	})
}

func TestOperationsInBundles(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", strings.Replace(patient, `"active"`, `"meta":{"tag":[{"code":"t"}]},"active"`, 1)).want(t, 201)
		bundle := func(kind, method, url string) string {
			return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"request":{"method":"` + method + `","url":"` + url + `"}}]}`
		}
		for _, kind := range []string{"batch", "transaction"} {
			s.do("POST", r4, bundle(kind, "GET", "Patient/p1/$meta")).want(t, 200, `"resourceType":"Parameters"`, `"code":"t"`, `"status":"200"`)
			s.do("POST", r4, bundle(kind, "GET", "Patient/p1/_history/1/$meta")).want(t, 200, `"code":"t"`)
			s.do("POST", r4, bundle(kind, "GET", "Patient/p1/$colour")).want(t, 200, `"status":"404"`)
		}
		s.do("POST", r4, bundle("transaction", "POST", "Patient/p1/$meta")).outcome(t, 400, "not-supported")
		s.do("POST", r4, bundle("batch", "DELETE", "Patient/p1/$meta")).want(t, 200, `"status":"400"`)
		for _, url := range []string{"$export", "$graphql?query={Patient(id:p1){id}}", "Patient/p1/$erase", "Patient/$bulk-delete"} {
			s.do("POST", r4, bundle("batch", "POST", url)).want(t, 200, `"status":"400"`, "has no place in a Bundle")
		}
	})
}

func TestSearchOfTypesOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		s.do("PUT", r4+"/Basic/b", `{"resourceType":"Basic","id":"b","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`).want(t, 201)
		const form = "Content-Type: application/x-www-form-urlencoded"
		s.do("GET", r4+"?_type=Patient,Basic", "").want(t, 200, `"total":2`)
		s.do("POST", r4+"/_search", "_type=Patient,Basic&_count=1", form).want(t, 200, `"url":"`+base+`/?_type=`)
		s.do("POST", r4+"/Basic/_search", "", form).want(t, 200, `"total":1`)
		s.do("GET", r4+"/Patient/p1/*", "").want(t, 200, `"total":1`, `"id":"b"`)
		s.do("POST", r4+"/Patient/p1/_search", "", form).want(t, 200, `"total":1`, `"id":"b"`)
		s.do("POST", r4+"/Patient/p1/Basic/_search", "code:text=x", form).want(t, 200, `"total":1`, `"id":"b"`)
		s.do("GET", r4+"/Basic/b/*", "").outcome(t, 404, "not-found")
		s.do("GET", r4+"/_search", "").outcome(t, 405, "not-supported")
		first := s.do("GET", r4+"?_type=Patient,Basic&_count=1", "").bundle(t)
		second := s.do("GET", local(first.link("next")), "").bundle(t)
		if len(second.Entry) != 1 || second.Entry[0].FullURL == first.Entry[0].FullURL {
			t.Errorf("the second page has %+v", second.Entry)
		}
	})
}
