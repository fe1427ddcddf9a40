// SPDX-License-Identifier: Apache-2.0

package sigv4_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"galen/internal/aws/sigv4"
	"galen/internal/fault"
)

var (
	now  = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	cred = sigv4.Credential{AccessKey: "AKIAEXAMPLE", Secret: "secret/secret", Account: "111122223333"}
)

func signer(service string) sigv4.Signer {
	return sigv4.Signer{Credential: cred, Region: "us-east-1", Service: service}
}

// signed makes a request with a body, signed in its head.
func signed(s sigv4.Signer, method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	s.Sign(r, sigv4.HashPayload([]byte(body)), now)
	return r
}

func code(err error) sigv4.Code {
	var e *sigv4.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestVerifyRefuses(t *testing.T) {
	v := sigv4.NewVerifier(only(cred), sigv4.Options{})
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			h := r.Header.Get("Authorization")
			if !strings.Contains(h, old) {
				t.Fatalf("%q is not in %s", old, h)
			}
			r.Header.Set("Authorization", strings.Replace(h, old, new, 1))
		}
	}
	for _, c := range []struct {
		name string
		edit func(*http.Request)
		at   time.Duration
		want sigv4.Code
		text string
	}{
		{"nothing", func(*http.Request) {}, 0, "", ""},
		{"a clock 5 minutes ahead", func(*http.Request) {}, -5 * time.Minute, "", ""},
		{"a clock 5 minutes behind", func(*http.Request) {}, 5 * time.Minute, "", ""},
		{"too old", func(*http.Request) {}, 5*time.Minute + time.Second, sigv4.InvalidSignature,
			"Signature expired: 20261121T040000Z is now earlier than 20261121T040001Z (20261121T040501Z - 5 min.)"},
		{"too early", func(*http.Request) {}, -5*time.Minute - time.Second, sigv4.InvalidSignature,
			"Signature not yet current: 20261121T040000Z is still later than 20261121T035959Z (20261121T035459Z + 5 min.)"},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, 0, sigv4.MissingAuthenticationToken, ""},
		{"a bearer token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 0, sigv4.IncompleteSignature, ""},
		{"no credential", edit("Credential", "Credentials"), 0, sigv4.IncompleteSignature, "requires 'Credential' parameter"},
		{"a short credential", edit("/us-east-1", ""), 0, sigv4.IncompleteSignature, "5 slash-delimited"},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, 0, sigv4.IncompleteSignature, "'X-Amz-Date' or a 'Date'"},
		{"a bad date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "today") }, 0, sigv4.IncompleteSignature, "ISO-8601"},
		{"another day", edit("/20261121/", "/20261120/"), 0, sigv4.InvalidSignature, "Date in Credential scope"},
		{"unknown key", edit("AKIAEXAMPLE", "AKIAOTHER"), 0, sigv4.UnrecognizedClient, "security token"},
		{"a token nobody gave", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") }, 0, sigv4.UnrecognizedClient, ""},
		{"another region", edit("us-east-1", "us-east-2"), 0, sigv4.InvalidSignature, "does not match"},
		{"another signature", func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") }, 0, sigv4.InvalidSignature, "does not match"},
		{"another method", func(r *http.Request) { r.Method = "PUT" }, 0, sigv4.InvalidSignature, "does not match"},
		{"another path", func(r *http.Request) { r.RequestURI = "/b?c=d" }, 0, sigv4.InvalidSignature, "does not match"},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "c=e" }, 0, sigv4.InvalidSignature, "does not match"},
		{"another host", func(r *http.Request) { r.Host = "evil" }, 0, sigv4.InvalidSignature, "does not match"},
		{"host not signed", edit("SignedHeaders=host;", "SignedHeaders="), 0, sigv4.InvalidSignature, "'Host' must be"},
		{"an x-amz header not signed", func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "b") }, 0, sigv4.InvalidSignature, "'x-amz-meta-a' must be"},
		{"another target", func(r *http.Request) { r.Header.Set("X-Amz-Target", "b") }, 0, sigv4.InvalidSignature, "does not match"},
		{"a wrong hash", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, 0, sigv4.InvalidSignature, ""},
	} {
		r := httptest.NewRequest("POST", "/a?c=d", strings.NewReader("body"))
		r.Header.Set("X-Amz-Target", "a")
		signer("healthlake").Sign(r, sigv4.HashPayload([]byte("body")), now)
		c.edit(r)
		_, err := v.Verify(r, []byte("body"), now.Add(c.at))
		if code(err) != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %s, %v; want %s, %q", c.name, code(err), err, c.want, c.text)
		}
		if err != nil && !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: the error is not fault.Unauthenticated", c.name)
		}
	}
}

