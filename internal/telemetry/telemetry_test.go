// SPDX-License-Identifier: Apache-2.0

package telemetry_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"galen/internal/telemetry"
)

func TestLogCarriesTheContextsFields(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		log, err := telemetry.NewLog(&b, "info", format)
		if err != nil {
			t.Fatal(err)
		}
		ctx := telemetry.With(t.Context(), slog.String("request", "r-1"))
		one := telemetry.With(ctx, slog.String("job", "j-1"))
		two := telemetry.With(ctx, slog.String("job", "j-2"))
		log.With("part", "x").InfoContext(one, "hello")
		got := b.String()
		for _, want := range []string{"r-1", "j-1", "hello", "part"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in %s", format, want, got)
			}
		}
		b.Reset()
		log.InfoContext(two, "again")
		if got := b.String(); strings.Contains(got, "j-1") || !strings.Contains(got, "j-2") {
			t.Errorf("%s: contexts share fields: %s", format, got)
		}
		b.Reset()
		log.DebugContext(ctx, "quiet")
		if b.Len() > 0 {
			t.Errorf("%s: debug is logged at info", format)
		}
	}
}

func TestLogHidesSecrets(t *testing.T) {
	var b bytes.Buffer
	log, err := telemetry.NewLog(&b, "debug", "json")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("m", "Authorization", "hidden", "next_token", "hidden", slog.Group("request", "X-Amz-Security-Token", "hidden", "path", "shown"))
	if got := b.String(); strings.Contains(got, "hidden") || !strings.Contains(got, "shown") || strings.Count(got, telemetry.Redacted) != 3 {
		t.Errorf("got %s", got)
	}
}

func TestNewLogRefusesOtherWords(t *testing.T) {
	for _, c := range [][2]string{{"loud", "text"}, {"info", "xml"}} {
		if _, err := telemetry.NewLog(&bytes.Buffer{}, c[0], c[1]); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
}

func TestMetrics(t *testing.T) {
	r := telemetry.NewRegistry()
	r.Counter("a_total", "a", "kind").Add(2, "x")
	g := r.Gauge("b_bytes", "b")
	g.Set(5)
	g.Add(-1)
	r.GaugeFunc("c_items", "c", func() float64 { return 7 })
	r.Histogram("d_seconds", "d", telemetry.Latency(), "api").Observe(0.003, "fhir")
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`a_total{kind="x"} 2`, "b_bytes 4", "c_items 7", `d_seconds_bucket{api="fhir",le="0.005"} 1`, "go_goroutines"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is not in the metrics", want)
		}
	}
}

func TestNothingIsMeasuredWithoutARegistry(t *testing.T) {
	var r *telemetry.Registry
	r.Counter("a", "a").Add(1)
	r.Gauge("b", "b").Set(1)
	r.Histogram("c", "c", nil).Observe(1)
	r.GaugeFunc("d", "d", nil)
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 404 {
		t.Errorf("status %d, want 404", w.Code)
	}
	if got := telemetry.Fields(context.Background()); got != nil {
		t.Errorf("fields %v", got)
	}
}
