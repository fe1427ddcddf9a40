// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/engine/lsm"
	"galen/internal/fhir/fhirtest"
)

// blank is a ResponseWriter that keeps nothing.
type blank struct{ header http.Header }

func (b *blank) Header() http.Header         { return b.header }
func (b *blank) Write(p []byte) (int, error) { return len(p), nil }
func (b *blank) WriteHeader(int)             {}

func benchServer(b *testing.B) *server {
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	s := newServer(b, e, api.Options{})
	s.do("PUT", r4+"/Patient/p1", patient).want(b, 201)
	return s
}

const (
	benchSystem = `{"resourceType":"CodeSystem","id":"s","url":"http://example.org/s","status":"active","content":"complete","concept":[{"code":"a"}%s]}`
	benchSet    = `{"resourceType":"ValueSet","id":"v","url":"http://example.org/v","status":"active","compose":{"include":[{"system":"http://example.org/s"}]}}`
	benchAsk    = r4 + "/ValueSet/$validate-code?url=http%3A%2F%2Fexample.org%2Fv&system=http%3A%2F%2Fexample.org%2Fs&code=c77"
)

func benchTerminology(b *testing.B) *server {
	s := benchServer(b)
	var more strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&more, `,{"code":"c%d","display":"concept %d"}`, i, i)
	}
	s.do("PUT", r4+"/CodeSystem/s", fmt.Sprintf(benchSystem, more.String())).want(b, 201)
	s.do("PUT", r4+"/ValueSet/v", benchSet).want(b, 201)
	if got := s.do("GET", benchAsk, "").want(b, 200); !strings.Contains(got.body, `"valueBoolean":true`) {
		b.Fatal(got.body)
	}
	return s
}

// BenchmarkValidateCodeHandler is what $validate-code costs beyond net/http itself.
func BenchmarkValidateCodeHandler(b *testing.B) {
	benchTerminology(b).benchHandler(b, benchAsk)
}

// BenchmarkValidateCodeHTTP asks over loopback connections; BenchmarkEmptyHTTP is its floor.
func BenchmarkValidateCodeHTTP(b *testing.B) { benchTerminology(b).overHTTP(b, benchAsk) }

// BenchmarkReadHandler is what a read costs beyond net/http itself.
func BenchmarkReadHandler(b *testing.B) {
	benchServer(b).benchHandler(b, r4+"/Patient/p1")
}

func (s *server) benchHandler(b *testing.B, path string) {
	r := httptest.NewRequest("GET", path, nil)
	r = r.WithContext(context.WithValue(r.Context(), whoKey{}, s.who))
	w := &blank{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		s.handler.ServeHTTP(w, r)
	}
}

// BenchmarkReadHTTP reads over a loopback connection; BenchmarkEmptyHTTP is its floor.
func BenchmarkReadHTTP(b *testing.B) {
	benchServer(b).overHTTP(b, r4+"/Patient/p1")
}

func (s *server) overHTTP(b *testing.B, path string) {
	overHTTP(b, path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, s.who)))
	}))
}

func BenchmarkEmptyHTTP(b *testing.B) {
	overHTTP(b, r4+"/Patient/p1", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

func overHTTP(b *testing.B, path string, h http.Handler) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := srv.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(srv.URL + path)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkCreateHTTP32 creates real Observations from 32 clients, each answered once it is durable.
func BenchmarkCreateHTTP32(b *testing.B) {
	lines := fhirtest.Synthea(b, "synthea-10")["Observation"]
	s := benchServer(b)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, s.who)))
	}))
	defer srv.Close()
	client := srv.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	var next atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			line := lines[int(next.Add(1))%len(lines)]
			resp, err := client.Post(srv.URL+r4+"/Observation", "application/fhir+json", bytes.NewReader(line))
			if err != nil || resp.StatusCode != http.StatusCreated {
				b.Error(err, resp)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}
