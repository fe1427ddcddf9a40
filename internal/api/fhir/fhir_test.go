// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/authz"
	"galen/internal/blob/file"
	"galen/internal/deferred"
	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	core "galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/operation"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/terminology"
)

const (
	account   = "123456789012"
	dataStore = "0123456789abcdef0123456789abcdef"
	r4        = "/datastore/" + dataStore + "/r4"
	base      = "http://example.com" + r4
)

const jsonPatch = "Content-Type: application/json-patch+json"

type whoKey struct{}

// server is the whole stack behind one handler.
type server struct {
	t       testing.TB
	handler http.Handler
	who     authz.Principal
	work    func(context.Context) // carries out what was deferred, until the context ends
}

var validator = validate.New(def.R4())

func newServer(t testing.TB, e engine.Engine, opt api.Options) *server {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	terms, err := terminology.New(e, x, terminology.Options{})
	if err != nil {
		t.Fatal(err)
	}
	planner, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32), Concepts: terms.Concepts})
	if err != nil {
		t.Fatal(err)
	}
	stores := store.New(e, x, store.Options{})
	t.Cleanup(func() { stores.Close() })
	open := func(_ context.Context, of, id string) (*store.Store, error) {
		if of != account || id != dataStore {
			return nil, fault.New(fault.NotFound, "there is no data store with this id")
		}
		return stores.Store(1)
	}
	service := interaction.New(open, planner, validator, interaction.Options{DefaultCount: 10, Operations: operation.Advertised(),
		Members: terms.Members, Definition: terms.Definition})
	opt.Operator = operation.New(service, operation.Options{Terminology: terms})
	kept, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	if err := kept.CreateBucket(t.Context(), deferred.Bucket); err != nil {
		t.Fatal(err)
	}
	jobs := job.New(e, job.Options{Exclusive: true})
	opt.Deferred = deferred.New(jobs, kept, service, api.Refusal, deferred.Options{})
	work := func(ctx context.Context) { _ = jobs.Run(ctx, opt.Deferred.Handlers()) }
	who := func(ctx context.Context) authz.Principal {
		p, _ := ctx.Value(whoKey{}).(authz.Principal)
		return p
	}
	return &server{t, api.New(service, who, opt), authz.Principal{Kind: authz.Signed, Account: account}, work}
}

// onEngines runs a test on every engine.
func onEngines(t *testing.T, f func(t *testing.T, s *server)) {
	t.Run("mem", func(t *testing.T) {
		e := mem.New()
		t.Cleanup(func() { e.Close() })
		f(t, newServer(t, e, api.Options{}))
	})
	t.Run("lsm", func(t *testing.T) {
		e, err := lsm.Open(t.TempDir(), lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		f(t, newServer(t, e, api.Options{}))
	})
}

// reply is what a request was answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are "Name: value".
func (s *server) do(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, s.who)))
	got, err := io.ReadAll(w.Result().Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{w.Code, w.Header(), string(got)}
}

// want fails the test unless the answer has that status and, in its body, each text.
func (r reply) want(t testing.TB, status int, texts ...string) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("the answer lacks %s: %s", text, r.body)
		}
	}
	if r.body != "" && !strings.Contains(r.header.Get("Content-Type"), "xml") && !json.Valid([]byte(r.body)) {
		t.Errorf("the answer is not JSON: %s", r.body)
	}
	return r
}

