// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signer signs requests with one credential, for one region and service.
type Signer struct {
	Credential Credential
	Region     string
	Service    string

	Raw       bool // sign the path as it is; always so for s3
	LateToken bool // add the session token after signing, outside of the signature
}

// neverSigned are headers that others on the way may change.
var neverSigned = []string{"Authorization", "Accept-Encoding", "Connection", "Expect", "Keep-Alive", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "User-Agent", "X-Amzn-Trace-Id"}

// HashPayload returns the text that stands for a body in a signature.
func HashPayload(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

// Sign adds X-Amz-Date, X-Amz-Security-Token if the credential has one, X-Amz-Content-Sha256 for s3 and for a payload
// that is not the body's hash, and Authorization. payload is HashPayload of the body, or UnsignedPayload.
func (s Signer) Sign(r *http.Request, payload string, now time.Time) {
	r.Header.Del("Authorization")
	date := now.UTC().Format(basicTime)
	r.Header.Set("X-Amz-Date", date)
	if s.Service == "s3" || payload == UnsignedPayload || strings.HasPrefix(payload, "STREAMING-") {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	r.Header.Del("X-Amz-Security-Token")
	if s.Credential.Token != "" && !s.LateToken {
		r.Header.Set("X-Amz-Security-Token", s.Credential.Token)
	}
	scope := s.scope(date)
	query, _ := parseQuery(r.URL.RawQuery) // too long to sign is too long to verify
	signed := signedHeaders(r)
	sig := s.signature(r, date, scope, query, signed, payload)
	r.Header.Set("Authorization", algorithm+" Credential="+s.credential(scope)+", SignedHeaders="+signed+", Signature="+sig)
	if s.LateToken && s.Credential.Token != "" {
		r.Header.Set("X-Amz-Security-Token", s.Credential.Token)
	}
}

// Presign adds to the URL's query what makes it good for a while, at most 7 days, without an Authorization header. The
// headers that the request has must be sent with it. payload is UnsignedPayload for s3.
func (s Signer) Presign(r *http.Request, payload string, expires time.Duration, now time.Time) {
	date := now.UTC().Format(basicTime)
	scope := s.scope(date)
	signed := signedHeaders(r)
	query, _ := parseQuery(r.URL.RawQuery)
	add := func(key, value string) {
		query = append(query, pair{key, string(appendEscaped(nil, value, false))})
	}
	add("X-Amz-Algorithm", algorithm)
	add("X-Amz-Credential", s.credential(scope))
	add("X-Amz-Date", date)
	add("X-Amz-Expires", strconv.FormatInt(int64(expires/time.Second), 10))
	add("X-Amz-SignedHeaders", signed)
	if s.Credential.Token != "" && !s.LateToken {
		add("X-Amz-Security-Token", s.Credential.Token)
	}
	sortPairs(query)
	sig := s.signature(r, date, scope, query, signed, payload)
	if s.Credential.Token != "" && s.LateToken {
		add("X-Amz-Security-Token", s.Credential.Token)
	}
	add("X-Amz-Signature", sig)
	r.URL.RawQuery = string(appendQuery(nil, query, ""))
}

func (s Signer) scope(date string) Scope {
	return Scope{AccessKey: s.Credential.AccessKey, Date: date[:8], Region: s.Region, Service: s.Service}
}

func (s Signer) credential(scope Scope) string {
	return string(scope.text([]byte(scope.AccessKey + "/")))
}

func (s Signer) signature(r *http.Request, date string, scope Scope, query []pair, signed, payload string) string {
	canonical := appendCanonical(nil, r, query, "", signed, payload, s.Raw || s.Service == "s3")
	sig := signature(signingKey(s.Credential.Secret, scope), date, scope, canonical)
	return string(sig[:])
}

// signedHeaders names every header that is signed: host and all that the request has but neverSigned.
func signedHeaders(r *http.Request) string {
	names := []string{"host"}
	for name := range r.Header {
		if name = http.CanonicalHeaderKey(name); name != "Host" && !slices.Contains(neverSigned, name) {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ";")
}
