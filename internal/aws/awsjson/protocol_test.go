// SPDX-License-Identifier: Apache-2.0

package awsjson_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"galen/internal/aws/awsjson"
	"galen/internal/aws/call"
	"galen/internal/aws/protocoltest"
)

func TestInputProtocolCases(t *testing.T) {
	ran, endpoint := 0, 0
	for _, group := range protocoltest.Read(t, "input/json_1_0.json") {
		for _, c := range group.Cases {
			t.Run(c.ID, func(t *testing.T) { checkInput(t, &group, &c) })
			ran++
			if strings.Contains(c.ID, "Endpoint") || strings.Contains(c.ID, "HostWithPath") {
				endpoint++
			}
		}
	}
	t.Logf("%d input cases (%d of them about the client's choice of host, of which only the body applies)", ran, endpoint)
}

func checkInput(t *testing.T, group *protocoltest.Group, c *protocoltest.Case) {
	m := group.Model(t, c)
	var got any
	h, err := awsjson.New(m, map[string]call.Operation{c.Given.Name: protocoltest.Kept(&got)}, call.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := any(map[string]any{})
	if in := m.Operations[c.Given.Name].Input; in != nil {
		want = protocoltest.Typed(in, c.Params)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(c.Serialized.Body))
	r.Header.Set("X-Amz-Target", "JsonRpc10."+c.Given.Name)
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
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if !protocoltest.Same(got, want) {
		t.Errorf("decoded %#v\nwant %#v", got, want)
	}
}

func TestOutputProtocolCases(t *testing.T) {
	ran, clientOnly := 0, 0
	for _, group := range protocoltest.Read(t, "output/json_1_0.json") {
		for _, c := range group.Cases {
			if clientOnlyOutput(&c) {
				clientOnly++
				continue
			}
			ran++
			t.Run(c.ID, func(t *testing.T) {
				m := group.Model(t, &c)
				h, err := awsjson.New(m, map[string]call.Operation{c.Given.Name: protocoltest.Answering(m, &c)}, call.Options{})
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
				r.Header.Set("X-Amz-Target", "JsonRpc10."+c.Given.Name)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				got := protocoltest.CheckOutput(t, &c, w, "application/x-amz-json-1.0", "Message")
				if c.ErrorCode != "" && got["__type"] != c.ErrorCode {
					t.Errorf("__type %v, want %s", got["__type"], c.ErrorCode)
				}
			})
		}
	}
	t.Logf("%d output cases; %d more are about what clients must tolerate and have no server side", ran, clientOnly)
}

// clientOnlyOutput tells the cases whose answer no server of ours sends: junk to be ignored, and the error code in
// other places than x-amzn-ErrorType and __type.
func clientOnlyOutput(c *protocoltest.Case) bool {
	for _, mark := range []string{"UnexpectedJsonOutput", "IgnoreType", "AllowNulls", "IgnoreNulls", "WithUri", "UsingCode", "UriAndNamespace",
		"ComplexError", "NoPayload"} {
		if strings.Contains(c.ID, mark) {
			return true
		}
	}
	return false
}
