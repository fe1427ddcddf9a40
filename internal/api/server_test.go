// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"galen/internal/api"
	"galen/internal/aws/sigv4"
	"galen/internal/telemetry"
)

var cred = sigv4.Credential{AccessKey: "AKIAEXAMPLE", Secret: "secret", Account: "111122223333"}

func lookup(key string, _ time.Time) (sigv4.Credential, bool) { return cred, key == cred.AccessKey }

// echo answers with the name of its API, who asked and the body.
func echo(name string) api.API {
	return api.API{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, ok := api.IdentityFrom(r.Context())
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
			fmt.Fprintf(w, "%s %v %s %s %s", name, ok, id.Account, r.RequestURI, body)
		}),
		WriteError: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "%s error %s: %s", name, code, message)
		},
		MaxBody: 1000,
	}
}

func options() api.Options {
	o := api.Options{Listen: "127.0.0.1:0", Verifier: sigv4.NewVerifier(lookup, sigv4.Options{}),
		HealthLake: echo("healthlake"), ConnectHealth: echo("agents"), FHIR: echo("fhir"), S3: echo("s3")}
	o.S3.Auth = api.Stream
	return o
}

func newServer(t testing.TB, o api.Options) *api.Server {
	t.Helper()
	s, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(r *http.Request, service, body string) *http.Request {
	sigv4.Signer{Credential: cred, Region: "us-east-1", Service: service}.Sign(r, sigv4.HashPayload([]byte(body)), time.Now())
	return r
}

func request(method, target, body string) *http.Request {
	return httptest.NewRequest(method, target, strings.NewReader(body))
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func target(r *http.Request, name string) *http.Request {
	r.Header.Set("X-Amz-Target", name)
	return r
}

func onHost(r *http.Request, host string) *http.Request {
	r.Host = host
	return r
}

func TestRoutes(t *testing.T) {
	s := newServer(t, options())
	presigned := request("GET", "/bucket/key", "")
	sigv4.Signer{Credential: cred, Region: "us-east-1", Service: "s3"}.Presign(presigned, sigv4.UnsignedPayload, time.Minute, time.Now())
	wrongKey := request("POST", "/", "{}")
	sigv4.Signer{Credential: sigv4.Credential{AccessKey: "AKIAOTHER", Secret: "x"}, Region: "r", Service: "healthlake"}.Sign(wrongKey, sigv4.HashPayload([]byte("{}")), time.Now())
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		want   string
	}{
		{"control plane", sign(target(request("POST", "/", "{}"), "HealthLake.X"), "healthlake", "{}"), 200, "healthlake true 111122223333 / {}"},
		{"no target", sign(request("POST", "/", "{}"), "healthlake", "{}"), 200, "healthlake true 111122223333 / {}"},
		{"FHIR", sign(request("GET", "/datastore/d/r4//Patient/a%2Fb?x=1", ""), "healthlake", ""), 200, "fhir true 111122223333 /datastore/d/r4//Patient/a%2Fb?x=1 "},
		{"FHIR write", sign(request("POST", "/datastore/d/r4/Patient", "p"), "healthlake", "p"), 200, "fhir true 111122223333 /datastore/d/r4/Patient p"},
		{"agents", sign(request("GET", "/domain?status=x", ""), "health-agent", ""), 200, "agents true 111122223333 /domain?status=x "},
		{"agents, a tag", sign(request("GET", "/tags/arn%3Aaws%3Ax%2Fy", ""), "health-agent", ""), 200, "agents true 111122223333 /tags/arn%3Aaws%3Ax%2Fy "},
		{"agents, any host", sign(onHost(request("POST", "/domains/d/subscriptions", ""), "runtime.example.org"), "health-agent", ""), 200, "agents true"},
		{"agents, another service", sign(request("GET", "/domain", ""), "healthlake", ""), 403, "agents error InvalidSignatureException"},
		{"agents, a session", sign(request("GET", "/medical-scribe-stream/domain/d/subscription/s/session/x", ""), "health-agent", ""), 200, "agents true"},
		{"S3, a bucket named domain", sign(request("GET", "/domain/x", ""), "s3", ""), 200, "s3 true 111122223333 /domain/x "},
		{"no agents", request("GET", "/domainx", ""), 404, "healthlake error UnknownOperationException"},
		{"S3", sign(request("PUT", "/bucket/a/../b", "data"), "s3", "data"), 200, "s3 true 111122223333 /bucket/a/../b data"},
		{"S3, a bucket named datastore", sign(request("GET", "/datastore/x", ""), "s3", ""), 200, "s3 true 111122223333 /datastore/x "},
		{"S3, list of buckets", sign(request("GET", "/", ""), "s3", ""), 200, "s3 true 111122223333 / "},
		{"S3, presigned", presigned, 200, "s3 true 111122223333 " + presigned.RequestURI + " "},
		{"S3, a bucket named healthz", sign(request("GET", "/healthz", ""), "s3", ""), 200, "s3 true"},
		{"FHIR unsigned", request("GET", "/datastore/d/r4/Patient", ""), 403, "fhir error MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{"control plane unsigned", target(request("POST", "/", "{}"), "HealthLake.X"), 403, "healthlake error MissingAuthenticationTokenException"},
		{"FHIR with another scheme", withAuthorization(request("GET", "/datastore/d/r4/Patient", ""), "Bearer x"), 400, "fhir error IncompleteSignatureException"},
		{"unknown key", wrongKey, 403, "healthlake error UnrecognizedClientException"},
		{"wrong service for FHIR", sign(request("GET", "/datastore/d/r4/Patient", ""), "execute-api", ""), 403, "fhir error InvalidSignatureException: Credential should be scoped to correct service: 'healthlake'."},
		{"changed body", sign(request("POST", "/datastore/d/r4/Patient", "p"), "healthlake", "q"), 403, "fhir error InvalidSignatureException"},
		{"changed S3 body", sign(request("PUT", "/b/k", "p"), "s3", "q"), 403, "The provided 'x-amz-content-sha256'"},
		{"too large", sign(request("POST", "/datastore/d/r4/Patient", strings.Repeat("x", 1001)), "healthlake", strings.Repeat("x", 1001)), 413, "fhir error RequestEntityTooLargeException"},
		{"too large, length unknown", chunked(sign(request("POST", "/datastore/d/r4/Patient", strings.Repeat("x", 1001)), "healthlake", strings.Repeat("x", 1001))), 413, "fhir error RequestEntityTooLargeException"},
		{"cut short", short(sign(request("POST", "/datastore/d/r4/Patient", "xx"), "healthlake", "xx")), 408, "fhir error RequestTimeoutException"},
		{"nothing there", request("GET", "/favicon.ico", ""), 404, "healthlake error UnknownOperationException"},
		{"health", request("GET", "/healthz", ""), 200, "ok\n"},
		{"ready", request("GET", "/readyz", ""), 200, "ok\n"},
		{"health, written to", request("POST", "/healthz", ""), 405, ""},
	} {
		w := serve(s, c.r)
		if w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.want) {
			t.Errorf("%s: got %d %q, want %d %q", c.name, w.Code, w.Body, c.status, c.want)
		}
	}
}

func withAuthorization(r *http.Request, value string) *http.Request {
	r.Header.Set("Authorization", value)
	return r
}

func chunked(r *http.Request) *http.Request {
	r.ContentLength = -1
	return r
}

func short(r *http.Request) *http.Request {
	r.ContentLength++
	return r
}

func TestAnonymousRequests(t *testing.T) {
	o := options()
	o.FHIR.Anonymous = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/metadata") }
	s := newServer(t, o)
	if w := serve(s, request("GET", "/datastore/d/r4/metadata", "")); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "fhir false ") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := serve(s, request("GET", "/datastore/d/r4/Patient", "")); w.Code != 403 {
		t.Errorf("got %d", w.Code)
	}
	if w := serve(s, withAuthorization(request("GET", "/datastore/d/r4/metadata", ""), "Bearer x")); w.Code != 400 {
		t.Errorf("a signature that is there is not checked: %d", w.Code)
	}
}

