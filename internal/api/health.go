// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"galen/internal/telemetry"
)

// serveHealth answers /healthz (the process is alive), /readyz (it can serve: 200, else 503) and /metrics.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/metrics":
		s.prom.ServeHTTP(w, r)
		return
	case "/readyz":
		if s.draining.Load() {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		}
		if s.o.Ready != nil {
			if err := s.o.Ready(r.Context()); err != nil {
				s.o.Log.WarnContext(r.Context(), "not ready", "error", err)
				http.Error(w, "not ready", http.StatusServiceUnavailable)
				return
			}
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// writeJSON is the ErrorWriter of APIs that give none: AWS's JSON form.
func writeJSON(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string
	}{code, message})
	if err != nil {
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// metrics are the edge's own.
type metrics struct {
	requests *telemetry.Counter
	seconds  *telemetry.Histogram
}

func newMetrics(r *telemetry.Registry, inFlight *atomic.Int64) metrics {
	r.GaugeFunc("galen_http_in_flight_requests", "Requests being answered.", func() float64 { return float64(inFlight.Load()) })
	return metrics{
		requests: r.Counter("galen_http_requests_total", "Requests answered, by API and class of status.", "api", "status"),
		seconds:  r.Histogram("galen_http_request_seconds", "Time from a request's head to its answer's end, by API.", telemetry.Latency(), "api"),
	}
}

func (m metrics) observe(api string, status int, took time.Duration) {
	m.requests.Add(1, api, statusClass(status))
	m.seconds.Observe(took.Seconds(), api)
}

func statusClass(status int) string {
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	}
	return "5xx"
}
