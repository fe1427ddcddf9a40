// SPDX-License-Identifier: Apache-2.0

package restjson_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/call"
	"galen/internal/aws/restjson"
	"galen/internal/aws/shape"
	"galen/internal/aws/shape/model"
	"galen/internal/fault"
)

type (
	createDomain struct {
		Name string
		Tags map[string]string
	}
	domain struct {
		DomainId, Arn, Name, Status string
		CreatedAt                   time.Time
	}
	arn   struct{ ResourceArn string }
	untag struct {
		ResourceArn string
		TagKeys     []string
	}
	tags struct{ Tags map[string]string }
	list struct {
		Status     string
		MaxResults *int32
		NextToken  string
	}
	domains struct{ Domains []domain }
	getJob  struct{ DomainId, JobId string }
	started struct {
		JobArn, JobId string
		CreationTime  time.Time
	}
)

var at = time.Date(2026, 2, 27, 5, 29, 55, 688e6, time.UTC)

// recorder is a small service that remembers what it was asked.
type recorder struct {
	created  createDomain
	arn      string
	untagged untag
	listed   list
	err      error
}

func newHandler(t testing.TB, s *recorder) http.Handler {
	t.Helper()
	m, err := model.ConnectHealth()
	if err != nil {
		t.Fatal(err)
	}
	h, err := restjson.New(m, map[string]call.Operation{
		"CreateDomain": call.Op(func(_ context.Context, in *createDomain) (*domain, error) {
			s.created = *in
			return &domain{"dom-1", "arn", in.Name, "ACTIVE", at}, s.err
		}),
		"ListDomains": call.Op(func(_ context.Context, in *list) (*domains, error) {
			s.listed = *in
			return &domains{Domains: []domain{}}, s.err
		}),
		"ListTagsForResource": call.Op(func(_ context.Context, in *arn) (*tags, error) {
			s.arn = in.ResourceArn
			return &tags{map[string]string{"k": ""}}, s.err
		}),
		"UntagResource": call.Op(func(_ context.Context, in *untag) (*struct{}, error) { s.untagged = *in; return nil, s.err }),
		"StartPatientInsightsJob": call.Op(func(_ context.Context, in *map[string]any) (*started, error) {
			return &started{"arn", "job", at}, s.err
		}),
	}, call.Options{MaxBody: 2000, Exception: func(_ *shape.Operation, k fault.Kind) string {
		return map[fault.Kind]string{fault.TooCostly: "ServiceQuotaExceededException"}[k]
	}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request without content type unless there is a body.
func ask(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestInputStandsInPathQueryAndBody(t *testing.T) {
	var s recorder
	h := newHandler(t, &s)
	w := ask(h, "POST", "/domain", `{"name":"n","tags":{"a":"b"},"unknown":{"deep":[1]},"kmsKeyArn":null}`)
	if w.Code != 201 || s.created.Name != "n" || s.created.Tags["a"] != "b" {
		t.Errorf("status %d, input %+v", w.Code, s.created)
	}
	if got, want := w.Body.String(), `{"domainId":"dom-1","arn":"arn","name":"n","status":"ACTIVE","createdAt":1772170195.688}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w = ask(h, "GET", "/tags/arn%3Aaws%3Ahealth-agent%3Aus-east-1%3A123456789012%3Adomain%2Fdom-a%2Fsubscription%2Fb", "")
	if w.Code != 200 || s.arn != "arn:aws:health-agent:us-east-1:123456789012:domain/dom-a/subscription/b" || w.Body.String() != `{"tags":{"k":""}}` {
		t.Errorf("status %d, ARN %q, body %s", w.Code, s.arn, w.Body)
	}
	w = ask(h, "DELETE", "/tags/arn%3Ax?tagKeys=a&tagKeys=b%20c&other=1", "")
	if w.Code != 204 || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "" || strings.Join(s.untagged.TagKeys, "|") != "a|b c" {
		t.Errorf("status %d, body %q, keys %q", w.Code, w.Body, s.untagged.TagKeys)
	}
	w = ask(h, "GET", "/domain?status=DELETED&maxResults=7&nextToken=t", "")
	if w.Code != 200 || s.listed.Status != "DELETED" || s.listed.MaxResults == nil || *s.listed.MaxResults != 7 || s.listed.NextToken != "t" {
		t.Errorf("status %d, input %+v", w.Code, s.listed)
	}
}

func TestTimesInTheModelsForm(t *testing.T) {
	h := newHandler(t, &recorder{})
	w := ask(h, "POST", "/domain/dom-abcdefghijklmnopq/patient-insights-job", `{"encounterContext":{"encounterReason":"knee pain"},
		"patientContext":{"patientId":"p"},"insightsContext":{"insightsType":"PRE_VISIT"},"userContext":{"role":"CLINICIAN","userId":"u"},
		"inputDataConfig":{},"outputDataConfig":{"s3OutputPath":"s3://out/x"}}`)
	if got, want := w.Body.String(), `{"jobArn":"arn","jobId":"job","creationTime":"2026-02-27T05:29:55.688Z"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsAnsweredBeforeTheFunction(t *testing.T) {
	h := newHandler(t, &recorder{})
	for _, c := range []struct {
		method, target, body string
		status               int
		code, text           string
	}{
		{"GET", "/nothing", "", 404, "UnknownOperationException", "not known"},
		{"GET", "/domain/dom-abcdefghijklmnopq", "", 404, "UnknownOperationException", "not known"}, // in the model, not in the table
		{"GET", "/tags/", "", 404, "UnknownOperationException", "not known"},
		{"GET", "/tags/a/b", "", 404, "UnknownOperationException", "not known"},
		{"PUT", "/domain", "{}", 405, "UnknownOperationException", "method"},
		{"POST", "/domain", `{"name":`, 400, "SerializationException", "not valid JSON"},
		{"POST", "/domain", `{"name":5}`, 400, "SerializationException", "can not be converted to a String"},
		{"POST", "/domain", `[]`, 400, "SerializationException", "structure"},
		{"POST", "/domain", `{"name":"` + strings.Repeat("x", 3000) + `"}`, 413, "RequestEntityTooLargeException", "larger"},
		{"GET", "/domain?maxResults=many", "", 400, "SerializationException", "maxResults"},
		{"GET", "/domain?maxResults=0&status=GONE", "", 400, "ValidationException", "2 validation errors detected: "},
		{"GET", "/domain?a=%zz", "", 400, "SerializationException", "malformed"},
		{"POST", "/domain", "", 400, "ValidationException", "Value at 'name' failed to satisfy constraint: Member must not be null"},
		{"POST", "/domain", `{"name":"` + strings.Repeat("é", 65) + `"}`, 400, "ValidationException", "less than or equal to 64"},
	} {
		w := ask(h, c.method, c.target, c.body)
		if w.Code != c.status || w.Header().Get("X-Amzn-Errortype") != c.code || !strings.Contains(w.Body.String(), c.text) {
			t.Errorf("%s %s %.40s: %d %s %s, want %d %s %s", c.method, c.target, c.body, w.Code, w.Header().Get("X-Amzn-Errortype"), w.Body,
				c.status, c.code, c.text)
		}
	}
	r := httptest.NewRequest("POST", "/domain", strings.NewReader(`<name/>`))
	r.Header.Set("Content-Type", "text/xml")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 415 {
		t.Errorf("XML: status %d", w.Code)
	}
}

func TestSensitiveValuesAreNotRepeated(t *testing.T) {
	w := ask(newHandler(t, &recorder{}), "POST", "/domain/dom-abcdefghijklmnopq/patient-insights-job", `{"encounterContext":{"encounterReason":"don't"}}`)
	if w.Code != 400 || strings.Contains(w.Body.String(), "don't") || !strings.Contains(w.Body.String(), "encounterReason") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestFaultsAreTheContractsExceptions(t *testing.T) {
	var s recorder
	h := newHandler(t, &s)
	for err, want := range map[error]int{
		fault.New(fault.TooCostly, "enough"): 402, fault.New(fault.NotFound, "no"): 400, errors.New("secret"): 500,
		&call.Error{Code: "X", Status: 418, Message: "m"}: 418,
	} {
		s.err = err
		w := ask(h, "POST", "/domain", `{"name":"n"}`)
		if w.Code != want || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: status %d %s, want %d", err, w.Code, w.Body, want)
		}
	}
}

func TestNewRefusesWhatDoesNotFit(t *testing.T) {
	m, err := model.ConnectHealth()
	if err != nil {
		t.Fatal(err)
	}
	for what, table := range map[string]map[string]call.Operation{
		"unknown operation": {"Nope": call.Op(func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })},
		"event stream":      {"StartMedicalScribeListeningSession": call.Op(func(context.Context, *map[string]any) (*map[string]any, error) { return nil, nil })},
		"field not there":   {"GetPatientInsightsJob": call.Op(func(context.Context, *getJob) (*struct{ Nope string }, error) { return nil, nil })},
	} {
		if _, err := restjson.New(m, table, call.Options{}); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("GET", "/tags/arn%3Aaws%3Ax%2Fy", "tagKeys=a", "")
	f.Add("POST", "/domain", "", `{"name":"n"}`)
	f.Add("GET", "/domain", "maxResults=1e3&status=", "")
	h := newHandler(f, &recorder{})
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r, err := http.NewRequest(method, "http://host", strings.NewReader(body))
		if err != nil {
			return
		}
		if r.URL, err = r.URL.Parse(path); err != nil {
			return
		}
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 500 || w.Code == 0 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
