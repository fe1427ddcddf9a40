// SPDX-License-Identifier: Apache-2.0

package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/llm"
)

var question = llm.Question{System: "s", User: "u", Name: "n", Schema: json.RawMessage(`{"type":"object"}`)}

func ask(t *testing.T, h http.HandlerFunc, timeout time.Duration) (got struct{ A int }, err error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	m, err := llm.New(llm.Options{URL: server.URL + "/v1/", Model: "m", Key: "secret", Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return got, errors.Join(m.Ask(t.Context(), question, &got))
}

func reply(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"finish_reason": "stop", "message": map[string]any{"content": content}}}})
	}
}

// TestRequest: what is sent is a chat completion with the schema, the key as a bearer token.
func TestRequest(t *testing.T) {
	got, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"temperature":0,"seed":0,"max_tokens":2000,` +
			`"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}}}`
		if string(body) != want || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/v1/chat/completions" {
			t.Errorf("got %s %s %s", r.URL.Path, r.Header.Get("Authorization"), body)
		}
		reply("```json\n{\"A\":3}\n```")(w, r)
	}, 0)
	if err != nil || got.A != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestNoSchemas: an endpoint that refuses the schema is asked once more for plain JSON.
func TestNoSchemas(t *testing.T) {
	asked := 0
	got, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "json_schema") {
			http.Error(w, "unsupported", http.StatusBadRequest)
			return
		}
		reply(`{"A":4}`)(w, r)
	}, 0)
	if err != nil || got.A != 4 || asked != 2 {
		t.Errorf("got %+v, %v after %d requests", got, err, asked)
	}
}

func TestFails(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want fault.Kind
	}{
		"always refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, fault.Unavailable},
		"down":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, fault.Unavailable},
		"wrong key":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, fault.Unavailable},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, fault.Unavailable},
		"HTML":      {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, fault.Unprocessable},
		"prose":     {reply("Here you are: 3"), fault.Unprocessable},
		"no choice": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"choices":[]}`) }, fault.Unprocessable},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"choices":[{"finish_reason":"length","message":{"content":"{}"}}]}`)
		}, fault.Unprocessable},
		"endless": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", llm.MaxAnswer+2)) }, fault.Unprocessable},
		"hangs":   {func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }, fault.Unavailable},
	} {
		timeout := time.Duration(0)
		if name == "hangs" {
			timeout = 50 * time.Millisecond
		}
		_, err := ask(t, c.h, timeout)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has the key", name)
		}
	}
}

func TestNew(t *testing.T) {
	for _, o := range []llm.Options{{}, {URL: "http://h/v1"}, {URL: "ftp://h", Model: "m"}, {URL: "http://u:p@h/v1", Model: "m"}} {
		if _, err := llm.New(o); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: got %v, want Invalid", o, err)
		}
	}
	m, err := llm.New(llm.Options{URL: "http://127.0.0.1:1/v1", Model: "m"})
	if err != nil || m.Name() != "m" {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Ask(ctx, question, &struct{}{}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want Unavailable", err)
	}
}