// outcome checks that the answer is an OperationOutcome with that code in its first issue.
func (r reply) outcome(t testing.TB, status int, code string) {
	t.Helper()
	var got struct {
		ResourceType string
		Issue        []struct{ Severity, Code, Diagnostics string }
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || got.ResourceType != "OperationOutcome" || len(got.Issue) == 0 {
		t.Fatalf("status %d, no OperationOutcome: %s", r.status, r.body)
	}
	if r.status != status || got.Issue[0].Code != code || got.Issue[0].Diagnostics == "" {
		t.Errorf("status %d, issue %+v; want %d, %s", r.status, got.Issue[0], status, code)
	}
}

const patient = `{"resourceType":"Patient","id":"p1","active":true,"name":[{"family":"Chalmers"}]}`

func TestCreateReadUpdateDelete(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		made := s.do("POST", r4+"/Patient", patient).want(t, 201, `"versionId":"1"`, `"family":"Chalmers"`)
		location := made.header.Get("Location")
		id, ok := strings.CutPrefix(strings.TrimSuffix(location, "/_history/1"), base+"/Patient/")
		if !ok || len(id) != 36 || id == "p1" {
			t.Fatalf("Location is %s", location)
		}
		if got := made.header.Get("ETag"); got != `W/"1"` || made.header.Get("Last-Modified") == "" {
			t.Errorf("ETag %s, Last-Modified %s", got, made.header.Get("Last-Modified"))
		}
		read := s.do("GET", r4+"/Patient/"+id, "").want(t, 200)
		if read.body != made.body || read.header.Get("ETag") != `W/"1"` || read.header.Get("Content-Type") != "application/fhir+json; charset=utf-8" {
			t.Errorf("read %+v, want what create gave", read)
		}
		next := strings.Replace(read.body, "Chalmers", "Windsor", 1)
		s.do("PUT", r4+"/Patient/"+id, next, `If-Match: W/"1"`).want(t, 200, `"versionId":"2"`, "Windsor")
		s.do("PUT", r4+"/Patient/"+id, next, `If-Match: W/"1"`).outcome(t, 412, "conflict")
		s.do("GET", r4+"/Patient/"+id+"/_history/1", "").want(t, 200, "Chalmers")
		s.do("DELETE", r4+"/Patient/"+id, "", `If-Match: W/"1"`).outcome(t, 412, "conflict")
		if got := s.do("DELETE", r4+"/Patient/"+id, "").want(t, 204); got.body != "" || got.header.Get("ETag") != `W/"3"` {
			t.Errorf("delete gives %+v", got)
		}
		s.do("DELETE", r4+"/Patient/"+id, "").want(t, 204)
		s.do("DELETE", r4+"/Patient/never", "").want(t, 204)
		s.do("GET", r4+"/Patient/"+id, "").outcome(t, 410, "deleted")
		s.do("GET", r4+"/Patient/"+id+"/_history/3", "").outcome(t, 410, "deleted")
		s.do("GET", r4+"/Patient/"+id+"/_history/2", "").want(t, 200, "Windsor")
		s.do("GET", r4+"/Patient/"+id+"/_history/4", "").outcome(t, 404, "not-found")
		s.do("PUT", r4+"/Patient/"+id, next).want(t, 201, `"versionId":"4"`)
	})
}

