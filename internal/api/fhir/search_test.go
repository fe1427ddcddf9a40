// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

const form = "Content-Type: application/x-www-form-urlencoded"

// TestContainedOverHTTP has containers, and contained resources under the address of their container.
func TestContainedOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/MedicationRequest/23", `{"resourceType":"MedicationRequest","id":"23","contained":[`+
			`{"resourceType":"Medication","id":"m1","status":"active","code":{"coding":[{"code":"abc"}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"}},`+
			`{"resourceType":"Medication","id":"m2","code":{"coding":[{"code":"abc"}]}}],"status":"active","intent":"order","medicationReference":{"reference":"#m1"},"subject":{"display":"x"},"supportingInformation":[{"reference":"#m2"}]}`).want(t, 201)
		s.do("GET", r4+"/Medication?code=abc&_summary=count", "").want(t, 200, `"total":0`)
		s.do("GET", r4+"/Medication?code=abc&_contained=true", "").want(t, 200, `"total":1`, `"fullUrl":"`+base+`/MedicationRequest/23","resource":{"resourceType":"MedicationRequest"`, `"mode":"match"`)
		alone := r4 + "/Medication?code=abc&_contained=true&_containedType=contained"
		s.do("GET", alone, "").want(t, 200, `"total":2`, `"fullUrl":"`+base+`/MedicationRequest/23#m1","resource":{"resourceType":"Medication","id":"m1","status":"active"`,
			`"fullUrl":"`+base+`/MedicationRequest/23#m2","resource":{"resourceType":"Medication","id":"m2"`)
		s.do("GET", alone+"&_elements=status&_count=1", "").want(t, 200, `"resource":{"resourceType":"Medication","id":"m1","status":"active","meta":{"tag":[`, `"relation":"next"`)
		s.do("GET", alone+"&_format=xml&_count=1", "").want(t, 200, `<fullUrl value="`+base+`/MedicationRequest/23#m1"/>`, `<Medication`)
		s.do("GET", alone+"&_summary=count", "").want(t, 200, `"total":2`)
		s.do("GET", alone+"&_include=Medication:manufacturer", "").outcome(t, 400, "not-supported")
		s.do("DELETE", r4+"/Medication?code=abc&_contained=true", "").outcome(t, 400, "value")
	})
}

func TestSearchByGetAndPost(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		for i := range 25 {
			s.do("PUT", fmt.Sprintf("%s/Patient/p%02d", r4, i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%02d","active":%v}`, i, i%5 == 0)).want(t, 201)
		}
		ids := func(r reply) (got []string) {
			t.Helper()
			for _, e := range r.bundle(t).Entry {
				id := e.FullURL[strings.LastIndex(e.FullURL, "/")+1:]
				if e.Search.Mode != "match" || e.FullURL != base+"/Patient/"+id {
					t.Errorf("entry %+v", e)
				}
				got = append(got, id)
			}
			return got
		}
		want := []string{"p00", "p05", "p10", "p15", "p20"}
		for name, got := range map[string]reply{
			"GET":          s.do("GET", r4+"/Patient?active=true", ""),
			"form":         s.do("POST", r4+"/Patient/_search", "active=true", form),
			"URL":          s.do("POST", r4+"/Patient/_search?active=true", "", form),
			"no type":      s.do("POST", r4+"/Patient/_search?active=true", ""),
			"form and URL": s.do("POST", r4+"/Patient/_search?active=true", "_count=5", form),
			"slash":        s.do("GET", r4+"/Patient/?active=true", ""),
		} {
			if got := ids(got); !slices.Equal(got, want) {
				t.Errorf("%s finds %q, want %q", name, got, want)
			}
		}
		lenient := s.do("GET", r4+"/Patient?active=true&colour=red", "", "Prefer: handling=lenient").bundle(t)
		if n := len(lenient.Entry); n != 6 || lenient.Entry[5].Search.Mode != "outcome" {
			t.Errorf("lenient search gives %d entries: %+v", n, lenient.Entry)
		}
		s.do("POST", r4+"/Patient/_search", `{"active":true}`, "Content-Type: application/json").outcome(t, 415, "value")
		s.do("GET", r4+"/Patient?colour=red", "").outcome(t, 400, "not-supported")
		s.do("GET", r4+"/Patient?active=%zz", "").outcome(t, 400, "invalid")
		s.do("GET", r4+"/Nothing?x=y", "").outcome(t, 404, "not-supported")
		s.do("HEAD", r4+"/Patient?active=true", "").want(t, 200)
		var count struct{ Total int }
		got := s.do("GET", r4+"/Patient?_summary=count", "").want(t, 200)
		if err := json.Unmarshal([]byte(got.body), &count); err != nil || count.Total != 25 {
			t.Errorf("count is %s", got.body)
		}
	})
}

