// SPDX-License-Identifier: Apache-2.0

package awsjson_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/healthlake/types"
	"github.com/aws/smithy-go"

	"galen/internal/aws/awsjson"
	"galen/internal/aws/call"
	"galen/internal/aws/protocoltest"
	"galen/internal/aws/shape"
	"galen/internal/aws/shape/model"
	"galen/internal/fault"
)

type status string

type startImport struct {
	JobName             string
	InputDataConfig     *struct{ S3Uri string }
	JobOutputDataConfig *struct {
		S3Configuration *struct{ S3Uri, KmsKeyId string }
	}
	DatastoreId, DataAccessRoleArn, ClientToken string
	ValidationLevel                             status
}

type startedImport struct {
	JobId       string
	JobStatus   status
	DatastoreId string
}

type listImports struct {
	DatastoreId, NextToken, JobName string
	JobStatus                       status
	MaxResults                      *int32
	SubmittedBefore, SubmittedAfter time.Time
}

type jobs struct {
	ImportJobPropertiesList []job
	NextToken               string
}

type job struct {
	JobId             string
	JobStatus         status
	SubmitTime        time.Time
	EndTime           *time.Time
	DatastoreId       string
	InputDataConfig   *struct{ S3Uri string }
	JobProgressReport *struct {
		TotalNumberOfScannedFiles int64
		Throughput                float64
	}
}

type (
	tagResource struct {
		ResourceARN string
		Tags        []struct{ Key, Value string }
	}
	listTags     struct{ ResourceARN string }
	tags         struct{ Tags []struct{ Key, Value string } }
	deleteStore  struct{ DatastoreId string }
	deletedStore struct{ DatastoreId, DatastoreArn, DatastoreStatus, DatastoreEndpoint string }
	nothing      struct{}
)

// recorder is a small service that remembers what it was asked.
type recorder struct {
	imported startImport
	listed   listImports
	tagged   tagResource
	err      error
}

func (s *recorder) table() map[string]call.Operation {
	return map[string]call.Operation{
		"StartFHIRImportJob": call.Op(func(_ context.Context, in *startImport) (*startedImport, error) {
			s.imported = *in
			return &startedImport{JobId: "j", JobStatus: "SUBMITTED", DatastoreId: in.DatastoreId}, s.err
		}),
		"ListFHIRImportJobs": call.Op(func(_ context.Context, in *listImports) (*jobs, error) {
			s.listed = *in
			j := job{JobId: "j", JobStatus: "COMPLETED", SubmitTime: at, DatastoreId: "d", InputDataConfig: &struct{ S3Uri string }{"s3://abc/d"}}
			j.JobProgressReport = &struct {
				TotalNumberOfScannedFiles int64
				Throughput                float64
			}{0, 1234.5}
			return &jobs{ImportJobPropertiesList: []job{j}, NextToken: "n"}, s.err
		}),
		"TagResource": call.Op(func(_ context.Context, in *tagResource) (*nothing, error) {
			s.tagged = *in
			return nil, s.err
		}),
		"ListTagsForResource": call.Op(func(context.Context, *listTags) (*tags, error) {
			return &tags{Tags: []struct{ Key, Value string }{{"k", ""}}}, s.err
		}),
		"DeleteFHIRDatastore": call.Op(func(context.Context, *deleteStore) (*deletedStore, error) { return nil, s.err }),
	}
}

var at = time.UnixMilli(1609175692715).UTC()

const (
	arn  = "arn:aws:healthlake:us-east-1:000000000000:datastore/fhir/0123456789abcdef0123456789abcdef"
	role = "arn:aws:iam::000000000000:role/r"
)