func TestUpdateAsCreateAndConditions(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: W/"1"`).outcome(t, 412, "conflict")
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: *`).outcome(t, 412, "conflict")
		made := s.do("PUT", r4+"/Patient/p1", patient, `If-None-Match: *`).want(t, 201)
		if got := made.header.Get("Location"); got != base+"/Patient/p1/_history/1" {
			t.Errorf("Location is %s", got)
		}
		s.do("PUT", r4+"/Patient/p1", patient, `If-None-Match: *`).outcome(t, 412, "conflict")
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: *`).want(t, 200)
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: "2"`).want(t, 200, `"versionId":"3"`)
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: W/"x"`).outcome(t, 412, "conflict")
		s.do("PUT", r4+"/Patient/p1", patient, `If-Match: W/"1", W/"2"`).outcome(t, 400, "value")
		s.do("PUT", r4+"/Patient/p1", patient, `If-None-Match: W/"1"`).outcome(t, 400, "value")
		s.do("PUT", r4+"/Patient/other", patient).outcome(t, 400, "value")
		s.do("PUT", r4+"/Patient/p1", `{"resourceType":"Patient"}`).outcome(t, 400, "required")
	})
}

func TestConditionalRead(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		made := s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		for header, want := range map[string]int{
			`If-None-Match: W/"1"`:                                   304,
			`If-None-Match: W/"7", W/"1"`:                            304,
			`If-None-Match: *`:                                       304,
			`If-None-Match: W/"2"`:                                   200,
			"If-Modified-Since: " + made.header.Get("Last-Modified"): 304,
			"If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT":       200,
			"If-Modified-Since: yesterday":                           200,
		} {
			got := s.do("GET", r4+"/Patient/p1", "", header).want(t, want)
			if (got.body == "") != (want == 304) || got.header.Get("ETag") != `W/"1"` {
				t.Errorf("%s: %+v", header, got)
			}
		}
		s.do("HEAD", r4+"/Patient/p1", "").want(t, 200)
	})
}

func TestPrefer(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		if got := s.do("PUT", r4+"/Patient/p1", patient, "Prefer: return=minimal").want(t, 201); got.body != "" || got.header.Get("Location") == "" {
			t.Errorf("minimal gives %+v", got)
		}
		s.do("PUT", r4+"/Patient/p1", patient, "Prefer: handling=strict; return=OperationOutcome").want(t, 200, `"OperationOutcome"`)
		s.do("PUT", r4+"/Patient/p1", patient, "Prefer: return=representation").want(t, 200, `"Chalmers"`)
		s.do("DELETE", r4+"/Patient/p1", "", "Prefer: return=OperationOutcome").want(t, 200, `"OperationOutcome"`)
	})
}

func TestIdempotencyKey(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const key = "X-Amz-Fhir-Idempotency-Key: 6f1b0a4e-9a5b-4d7e-8a51-3f3b5b7c1d11"
		made := s.do("POST", r4+"/Patient", patient, key).want(t, 201)
		again := s.do("POST", r4+"/Patient", strings.Replace(patient, "Chalmers", "Other", 1), key).want(t, 409)
		if again.body != made.body || again.header.Get("ETag") != `W/"1"` || again.header.Get("Location") != made.header.Get("Location") {
			t.Errorf("again %+v, want the first resource %+v", again, made)
		}
		other := s.do("POST", r4+"/Basic", `{"resourceType":"Basic","code":{"text":"x"}}`, key).want(t, 409)
		if other.body != made.body || other.header.Get("Location") != made.header.Get("Location") {
			t.Errorf("the key with another type gives %+v, want the first resource %+v", other, made)
		}
		s.do("POST", r4+"/Patient", patient, "X-Amz-Fhir-Idempotency-Key: 17").outcome(t, 400, "value")
	})
}

func TestValidationLevels(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const level, wrong = "X-Amzn-Healthlake-Fhir-Validation-Level: ", `{"resourceType":"Patient","id":"p1","colour":"red"}`
		bad := s.do("PUT", r4+"/Patient/p1", wrong)
		bad.outcome(t, 400, "processing")
		bad.want(t, 400, "FHIR resource in payload failed FHIR validation rules.", `"expression":["Patient.colour"]`, `"structure"`)
		s.do("PUT", r4+"/Patient/p1", wrong, level+"structure-only").outcome(t, 400, "processing")
		s.do("PUT", r4+"/Patient/p1", wrong, level+"minimal").want(t, 201)
		odd := s.do("PUT", r4+"/Patient/p2", `{"resourceType":"Patient","id":"p2","birthDate":"soon"}`, level+"minimal")
		odd.want(t, 201, `"url":"http://healthlake.amazonaws.com/fhir/StructureDefinition/validation-issue"`, `"birthDate":"soon"`)
		if got := odd.header.Get("X-Amzn-Healthlake-Validation-Issues"); got != "true" {
			t.Errorf("the header of issues is %q", got)
		}
		s.do("PUT", r4+"/Patient/p1", wrong, level+"none").outcome(t, 400, "value")
		made := s.do("POST", r4+"/Patient", `{"resourceType":"Patient","gender":["x"]}`, level+"minimal").want(t, 201, "validation-issue")
		if got := made.header.Get("X-Amzn-Healthlake-Validation-Issues"); got != "true" {
			t.Errorf("create: the header of issues is %q", got)
		}
	})
}

func TestValidationLevelsOfBundles(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		const level, entry = "X-Amzn-Healthlake-Fhir-Validation-Level: ", `{"resource":%s,"request":{"method":"PUT","url":"Patient/%s"}}`
		for _, kind := range []string{"batch", "transaction"} {
			odd, right, unknown := kind+"-odd", kind+"-right", kind+"-unknown"
			body := fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[`+entry+`,`+entry+`,`+entry+`]}`, kind,
				`{"resourceType":"Patient","id":"`+odd+`","birthDate":"soon"}`, odd, `{"resourceType":"Patient","id":"`+right+`"}`, right,
				`{"resourceType":"Patient","id":"`+unknown+`","colour":"red"}`, unknown)
			for _, l := range []string{"strict", "structure-only"} {
				if kind == "transaction" {
					s.do("POST", r4, body, level+l).outcome(t, 400, "processing")
					s.do("GET", r4+"/Patient/"+right, "").outcome(t, 404, "not-found")
					continue
				}
				got := s.do("POST", r4, body, level+l).want(t, 200, `"status":"400"`)
				if strings.Count(got.body, `"status":"400"`) != 2 || got.header.Get("X-Amzn-Healthlake-Validation-Issues") != "" {
					t.Errorf("%s: got %s %v", l, got.body, got.header)
				}
			}
			got := s.do("POST", r4, body, level+"minimal").want(t, 200, `"status":"201"`, `"outcome"`)
			if strings.Contains(got.body, `"status":"400"`) || got.header.Get("X-Amzn-Healthlake-Validation-Issues") != "true" {
				t.Errorf("minimal: got %s %v", got.body, got.header)
			}
			s.do("GET", r4+"/Patient/"+odd, "").want(t, 200, "validation-issue", `"birthDate":"soon"`)
			if got := s.do("GET", r4+"/Patient/"+unknown, "").want(t, 200, `"colour":"red"`); strings.Contains(got.body, "validation-issue") {
				t.Errorf("what can be searched is marked: %s", got.body)
			}
			s.do("POST", r4, body, level+"loose").outcome(t, 400, "value")
		}
	})
}

