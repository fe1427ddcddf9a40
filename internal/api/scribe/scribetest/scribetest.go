// SPDX-License-Identifier: Apache-2.0

// Package scribetest is a client of the scribe's stream made of the AWS SDK's own parts: its request signer, its signer of events, its
// framing. It is for tests.
package scribetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/coder/websocket"

	"galen/internal/aws/eventstream"
)

// Region is what requests are signed for.
const Region = "us-east-1"

// Client gives an HTTP client that speaks HTTP/2 in clear by prior knowledge, and nothing else.
func Client(t testing.TB) *http.Client {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &only}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Stream is one connection.
type Stream struct {
	Response *http.Response
	Events   chan eventstream.Event // what the server sends; closed at its end
	Closed   websocket.CloseError   // of a WebSocket: how the server closed it; set before Events is closed

	t      testing.TB
	signer *v4.StreamSigner
	write  func([]byte) error
	finish func() // ends the request as it should
	cut    func(error)
}

// Connect sends the head of a request to url, a session's. header has what follows x-amzn-medscribe-; edit may change the request before it is signed.
func Connect(t testing.TB, client *http.Client, url string, credentials aws.Credentials, header map[string]string, edit func(*http.Request)) *Stream {
	t.Helper()
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", eventstream.ContentType)
	for name, value := range header {
		r.Header.Set("x-amzn-medscribe-"+name, value)
	}
	if edit != nil {
		edit(r)
	}
	const payload = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
	r.Header.Set("X-Amz-Content-Sha256", payload)
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, payload, "health-agent", Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	seed, err := v4.GetSignedRequestSignature(r)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	s := New(t, credentials, seed)
	s.write = func(b []byte) error { _, err := out.Write(b); return err }
	s.finish, s.cut = func() { _ = out.Close() }, func(err error) { _ = out.CloseWithError(err) } // a pipe's end cannot fail
	s.Response, s.Events = resp, make(chan eventstream.Event, 100)
	t.Cleanup(func() { resp.Body.Close(); out.Close() })
	go s.read()
	return s
}

// New makes a stream that signs on from a seed and is not connected, for Frame alone.
func New(t testing.TB, credentials aws.Credentials, seed []byte) *Stream {
	return &Stream{t: t, signer: v4.NewStreamSigner(credentials, "health-agent", Region, seed)}
}

func (s *Stream) read() {
	defer close(s.Events)
	for {
		m, err := sdk.NewDecoder().Decode(s.Response.Body, nil)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if sdk.NewEncoder().Encode(&b, m) != nil {
			return
		}
		e, err := eventstream.Parse(b.Bytes())
		if err != nil {
			return
		}
		s.Events <- e
	}
}

// Frame signs an event as the SDK does. No kind is the end of the stream.
func (s *Stream) Frame(kind, contentType string, payload []byte, at time.Time) []byte {
	s.t.Helper()
	var inner, head, outer bytes.Buffer
	if kind != "" {
		var h sdk.Headers
		h.Set(":event-type", sdk.StringValue(kind))
		h.Set(":message-type", sdk.StringValue("event"))
		h.Set(":content-type", sdk.StringValue(contentType))
		if err := sdk.NewEncoder().Encode(&inner, sdk.Message{Headers: h, Payload: payload}); err != nil {
			s.t.Fatal(err)
		}
	}
	date := sdk.Headers{{Name: ":date", Value: sdk.TimestampValue(at)}}
	if err := sdk.EncodeHeaders(&head, date); err != nil {
		s.t.Fatal(err)
	}
	signature, err := s.signer.GetSignature(s.t.Context(), head.Bytes(), inner.Bytes(), at)
	if err != nil {
		s.t.Fatal(err)
	}
	date.Set(":chunk-signature", sdk.BytesValue(signature))
	if err := sdk.NewEncoder().Encode(&outer, sdk.Message{Headers: date, Payload: inner.Bytes()}); err != nil {
		s.t.Fatal(err)
	}
	return outer.Bytes()
}

// Write sends bytes as they are; over a WebSocket, as one message. It fails once the server reads no more.
func (s *Stream) Write(b []byte) error { return s.write(b) }

// Send sends an event. It fails as Write does.
func (s *Stream) Send(kind, contentType string, payload []byte) error {
	s.t.Helper()
	return s.Write(s.Frame(kind, contentType, payload, time.Now()))
}

// JSON sends an event whose payload is JSON.
func (s *Stream) JSON(kind, payload string) error {
	return s.Send(kind, "application/json", []byte(payload))
}

// Audio sends a piece of audio, as bytes or, if so asked, as JSON.
func (s *Stream) Audio(piece []byte, asJSON bool) error {
	if !asJSON {
		return s.Send("binaryAudioEvent", "application/octet-stream", piece)
	}
	body, err := json.Marshal(map[string][]byte{"audioChunk": piece})
	if err != nil {
		return err
	}
	return s.Send("audioEvent", "application/json", body)
}

// End sends the last, empty frame and ends the request.
func (s *Stream) End() {
	_ = s.Send("", "", nil) // a server that refused does not read on
	s.finish()
}

// Break cuts the request off with err.
func (s *Stream) Break(err error) { s.cut(err) }

// Segment is a transcriptEvent's.
type Segment struct {
	SegmentID, ChannelID, Content    string
	AudioBeginOffset, AudioEndOffset float64
	IsPartial                        bool
}

// Finals gives the final segments up to the stream's end, and the event that ended it, if one did.
func (s *Stream) Finals() (finals []Segment, last eventstream.Event) {
	s.t.Helper()
	for e := range s.Events {
		if e.Type != "transcriptEvent" {
			last = e
			continue
		}
		var got struct{ TranscriptSegment Segment }
		if err := json.Unmarshal(e.Payload, &got); err != nil {
			s.t.Fatal(err)
		}
		if !got.TranscriptSegment.IsPartial {
			finals = append(finals, got.TranscriptSegment)
		}
	}
	return finals, last
}
