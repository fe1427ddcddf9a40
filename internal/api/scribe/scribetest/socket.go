// SPDX-License-Identifier: Apache-2.0

package scribetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/coder/websocket"

	"galen/internal/api/scribe/client"
	"galen/internal/aws/eventstream"
)

// Expires is how long the address of a WebSocket is good for, in seconds.
const Expires = "60"

// Dial opens a WebSocket at address (http://…), which it presigns for a session; edit may change the request before it is signed. A Stream that was
// refused has the answer and no events.
func Dial(t testing.TB, address string, credentials aws.Credentials, session map[string]string, edit func(*http.Request)) *Stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"X-Amz-Expires": {Expires}}
	for name, value := range session {
		query.Set(name, value)
	}
	r.URL.RawQuery = query.Encode()
	if edit != nil {
		edit(r)
	}
	empty := sha256.Sum256(nil)
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, hex.EncodeToString(empty[:]), "health-agent", Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := hex.DecodeString(u.Query().Get("X-Amz-Signature"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(t, credentials, seed)
	s.Events = make(chan eventstream.Event, 100)
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(signed, "http", "ws", 1), &websocket.DialOptions{HTTPHeader: r.Header})
	s.Response = resp
	if resp == nil {
		t.Fatal(err)
	}
	if err != nil {
		close(s.Events)
		return s
	}
	s.Over = client.Transport{
		Write:  func(b []byte) error { return conn.Write(context.Background(), websocket.MessageBinary, b) },
		Finish: func() {},
		Cut:    func(error) { _ = conn.CloseNow() }, // it is gone either way
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	go s.listen(conn)
	return s
}

// listen hands on what the server sends.
func (s *Stream) listen(conn *websocket.Conn) {
	defer close(s.Events)
	for {
		_, b, err := conn.Read(context.Background())
		if err != nil {
			_ = errors.As(err, &s.Closed) // if it was closed, not cut off
			return
		}
		e, err := eventstream.Parse(b)
		if err != nil {
			return
		}
		s.Events <- e
	}
}