func TestRefusals(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
		for _, c := range []struct {
			method, path, body, header string
			status                     int
			code                       string
		}{
			{"GET", r4 + "/Patient/nobody", "", "", 404, "not-found"},
			{"GET", r4 + "/Patient/a%20b", "", "", 404, "not-found"},
			{"GET", r4 + "/Patient/nobody/_history", "", "", 404, "not-found"},
			{"GET", r4 + "/Patient/p1/_history/0", "", "", 404, "not-found"},
			{"GET", r4 + "/Patient/p1/_history/one", "", "", 404, "not-found"},
			{"GET", r4 + "/Patient/p1/_history?_count=x", "", "", 400, "value"},
			{"GET", r4 + "/Patient/p1/_history?_since=2020", "", "", 400, "value"},
			{"GET", r4 + "/Patient/p1/_history?_at=x", "", "", 400, "value"},
			{"GET", r4 + "/Patient/p1/_history?page=9.9", "", "", 400, "invalid"},
			{"GET", r4 + "/Patient/p1/_history?page=x", "", "", 400, "value"},
			{"GET", r4 + "/Patient/p1/_history?color=red", "", "", 400, "not-supported"},
			{"GET", r4 + "/Nothing/1", "", "", 404, "not-supported"},
			{"GET", r4 + "/Parameters/1", "", "", 404, "not-supported"},
			{"POST", r4 + "/OperationOutcome", `{"resourceType":"OperationOutcome"}`, "", 404, "not-supported"},
			{"POST", r4 + "/Patient", `{"resourceType":"Group"}`, "", 400, "invalid"},
			{"POST", r4 + "/Patient", `{"resourceType":"Patient"`, "", 400, "invalid"},
			{"POST", r4 + "/Patient", ``, "", 400, "invalid"},
			{"POST", r4 + "/Patient", `[]`, "", 400, "processing"},
			{"POST", r4 + "/Patient", patient, "Content-Type: text/plain", 415, "value"},
			{"POST", r4 + "/Patient", patient, "If-None-Exist: nothing=x", 400, "not-supported"},
			{"GET", r4 + "/Patient/p1", "", "Accept: text/turtle", 406, "not-supported"},
			{"GET", r4 + "/Patient/p1?_format=ttl", "", "", 406, "not-supported"},
			{"PATCH", r4 + "/Patient/p1", "[]", "", 415, "value"},
			{"PATCH", r4 + "/Patient/p1", "{}", jsonPatch, 400, "structure"},
			{"PATCH", r4 + "/Patient/none", "[]", jsonPatch, 404, "not-found"},
			{"PATCH", r4 + "/Patient/p1", `[{"op":"remove","path":"/x"}]`, jsonPatch, 422, "processing"},
			{"PUT", r4 + "/Patient", patient, "", 400, "value"},
			{"DELETE", r4 + "/Patient", "", "", 400, "value"},
			{"PATCH", r4 + "/Patient", "[]", jsonPatch, 400, "value"},
			{"POST", r4 + "/Patient/p1", "{}", "", 405, "not-supported"},
			{"POST", r4, "{}", "", 400, "invalid"},
			{"POST", r4, `{"resourceType":"Bundle","type":"collection"}`, "", 400, "value"},
			{"POST", r4, `{"resourceType":"Bundle","type":"batch","entry":{}}`, "", 400, "structure"},
			{"POST", r4, `{"resourceType":"Bundle","type":"transaction","entry":[1]}`, "", 400, "required"},
			{"PUT", r4, "", "", 405, "not-supported"},
			{"POST", r4 + "/metadata", "{}", "", 405, "not-supported"},
			{"GET", r4 + "/Patient/p1/$nothing", "", "", 404, "not-supported"},
			{"GET", r4 + "/Patient/p1/_history/1/x", "", "", 404, "not-found"},
			{"GET", "/datastore/" + dataStore + "/r5/Patient/p1", "", "", 404, "not-found"},
			{"GET", "/datastore/ffffffffffffffffffffffffffffffff/r4/Patient/p1", "", "", 404, "not-found"},
		} {
			var headers []string
			if c.header != "" {
				headers = append(headers, c.header)
			}
			got := s.do(c.method, c.path, c.body, headers...)
			t.Run(c.method+c.path+c.header, func(t *testing.T) { got.outcome(t, c.status, c.code) })
			if allow := got.header.Get("Allow"); (allow != "") != (c.status == 405) {
				t.Errorf("%s %s: Allow is %q", c.method, c.path, allow)
			}
		}
		s.who = authz.Principal{}
		s.do("GET", r4+"/Patient/p1", "").outcome(t, 401, "forbidden")
		s.who = authz.Principal{Kind: authz.Signed, Account: "999999999999"}
		s.do("GET", r4+"/Patient/p1", "").outcome(t, 404, "not-found")
	})
}

