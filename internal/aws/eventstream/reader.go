// SPDX-License-Identifier: Apache-2.0

package eventstream

import (
	"io"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"galen/internal/aws/sigv4"
)

// Reader reads the events that a client signed.
type Reader struct {
	in    io.Reader
	chain *sigv4.Chain
	limit int
	now   func() time.Time
	frame []byte
	ended bool
}

// NewReader reads from in messages of at most limit bytes each, and holds them to chain. now is the clock.
func NewReader(in io.Reader, chain *sigv4.Chain, limit int, now func() time.Time) *Reader {
	return &Reader{in: in, chain: chain, limit: limit, now: now}
}

// Next gives the next event; its payload is good until the next call. It fails with io.EOF at the end of the stream, with
// *sigv4.Error for a message whose signature is wrong or late, with fault.Invalid for one that is damaged or too long, and with
// io.ErrUnexpectedEOF if the stream ends within one.
func (r *Reader) Next() (Event, error) {
	if r.ended {
		return Event{}, io.EOF
	}
	var err error
	if r.frame, err = readFrame(r.in, r.frame, r.limit); err != nil {
		return Event{}, err
	}
	inner, err := r.unwrap(r.frame)
	if err != nil {
		return Event{}, err
	}
	if len(inner) == 0 {
		r.ended = true
		return Event{}, io.EOF
	}
	return Parse(inner)
}

// Unwrap gives the event of one whole signed message that came by itself, as in a WebSocket; its payload shares memory with b. It
// fails as Next does.
func (r *Reader) Unwrap(b []byte) (Event, error) {
	if len(b) > r.limit {
		return Event{}, errFrame("a message of a length that is not allowed")
	}
	inner, err := r.unwrap(b)
	if err != nil {
		return Event{}, err
	}
	if len(inner) == 0 {
		return Event{}, io.EOF
	}
	return Parse(inner)
}

// unwrap verifies an outer message and gives what it carries.
func (r *Reader) unwrap(b []byte) ([]byte, error) {
	m, err := parseMessage(b)
	if err != nil {
		return nil, err
	}
	date, ok := m.Headers.Get(headerDate).(sdk.TimestampValue)
	signature, signed := m.Headers.Get(headerSignature).(sdk.BytesValue)
	if !ok || !signed {
		return nil, &sigv4.Error{Code: sigv4.InvalidSignature, Message: "An event of the stream is not signed."}
	}
	at := time.Time(date)
	if err := r.chain.Check(dateHeader(at), at, m.Payload, signature, r.now()); err != nil {
		return nil, err
	}
	return m.Payload, nil
}

// AppendSigned appends an event as a client sends it: wrapped, and signed at that time. A nil event is the end of the stream.
func AppendSigned(dst []byte, e *Event, chain *sigv4.Chain, at time.Time) ([]byte, error) {
	var inner []byte
	if e != nil {
		var err error
		if inner, err = Append(nil, *e); err != nil {
			return dst, err
		}
	}
	at = at.Truncate(time.Millisecond)
	signature := chain.Sign(dateHeader(at), at, inner)
	var headers sdk.Headers
	headers.Set(headerDate, sdk.TimestampValue(at))
	headers.Set(headerSignature, sdk.BytesValue(signature[:]))
	return appendMessage(dst, sdk.Message{Headers: headers, Payload: inner})
}