func TestSearchPagesToTheEnd(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		for i := range 23 {
			s.do("PUT", fmt.Sprintf("%s/Patient/p%02d", r4, i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%02d"}`, i)).want(t, 201)
		}
		for _, first := range []reply{
			s.do("GET", r4+"/Patient?_count=4", ""),
			s.do("POST", r4+"/Patient/_search", "_count=4", form),
			s.do("GET", r4+"/Patient?_sort=-_id&_count=4", ""),
			s.do("GET", r4+"/Patient?_total=accurate", ""),
		} {
			seen := map[string]int{}
			pages := 0
			for at := first; ; pages++ {
				b := at.bundle(t)
				for _, e := range b.Entry {
					seen[e.FullURL]++
				}
				if pages == 0 { // neither of these moves a row
					s.do("PUT", r4+"/Patient/new", `{"resourceType":"Patient","id":"new"}`)
					s.do("DELETE", r4+"/Patient/new", "")
				}
				next := b.link("next")
				if next == "" {
					break
				}
				if u, err := url.Parse(next); err != nil || u.Query().Get("page") == "" || len(u.Query().Get("page")) > 2048 {
					t.Fatalf("next is %s", next)
				}
				at = s.do("GET", local(next), "")
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("%s comes %d times", id, n)
				}
			}
			if len(seen) != 23 {
				t.Errorf("%d patients in %d pages, want 23", len(seen), pages+1)
			}
		}
		b := s.do("GET", r4+"/Patient?_count=4", "").bundle(t)
		other := strings.Replace(local(b.link("next")), "_count=4", "_count=5", 1)
		got := s.do("GET", other, "")
		got.outcome(t, 400, "invalid")
		got.want(t, 400, "Invalid pagination token.")
	})
}

// TestAdvertisedParametersCanBeSearched holds the CapabilityStatement to what Parse takes.
func TestAdvertisedParametersCanBeSearched(t *testing.T) {
	sample := map[string]string{"number": "1", "date": "2020", "string": "a", "token": "a", "reference": "Patient/a", "quantity": "1", "uri": "urn:a"}
	onEngines(t, func(t *testing.T, s *server) {
		var c struct {
			Rest []struct {
				Resource []struct {
					Type             string
					SearchInclude    []string
					SearchRevInclude []string
					SearchParam      []struct{ Name, Type string }
				}
			}
		}
		if err := json.Unmarshal([]byte(s.do("GET", r4+"/metadata", "").body), &c); err != nil {
			t.Fatal(err)
		}
		params := 0
		for _, r := range c.Rest[0].Resource {
			var pairs []search.Pair
			for _, p := range r.SearchParam {
				if value, ok := sample[p.Type]; ok {
					pairs = append(pairs, search.Pair{Name: p.Name, Value: value})
				}
			}
			for _, i := range r.SearchInclude {
				pairs = append(pairs, search.Pair{Name: "_include", Value: i})
			}
			for _, i := range r.SearchRevInclude {
				pairs = append(pairs, search.Pair{Name: "_revinclude", Value: i})
			}
			for _, p := range pairs {
				params++
				if _, err := search.Parse(def.R4(), r.Type, []search.Pair{p}, search.Options{}); err != nil && (errors.Is(err, fault.Unsupported) || p.Name[0] == '_') {
					t.Errorf("%s?%s=%s is advertised: %v", r.Type, p.Name, p.Value, err)
				}
			}
		}
		if params < 5000 {
			t.Errorf("only %d parameters and includes are advertised", params)
		}
	})
}

func TestCompartmentsOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		for _, id := range []string{"a", "b"} {
			s.do("PUT", r4+"/Basic/"+id, `{"resourceType":"Basic","id":"`+id+`","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`).want(t, 201)
		}
		s.do("GET", r4+"/Patient/p1/Basic?_count=1", "").want(t, 200, `"total":2`, `"url":"`+base+`/Patient/p1/Basic?_count=1&page=`)
		s.do("GET", r4+"/Patient/p2/Basic", "").want(t, 200, `"total":0`)
		s.do("GET", r4+"/Patient/p1/Location", "").outcome(t, 404, "not-found")
		s.do("POST", r4+"/Patient/p1/Basic", "{}").outcome(t, 405, "not-supported")
	})
}
