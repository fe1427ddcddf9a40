// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"time"
)

// streamEvents is the payload of a request whose body is an event stream.
const streamEvents = "STREAMING-AWS4-HMAC-SHA256-EVENTS"

// VerifyEvents authenticates the head of a request whose body is an event stream, signed message by message; r.Body is not
// touched. The chain holds each message to its signature. A presigned request (a WebSocket's) needs no x-amz-content-sha256, or may say there
// that it has no body. It fails with *Error.
//
// https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html
func (v *Verifier) VerifyEvents(r *http.Request, now time.Time) (Identity, *Chain, error) {
	c, cred, err := v.begin(r, now)
	if err != nil {
		return Identity{}, nil, err
	}
	payload := c.payload
	switch {
	case payload == streamEvents, c.presigned && (payload == emptyHash || payload == UnsignedPayload):
	case c.presigned && payload == "":
		payload = emptyHash
	default:
		return Identity{}, nil, fail(IncompleteSignature, "x-amz-content-sha256 must be "+streamEvents+" for an event stream.")
	}
	key, err := v.check(r, &c, cred, payload)
	if err != nil {
		return Identity{}, nil, err
	}
	return v.identity(c, cred), &Chain{key: key, scope: string(c.scope.text(nil)), previous: c.signature}, nil
}

// Chain holds the messages of an event stream to their signatures, each of which covers the one before: messages that were
// changed, left out, repeated or put in another order are refused. It is for one goroutine.
type Chain struct {
	key      [sha256.Size]byte
	scope    string
	previous string // signature of the message before, in hex
}

// NewChain makes the chain of a stream that the signer begins with a request of that signature (hex), signed at that time. It is
// for clients and for tests of servers.
func NewChain(s Signer, signature string, at time.Time) *Chain {
	scope := s.scope(at.UTC().Format(basicTime)[:8])
	return &Chain{key: signingKey(s.Credential.Secret, scope), scope: string(scope.text(nil)), previous: signature}
}

// Check verifies one message: header is its :date header as encoded, at that header's time, payload what it carries, and signature
// the 32 bytes of :chunk-signature. It fails with *Error if the signature is wrong, or if at is more than Skew from now.
func (c *Chain) Check(header []byte, at time.Time, payload, signature []byte, now time.Time) error {
	if at.Before(now.Add(-Skew)) || at.After(now.Add(Skew)) {
		return fail(InvalidSignature, "The signature of an event is not valid at this time: it is good for 5 minutes from its :date.")
	}
	want := c.sign(header, at, payload)
	if subtle.ConstantTimeCompare(want[:], signature) != 1 {
		return fail(InvalidSignature, mismatch)
	}
	c.previous = hex.EncodeToString(signature)
	return nil
}

// Sign gives the signature of the next message, of which header is the :date header as encoded.
func (c *Chain) Sign(header []byte, at time.Time, payload []byte) [sha256.Size]byte {
	sum := c.sign(header, at, payload)
	c.previous = hex.EncodeToString(sum[:])
	return sum
}

func (c *Chain) sign(header []byte, at time.Time, payload []byte) [sha256.Size]byte {
	head, body := sha256.Sum256(header), sha256.Sum256(payload)
	b := make([]byte, 0, 384)
	b = append(append(b, chunkAlg...), '\n')
	b = append(at.UTC().AppendFormat(b, basicTime), '\n')
	b = append(append(b, c.scope...), '\n')
	b = append(append(b, c.previous...), '\n')
	b = append(hex.AppendEncode(b, head[:]), '\n')
	b = hex.AppendEncode(b, body[:])
	return mac(c.key[:], b)
}
