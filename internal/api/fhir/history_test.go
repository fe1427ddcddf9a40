// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	api "galen/internal/api/fhir"
	"galen/internal/engine/mem"
	core "galen/internal/fhir"
	"galen/internal/fhir/validate"
)

// bundle is what these tests look at in a Bundle.
type bundle struct {
	Type  string
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		FullURL  string
		Resource json.RawMessage
		Search   struct{ Mode string }
		Request  struct{ Method, URL string }
		Response struct{ Status, Etag, LastModified string }
	}
}

func (b bundle) link(relation string) string {
	for _, l := range b.Link {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}

// bundle reads the answer as a Bundle, which must be right by the base definitions.
func (r reply) bundle(t testing.TB) bundle {
	t.Helper()
	r.want(t, 200)
	var tape core.Tape
	if err := tape.Parse([]byte(r.body), core.Limits{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range validator.Resource(tape.Root(), validate.Strict) {
		t.Errorf("the bundle: %+v", f)
	}
	var b bundle
	if err := json.Unmarshal([]byte(r.body), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// local is the path and query of an absolute link.
func local(link string) string { return strings.TrimPrefix(link, "http://example.com") }

func TestHistory(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		made := s.do("POST", r4+"/Patient", patient).want(t, 201)
		id := strings.Split(made.header.Get("Location"), "/")[7]
		path := r4 + "/Patient/" + id
		for range 3 {
			s.do("PUT", path, made.body).want(t, 200)
		}
		s.do("DELETE", path, "").want(t, 204)
		s.do("PUT", path, made.body).want(t, 201)
		b := s.do("GET", path+"/_history", "").bundle(t)
		var got []string
		for _, e := range b.Entry {
			got = append(got, fmt.Sprint(e.Request.Method, " ", e.Request.URL, " ", e.Response.Status, " ", e.Response.Etag, " ", len(e.Resource) > 0))
			if e.FullURL != base+"/Patient/"+id || e.Response.LastModified == "" {
				t.Errorf("entry %+v", e)
			}
		}
		want := []string{
			"PUT Patient/" + id + ` 200 OK W/"6" true`,
			"DELETE Patient/" + id + ` 204 No Content W/"5" false`,
			"PUT Patient/" + id + ` 200 OK W/"4" true`,
			"PUT Patient/" + id + ` 200 OK W/"3" true`,
			"PUT Patient/" + id + ` 200 OK W/"2" true`,
			`POST Patient 201 Created W/"1" true`,
		}
		if !slices.Equal(got, want) || b.Type != "history" || b.Total == nil || *b.Total != 6 {
			t.Errorf("history %q, want %q", got, want)
		}
		var pages []string
		next := path + "/_history?_count=2"
		for i := 0; next != ""; i++ {
			b := s.do("GET", next, "").bundle(t)
			for _, e := range b.Entry {
				pages = append(pages, e.Response.Etag)
			}
			next = local(b.link("next"))
			if i == 0 { // what is written between two pages is not in them
				s.do("PUT", path, made.body).want(t, 200)
			}
		}
		if want := []string{`W/"6"`, `W/"5"`, `W/"4"`, `W/"3"`, `W/"2"`, `W/"1"`}; !slices.Equal(pages, want) {
			t.Errorf("pages %q, want %q", pages, want)
		}
		if b := s.do("GET", path+"/_history?_count=0", "").bundle(t); len(b.Entry) != 0 || *b.Total != 7 {
			t.Errorf("_count=0 gives %+v", b)
		}
	})
}

func TestHistoryByTime(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{})
	path := r4 + "/Patient/p1"
	var times []string
	for i := range 4 {
		made := s.do("PUT", path, patient)
		var v struct{ Meta struct{ LastUpdated string } }
		if err := json.Unmarshal([]byte(made.body), &v); err != nil || v.Meta.LastUpdated == "" {
			t.Fatal(made.body, err)
		}
		times = append(times, v.Meta.LastUpdated)
		for i < 3 && s.do("PUT", r4+"/Patient/clock", strings.Replace(patient, "p1", "clock", 1)).header.Get("ETag") != "" {
			var c struct{ Meta struct{ LastUpdated string } }
			got := s.do("GET", r4+"/Patient/clock", "")
			if err := json.Unmarshal([]byte(got.body), &c); err != nil {
				t.Fatal(err)
			}
			if c.Meta.LastUpdated > times[i] { // the next version has a later time
				break
			}
		}
	}
	etags := func(query string) (got []string) {
		t.Helper()
		for next := path + "/_history?_count=1&" + query; next != ""; {
			b := s.do("GET", next, "").bundle(t)
			for _, e := range b.Entry {
				got = append(got, e.Response.Etag)
			}
			next = local(b.link("next"))
		}
		return got
	}
	if got, want := etags("_since="+url.QueryEscape(times[2])), []string{`W/"4"`, `W/"3"`}; !slices.Equal(got, want) {
		t.Errorf("_since the third gives %q, want %q", got, want)
	}
	if got, want := etags("_at="+url.QueryEscape(times[1])), []string{`W/"2"`}; !slices.Equal(got, want) {
		t.Errorf("_at the second gives %q, want %q", got, want)
	}
	if got := etags("_at=1999"); got != nil {
		t.Errorf("_at 1999 gives %q", got)
	}
	if got := etags("_at=2999"); !slices.Equal(got, []string{`W/"4"`}) {
		t.Errorf("_at 2999 gives %q", got)
	}
}

func TestHistoryOfTypesOverHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		s.do("PUT", r4+"/Basic/b", `{"resourceType":"Basic","id":"b","code":{"text":"x"}}`).want(t, 201)
		s.do("DELETE", r4+"/Patient/p1", "").want(t, 204)
		s.do("GET", r4+"/Patient/_history", "").want(t, 200, `"type":"history"`, `"total":2`, `"method":"DELETE"`)
		s.do("GET", r4+"/_history?_count=2", "").want(t, 200, `"total":3`, `"url":"Basic/b"`, `"relation":"next","url":"`+base+`/_history?_count=2&page=`)
		s.do("POST", r4+"/_history", "{}").outcome(t, 405, "not-supported")
		s.do("GET", r4+"/Nothing/_history", "").outcome(t, 404, "not-supported")
	})
}