func TestWholeBodiesAreNotCopied(t *testing.T) {
	o := options()
	var got []byte
	o.FHIR.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Body.(interface{ Bytes() []byte }).Bytes()
	})
	serve(newServer(t, o), sign(request("POST", "/datastore/d/r4/Patient", "body"), "healthlake", "body"))
	if string(got) != "body" {
		t.Errorf("got %q", got)
	}
}

type principalKey struct{}

func TestIdentityReachesTheContext(t *testing.T) {
	o := options()
	o.WithIdentity = func(ctx context.Context, id sigv4.Identity) context.Context {
		return context.WithValue(ctx, principalKey{}, "principal "+id.AccessKey)
	}
	var principal any
	var id string
	o.FHIR.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		principal, id = r.Context().Value(principalKey{}), api.RequestID(r.Context())
	})
	w := serve(newServer(t, o), sign(request("GET", "/datastore/d/r4/Patient/x", ""), "healthlake", ""))
	if principal != "principal AKIAEXAMPLE" || id == "" || id != w.Header().Get("x-amzn-RequestId") {
		t.Errorf("principal %v, id %q, header %q", principal, id, w.Header().Get("x-amzn-RequestId"))
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	o := options()
	var log bytes.Buffer
	o.Log, _ = telemetry.NewLog(&log, "info", "text")
	o.FHIR.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken invariant") })
	s := newServer(t, o)
	w := serve(s, sign(request("GET", "/datastore/d/r4/Patient/x?name=Smith", ""), "healthlake", ""))
	if w.Code != 500 || !strings.HasPrefix(w.Body.String(), "fhir error InternalServerException") || strings.Contains(w.Body.String(), "invariant") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := log.String(); !strings.Contains(got, "broken invariant") || !strings.Contains(got, "server_test.go") || strings.Contains(got, "Smith") {
		t.Errorf("log: %s", got)
	}
}

