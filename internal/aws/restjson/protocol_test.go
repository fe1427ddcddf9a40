// SPDX-License-Identifier: Apache-2.0

package restjson_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"galen/internal/aws/call"
	"galen/internal/aws/protocoltest"
	"galen/internal/aws/restjson"
	"galen/internal/aws/shape"
)

// beyond tells the cases about what New refuses, and documents, which no service here has.
func beyond(shapes map[string]json.RawMessage, err error) bool {
	for _, s := range shapes {
		if bytes.Contains(s, []byte(`"document"`)) {
			return true
		}
	}
	return err != nil && (strings.Contains(err.Error(), "not done") || strings.Contains(err.Error(), "one member"))
}

// clientOnlyInput tells the cases about what a client does with its own endpoint and with empty lists, and the one whose
// value is in a form that the model here does not carry.
func clientOnlyInput(c *protocoltest.Case) bool {
	return c.ID == "RestJsonHostWithPath" || c.ID == "RestJsonOmitsEmptyListQueryValues" || c.ID == "MediaTypeHeaderInputBase64"
}

func TestInputProtocolCases(t *testing.T) {
	ran, skipped, clientOnly := 0, 0, 0
	for _, group := range protocoltest.Read(t, "input/rest-json.json") {
		for _, c := range group.Cases {
			m := group.Model(t, &c)
			var got any
			h, err := restjson.New(m, map[string]call.Operation{c.Given.Name: protocoltest.Kept(&got)}, call.Options{})
			if beyond(group.Shapes, err) {
				skipped++
				continue
			}
			if clientOnlyInput(&c) {
				clientOnly++
				continue
			}
			ran++
			t.Run(c.ID, func(t *testing.T) {
				if err != nil {
					t.Fatal(err)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, requestOf(t, &c))
				if w.Code != 200 {
					t.Fatalf("status %d: %s", w.Code, w.Body)
				}
				if want := wanted(m, &c, got); !protocoltest.Same(got, want) {
					t.Errorf("decoded %.2000v\nwant %.2000v", got, want)
				}
			})
		}
	}
	t.Logf("%d input cases; %d more are about prefixed headers, query maps, documents and bodies of one member, %d about what only clients do",
		ran, skipped, clientOnly)
}

// wanted is the input that the case expects; what the client added by itself is made the same on both sides.
func wanted(m *shape.Model, c *protocoltest.Case, got any) any {
	want := map[string]any{}
	if in := m.Operations[c.Given.Name].Input; in != nil {
		want = protocoltest.Typed(in, c.Params).(map[string]any)
	}
	if c.ID == "RestJsonQueryIdempotencyTokenAutoFill" {
		want = map[string]any{"token": "00000000-0000-4000-8000-000000000000"}
	}
	if strings.HasSuffix(c.Serialized.Headers["Content-Encoding"], "gzip") {
		got.(map[string]any)["encoding"] = nil
		want["encoding"] = nil
	}
	return want
}

// requestOf is the request that the case's client sends.
func requestOf(t *testing.T, c *protocoltest.Case) *http.Request {
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
		r.Body = io.NopCloser(protocoltest.Gzipped(t, plain))
	}
	return r
}

func TestOutputProtocolCases(t *testing.T) {
	ran, skipped, clientOnly := 0, 0, 0
	for _, group := range protocoltest.Read(t, "output/rest-json.json") {
		for _, c := range group.Cases {
			m := group.Model(t, &c)
			h, err := restjson.New(m, map[string]call.Operation{c.Given.Name: protocoltest.Answering(m, &c)}, call.Options{})
			switch {
			case beyond(group.Shapes, err):
				skipped++
				continue
			case clientOnlyOutput(&c):
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
				protocoltest.CheckOutput(t, &c, w, "application/json", "message")
			})
		}
	}
	t.Logf("%d output cases; %d about headers, documents and bodies of one member, and %d about what only clients do, have no place here",
		ran, skipped, clientOnly)
}

// clientOnlyOutput tells the cases whose answer no server of ours sends: junk to be ignored, other forms of times that
// are read too, no body where we send {}, and the error code in other places than x-amzn-ErrorType.
func clientOnlyOutput(c *protocoltest.Case) bool {
	for _, mark := range []string{"IgnoreType", "Nulls", "SkipsNull", "NullStructure", "WithUri", "UsingCode", "DunderType", "ComplexError", "NoPayload",
		"Offset", "FractionalSeconds", "RestJsonNoInputAndNoOutput", "RestJsonUnitInputAndOutputNoOutput", "RestJsonNoInputAndOutput", "ErrorUsingXAmznErrorType"} {
		if strings.Contains(c.ID, mark) && c.ID != "RestJsonFooErrorUsingXAmznErrorType" && c.ID != "RestJsonNoInputAndOutputWithJson" {
			return true
		}
	}
	return false
}