func TestPresignedRequests(t *testing.T) {
	v := sigv4.NewVerifier(only(cred), sigv4.Options{})
	for _, c := range []struct {
		name    string
		service string
		expires time.Duration
		at      time.Duration
		edit    func(*http.Request)
		want    sigv4.Code
	}{
		{"good", "healthlake", time.Hour, 59 * time.Minute, nil, ""},
		{"good for s3, whose payload is not signed", "s3", time.Hour, 0, func(r *http.Request) { r.URL.Path = "/a b" }, ""},
		{"a week", "s3", 7 * 24 * time.Hour, 6 * 24 * time.Hour, nil, ""},
		{"expired", "healthlake", time.Hour, time.Hour + time.Second, nil, sigv4.InvalidSignature},
		{"from the future", "healthlake", time.Hour, -6 * time.Minute, nil, sigv4.InvalidSignature},
		{"more than a week", "s3", 7*24*time.Hour + time.Second, 0, nil, sigv4.IncompleteSignature},
		{"no time at all", "s3", 0, 0, nil, sigv4.IncompleteSignature},
		{"a parameter more", "s3", time.Hour, 0, func(r *http.Request) { r.URL.RawQuery += "&x=y" }, sigv4.InvalidSignature},
		{"a header more", "s3", time.Hour, 0, func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, sigv4.InvalidSignature},
		{"a longer time", "s3", time.Hour, 0, func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Expires=3600", "Expires=7200", 1)
		}, sigv4.InvalidSignature},
	} {
		r := httptest.NewRequest("GET", "/a%20b?list-type=2&prefix=x%2Fy", nil)
		payload := sigv4.HashPayload(nil)
		if c.service == "s3" {
			payload = sigv4.UnsignedPayload
		}
		signer(c.service).Presign(r, payload, c.expires, now)
		if c.edit != nil {
			c.edit(r)
		}
		id, err := v.Verify(r, nil, now.Add(c.at))
		if code(err) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if err == nil && (!id.Presigned || id.Account != "111122223333") {
			t.Errorf("%s: identity %+v", c.name, id)
		}
	}
}

func TestTokens(t *testing.T) {
	with := cred
	with.Token = "tok en/=="
	v := sigv4.NewVerifier(only(with), sigv4.Options{})
	for _, late := range []bool{false, true} {
		s := sigv4.Signer{Credential: with, Region: "r", Service: "healthlake", LateToken: late}
		if _, err := v.Verify(signed(s, "POST", "/", "x"), []byte("x"), now); err != nil {
			t.Errorf("late %v: %v", late, err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		s.Presign(r, sigv4.HashPayload(nil), time.Hour, now)
		if _, err := v.Verify(r, nil, now); err != nil {
			t.Errorf("presigned, late %v: %v", late, err)
		}
		r = signed(s, "POST", "/", "x")
		r.Header.Set("X-Amz-Security-Token", "other")
		if _, err := v.Verify(r, []byte("x"), now); code(err) != sigv4.UnrecognizedClient {
			t.Errorf("another token: %v", err)
		}
	}
	if _, err := v.Verify(signed(signer("healthlake"), "POST", "/", "x"), []byte("x"), now); code(err) != sigv4.UnrecognizedClient {
		t.Errorf("no token: %v", err)
	}
}

func TestUnsignedPayload(t *testing.T) {
	v := sigv4.NewVerifier(only(cred), sigv4.Options{})
	r := httptest.NewRequest("POST", "/", nil)
	signer("healthlake").Sign(r, sigv4.UnsignedPayload, now)
	if _, err := v.Verify(r, []byte("anything"), now); err != nil {
		t.Error(err)
	}
}

func TestScopeOf(t *testing.T) {
	r := httptest.NewRequest("GET", "/b/k", nil)
	if _, ok := sigv4.ScopeOf(r); ok {
		t.Error("a scope without a signature")
	}
	want := sigv4.Scope{AccessKey: "AKIAEXAMPLE", Date: "20261121", Region: "us-east-1", Service: "s3"}
	signer("s3").Presign(r, sigv4.UnsignedPayload, time.Hour, now)
	if got, ok := sigv4.ScopeOf(r); !ok || got != want {
		t.Errorf("presigned: %+v", got)
	}
	if got, ok := sigv4.ScopeOf(signed(signer("s3"), "GET", "/", "")); !ok || got != want {
		t.Errorf("header: %+v", got)
	}
}

// TestTheSDKsSignerAgrees verifies random requests that the AWS SDK signed, as they come off the wire, and compares
// signatures of our own.
func TestTheSDKsSignerAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	v := sigv4.NewVerifier(only(cred), sigv4.Options{})
	for i := range 2000 {
		service := []string{"healthlake", "s3"}[i%2]
		r, body := randomRequest(t, rng, service)
		payload := sigv4.HashPayload(body)
		ours := r.Clone(t.Context())
		sdk := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		if service == "s3" {
			r.Header.Set("X-Amz-Content-Sha256", payload)
		}
		presigned := i%3 == 0
		if presigned {
			if service == "s3" {
				payload = sigv4.UnsignedPayload
				r.Header.Del("X-Amz-Content-Sha256")
			}
			q := r.URL.Query()
			q.Set("X-Amz-Expires", "60")
			r.URL.RawQuery = q.Encode()
			uri, headers, err := sdk.PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: cred.AccessKey, SecretAccessKey: cred.Secret}, r, payload, service, "us-east-1", now)
			if err != nil {
				t.Fatal(err)
			}
			if r.URL, err = url.Parse(uri); err != nil {
				t.Fatal(err)
			}
			for k := range headers {
				r.Header[http.CanonicalHeaderKey(k)] = headers[k]
			}
		} else {
			if err := sdk.SignHTTP(t.Context(), aws.Credentials{AccessKeyID: cred.AccessKey, SecretAccessKey: cred.Secret}, r, payload, service, "us-east-1", now); err != nil {
				t.Fatal(err)
			}
			signer(service).Sign(ours, payload, now)
			a, b := r.Header.Get("Authorization"), ours.Header.Get("Authorization")
			if !strings.Contains(a, "content-length") && a != b {
				t.Fatalf("%s %s:\nSDK  %s\nours %s", r.Method, r.URL, a, b)
			}
		}
		if _, err := v.Verify(overTheWire(t, r), body, now); err != nil {
			t.Fatalf("request %d: %s %s presigned=%v %v: %v", i, r.Method, r.URL, presigned, r.Header, err)
		}
	}
}

