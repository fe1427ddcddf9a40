// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// UnsignedPayload stands for a body that is not part of the signature.
const UnsignedPayload = "UNSIGNED-PAYLOAD"

// Skew is how far a client's clock may be from ours.
const Skew = 5 * time.Minute

// Credential is one access key.
type Credential struct {
	AccessKey string
	Secret    string
	Token     string // session token; empty: none
	Account   string // account id; empty: the server's
	Profile   string // name in the file it came from
}

// Identity is who signed a request, and for what.
type Identity struct {
	AccessKey string
	Account   string
	Region    string
	Service   string
	Date      string // of the scope, YYYYMMDD
	Presigned bool
}

// Options change what a Verifier accepts. The zero value is ready to use.
type Options struct {
	Account string   // of credentials that name none
	Raw     []string // services whose paths are signed as they are; nil means s3 and s3express
	Keys    int      // signing keys remembered; default 1024
}

// Verifier authenticates requests.
type Verifier struct {
	lookup func(accessKey string, now time.Time) (Credential, bool)
	o      Options
	keys   keys
}

// NewVerifier makes a verifier of the credentials that lookup finds. lookup must be safe for concurrent use.
func NewVerifier(lookup func(accessKey string, now time.Time) (Credential, bool), o Options) *Verifier {
	if o.Raw == nil {
		o.Raw = []string{"s3", "s3express"}
	}
	if o.Keys <= 0 {
		o.Keys = 1024
	}
	return &Verifier{lookup: lookup, o: o, keys: keys{limit: o.Keys, of: map[keyID][sha256.Size]byte{}}}
}

// Verify authenticates a request whose whole body is given; r.Body is not touched. It fails with *Error.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) (Identity, error) {
	p, err := v.Begin(r, now)
	if err != nil {
		return Identity{}, err
	}
	return p.Finish(body)
}

// Pending is a request of which all but the body is known to be right, as far as that can be told without the body.
type Pending struct {
	v    *Verifier
	r    *http.Request
	c    claim
	cred Credential
	key  [sha256.Size]byte
	done bool // the signature is checked, the body is not
}

// Begin checks a request before its body is read: the key, the time, the signed headers, and the signature too if the
// request says what its payload is. It fails with *Error. The request must not change before Finish.
func (v *Verifier) Begin(r *http.Request, now time.Time) (Pending, error) {
	c, cred, err := v.begin(r, now)
	if err != nil {
		return Pending{}, err
	}
	if c.payload == "" && c.presigned && c.scope.Service == "s3" {
		c.payload = UnsignedPayload
	}
	p := Pending{v: v, r: r, c: c, cred: cred}
	if c.payload != "" {
		p.done = true
		p.key, err = v.check(r, &p.c, cred, c.payload)
	}
	return p, err
}

// Finish checks the body and returns who sent the request. It fails with *Error.
func (p *Pending) Finish(body []byte) (Identity, error) {
	if p.c.payload != UnsignedPayload {
		var sum [2 * sha256.Size]byte
		payload := hashText(&sum, body)
		switch {
		case !p.done:
			if _, err := p.v.check(p.r, &p.c, p.cred, payload); err != nil {
				return Identity{}, err
			}
		case strings.HasPrefix(p.c.payload, "STREAMING-"):
			return Identity{}, fail(IncompleteSignature, "A signature in chunks is not accepted here.")
		case p.c.payload != payload:
			return Identity{}, fail(InvalidSignature, "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return p.v.identity(p.c, p.cred), nil
}

func hashText(sum *[2 * sha256.Size]byte, body []byte) string {
	if len(body) == 0 {
		return emptyHash
	}
	hash := sha256.Sum256(body)
	hex.Encode(sum[:], hash[:])
	return string(sum[:])
}

// begin reads the claim, finds its credential, and checks all but the signature.
func (v *Verifier) begin(r *http.Request, now time.Time) (claim, Credential, error) {
	c, err := parse(r)
	if err != nil {
		return c, Credential{}, err
	}
	cred, ok := v.lookup(c.scope.AccessKey, now)
	if !ok || subtle.ConstantTimeCompare([]byte(c.token), []byte(cred.Token)) != 1 {
		return c, cred, fail(UnrecognizedClient, "The security token included in the request is invalid.")
	}
	if err := c.checkTime(now); err != nil {
		return c, cred, err
	}
	return c, cred, c.checkSigned(r)
}

// checkTime holds the claim to V2.
func (c *claim) checkTime(now time.Time) error {
	last, margin := c.at.Add(Skew), "5 min."
	if c.presigned {
		last, margin = c.at.Add(c.expires), c.expires.String()
	}
	now = now.UTC()
	switch {
	case now.After(last):
		return fail(InvalidSignature, "Signature expired: "+c.date+" is now earlier than "+now.Add(c.at.Sub(last)).Format(basicTime)+
			" ("+now.Format(basicTime)+" - "+margin+")")
	case c.at.After(now.Add(Skew)):
		return fail(InvalidSignature, "Signature not yet current: "+c.date+" is still later than "+now.Add(Skew).Format(basicTime)+
			" ("+now.Format(basicTime)+" + 5 min.)")
	}
	return nil
}

// checkSigned holds the claim to V1.
func (c *claim) checkSigned(r *http.Request) error {
	if !isSigned(c.signed, "host") {
		return fail(InvalidSignature, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if len(name) < 6 || !strings.EqualFold(name[:6], "X-Amz-") || strings.EqualFold(name, "X-Amz-Security-Token") {
			continue
		}
		if c.presigned && name == "X-Amz-Content-Sha256" {
			continue // not what the signature goes by
		}
		if !isSigned(c.signed, name) {
			return fail(InvalidSignature, "'"+strings.ToLower(name)+"' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	return nil
}

// isSigned reports whether name, in any case, is in the list of signed headers.
func isSigned(signed, name string) bool {
	for s := range strings.SplitSeq(signed, ";") {
		if len(s) == len(name) && strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// check compares the signature with the one that the credential makes, and returns the signing key.
func (v *Verifier) check(r *http.Request, c *claim, cred Credential, payload string) ([sha256.Size]byte, error) {
	id := keyID{c.scope, cred.Secret}
	key, known := v.keys.get(id)
	if !known {
		key = signingKey(cred.Secret, c.scope)
	}
	raw := slices.Contains(v.o.Raw, c.scope.Service)
	ok := c.matches(r, key, payload, raw, "")
	if !ok && c.presigned && c.token != "" {
		ok = c.matches(r, key, payload, raw, "X-Amz-Security-Token") // added after signing
	}
	if !ok {
		return key, fail(InvalidSignature, mismatch)
	}
	if !known {
		v.keys.put(id, key)
	}
	return key, nil
}

func (c *claim) matches(r *http.Request, key [sha256.Size]byte, payload string, raw bool, without string) bool {
	b := appendCanonical(make([]byte, 0, 1024), r, c.query, without, c.signed, payload, raw)
	want := signature(key, c.date, c.scope, b)
	return subtle.ConstantTimeCompare(want[:], []byte(c.signature)) == 1
}

func (v *Verifier) identity(c claim, cred Credential) Identity {
	account := cred.Account
	if account == "" {
		account = v.o.Account
	}
	return Identity{AccessKey: cred.AccessKey, Account: account, Region: c.scope.Region, Service: c.scope.Service,
		Date: c.scope.Date, Presigned: c.presigned}
}