func TestNegotiation(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		s.do("PUT", r4+"/Patient/p1", patient, "Content-Type: application/fhir+json; charset=UTF-8; fhirVersion=4.0").want(t, 201)
		for _, accept := range []string{"application/fhir+json", "application/json", "*/*", "text/html, application/*;q=0.5",
			"application/fhir+json; fhirVersion=4.0", "application/fhir+xml;q=0.9, application/fhir+json"} {
			s.do("GET", r4+"/Patient/p1", "", "Accept: "+accept).want(t, 200)
		}
		s.do("GET", r4+"/Patient/p1", "", "Accept: application/json;q=0").outcome(t, 406, "not-supported")
		s.do("GET", r4+"/Patient/p1", "", "Accept: application/fhir+json; fhirVersion=5.0").outcome(t, 406, "not-supported")
		s.do("GET", r4+"/Patient/p1", "", "Accept: application/fhir+json; fhirVersion=5.0, application/fhir+json;q=0.1; fhirVersion=4.0").want(t, 200)
		s.do("PUT", r4+"/Patient/p1", patient, "Content-Type: application/fhir+json; fhirVersion=3.0").outcome(t, 415, "value")
		s.do("GET", r4+"/Patient/p1?_format=application/fhir%2Bjson", "", "Accept: text/html").want(t, 200)
		s.do("GET", r4+"/Patient/p1?_format=json", "", "Accept: text/html").want(t, 200)
		s.do("GET", r4+"/Patient/p1?_pretty=true", "").want(t, 200, "\n  \"id\": \"p1\"")
	})
}

