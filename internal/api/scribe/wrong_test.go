// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	api "galen/internal/api/scribe"
	"galen/internal/api/scribe/scribetest"
	"galen/internal/aws/eventstream"
	"galen/internal/scribe"
)

func TestRequestsThatDoNotBecomeStreams(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, nil)
		for name, c := range map[string]struct {
			say    []string
			status int
			code   string
		}{
			"no session id":  {[]string{"session-id", ""}, 400, "ValidationException"},
			"session id":     {[]string{"session-id", "x"}, 400, "ValidationException"},
			"sample rate":    {[]string{"sample-rate", "4000"}, 400, "ValidationException"},
			"no number":      {[]string{"sample-rate", "x"}, 400, "ValidationException"},
			"language":       {[]string{"language-code", "fr-FR"}, 400, "ValidationException"},
			"encoding":       {[]string{"media-encoding", "opus"}, 400, "ValidationException"},
			"domain":         {[]string{"domain-id", "dom-a1b2c3d4e5f6g7h9"}, 404, "ResourceNotFoundException"},
			"form of domain": {[]string{"domain-id", "x"}, 400, "ValidationException"},
			"subscription":   {[]string{"subscription-id", "sub-zbcdefghijklmnopqrstu"}, 400, "ValidationException"},
		} {
			x := via.connect(s, c.say...)
			if got := x.Response.Header.Get("X-Amzn-Errortype"); x.Response.StatusCode != c.status || got != c.code {
				t.Errorf("%s: %s, %s", name, x.Response.Status, got)
			}
		}
		first := via.connect(s)
		first.configure()
		first.audio(1)
		if second := via.connect(s); second.Response.StatusCode != 400 {
			t.Errorf("a second connection: %s", second.Response.Status)
		}
		first.audio(1) // it is none the worse
		first.End()
		if texts, last := first.finals(); last.Type != "" || !slices.Equal(texts, turns(2)) {
			t.Errorf("the first connection heard %q, ended with %+v", texts, last)
		}
		for name, say := range map[string][]string{"another rate": {"sample-rate", "8000"}, "another encoding": {"media-encoding", "flac"}} {
			if x := via.connect(s, say...); x.Response.StatusCode != 400 {
				t.Errorf("%s: %s", name, x.Response.Status)
			}
		}
		for _, other := range transports {
			if other.name != via.name {
				if x := other.connect(s); x.Response.StatusCode != 400 {
					t.Errorf("the other transport: %s", x.Response.Status)
				}
			}
		}
		if got := s.get(); got.Status != scribe.Paused || got.Heard != 2 {
			t.Errorf("the session is %+v", got)
		}
	})
}

