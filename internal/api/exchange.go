// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"time"

	"galen/internal/aws/sigv4"
	"galen/internal/telemetry"
)

// exchange is one request and its answer: the context that handlers see, and the writer that they write to. It is one
// allocation that holds what would be many.
type exchange struct {
	context.Context // the request's own
	http.ResponseWriter

	request  *http.Request
	id       [1]string // an array, so that it can be a header's values
	began    time.Time
	identity sigv4.Identity
	authed   bool
	body     wholeBody
	status   int // 0 until the answer has begun
	written  int64
}

type exchangeKey struct{}

func newExchange(w http.ResponseWriter, r *http.Request, now time.Time) *exchange {
	x := &exchange{ResponseWriter: w, began: now}
	x.id[0] = newID()
	x.Context = telemetry.With(r.Context(), slog.String("request", x.id[0]))
	x.request = r.WithContext(x)
	w.Header()["X-Amzn-Requestid"] = x.id[:]
	return x
}

// newID makes a random UUID, as AWS's request ids are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var t [36]byte
	hex.Encode(t[:8], b[:4])
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:], b[10:])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return string(t[:])
}

// Value makes the exchange a context that knows itself.
func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.Context.Value(key)
}

// IdentityFrom returns who signed the request that ctx belongs to. It returns false if nobody did.
func IdentityFrom(ctx context.Context) (sigv4.Identity, bool) {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return sigv4.Identity{}, false
	}
	return x.identity, x.authed
}

// RequestID returns the id of the request that ctx belongs to, empty if it belongs to none.
func RequestID(ctx context.Context) string {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x.id[0]
	}
	return ""
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(p)
	x.written += int64(n)
	return n, err
}

// ReadFrom keeps the way by which a file goes out without being copied through memory.
func (x *exchange) ReadFrom(r io.Reader) (int64, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := io.Copy(x.ResponseWriter, r)
	x.written += n
	return n, err
}

// Flush sends what was written so far.
func (x *exchange) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// wholeBody is a body in memory.
type wholeBody struct {
	bytes.Reader
	data []byte
}

// Bytes returns the whole body, whatever was read of it. It must not be changed.
func (b *wholeBody) Bytes() []byte { return b.data }

// Close does nothing.
func (b *wholeBody) Close() error { return nil }