func randomRequest(t *testing.T, rng *rand.Rand, service string) (*http.Request, []byte) {
	t.Helper()
	text := func(alphabet string, n int) string {
		var b strings.Builder
		letters := []rune(alphabet)
		for range rng.IntN(n) + 1 {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	const odd = "abcXYZ019-_~ $&+,:;=@!*'()%#?é日"
	u := &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/"}
	for range rng.IntN(4) {
		u.Path += "s" + text(odd, 8) + "/"
	}
	if service == "s3" && rng.IntN(4) == 0 {
		u.Path += "/../a//./b"
	}
	if service == "s3" { // S3 clients escape paths as signatures do
		u.RawPath = httpbinding.EscapePath(u.Path, false)
	}
	q := url.Values{}
	for range rng.IntN(4) {
		q.Add("k"+text(odd, 5), text(odd, 10))
	}
	u.RawQuery = q.Encode()
	var body []byte
	method := "GET"
	if rng.IntN(2) == 0 {
		method, body = "POST", []byte(text(odd, 200))
	}
	r, err := http.NewRequestWithContext(t.Context(), method, u.String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rng.IntN(4) {
		r.Header.Add(fmt.Sprintf("X-Amz-Meta-%d", i), text("ab  c,;=", 12)+"x")
	}
	r.Header.Set("Content-Type", "application/json;  charset=utf-8")
	r.Header.Set("User-Agent", "test")
	return r, body
}

// overTheWire returns r as a server sees it.
func overTheWire(t *testing.T, r *http.Request) *http.Request {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestKeysAreBounded(t *testing.T) {
	v := sigv4.NewVerifier(only(cred), sigv4.Options{Keys: 2})
	for i := range 10 {
		s := sigv4.Signer{Credential: cred, Region: fmt.Sprintf("r-%d", i%5), Service: "healthlake"}
		if _, err := v.Verify(signed(s, "POST", "/", "x"), []byte("x"), now); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	v := sigv4.NewVerifier(only(cred), sigv4.Options{})
	r := signed(signer("healthlake"), "POST", "/", "x")
	f.Add(r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"), "a=b&c")
	p := httptest.NewRequest("GET", "/", nil)
	signer("s3").Presign(p, sigv4.UnsignedPayload, time.Hour, now)
	f.Add("", "", p.URL.RawQuery)
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := &http.Request{Method: "POST", Host: "h", URL: &url.URL{Path: "/p", RawQuery: query}, Header: http.Header{}}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
			r.Header["X-Amz-Date"] = []string{date}
		}
		scope, claimed := sigv4.ScopeOf(r)
		id, err := v.Verify(r, []byte("not what was signed"), now)
		if err == nil && (id.Service != "s3" || !claimed || scope.AccessKey != cred.AccessKey) {
			t.Errorf("passes: %q %q", authorization, query)
		}
		if err != nil && code(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := strings.Repeat(`{"resourceType":"Patient"}`, 79) // 2 KB
	for _, hashed := range []bool{false, true} {
		b.Run(fmt.Sprintf("2KB/declared=%v", hashed), func(b *testing.B) {
			v := sigv4.NewVerifier(only(cred), sigv4.Options{})
			r := httptest.NewRequest("POST", "/datastore/0123456789abcdef0123456789abcdef/r4/Patient?_format=json", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/fhir+json")
			if hashed {
				r.Header.Set("X-Amz-Content-Sha256", sigv4.HashPayload([]byte(body)))
			}
			signer("healthlake").Sign(r, sigv4.HashPayload([]byte(body)), now)
			data := []byte(body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(r, data, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