func TestWhoDoesNotSign(t *testing.T) {
	s := newServer(t, nil)
	const socket, expires = api.Path + "?session-id=" + session, "X-Amz-Expires"
	for name, c := range map[string]struct {
		request func() (*http.Response, error)
		status  int
		code    string
	}{
		"unsigned": {func() (*http.Response, error) {
			return s.client.Post(s.url+"/medical-scribe-stream/", eventstream.ContentType, strings.NewReader(""))
		}, 401, "AccessDeniedException"},
		"media type": {func() (*http.Response, error) {
			return s.client.Post(s.url+"/medical-scribe-stream/", "audio/wav", strings.NewReader(""))
		}, 415, "UnsupportedMediaTypeException"},
		"no upgrade":              {func() (*http.Response, error) { return http.Get(s.url + socket) }, 426, "ValidationException"},
		"a WebSocket over HTTP/2": {func() (*http.Response, error) { return s.client.Get(s.url + socket) }, 426, "ValidationException"},
		"an unsigned WebSocket": {func() (*http.Response, error) {
			_, resp, _ := websocket.Dial(t.Context(), s.url+socket, nil)
			return resp, nil
		}, 401, "AccessDeniedException"},
		"a WebSocket signed for long": {func() (*http.Response, error) {
			return scribetest.Dial(t, s.url+api.Path, credentials, said(expires, "301"), nil).Response, nil
		}, 400, "IncompleteSignatureException"},
		"a WebSocket signed long ago": {func() (*http.Response, error) {
			late := newServer(t, func(o *api.Options, _ *scribe.Options) {
				o.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
			})
			return scribetest.Dial(t, late.url+api.Path, credentials, said(), nil).Response, nil
		}, 403, "InvalidSignatureException"},
		"a query that was changed": {func() (*http.Response, error) {
			x := scribetest.Dial(t, s.url+api.Path, credentials, said("session-id", "x"), nil)
			u := *x.Response.Request.URL
			u.RawQuery = strings.Replace(u.RawQuery, "session-id=x", "session-id="+url.QueryEscape(session), 1)
			_, resp, _ := websocket.Dial(t.Context(), u.String(), nil)
			return resp, nil
		}, 403, "InvalidSignatureException"},
	} {
		resp, err := c.request()
		if err != nil {
			t.Fatal(name, err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("X-Amzn-Errortype"); resp.StatusCode != c.status || got != c.code {
			t.Errorf("%s: %s, %s", name, resp.Status, got)
		}
	}
	if x := scribetest.Dial(t, s.url+api.Path, credentials, said(), func(r *http.Request) { r.Header.Set("Origin", "https://clinic.example") }); x.Response.StatusCode != 101 {
		t.Errorf("a page of another origin: %s", x.Response.Status)
	}
}

// piece is half a second of silence as a frame.
func (x *stream) piece(at time.Time) []byte {
	return x.Frame("binaryAudioEvent", "application/octet-stream", make([]byte, 16000), at)
}

// resum makes the last four bytes of a message its checksum again.
func resum(b []byte) []byte {
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	return b
}

// end ends the session.
func (x *stream) end() { _ = x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`) } // what goes wrong, the answer tells

// TestStreamsThatGoWrong sends what no client should after two seconds of speech: the stream ends with what is to be said of it, the
// session is left, and all that came before is heard.
func TestStreamsThatGoWrong(t *testing.T) {
	const invalid, unsigned = "validationException", "InvalidSignatureException"
	for name, c := range map[string]struct {
		send func(x *stream)
		code string
	}{
		"configured again":  {func(x *stream) { x.configure() }, invalid},
		"unknown event":     {func(x *stream) { _ = x.JSON("videoEvent", `{}`) }, invalid},
		"33 kB of audio":    {func(x *stream) { _ = x.Audio(make([]byte, 33_000), false) }, invalid},
		"33 kB as JSON":     {func(x *stream) { _ = x.Audio(make([]byte, 33_000), true) }, invalid},
		"no audio in JSON":  {func(x *stream) { _ = x.JSON("audioEvent", `{"audioChunk":"%%"}`) }, invalid},
		"no such control":   {func(x *stream) { _ = x.JSON("sessionControlEvent", `{"type":"PAUSE"}`) }, invalid},
		"long frame":        {func(x *stream) { _ = x.JSON("audioEvent", strings.Repeat(" ", 511<<10)) }, invalid},
		"late frame":        {func(x *stream) { _ = x.Write(x.piece(time.Now().Add(-6 * time.Minute))) }, unsigned},
		"frame of tomorrow": {func(x *stream) { _ = x.Write(x.piece(time.Now().Add(6 * time.Minute))) }, unsigned},
		"repeated frame":    {func(x *stream) { b := x.piece(time.Now()); _ = x.Write(b); _ = x.Write(b) }, unsigned},
		"left-out frame":    {func(x *stream) { _ = x.piece(time.Now()); _ = x.Write(x.piece(time.Now())) }, unsigned},
		"frames out of order": {func(x *stream) {
			first, second := x.piece(time.Now()), x.piece(time.Now())
			_ = x.Write(second)
			_ = x.Write(first)
		}, unsigned},
		"changed frame": {func(x *stream) {
			b := x.piece(time.Now())
			b[len(b)-10] ^= 1
			_ = x.Write(resum(b))
		}, unsigned},
		"unsigned frame": {func(x *stream) {
			b, err := eventstream.Append(nil, eventstream.Event{Type: "binaryAudioEvent", Payload: make([]byte, 100)})
			if err != nil {
				x.t.Error(err)
			}
			_ = x.Write(b)
		}, unsigned},
		"damaged frame": {func(x *stream) {
			b := x.piece(time.Now())
			b[len(b)-1] ^= 1
			_ = x.Write(b)
		}, invalid},
		"no frame": {func(x *stream) { _ = x.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")) }, invalid},
	} {
		over(t, func(t *testing.T, via transport) {
			s := newServer(t, nil)
			x := via.connect(s)
			go func() { x.configure(); x.audio(2); c.send(x); x.End() }()
			if _, last := x.finals(); last.Type != c.code {
				t.Errorf("%s: ended with %+v %s", name, last, last.Payload)
			}
			if via.name == "WebSocket" && (x.Closed.Code != websocket.StatusPolicyViolation || x.Closed.Reason == "") {
				t.Errorf("%s: closed with %v", name, x.Closed)
			}
			if got := s.get(); got.Status != scribe.Paused || got.Heard < 2 || got.Heard > 2.5 {
				t.Errorf("%s: the session is %+v", name, got)
			}
			x = via.connect(s)
			x.configure()
			x.end()
			x.End()
			x.finals()
			if got := s.transcript(); !slices.Equal(got, turns(2)) {
				t.Errorf("%s: the transcript is %q", name, got)
			}
		})
	}
}

// TestStreamsThatBeginWrong sends no configuration that can be.
func TestStreamsThatBeginWrong(t *testing.T) {
	about := func(text string) string {
		return strings.TrimSuffix(configuration, "}") + `,"encounterContext":{"unstructuredContext":"` + text + `"}}`
	}
	for name, c := range map[string]func(x *stream){
		"audio first":       func(x *stream) { x.audio(1) },
		"end first":         func(x *stream) { x.end() },
		"bad configuration": func(x *stream) { _ = x.JSON("configurationEvent", `{}`) },
		"no JSON":           func(x *stream) { _ = x.JSON("configurationEvent", `{`) },
		"no such bucket": func(x *stream) {
			_ = x.JSON("configurationEvent", strings.Replace(configuration, "notes", "nowhere", 1))
		},
		"a dash in the context":          func(x *stream) { _ = x.JSON("configurationEvent", about("pain – none")) },
		"quotes of print in the context": func(x *stream) { _ = x.JSON("configurationEvent", about("“pain”")) },
		"degrees in the context":         func(x *stream) { _ = x.JSON("configurationEvent", about("38 °C")) },
		"a control sign in the context":  func(x *stream) { _ = x.JSON("configurationEvent", about(`a\u0000b`)) },
		"another sex": func(x *stream) {
			_ = x.JSON("configurationEvent", strings.TrimSuffix(configuration, "}")+`,"encounterContext":{"medicalCodingContext":{"sex":"X"}}}`)
		},
		"too much context": func(x *stream) { _ = x.JSON("configurationEvent", about(strings.Repeat("a", 20_481))) },
		"channels that are one": func(x *stream) {
			_ = x.JSON("configurationEvent", strings.TrimSuffix(configuration, "}")+`,"channelDefinitions":[{"channelId":0,"participantRole":"PATIENT"}]}`)
		},
		"a custom template without order": func(x *stream) {
			_ = x.JSON("configurationEvent", strings.Replace(configuration, `"managedTemplate"`, `"customTemplate"`, 1))
		},
	} {
		over(t, func(t *testing.T, via transport) {
			s := newServer(t, nil)
			x := via.connect(s)
			go func() { c(x); x.End() }()
			if _, last := x.finals(); last.Type != "validationException" {
				t.Errorf("%s: ended with %+v %s", name, last, last.Payload)
			}
			if got := s.get(); got.Status != scribe.Paused || got.Heard != 0 {
				t.Errorf("%s: the session is %+v", name, got)
			}
		})
	}
}

func TestWhatComesAfterTheEnd(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, nil)
		x := via.connect(s)
		go func() { x.configure(); x.audio(1); x.end(); x.audio(1); x.End() }()
		_, last := x.finals()
		switch via.name {
		case "HTTP/2":
			if last.Type != "validationException" {
				t.Errorf("ended with %+v", last)
			}
		default: // nobody reads on
			if last.Type != "" || x.Closed.Code != websocket.StatusNormalClosure {
				t.Errorf("ended with %+v, closed with %v", last, x.Closed)
			}
		}
		if got := s.get(); got.Status != scribe.Completed || got.Heard != 1 {
			t.Errorf("the session is %+v", got)
		}
	})
}

func TestClientThatFallsSilent(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, func(o *api.Options, _ *scribe.Options) { o.Idle = 50 * time.Millisecond })
		x := via.connect(s)
		x.configure()
		if _, last := x.finals(); last.Type != "validationException" || !bytes.Contains(last.Payload, []byte("sent nothing")) {
			t.Errorf("ended with %+v", last)
		}
		if got := s.status(); got != scribe.Paused {
			t.Errorf("the session is %s", got)
		}
	})
}

// TestClientThatIsGone goes in the middle of a word, and comes back.
func TestClientThatIsGone(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, nil)
		x := via.connect(s)
		x.configure()
		x.audio(2)
		_ = x.Audio(make([]byte, 16001), false) // half a second and half a sample
		for e := range x.Events {               // until the last turn but one was heard
			if bytes.Contains(e.Payload, []byte("turn number 1")) && bytes.Contains(e.Payload, []byte(`"isPartial":false`)) {
				break
			}
		}
		x.Break(errors.New("gone"))
		if via.name == "HTTP/2" {
			x.Response.Body.Close()
		}
		for range x.Events {
		}
		for s.status() == scribe.InProgress {
			if t.Context().Err() != nil {
				t.Fatal("the session is still connected")
			}
			time.Sleep(time.Millisecond)
		}
		if got := s.get(); got.Status != scribe.Paused || got.Heard < 2 {
			t.Errorf("the session is %+v", got)
		}
		x = via.connect(s)
		x.configure()
		x.audio(3)
		x.end()
		x.End()
		x.finals()
		if got := s.transcript(); !slices.Equal(got, turns(5)) {
			t.Errorf("the transcript is %q", got)
		}
	})
}

// TestStop stops the server under a WebSocket.
func TestStop(t *testing.T) {
	s := newServer(t, nil)
	x := transports[1].connect(s)
	x.configure()
	x.audio(1)
	<-x.Events
	if err := s.handler.Close(); err != nil {
		t.Fatal(err)
	}
	if _, last := x.finals(); last.Type != "internalFailureException" || x.Closed.Code != websocket.StatusGoingAway {
		t.Errorf("ended with %+v, closed with %v", last, x.Closed)
	}
	if got := s.status(); got != scribe.Paused {
		t.Errorf("the session is %s", got)
	}
	if x := transports[1].connect(s); x.Response.StatusCode != 500 {
		t.Errorf("after that: %s", x.Response.Status)
	}
}