func newHandler(t testing.TB, s *recorder, o call.Options) *awsjson.Handler {
	t.Helper()
	m, err := model.HealthLake()
	if err != nil {
		t.Fatal(err)
	}
	h, err := awsjson.New(m, s.table(), o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func newClient(t *testing.T, h http.Handler) *healthlake.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return healthlake.New(healthlake.Options{BaseEndpoint: aws.String(server.URL), Region: "us-east-1",
		Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1})
}

func TestSDKClientIsUnderstood(t *testing.T) {
	s := new(recorder)
	c := newClient(t, newHandler(t, s, call.Options{}))
	ctx := t.Context()
	started, err := c.StartFHIRImportJob(ctx, &healthlake.StartFHIRImportJobInput{
		DatastoreId: aws.String("d"), DataAccessRoleArn: aws.String(role), ClientToken: aws.String("t"),
		InputDataConfig: &types.InputDataConfigMemberS3Uri{Value: "s3://abc/in"}, ValidationLevel: types.ValidationLevelStructureOnly,
		JobOutputDataConfig: &types.OutputDataConfigMemberS3Configuration{Value: types.S3Configuration{S3Uri: aws.String("s3://abc/out"), KmsKeyId: aws.String("k")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *started.JobId != "j" || started.JobStatus != types.JobStatusSubmitted {
		t.Errorf("started %+v", started)
	}
	if got := s.imported; got.InputDataConfig.S3Uri != "s3://abc/in" || got.JobOutputDataConfig.S3Configuration.KmsKeyId != "k" || got.ValidationLevel != "structure-only" {
		t.Errorf("input %+v", got)
	}
	listed, err := c.ListFHIRImportJobs(ctx, &healthlake.ListFHIRImportJobsInput{DatastoreId: aws.String("d"), SubmittedAfter: &at, MaxResults: aws.Int32(5)})
	if err != nil {
		t.Fatal(err)
	}
	if !s.listed.SubmittedAfter.Equal(at) || *s.listed.MaxResults != 5 || !s.listed.SubmittedBefore.IsZero() {
		t.Errorf("input %+v", s.listed)
	}
	got := listed.ImportJobPropertiesList[0]
	if !got.SubmitTime.Equal(at) || got.EndTime != nil || *got.JobProgressReport.Throughput != 1234.5 || *got.JobProgressReport.TotalNumberOfScannedFiles != 0 || *listed.NextToken != "n" {
		t.Errorf("output %+v", got)
	}
	if _, err := c.TagResource(ctx, &healthlake.TagResourceInput{ResourceARN: aws.String(arn), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}}}); err != nil {
		t.Fatal(err)
	}
	if want := []struct{ Key, Value string }{{"a", ""}}; !reflect.DeepEqual(s.tagged.Tags, want) {
		t.Errorf("tags %v", s.tagged.Tags)
	}
	tags, err := c.ListTagsForResource(ctx, &healthlake.ListTagsForResourceInput{ResourceARN: aws.String(arn)})
	if err != nil || len(tags.Tags) != 1 || tags.Tags[0].Value == nil {
		t.Errorf("tags %+v, %v: an empty required string must be written", tags, err)
	}
}

func TestFailuresAreTheContractsExceptions(t *testing.T) {
	exception := func(_ *shape.Operation, k fault.Kind) string {
		return map[fault.Kind]string{fault.NotFound: "ResourceNotFoundException", fault.Conflict: "ConflictException",
			fault.Throttled: "ThrottlingException", fault.Forbidden: "AccessDeniedException"}[k]
	}
	for _, c := range []struct {
		err           error
		code, message string
		status        int
	}{
		{fault.New(fault.NotFound, "no store d"), "ResourceNotFoundException", "no store d", 400},
		{fault.New(fault.Conflict, "busy"), "ConflictException", "busy", 400},
		{fault.New(fault.Invalid, "bad").At("x"), "ValidationException", "bad (at x)", 400},
		{fault.List{fault.New(fault.Invalid, "a"), fault.New(fault.Invalid, "b")}, "ValidationException", "a; b", 400},
		{fault.New(fault.Unavailable, "later"), "InternalServerException", "later", 500},
		{errors.New("open /secret: denied"), "InternalServerException", "internal error", 500},
		{&call.Error{Code: "FooException", Status: 418, Message: "m"}, "FooException", "m", 418},
	} {
		var failed int
		s := &recorder{err: c.err}
		client := newClient(t, newHandler(t, s, call.Options{Exception: exception, Failed: func(context.Context, string, error) { failed++ }}))
		_, err := client.DeleteFHIRDatastore(t.Context(), &healthlake.DeleteFHIRDatastoreInput{DatastoreId: aws.String("d")})
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != c.code || api.ErrorMessage() != c.message {
			t.Errorf("%v: got %v", c.err, err)
		}
		var status interface{ HTTPStatusCode() int }
		if !errors.As(err, &status) || status.HTTPStatusCode() != c.status {
			t.Errorf("%v: got status %v, want %d", c.err, status, c.status)
		}
		if want := map[bool]int{true: 1}[c.status >= 500]; failed != want {
			t.Errorf("%v: reported %d times, want %d", c.err, failed, want)
		}
	}
	// An exception that the operation does not have.
	s := &recorder{err: fault.New(fault.Conflict, "busy")}
	w := post(newHandler(t, s, call.Options{Exception: exception}), "HealthLake.ListTagsForResource", `{"ResourceARN":"`+arn+`"}`)
	if got := w.Header().Get("X-Amzn-Errortype"); got != "ValidationException" {
		t.Errorf("got %s", got)
	}
}

func post(h http.Handler, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBadRequestsAreRefused(t *testing.T) {
	h := newHandler(t, new(recorder), call.Options{MaxBody: 1000, MaxDepth: 4})
	for _, c := range []struct {
		target, body string
		status       int
		code, text   string
	}{
		{"", `{}`, 400, "UnknownOperationException", ""},
		{"HealthLake.Nothing", `{}`, 400, "UnknownOperationException", ""},
		{"Other.TagResource", `{}`, 400, "UnknownOperationException", ""},
		{"HealthLake", `{}`, 400, "UnknownOperationException", ""},
		{"HealthLake.DescribeFHIRDatastore", `{}`, 400, "UnknownOperationException", ""}, // in the model, not in the table
		{"HealthLake.DeleteFHIRDatastore", `{`, 400, "SerializationException", ""},
		{"HealthLake.DeleteFHIRDatastore", `{} {}`, 400, "SerializationException", ""},
		{"HealthLake.DeleteFHIRDatastore", "{\"DatastoreId\":\"\xff\"}", 400, "SerializationException", ""},
		{"HealthLake.DeleteFHIRDatastore", `[]`, 400, "SerializationException", "expected a structure"},
		{"HealthLake.DeleteFHIRDatastore", `null`, 400, "SerializationException", ""},
		{"HealthLake.DeleteFHIRDatastore", `{"DatastoreId":7}`, 400, "SerializationException", "NUMBER_VALUE can not be converted to a String"},
		{"HealthLake.DeleteFHIRDatastore", `{"x":[[[[1]]]]}`, 400, "SerializationException", "nested"},
		{"HealthLake.DeleteFHIRDatastore", `{"datastoreid":"d"}`, 400, "ValidationException", "1 validation error detected: Value at 'datastoreId' failed"},
		{"HealthLake.DeleteFHIRDatastore", ``, 400, "ValidationException", "Member must not be null"},
		{"HealthLake.DeleteFHIRDatastore", `{"x":"` + strings.Repeat("a", 1000) + `"}`, 413, "RequestEntityTooLargeException", ""},
		{"HealthLake.TagResource", `{"ResourceARN":"x","Tags":[{"Key":"","Value":"v"},{"Key":"k"}]}`, 400, "ValidationException", "3 validation errors detected: "},
		{"HealthLake.StartFHIRImportJob", `{"InputDataConfig":{},"JobOutputDataConfig":{"S3Configuration":{"S3Uri":"s3://abc/d","KmsKeyId":"k"}},"DatastoreId":"d","DataAccessRoleArn":"` + role + `"}`,
			400, "ValidationException", "1 validation error detected: Value at 'inputDataConfig'"},
	} {
		w := post(h, c.target, c.body)
		if w.Code != c.status || w.Header().Get("X-Amzn-Errortype") != c.code || !strings.Contains(w.Body.String(), c.text) {
			t.Errorf("%s %.60s: got %d %s", c.target, c.body, w.Code, w.Body)
		}
		if w.Header().Get("X-Amzn-Requestid") == "" || !strings.HasPrefix(w.Body.String(), `{"__type":"`+c.code+`"`) {
			t.Errorf("%s: header or body %s", c.target, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 404 {
		t.Errorf("GET: status %d, want 404", w.Code)
	}
}

func TestInflatedBodiesHaveTheSameLimit(t *testing.T) {
	h := newHandler(t, new(recorder), call.Options{MaxBody: 2000})
	r := httptest.NewRequest("POST", "/", protocoltest.Gzipped(t, []byte(`{"x":"`+strings.Repeat("a", 1<<20)+`"}`)))
	r.Header.Set("X-Amz-Target", "HealthLake.TagResource")
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", w.Code)
	}
}

func TestFunctionsMustFitTheModel(t *testing.T) {
	m, err := model.HealthLake()
	if err != nil {
		t.Fatal(err)
	}
	for name, op := range map[string]call.Operation{
		"Nothing":             call.Op(func(context.Context, *nothing) (*nothing, error) { return nil, nil }),
		"DeleteFHIRDatastore": call.Op(func(context.Context, *struct{ DatastoreID string }) (*deletedStore, error) { return nil, nil }),
		"ListFHIRImportJobs":  call.Op(func(context.Context, *struct{ DatastoreId, MaxResults string }) (*jobs, error) { return nil, nil }),
		"TagResource":         call.Op(func(context.Context, *struct{ ResourceARN string }) (*nothing, error) { return nil, nil }),
		"UntagResource":       call.Op(func(context.Context, *int) (*nothing, error) { return nil, nil }),
	} {
		if _, err := awsjson.New(m, map[string]call.Operation{name: op}, call.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTimesKeepTheirMilliseconds(t *testing.T) {
	m, err := shape.Load([]byte(`{"metadata":{"targetPrefix":"T"},"operations":{"O":{"output":"R"}},"shapes":{
		"R":{"type":"structure","members":{"T":{"shape":"T"},"F":{"shape":"F"},"S":{"shape":"S"}}},"T":{"type":"timestamp"},"F":{"type":"double"},"S":{"type":"string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	type out struct {
		T time.Time
		F float64
		S string
	}
	for _, c := range []struct {
		out  out
		want string
	}{
		{out{T: at}, `{"T":1609175692.715,"F":0}`},
		{out{T: at.Truncate(time.Second), F: 1e21}, `{"T":1609175692,"F":1e+21}`},
		{out{T: at.Truncate(time.Second).Add(20 * time.Millisecond), F: 0.1}, `{"T":1609175692.02,"F":0.1}`},
		{out{T: time.UnixMilli(-1500), F: math.Inf(-1)}, `{"T":-1.5,"F":"-Infinity"}`},
		{out{S: "a\"\\\n\x01\u2028é\xff"}, "{\"F\":0,\"S\":\"a\\\"\\\\\\n\\u0001\u2028é\uFFFD\"}"},
	} {
		h, err := awsjson.New(m, map[string]call.Operation{"O": call.Op(func(context.Context, *nothing) (*out, error) { return &c.out, nil })}, call.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := post(h, "T.O", "{}").Body.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func FuzzHandler(f *testing.F) {
	s := new(recorder)
	h := newHandler(f, s, call.Options{MaxDepth: 16})
	f.Add("HealthLake.TagResource", `{"ResourceARN":"`+arn+`","Tags":[{"Key":"a","Value":"b"}]}`)
	f.Add("HealthLake.StartFHIRImportJob", `{"InputDataConfig":{"S3Uri":"s3://abc/d"}}`)
	f.Add("HealthLake.ListFHIRImportJobs", `{"DatastoreId":"d","SubmittedAfter":1.5,"MaxResults":2}`)
	f.Fuzz(func(t *testing.T, target, body string) {
		w := post(h, target, body)
		if w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}

func BenchmarkStartImport(b *testing.B) {
	h := newHandler(b, new(recorder), call.Options{})
	body := `{"InputDataConfig":{"S3Uri":"s3://abc/d"},"JobOutputDataConfig":{"S3Configuration":{"S3Uri":"s3://abc/d","KmsKeyId":"k"}},"DatastoreId":"d","DataAccessRoleArn":"` + role + `"}`
	for b.Loop() {
		if w := post(h, "HealthLake.StartFHIRImportJob", body); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
