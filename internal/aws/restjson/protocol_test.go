// SPDX-License-Identifier: Apache-2.0

package restjson_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/call"
	"galen/internal/aws/restjson"
	"galen/internal/aws/shape"
)

// suite is one file of the public protocol cases.
type suite []struct {
	Description string
	Metadata    json.RawMessage
	Shapes      map[string]json.RawMessage
	Cases       []protocolCase
}

type protocolCase struct {
	ID    string
	Given struct {
		Name   string
		HTTP   json.RawMessage
		Input  json.RawMessage
		Output json.RawMessage
		Errors []json.RawMessage
	}
	Params     any
	Serialized struct {
		Method  string
		URI     string
		Body    string
		Headers map[string]string
	}
	Result       any
	ErrorCode    string
	ErrorMessage string
	Response     struct {
		StatusCode int `json:"status_code"`
		Headers    map[string]string
		Body       string
	}
}

func readSuite(t *testing.T, name string) suite {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "suites", "aws-protocols", name))
	if err != nil {
		t.Skip("the protocol cases are not beside the repository")
	}
	var s suite
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// modelOf makes the model of one case.
func modelOf(t *testing.T, metadata json.RawMessage, shapes map[string]json.RawMessage, c protocolCase) *shape.Model {
	t.Helper()
	op := map[string]any{"http": c.Given.HTTP}
	if c.Given.Input != nil {
		op["input"] = c.Given.Input
	}
	if c.Given.Output != nil {
		op["output"] = c.Given.Output
	}
	if c.Given.Errors != nil {
		op["errors"] = c.Given.Errors
	}
	data, err := json.Marshal(map[string]any{"metadata": metadata, "shapes": shapes, "operations": map[string]any{c.Given.Name: op}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := shape.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// beyond tells the cases about what New refuses, and documents, which no service here has.
func beyond(shapes map[string]json.RawMessage, c protocolCase, err error) bool {
	for _, s := range shapes {
		if bytes.Contains(s, []byte(`"document"`)) {
			return true
		}
	}
	return err != nil && (strings.Contains(err.Error(), "not done") || strings.Contains(err.Error(), "one member"))
}

// clientOnlyInput tells the cases about what a client does with its own endpoint and with empty lists, and the one whose
// value is in a form that the model here does not carry.
func clientOnlyInput(c protocolCase) bool {
	return c.ID == "RestJsonHostWithPath" || c.ID == "RestJsonOmitsEmptyListQueryValues" || c.ID == "MediaTypeHeaderInputBase64"
}

// typed turns the params of a case, in the suite's notation (blobs as plain text), into a value of the package shape.
func typed(s *shape.Shape, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, y := range x {
			if s.Kind == shape.Map {
				out[k] = typed(s.Element, y)
			} else if m, ok := s.Member(k); ok && y != nil {
				out[k] = typed(m.Shape, y)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = typed(s.Element, x[i])
		}
		return out
	case string:
		switch {
		case s.Kind == shape.Blob:
			return []byte(x)
		case x == "NaN" && s.Kind != shape.String:
			return math.NaN()
		case x == "Infinity" && s.Kind != shape.String:
			return math.Inf(1)
		case x == "-Infinity" && s.Kind != shape.String:
			return math.Inf(-1)
		}
		return x
	case json.Number:
		f, _ := x.Float64()
		switch s.Kind {
		case shape.Timestamp:
			return time.UnixMilli(int64(f * 1000)).UTC()
		case shape.Float, shape.Double:
			return f
		}
		return int64(f)
	}
	return v
}

func same(got, want any) bool { // NaN equals NaN
	return reflect.DeepEqual(got, want) || fmt.Sprintf("%#v", got) == fmt.Sprintf("%#v", want)
}

func TestInputProtocolCases(t *testing.T) {
	ran, skipped, clientOnly := 0, 0, 0
	for _, group := range readSuite(t, "input/rest-json.json") {
		for _, c := range group.Cases {
			m := modelOf(t, group.Metadata, group.Shapes, c)
			var got any
			h, err := restjson.New(m, map[string]call.Operation{c.Given.Name: call.Op(
				func(_ context.Context, in *any) (*struct{}, error) { got = *in; return nil, nil })}, call.Options{})
			if beyond(group.Shapes, c, err) {
				skipped++
				continue
			}
			if clientOnlyInput(c) {
				clientOnly++
				continue
			}
			ran++
			t.Run(c.ID, func(t *testing.T) {
				if err != nil {
					t.Fatal(err)
				}
				in := m.Operations[c.Given.Name].Input
				want := any(map[string]any{})
				if in != nil {
					want = typed(in, c.Params)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, requestOf(t, c))
				if w.Code != 200 {
					t.Fatalf("status %d: %s", w.Code, w.Body)
				}
				if c.ID == "RestJsonQueryIdempotencyTokenAutoFill" { // the client made it up
					want = map[string]any{"token": "00000000-0000-4000-8000-000000000000"}
				}
				if strings.HasSuffix(c.Serialized.Headers["Content-Encoding"], "gzip") { // the client added the header by itself
					got.(map[string]any)["encoding"] = nil
					want.(map[string]any)["encoding"] = nil
				}
				if !same(got, want) {
					t.Errorf("decoded %.2000v\nwant %.2000v", got, want)
				}
			})
		}
	}
	t.Logf("%d input cases; %d more are about prefixed headers, query maps, documents and bodies of one member, %d about what only clients do",
		ran, skipped, clientOnly)
}

// requestOf is the request that the case's client sends.
func requestOf(t *testing.T, c protocolCase) *http.Request {
	t.Helper()
	uri := c.Serialized.URI
	if !strings.HasPrefix(uri, "/") {
		uri = "/" + uri
	}
	r := httptest.NewRequest(c.Serialized.Method, uri, strings.NewReader(c.Serialized.Body))
	for k, v := range c.Serialized.Headers {
		r.Header.Set(k, v)
	}
	if strings.HasSuffix(c.Serialized.Headers["Content-Encoding"], "gzip") { // the case gives no bytes for it
		plain, err := json.Marshal(c.Params)
		if err != nil {
			t.Fatal(err)
		}
		r.Body = io.NopCloser(gzipped(t, string(plain)))
	}
	return r
}

func TestOutputProtocolCases(t *testing.T) {
	ran, skipped, clientOnly := 0, 0, 0
	for _, group := range readSuite(t, "output/rest-json.json") {
		for _, c := range group.Cases {
			m := modelOf(t, group.Metadata, group.Shapes, c)
			h, err := restjson.New(m, map[string]call.Operation{c.Given.Name: call.Op(
				func(context.Context, *any) (*any, error) {
					if c.ErrorCode != "" {
						return nil, &call.Error{Code: c.ErrorCode, Status: c.Response.StatusCode, Message: c.ErrorMessage}
					}
					out := any(map[string]any{})
					if s := m.Operations[c.Given.Name].Output; s != nil {
						out = typed(s, c.Result)
					}
					return &out, nil
				})}, call.Options{})
			switch {
			case beyond(group.Shapes, c, err):
				skipped++
				continue
			case clientOnlyOutput(c):
				clientOnly++
				continue
			}
			ran++
			t.Run(c.ID, func(t *testing.T) {
				if err != nil {
					t.Fatal(err)
				}
				op := m.Operations[c.Given.Name]
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(op.HTTP.Method, op.HTTP.URI, nil))
				checkOutput(t, c, w)
			})
		}
	}
	t.Logf("%d output cases; %d about headers, documents and bodies of one member, and %d about what only clients do, have no place here",
		ran, skipped, clientOnly)
}

// clientOnlyOutput tells the cases whose answer no server of ours sends: junk to be ignored, other forms of times that
// are read too, no body where we send {}, and the error code in other places than x-amzn-ErrorType.
func clientOnlyOutput(c protocolCase) bool {
	for _, mark := range []string{"IgnoreType", "Nulls", "SkipsNull", "NullStructure", "WithUri", "UsingCode", "DunderType", "ComplexError", "NoPayload",
		"Offset", "FractionalSeconds", "RestJsonNoInputAndNoOutput", "RestJsonUnitInputAndOutputNoOutput", "RestJsonNoInputAndOutput", "ErrorUsingXAmznErrorType"} {
		if strings.Contains(c.ID, mark) && c.ID != "RestJsonFooErrorUsingXAmznErrorType" && c.ID != "RestJsonNoInputAndOutputWithJson" {
			return true
		}
	}
	return false
}

func checkOutput(t *testing.T, c protocolCase, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != c.Response.StatusCode || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if c.ErrorCode != "" {
		if w.Header().Get("x-amzn-ErrorType") != c.ErrorCode {
			t.Errorf("error %q, want %s", w.Header().Get("x-amzn-ErrorType"), c.ErrorCode)
		}
		if message, _ := got["message"].(string); message != c.ErrorMessage {
			t.Errorf("message %q, want %q", message, c.ErrorMessage)
		}
		return
	}
	want := map[string]any{}
	if c.Response.Body != "" {
		if err := json.Unmarshal([]byte(c.Response.Body), &want); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("encoded %s\nwant %s", w.Body, c.Response.Body)
	}
}

// gzipped returns text as gzip.
func gzipped(t *testing.T, text string) *bytes.Reader {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(z.Bytes())
}
