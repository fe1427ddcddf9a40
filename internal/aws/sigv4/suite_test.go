// SPDX-License-Identifier: Apache-2.0

package sigv4_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/sigv4"
)

// suiteContext is what a case of the public suite says about how it is signed.
type suiteContext struct {
	Credentials struct {
		AccessKey string `json:"access_key_id"`
		Secret    string `json:"secret_access_key"`
		Token     string `json:"token"`
	}
	Expires   int  `json:"expiration_in_seconds"`
	Normalize bool `json:"normalize"`
	Region    string
	Service   string
	SignBody  bool      `json:"sign_body"`
	Timestamp time.Time `json:"timestamp"`
	OmitToken bool      `json:"omit_session_token"`
}

func suiteDir(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "suites", "sigv4", "v4")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the suite of signature cases is not beside the repository")
	}
	return dir
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// suiteRequest reads a request as the suite writes it, which no HTTP parser takes: spaces and raw UTF-8 in the target,
// values over several lines.
func suiteRequest(t *testing.T, text string) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	path, query, _ := strings.Cut(target, "?")
	r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, RequestURI: target, Header: http.Header{},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
	last := ""
	for _, line := range lines[1:] {
		if line == "" {
			continue
		}
		if line[0] == ' ' { // goes on
			values := r.Header[last]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		if last = http.CanonicalHeaderKey(name); last == "Host" {
			r.Host = strings.TrimSpace(value)
			continue
		}
		r.Header[last] = append(r.Header[last], value)
	}
	return r, []byte(body)
}

func TestSuite(t *testing.T) {
	dir := suiteDir(t)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			var c suiteContext
			if err := json.Unmarshal([]byte(readText(t, filepath.Join(dir, e.Name(), "context.json"))), &c); err != nil {
				t.Fatal(err)
			}
			cred := sigv4.Credential{AccessKey: c.Credentials.AccessKey, Secret: c.Credentials.Secret, Token: c.Credentials.Token}
			o := sigv4.Options{Account: "123456789012"}
			if !c.Normalize {
				o.Raw = []string{c.Service}
			}
			v := sigv4.NewVerifier(only(cred), o)
			for _, form := range []string{"header", "query"} {
				r, body := suiteRequest(t, readText(t, filepath.Join(dir, e.Name(), form+"-signed-request.txt")))
				id, err := v.Verify(r, body, c.Timestamp.Add(time.Minute))
				if err != nil {
					t.Errorf("%s: %v", form, err)
				}
				want := sigv4.Identity{AccessKey: cred.AccessKey, Account: "123456789012", Region: c.Region, Service: c.Service,
					Date: "20150830", Presigned: form == "query"}
				if id != want {
					t.Errorf("%s: identity %+v, want %+v", form, id, want)
				}
				if _, err := v.Verify(r, append([]byte("x"), body...), c.Timestamp); err == nil {
					t.Errorf("%s: another body passes", form)
				}
				r.Header.Set("X-Amz-Target", "Evil.Op")
				if _, err := v.Verify(r, body, c.Timestamp); err == nil {
					t.Errorf("%s: an unsigned x-amz-target passes", form)
				}
			}
			signSuite(t, filepath.Join(dir, e.Name()), c, cred)
		})
	}
	t.Logf("%d cases, each as header and as query, verified and signed", len(entries))
}

// signSuite signs a case's request itself and compares the signatures.
func signSuite(t *testing.T, dir string, c suiteContext, cred sigv4.Credential) {
	t.Helper()
	s := sigv4.Signer{Credential: cred, Region: c.Region, Service: c.Service, Raw: !c.Normalize, LateToken: c.OmitToken}
	r, body := suiteRequest(t, readText(t, filepath.Join(dir, "request.txt")))
	payload := sigv4.HashPayload(body)
	if c.SignBody {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	s.Sign(r, payload, c.Timestamp)
	if want := strings.TrimSpace(readText(t, filepath.Join(dir, "header-signature.txt"))); !strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+want) {
		t.Errorf("header: signed %s, want signature %s", r.Header.Get("Authorization"), want)
	}
	r, body = suiteRequest(t, readText(t, filepath.Join(dir, "request.txt")))
	s.Presign(r, sigv4.HashPayload(body), time.Duration(c.Expires)*time.Second, c.Timestamp)
	if want := strings.TrimSpace(readText(t, filepath.Join(dir, "query-signature.txt"))); r.URL.Query().Get("X-Amz-Signature") != want {
		t.Errorf("query: signed %s, want signature %s", r.URL.RawQuery, want)
	}
}

func only(cred sigv4.Credential) func(string, time.Time) (sigv4.Credential, bool) {
	return func(key string, _ time.Time) (sigv4.Credential, bool) { return cred, key == cred.AccessKey }
}