func TestBodyLimitAndPublicURL(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{PublicURL: "https://fhir.example.org/", MaxBody: 200})
	made := s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
	if got := made.header.Get("Location"); got != "https://fhir.example.org"+r4+"/Patient/p1/_history/1" {
		t.Errorf("Location is %s", got)
	}
	s.do("PUT", r4+"/Patient/p1", patient+strings.Repeat(" ", 200)).outcome(t, 413, "too-long")
}

func TestPackedBodies(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{MaxBody: 2000})
	pack := func(text string) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const packed = "Content-Encoding: gzip"
	s.do("PUT", r4+"/Patient/p1", pack(patient), packed).want(t, 201)
	s.do("POST", r4, pack(`{"resourceType":"Bundle","type":"batch","entry":[]}`), packed).want(t, 200)
	s.do("PUT", r4+"/Patient/p1", pack(patient+strings.Repeat(" ", 1<<20)), packed).outcome(t, 413, "too-long")
	s.do("PUT", r4+"/Patient/p1", patient, packed).outcome(t, 400, "invalid")
	s.do("PUT", r4+"/Patient/p1", pack(patient)[:20], packed).outcome(t, 400, "invalid")
	s.do("PUT", r4+"/Patient/p1", patient, "Content-Encoding: br").outcome(t, 415, "not-supported")
	s.do("PUT", r4+"/Patient/p1", patient, "Content-Encoding: gzip, gzip").outcome(t, 415, "not-supported")
}

func TestEveryKindOfFaultHasAnAnswer(t *testing.T) {
	for _, kind := range fault.Kinds {
		open := func(context.Context, string, string) (*store.Store, error) { return nil, fault.New(kind, "a text") }
		h := api.New(interaction.New(open, nil, validator, interaction.Options{}),
			func(context.Context) authz.Principal { return authz.Principal{Kind: authz.Signed, Account: account} }, api.Options{})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", r4+"/Patient/p1", nil))
		if w.Code == 500 != (kind == fault.Internal) {
			t.Errorf("%s is answered %d: %s", kind, w.Code, w.Body)
		}
		var tape core.Tape
		if err := tape.Parse(w.Body.Bytes(), core.Limits{}); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if found := validator.Resource(tape.Root(), validate.Strict); len(found) > 0 {
			t.Errorf("%s: the answer is no right OperationOutcome: %+v", kind, found)
		}
	}
}

func TestServedInteractionsHaveRoutes(t *testing.T) {
	for _, code := range interaction.Served() {
		if !slices.Contains(api.Codes(), code) {
			t.Errorf("%s is advertised and has no route", code)
		}
	}
	for _, code := range api.Codes() {
		if !slices.Contains(interaction.Served(), code) {
			t.Errorf("%s has a route and is not advertised", code)
		}
	}
}

func TestCapabilities(t *testing.T) {
	onEngines(t, func(t *testing.T, s *server) {
		got := s.do("GET", r4+"/metadata", "").want(t, 200, `"fhirVersion":"4.0.1"`, `"url":"`+base+`"`, `"http://hl7.org/fhir/CompartmentDefinition/patient"`,
			`"instantiates":["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"]`)
		var tape core.Tape
		if err := tape.Parse([]byte(got.body), core.Limits{}); err != nil {
			t.Fatal(err)
		}
		for _, f := range validator.Resource(tape.Root(), validate.Strict) {
			t.Errorf("%+v", f)
		}
		var c struct {
			Rest []struct {
				Resource []struct {
					Type        string
					Interaction []struct{ Code string }
					SearchParam []struct{ Name string }
				}
			}
		}
		if err := json.Unmarshal([]byte(got.body), &c); err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Rest[0].Resource {
			if !store.Storable(r.Type) || len(r.SearchParam) == 0 {
				t.Errorf("%s: %d search parameters", r.Type, len(r.SearchParam))
			}
		}
		if n := len(c.Rest[0].Resource); n < 140 {
			t.Errorf("%d resource types, want those of R4", n)
		}
	})
}
