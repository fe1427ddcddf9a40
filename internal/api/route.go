// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"galen/internal/aws/sigv4"
)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		if _, signed := sigv4.ScopeOf(r); !signed { // a bucket may have such a name
			s.serveHealth(w, r)
			return
		}
	}
	x := newExchange(w, r, s.o.Now())
	a, name := s.route(r)
	defer s.finish(x, a, name)
	if s.inFlight.Add(1) > int64(s.o.MaxInFlight) {
		x.Header().Set("Retry-After", "1")
		a.WriteError(x, x.request, http.StatusServiceUnavailable, "ServiceUnavailableException", "The service is busy. Try again shortly.")
		return
	}
	if a.Handler == nil {
		a.WriteError(x, x.request, http.StatusNotFound, "UnknownOperationException", "There is nothing at this address.")
		return
	}
	if s.authenticate(x, a) {
		a.Handler.ServeHTTP(x, x.request)
	}
}

// route chooses the API of a request, and its name for the metrics.
func (s *Server) route(r *http.Request) (*API, string) {
	path := r.URL.Path
	root := path == "/" || path == ""
	if root && r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("X-Amz-Target"), "HealthLake.") {
		return &s.o.HealthLake, "healthlake"
	}
	scope, signed := sigv4.ScopeOf(r)
	switch {
	case signed && (scope.Service == "s3" || scope.Service == "s3express"):
		return &s.o.S3, "s3"
	case path == "/datastore" || strings.HasPrefix(path, "/datastore/"):
		return &s.o.FHIR, "fhir"
	case path == "/subscriptions-websocket":
		return &s.o.Notify, "notify"
	case path == "/medical-scribe-stream/" && r.Method == http.MethodPost, path == "/medical-scribe-stream-websocket":
		return &s.o.Scribe, "scribe"
	case agentPath(path):
		return &s.o.ConnectHealth, "connecthealth"
	case root && r.Method == http.MethodPost:
		return &s.o.HealthLake, "healthlake"
	case root && strings.Contains(r.Header.Get("Accept"), "fhir+json"):
		return &API{WriteError: s.o.FHIR.WriteError}, "unknown"
	}
	return &API{WriteError: s.o.HealthLake.WriteError}, "unknown"
}

// agentPath tells the paths of Connect Health. Its clients put runtime. or streaming. before the host, which counts nothing here.
func agentPath(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "domain", "domains", "tags", "medical-scribe-stream":
		return true
	}
	return false
}

// finish recovers from a panic, then logs and counts the exchange.
func (s *Server) finish(x *exchange, a *API, name string) {
	defer s.inFlight.Add(-1)
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.o.Log.LogAttrs(x, slog.LevelError, "panic in a handler", slog.String("panic", panicText(p)), slog.String("stack", string(debug.Stack())))
		if x.status != 0 { // half an answer must not look whole
			panic(http.ErrAbortHandler)
		}
		a.WriteError(x, x.request, http.StatusInternalServerError, "InternalServerException", "An internal error occurred.")
	}
	s.record(x, name)
}

// panicText is what a panic says about itself: the text of an error or a string, else only a type, since any other value
// may be data of the request.
func panicText(p any) string {
	if err, ok := p.(error); ok {
		return err.Error()
	}
	if text, ok := p.(string); ok {
		return text
	}
	return fmt.Sprintf("%T", p)
}

func (s *Server) record(x *exchange, name string) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	took := s.o.Now().Sub(x.began)
	s.metrics.observe(name, x.status, took)
	level := s.o.AccessLevel
	if x.status >= 500 {
		level = max(level, slog.LevelWarn)
	}
	if !s.o.Log.Enabled(x, level) {
		return
	}
	s.o.Log.LogAttrs(x, level, "request", slog.String("api", name), slog.String("method", x.request.Method),
		slog.String("path", x.request.URL.Path), slog.Int("status", x.status), slog.Int64("bytes", x.written),
		slog.Duration("took", took), slog.String("key", x.identity.AccessKey))
}
