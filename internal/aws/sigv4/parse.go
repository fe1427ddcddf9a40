// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	basicTime  = "20060102T150405Z"

	maxExpires    = 7 * 24 * time.Hour
	maxQueryPairs = 1000 // parameters of a signed query
	maxSigned     = 100  // headers that a signature may name
)

// Scope is what a signing key is good for.
type Scope struct {
	AccessKey string
	Date      string // YYYYMMDD
	Region    string
	Service   string
}

// ScopeOf returns the scope that a request claims, without checking anything: enough to route by service. It returns
// false if the request is not signed or its credential is malformed.
func ScopeOf(r *http.Request) (Scope, bool) {
	if h := r.Header.Get("Authorization"); h != "" {
		_, rest, ok := strings.Cut(h, "Credential=")
		if !ok || !strings.HasPrefix(h, algorithm) {
			return Scope{}, false
		}
		credential, _, _ := strings.Cut(rest, ",")
		return parseScope(strings.TrimSpace(credential))
	}
	if !strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return Scope{}, false
	}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if v, ok := strings.CutPrefix(part, "X-Amz-Credential="); ok {
			credential, err := url.QueryUnescape(v)
			if err != nil {
				return Scope{}, false
			}
			return parseScope(credential)
		}
	}
	return Scope{}, false
}

// parseScope splits KEY/DATE/REGION/SERVICE/aws4_request. A key may hold slashes, so it is taken from the right.
func parseScope(s string) (Scope, bool) {
	s, ok := strings.CutSuffix(s, "/"+terminator)
	if !ok {
		return Scope{}, false
	}
	var part [3]string // service, region, date
	for i := range part {
		at := strings.LastIndexByte(s, '/')
		if at < 0 {
			return Scope{}, false
		}
		part[i], s = s[at+1:], s[:at]
		if part[i] == "" {
			return Scope{}, false
		}
	}
	return Scope{AccessKey: s, Date: part[2], Region: part[1], Service: part[0]}, s != "" && len(part[2]) == 8
}

// text gives the scope as it stands in the string to sign.
func (s Scope) text(b []byte) []byte {
	b = append(append(b, s.Date...), '/')
	b = append(append(b, s.Region...), '/')
	b = append(append(b, s.Service...), '/')
	return append(b, terminator...)
}

// claim is all that a request says about its own signature.
type claim struct {
	scope     Scope
	signed    string // names of signed headers, as given: lower case, separated by semicolons
	signature string
	date      string // in the basic form
	at        time.Time
	expires   time.Duration // of a presigned request
	presigned bool
	token     string
	payload   string // x-amz-content-sha256; empty if not given
	query     []pair // canonical, without the signature, sorted
}

// parse reads a request's claim. It fails with *Error.
func parse(r *http.Request) (claim, error) {
	var c claim
	var err error
	header := r.Header.Get("Authorization")
	if c.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return claim{}, err
	}
	switch {
	case header != "":
		err = c.parseHeader(r, header)
	case has(c.query, "X-Amz-Algorithm") || has(c.query, "X-Amz-Signature"):
		err = c.parsePresigned()
	default:
		err = fail(MissingAuthenticationToken, "Request is missing Authentication Token")
	}
	return c, err
}

func (c *claim) parseHeader(r *http.Request, header string) error {
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok || rest == "" || rest[0] != ' ' {
		return fail(IncompleteSignature, "Authorization header is not of the form AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...")
	}
	var credential string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return fail(IncompleteSignature, "Authorization header holds a part that is not key=value.")
		}
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			c.signed = value
		case "Signature":
			c.signature = value
		}
	}
	var lacks strings.Builder
	for _, p := range [...]struct{ name, value string }{{"Credential", credential}, {"Signature", c.signature}, {"SignedHeaders", c.signed}} {
		if p.value == "" {
			lacks.WriteString("Authorization header requires '" + p.name + "' parameter. ")
		}
	}
	c.date = headerDate(r)
	if c.date == "" {
		lacks.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if lacks.Len() > 0 {
		return fail(IncompleteSignature, strings.TrimSpace(lacks.String()))
	}
	c.token = r.Header.Get("X-Amz-Security-Token")
	c.payload = r.Header.Get("X-Amz-Content-Sha256")
	return c.finish(credential)
}

// headerDate returns the signing time in the basic form: X-Amz-Date, else Date in that form or HTTP's.
func headerDate(r *http.Request) string {
	if d := r.Header.Get("X-Amz-Date"); d != "" {
		return d
	}
	d := r.Header.Get("Date")
	if t, err := http.ParseTime(d); err == nil {
		return t.UTC().Format(basicTime)
	}
	return d
}

func (c *claim) parsePresigned() error {
	c.presigned = true
	var credential, alg, expires string
	keep := c.query[:0]
	for _, p := range c.query {
		switch p.key {
		case "X-Amz-Algorithm":
			alg = p.value
		case "X-Amz-Credential":
			credential = unescape(p.value)
		case "X-Amz-Date":
			c.date = p.value
		case "X-Amz-Expires":
			expires = p.value
		case "X-Amz-SignedHeaders":
			c.signed = unescape(p.value)
		case "X-Amz-Security-Token":
			c.token = unescape(p.value)
		case "X-Amz-Content-Sha256":
			c.payload = p.value
		case "X-Amz-Signature":
			c.signature = p.value
			continue
		}
		keep = append(keep, p)
	}
	c.query = keep
	if alg != algorithm {
		return fail(IncompleteSignature, "AWS query-string parameters must include 'X-Amz-Algorithm' with the value AWS4-HMAC-SHA256.")
	}
	for _, p := range [...]struct{ name, value string }{{"X-Amz-Credential", credential}, {"X-Amz-Signature", c.signature},
		{"X-Amz-SignedHeaders", c.signed}, {"X-Amz-Date", c.date}, {"X-Amz-Expires", expires}} {
		if p.value == "" {
			return fail(IncompleteSignature, "AWS query-string parameters must include '"+p.name+"'.")
		}
	}
	seconds, err := strconv.ParseUint(expires, 10, 32)
	c.expires = time.Duration(seconds) * time.Second
	if err != nil || seconds == 0 || c.expires > maxExpires {
		return fail(IncompleteSignature, "X-Amz-Expires must be between 1 and 604800 seconds.")
	}
	return c.finish(credential)
}

// finish checks the parts that both forms share.
func (c *claim) finish(credential string) error {
	var ok bool
	if c.scope, ok = parseScope(credential); !ok {
		return fail(IncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request.")
	}
	var err error
	if c.at, err = time.Parse(basicTime, c.date); err != nil {
		return fail(IncompleteSignature, "Date must be in ISO-8601 'basic format'.")
	}
	if c.date[:8] != c.scope.Date {
		return fail(InvalidSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	}
	if strings.Count(c.signed, ";") >= maxSigned {
		return fail(IncompleteSignature, "SignedHeaders names too many headers.")
	}
	return nil
}

func has(query []pair, key string) bool {
	for _, p := range query {
		if p.key == key {
			return true
		}
	}
	return false
}
