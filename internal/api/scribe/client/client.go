// SPDX-License-Identifier: Apache-2.0

// Package client is a client of the scribe's stream made of the AWS SDK's own parts: its request signer, its signer of events, its
// framing. It is for measuring and for tests: it is strict about nothing, and what it sends can be cut or bent.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"galen/internal/aws/eventstream"
)

// Region is what requests are signed for.
const Region = "us-east-1"

// HTTP gives a client that speaks HTTP/2 in clear by prior knowledge, and nothing else. Whoever asked for it closes its idle connections.
func HTTP() *http.Client {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: &only}}
}

// Stream is one connection. One goroutine sends, one takes the events.
type Stream struct {
	Response *http.Response
	Events   chan eventstream.Event // what the server sends; closed at its end
	Over     Transport

	signer *v4.StreamSigner
	done   chan struct{} // closed by Close: nobody takes events any more
	ended  chan struct{} // closed when no more events come
}

// Transport is what carries the frames of a stream.
type Transport struct {
	Write  func([]byte) error // sends a frame; fails once the server reads no more
	Finish func()             // ends the request as it should
	Cut    func(error)        // cuts it off
}

// Connect sends the head of a request to url, a session's. header has what follows x-amzn-medscribe-; edit, which may be nil, may change
// the request before it is signed. ctx is for the whole stream. Close must be called.
func Connect(ctx context.Context, over *http.Client, url string, credentials aws.Credentials, header map[string]string, edit func(*http.Request)) (*Stream, error) {
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, in)
	if err != nil {
		return nil, err
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
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, payload, "health-agent", Region, time.Now()); err != nil {
		return nil, err
	}
	seed, err := v4.GetSignedRequestSignature(r)
	if err != nil {
		return nil, err
	}
	resp, err := over.Do(r)
	if err != nil {
		return nil, err
	}
	s := New(credentials, seed)
	s.Response, s.Events = resp, make(chan eventstream.Event, 100)
	s.Over = Transport{ // a pipe's end cannot fail
		Write:  func(b []byte) error { _, err := out.Write(b); return err },
		Finish: func() { _ = out.Close() },
		Cut:    func(err error) { _ = out.CloseWithError(err) },
	}
	s.done, s.ended = make(chan struct{}), make(chan struct{})
	go s.read()
	return s, nil
}

// New makes a stream that signs on from a seed and is not connected: for Frame alone, until it has a transport and events.
func New(credentials aws.Credentials, seed []byte) *Stream {
	return &Stream{signer: v4.NewStreamSigner(credentials, "health-agent", Region, seed)}
}

// Close ends a connection that Connect made, whatever was sent, and waits until it has ended. It is called once.
func (s *Stream) Close() {
	close(s.done)
	s.Response.Body.Close()
	s.Over.Finish()
	<-s.ended
}

func (s *Stream) read() {
	defer close(s.ended)
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
		select {
		case s.Events <- e:
		case <-s.done:
			return
		}
	}
}

// Frame signs an event as the SDK does. No kind is the end of the stream.
func (s *Stream) Frame(ctx context.Context, kind, contentType string, payload []byte, at time.Time) ([]byte, error) {
	var inner, head, outer bytes.Buffer
	if kind != "" {
		var h sdk.Headers
		h.Set(":event-type", sdk.StringValue(kind))
		h.Set(":message-type", sdk.StringValue("event"))
		h.Set(":content-type", sdk.StringValue(contentType))
		if err := sdk.NewEncoder().Encode(&inner, sdk.Message{Headers: h, Payload: payload}); err != nil {
			return nil, err
		}
	}
	date := sdk.Headers{{Name: ":date", Value: sdk.TimestampValue(at)}}
	if err := sdk.EncodeHeaders(&head, date); err != nil {
		return nil, err
	}
	signature, err := s.signer.GetSignature(ctx, head.Bytes(), inner.Bytes(), at)
	if err != nil {
		return nil, err
	}
	date.Set(":chunk-signature", sdk.BytesValue(signature))
	err = sdk.NewEncoder().Encode(&outer, sdk.Message{Headers: date, Payload: inner.Bytes()})
	return outer.Bytes(), err
}

// Write sends bytes as they are; over a WebSocket, as one message. It fails once the server reads no more.
func (s *Stream) Write(b []byte) error { return s.Over.Write(b) }

// Send sends an event. It fails as Write does.
func (s *Stream) Send(kind, contentType string, payload []byte) error {
	frame, err := s.Frame(context.Background(), kind, contentType, payload, time.Now()) // the signer waits for nothing
	if err != nil {
		return err
	}
	return s.Write(frame)
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
	s.Over.Finish()
}

// Break cuts the request off with err.
func (s *Stream) Break(err error) { s.Over.Cut(err) }

// Segment is a transcriptEvent's.
type Segment struct {
	SegmentID, ChannelID, Content    string
	AudioBeginOffset, AudioEndOffset float64
	IsPartial                        bool
}

// ReadSegment gives the segment of a transcriptEvent. It fails for any other event.
func ReadSegment(e eventstream.Event) (Segment, error) {
	if e.Type != "transcriptEvent" {
		return Segment{}, errors.New(e.Type + " is no transcriptEvent")
	}
	var got struct{ TranscriptSegment Segment }
	err := json.Unmarshal(e.Payload, &got)
	return got.TranscriptSegment, err
}
