// SPDX-License-Identifier: Apache-2.0

package protocoltest

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"

	"galen/internal/aws/call"
	"galen/internal/aws/shape"
)

// Kept serves a case's operation by keeping the input in *got.
func Kept(got *any) call.Operation {
	return call.Op(func(_ context.Context, in *any) (*struct{}, error) { *got = *in; return nil, nil })
}

// Answering serves a case's operation with its result or its error.
func Answering(m *shape.Model, c *Case) call.Operation {
	return call.Op(func(context.Context, *any) (*any, error) {
		if c.ErrorCode != "" {
			return nil, &call.Error{Code: c.ErrorCode, Status: c.Response.StatusCode, Message: c.ErrorMessage}
		}
		out := any(map[string]any{})
		if s := m.Operations[c.Given.Name].Output; s != nil {
			out = Typed(s, c.Result)
		}
		return &out, nil
	})
}

// CheckOutput compares an answer with the case's: status, type, and either the body or the error, whose code is in
// x-amzn-ErrorType and whose message is the body's member messageKey. It returns the body.
func CheckOutput(t *testing.T, c *Case, w *httptest.ResponseRecorder, contentType, messageKey string) map[string]any {
	t.Helper()
	if w.Code != c.Response.StatusCode || w.Header().Get("Content-Type") != contentType {
		t.Errorf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if c.ErrorCode != "" {
		if code := w.Header().Get("x-amzn-ErrorType"); code != c.ErrorCode {
			t.Errorf("error %q, want %s", code, c.ErrorCode)
		}
		if message, _ := got[messageKey].(string); message != c.ErrorMessage {
			t.Errorf("message %q, want %q", message, c.ErrorMessage)
		}
		return got
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
	return got
}