func TestTheLogHasNoQueries(t *testing.T) {
	o := options()
	var log bytes.Buffer
	o.Log, _ = telemetry.NewLog(&log, "info", "json")
	w := serve(newServer(t, o), sign(request("GET", "/datastore/d/r4/Patient?name=Smith", ""), "healthlake", ""))
	got := log.String()
	if strings.Contains(got, "Smith") || !strings.Contains(got, `"path":"/datastore/d/r4/Patient"`) || !strings.Contains(got, `"status":200`) ||
		!strings.Contains(got, w.Header().Get("x-amzn-RequestId")) {
		t.Errorf("log: %s", got)
	}
}

func TestMetricsCountRequests(t *testing.T) {
	o := options()
	o.Metrics = telemetry.NewRegistry()
	s := newServer(t, o)
	serve(s, sign(request("GET", "/datastore/d/r4/Patient", ""), "healthlake", ""))
	serve(s, request("GET", "/datastore/d/r4/Patient", ""))
	got := serve(s, request("GET", "/metrics", "")).Body.String()
	for _, want := range []string{`galen_http_requests_total{api="fhir",status="2xx"} 1`, `galen_http_requests_total{api="fhir",status="4xx"} 1`, "galen_http_in_flight_requests 0"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the metrics", want)
		}
	}
}

func TestBusyServersSaySo(t *testing.T) {
	o := options()
	o.MaxInFlight = 1
	entered, leave := make(chan struct{}), make(chan struct{})
	o.FHIR.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(entered); <-leave })
	s := newServer(t, o)
	done := make(chan struct{})
	go func() {
		serve(s, sign(request("GET", "/datastore/d/r4/Patient", ""), "healthlake", ""))
		close(done)
	}()
	<-entered
	if w := serve(s, sign(request("GET", "/datastore/d/r4/Patient", ""), "healthlake", "")); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d", w.Code)
	}
	if w := serve(s, request("GET", "/healthz", "")); w.Code != 200 {
		t.Errorf("health: got %d", w.Code)
	}
	close(leave)
	<-done
}