// TestHistoryOfTypesAt compares _at of a type and of the data store with what each resource's own history says.
func TestHistoryOfTypesAt(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		type version struct {
			key          string
			began, ended time.Time
			deleted      bool
		}
		var all []version
		write := func(method, key string) {
			body := ""
			if typ, id, _ := strings.Cut(key, "/"); method == "PUT" {
				body = fmt.Sprintf(`{"resourceType":%q,"id":%q,"code":{"text":"x"}}`, typ, id)
				if typ == "Patient" {
					body = fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id)
				}
			}
			got := s.do(method, r4+"/"+key, body)
			if got.status >= 300 {
				t.Fatal(got)
			}
			list := s.do("GET", r4+"/"+key+"/_history?_count=1", "").bundle(t)
			at, err := time.Parse(time.RFC3339, list.Entry[0].Response.LastModified)
			if err != nil {
				t.Fatal(err)
			}
			for i := range all {
				if all[i].key == key && all[i].ended.IsZero() {
					all[i].ended = at
				}
			}
			all = append(all, version{key, at, time.Time{}, method == "DELETE"})
		}
		for i := range 40 {
			key := []string{"Patient/a", "Patient/b", "Basic/a", "Basic/c"}[i*7%4]
			method := "PUT"
			if i%11 == 10 {
				method = "DELETE"
			}
			write(method, key)
		}
		year := s.do("GET", fmt.Sprintf("%s/_history?_count=0&_at=%d", r4, all[0].began.Year()), "").bundle(t)
		if *year.Total != len(all) {
			t.Errorf("in the year were %d versions, want %d", *year.Total, len(all))
		}
		for i := range all {
			at := all[i].began.UTC().Format("2006-01-02T15:04:05.000Z")
			for _, typ := range []string{"", "Patient", "Basic"} {
				var want []string
				for _, v := range all {
					during := v.began.Before(all[i].began.Add(time.Millisecond)) && (v.ended.IsZero() || v.ended.After(all[i].began))
					if during && !v.deleted && strings.HasPrefix(v.key, typ) {
						want = append(want, v.key)
					}
				}
				var got []string
				url := strings.TrimSuffix(r4+"/"+typ, "/") + "/_history?_count=2&_at=" + at
				for url != "" {
					page := s.do("GET", url, "").bundle(t)
					if page.Total == nil || *page.Total != len(want) {
						t.Errorf("%s: the total is not %d", url, len(want))
					}
					for _, e := range page.Entry {
						got = append(got, strings.TrimPrefix(e.FullURL, base+"/"))
					}
					url = local(page.link("next"))
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("%q at %s: got %q, want %q", typ, at, got, want)
				}
			}
		}
	})
}
