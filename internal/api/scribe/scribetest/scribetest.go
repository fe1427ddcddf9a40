// SPDX-License-Identifier: Apache-2.0

// Package scribetest is package client for tests: what goes wrong ends the test.
package scribetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/coder/websocket"

	"galen/internal/api/scribe/client"
	"galen/internal/aws/eventstream"
)

// Region is what requests are signed for.
const Region = client.Region

// Client gives an HTTP client that speaks HTTP/2 in clear by prior knowledge, and nothing else.
func Client(t testing.TB) *http.Client {
	c := client.HTTP()
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// Stream is one connection.
type Stream struct {
	*client.Stream
	Closed websocket.CloseError // of a WebSocket: how the server closed it; set before Events is closed

	t testing.TB
}

// Segment is a transcriptEvent's.
type Segment = client.Segment

// Connect connects as client.Connect does. The connection is closed at the test's end.
func Connect(t testing.TB, over *http.Client, url string, credentials aws.Credentials, header map[string]string, edit func(*http.Request)) *Stream {
	t.Helper()
	s, err := client.Connect(t.Context(), over, url, credentials, header, edit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &Stream{Stream: s, t: t}
}

// New makes a stream that signs on from a seed and is not connected, for Frame alone.
func New(t testing.TB, credentials aws.Credentials, seed []byte) *Stream {
	return &Stream{Stream: client.New(credentials, seed), t: t}
}

// Frame signs an event as the SDK does. No kind is the end of the stream.
func (s *Stream) Frame(kind, contentType string, payload []byte, at time.Time) []byte {
	s.t.Helper()
	frame, err := s.Stream.Frame(s.t.Context(), kind, contentType, payload, at)
	if err != nil {
		s.t.Fatal(err)
	}
	return frame
}

// Finals gives the final segments up to the stream's end, and the event that ended it, if one did.
func (s *Stream) Finals() (finals []Segment, last eventstream.Event) {
	s.t.Helper()
	for e := range s.Events {
		if e.Type != "transcriptEvent" {
			last = e
			continue
		}
		got, err := client.ReadSegment(e)
		if err != nil {
			s.t.Fatal(err)
		}
		if !got.IsPartial {
			finals = append(finals, got)
		}
	}
	return finals, last
}