func TestReadiness(t *testing.T) {
	o := options()
	o.Ready = func(context.Context) error { return errors.New("the disk is full") }
	if w := serve(newServer(t, o), request("GET", "/readyz", "")); w.Code != 503 || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestOtherMachinesNeedAnExplicitOption(t *testing.T) {
	for _, c := range []struct {
		listen string
		allow  bool
		want   bool
	}{{"127.0.0.1:0", false, true}, {"localhost:0", false, true}, {"0.0.0.0:0", false, false}, {":0", false, false}, {"0.0.0.0:0", true, true}} {
		o := options()
		o.Listen, o.AllowRemote = c.listen, c.allow
		s := newServer(t, o)
		err := s.Listen(t.Context())
		if (err == nil) != c.want {
			t.Errorf("%s, allowed %v: %v", c.listen, c.allow, err)
		}
		if err == nil {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := api.New(api.Options{HealthLake: echo("x")}); err == nil {
		t.Error("a server without a verifier")
	}
	if _, err := api.New(api.Options{CertFile: "x"}); err == nil {
		t.Error("a certificate without a key")
	}
}

// start runs a server until the test ends.
func start(t testing.TB, o api.Options) *api.Server {
	t.Helper()
	s := newServer(t, o)
	if err := s.Listen(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestBothVersionsOfHTTPInClearAndUnderTLS(t *testing.T) {
	cert, key := certificate(t)
	for _, secure := range []bool{false, true} {
		o := options()
		if secure {
			o.CertFile, o.KeyFile = cert, key
		}
		s := start(t, o)
		for _, major := range []int{1, 2} {
			var p http.Protocols
			p.SetHTTP1(major == 1)
			p.SetHTTP2(major == 2 && secure)
			p.SetUnencryptedHTTP2(major == 2 && !secure)
			transport := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/datastore/d/r4/Patient?a=b", strings.NewReader("p"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := (&http.Client{Transport: transport}).Do(sign(r, "healthlake", "p"))
			if err != nil {
				t.Fatalf("secure %v, HTTP/%d: %v", secure, major, err)
			}
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			transport.CloseIdleConnections()
			if response.StatusCode != 200 || response.ProtoMajor != major {
				t.Errorf("secure %v: %s %d %s, want HTTP/%d", secure, response.Proto, response.StatusCode, body, major)
			}
		}
	}
}

func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestRunLetsRequestsFinish(t *testing.T) {
	o := options()
	entered, leave := make(chan struct{}), make(chan struct{})
	o.FHIR.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, fmt.Sprint("done ", r.Context().Err()))
	})
	s := newServer(t, o)
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	answer := make(chan string, 1)
	go func() {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", s.URL()+"/datastore/d/r4/Patient", nil)
		response, err := http.DefaultClient.Do(sign(r, "healthlake", ""))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	cancel()
	close(leave)
	if got := <-answer; got != "done <nil>" {
		t.Errorf("the request got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func BenchmarkEdge(b *testing.B) {
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1200)) })
	o := options()
	o.FHIR.Handler, o.FHIR.MaxBody = empty, 0
	o.Log, o.AccessLevel, o.Metrics = slog.New(slog.NewTextHandler(io.Discard, nil)), slog.LevelInfo, telemetry.NewRegistry()
	read := func() *http.Request {
		return sign(request("GET", "/datastore/0123456789abcdef0123456789abcdef/r4/Patient/x", ""), "healthlake", "")
	}
	s := newServer(b, o)
	b.Run("handler only", func(b *testing.B) {
		r := read()
		b.ReportAllocs()
		for b.Loop() {
			serve(s, r)
		}
	})
	o.Metrics = telemetry.NewRegistry()
	floor := httptest.NewServer(empty)
	defer floor.Close()
	for name, h := range map[string]string{"empty net/http": floor.URL, "edge": start(b, o).URL()} {
		b.Run("over TCP/"+name, func(b *testing.B) {
			r := read()
			r.RequestURI = ""
			r.URL.Scheme = "http"
			r.URL.Host = strings.TrimPrefix(h, "http://")
			r.Host = "example.com" // as signed
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					response, err := client.Do(r.Clone(context.Background()))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
					if response.StatusCode != 200 {
						b.Error(response.Status)
						return
					}
				}
			})
		})
	}
}
