// SPDX-License-Identifier: Apache-2.0

package awsjson_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/awsjson"
	"galen/internal/aws/call"
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
		Input  json.RawMessage
		Output json.RawMessage
		Errors []json.RawMessage
	}
	Params     any
	Serialized struct {
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
	op := map[string]any{}
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
	ran, endpoint := 0, 0
	for _, group := range readSuite(t, "input/json_1_0.json") {
		for _, c := range group.Cases {
			t.Run(c.ID, func(t *testing.T) {
				m := modelOf(t, group.Metadata, group.Shapes, c)
				var got any
				h, err := awsjson.New(m, map[string]call.Operation{c.Given.Name: call.Op(
					func(_ context.Context, in *any) (*struct{}, error) { got = *in; return nil, nil })}, call.Options{})
				if err != nil {
					t.Fatal(err)
				}
				body, in := []byte(c.Serialized.Body), m.Operations[c.Given.Name].Input
				want := any(map[string]any{})
				if in != nil {
					want = typed(in, c.Params)
				}
				r := httptest.NewRequest("POST", "/", nil)
				r.Header.Set("X-Amz-Target", "JsonRpc10."+c.Given.Name)
				for k, v := range c.Serialized.Headers {
					r.Header.Set(k, v)
				}
				if strings.HasSuffix(c.Serialized.Headers["Content-Encoding"], "gzip") { // the case gives no bytes for it
					plain, err := json.Marshal(c.Params)
					if err != nil {
						t.Fatal(err)
					}
					body, _ = io.ReadAll(gzipped(t, string(plain)))
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != 200 {
					t.Fatalf("status %d: %s", w.Code, w.Body)
				}
				if !same(got, want) {
					t.Errorf("decoded %#v\nwant %#v", got, want)
				}
			})
			ran++
			if strings.Contains(c.ID, "Endpoint") || strings.Contains(c.ID, "HostWithPath") {
				endpoint++
			}
		}
	}
	t.Logf("%d input cases (%d of them about the client's choice of host, of which only the body applies)", ran, endpoint)
}

func TestOutputProtocolCases(t *testing.T) {
	ran, clientOnly := 0, 0
	for _, group := range readSuite(t, "output/json_1_0.json") {
		for _, c := range group.Cases {
			if clientOnlyOutput(c) {
				clientOnly++
				continue
			}
			ran++
			t.Run(c.ID, func(t *testing.T) {
				m := modelOf(t, group.Metadata, group.Shapes, c)
				h, err := awsjson.New(m, map[string]call.Operation{c.Given.Name: call.Op(
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
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
				r.Header.Set("X-Amz-Target", "JsonRpc10."+c.Given.Name)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				checkOutput(t, c, m, w)
			})
		}
	}
	t.Logf("%d output cases; %d more are about what clients must tolerate and have no server side", ran, clientOnly)
}

// clientOnlyOutput tells the cases whose answer no server of ours sends: junk to be ignored, and the error code in
// other places than x-amzn-ErrorType and __type.
func clientOnlyOutput(c protocolCase) bool {
	for _, mark := range []string{"UnexpectedJsonOutput", "IgnoreType", "AllowNulls", "IgnoreNulls", "WithUri", "UsingCode", "UriAndNamespace",
		"ComplexError", "NoPayload"} {
		if strings.Contains(c.ID, mark) {
			return true
		}
	}
	return false
}

func checkOutput(t *testing.T, c protocolCase, m *shape.Model, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != c.Response.StatusCode || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if c.ErrorCode != "" {
		if got["__type"] != c.ErrorCode || w.Header().Get("x-amzn-ErrorType") != c.ErrorCode {
			t.Errorf("error %v, header %q, want %s", got["__type"], w.Header().Get("x-amzn-ErrorType"), c.ErrorCode)
		}
		if message, _ := got["Message"].(string); message != c.ErrorMessage {
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
