// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/api/scribe/scribetest"
	"galen/internal/aws/eventstream"
)

// over runs a test over each transport, with a server of its own that hears the script.
func over(t *testing.T, test func(t *testing.T, c *clinic)) {
	for _, name := range []string{"HTTP/2", "WebSocket"} {
		t.Run(name, func(t *testing.T) {
			c := newClinic(t, newServer(t, "--recogniser", "replay:"+writeScript(t)))
			c.socket = name == "WebSocket"
			test(t, c)
		})
	}
}

// sessions gives the ids of new sessions.
func sessions() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("3b5c1a52-3f6e-4b8a-9d0e-%012d", n)
	}
}

func (c *clinic) status(session string) string {
	c.t.Helper()
	return c.details(session).MedicalScribeListeningSessionDetails.StreamStatus
}

// finish resumes a session and ends it, and gives what its transcript has.
func (c *clinic) finish(session string) []string {
	c.t.Helper()
	x := c.visit(session)
	if err := x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`); err != nil {
		c.t.Error(err)
	}
	x.End()
	if _, last := x.Finals(); last.Type != "" {
		c.t.Errorf("the session could not be ended: %+v", last)
	}
	said, _ := c.documents(session)
	return said
}

// piece is a quarter of a second of two silent channels as a frame.
func piece(x *scribetest.Stream, at time.Time) []byte {
	return x.Frame("binaryAudioEvent", "application/octet-stream", make([]byte, 16_000), at)
}

// bend changes a byte of a message that many from its end, and gives it its checksum again if so asked.
func bend(b []byte, fromEnd int, sum bool) []byte {
	b[len(b)-fromEnd] ^= 1
	if sum {
		binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	}
	return b
}

// send sends frames as they are. What goes wrong, the answer tells.
func send(x *scribetest.Stream, frames ...[]byte) {
	for _, b := range frames {
		_ = x.Write(b)
	}
}

// TestBadFrames sends two seconds of speech and then what no client should: the stream ends with what is to be said of it, the session is PAUSED, and once
// it is resumed and ended its transcript has what came before.
func TestBadFrames(t *testing.T) {
	const invalid, unsigned = "validationException", "InvalidSignatureException"
	over(t, func(t *testing.T, c *clinic) {
		id := sessions()
		for name, bad := range map[string]struct {
			send func(x *scribetest.Stream)
			code string
		}{
			"bad checksum":        {func(x *scribetest.Stream) { send(x, bend(piece(x, time.Now()), 1, false)) }, invalid},
			"no message":          {func(x *scribetest.Stream) { send(x, []byte("RIFF....WAVEfmt ....")) }, invalid},
			"33 kB":               {func(x *scribetest.Stream) { _ = x.Audio(make([]byte, 33_000), false) }, invalid},
			"33 kB as JSON":       {func(x *scribetest.Stream) { _ = x.Audio(make([]byte, 33_000), true) }, invalid},
			"configured again":    {func(x *scribetest.Stream) { _ = x.JSON("configurationEvent", configuration) }, invalid},
			"unknown event":       {func(x *scribetest.Stream) { _ = x.JSON("videoEvent", `{}`) }, invalid},
			"bad chunk signature": {func(x *scribetest.Stream) { send(x, bend(piece(x, time.Now()), 10, true)) }, unsigned},
			"late frame":          {func(x *scribetest.Stream) { send(x, piece(x, time.Now().Add(-6*time.Minute))) }, unsigned},
			"early frame":         {func(x *scribetest.Stream) { send(x, piece(x, time.Now().Add(6*time.Minute))) }, unsigned},
			"replayed frame":      {func(x *scribetest.Stream) { b := piece(x, time.Now()); send(x, b, b) }, unsigned},
			"left-out frame":      {func(x *scribetest.Stream) { _ = piece(x, time.Now()); send(x, piece(x, time.Now())) }, unsigned},
			"reordered frames": {func(x *scribetest.Stream) {
				first, second := piece(x, time.Now()), piece(x, time.Now())
				send(x, second, first)
			}, unsigned},
			"unsigned frame": {func(x *scribetest.Stream) {
				b, err := eventstream.Append(nil, eventstream.Event{Type: "binaryAudioEvent", Payload: make([]byte, 100)})
				if err != nil {
					t.Error(err)
				}
				send(x, b)
			}, unsigned},
			"a client that is gone in the midst of a word": {func(x *scribetest.Stream) {
				_ = x.Audio(make([]byte, 1001), false)
				for e := range x.Events { // until all before was heard
					if strings.Contains(string(e.Payload), `"isPartial":false`) && strings.Contains(string(e.Payload), "ch_1") {
						break
					}
				}
				x.Break(errors.New("gone"))
			}, ""},
		} {
			session := id()
			x := c.visit(session)
			silence(x, 2)
			bad.send(x)
			if bad.code == "" && !c.socket {
				x.Response.Body.Close()
			}
			if _, last := x.Finals(); last.Type != bad.code {
				t.Errorf("%s: ended with %+v %s", name, last, last.Payload)
			}
			for c.status(session) == "IN_PROGRESS" { // the server has yet to find out
				time.Sleep(10 * time.Millisecond)
			}
			if got := c.status(session); got != "PAUSED" {
				t.Errorf("%s: the session is %s", name, got)
			}
			if got := c.finish(session); !slices.Equal(got, script[:2]) {
				t.Errorf("%s: the transcript is %q", name, got)
			}
		}
	})
}

// TestBadBeginnings sends no configuration that can be: the session is PAUSED and may be resumed with a better one.
func TestBadBeginnings(t *testing.T) {
	context := func(text string) string {
		return strings.Replace(configuration, `{"medicalCodingContext"`, `{"unstructuredContext":"`+text+`","medicalCodingContext"`, 1)
	}
	over(t, func(t *testing.T, c *clinic) {
		id := sessions()
		for name, kind := range map[string][2]string{
			"audio first":                  {"audioEvent", `{"audioChunk":"AAAA"}`},
			"the end first":                {"sessionControlEvent", `{"type":"END_OF_SESSION"}`},
			"no configuration in it":       {"configurationEvent", `{}`},
			"no JSON":                      {"configurationEvent", `{"postStreamActionSettings"`},
			"a dash in the context":        {"configurationEvent", context("pain – none")},
			"degrees in the context":       {"configurationEvent", context("38 °C")},
			"a control sign":               {"configurationEvent", context(`a\u0007b`)},
			"too long a context":           {"configurationEvent", context(strings.Repeat("a", 20_481))},
			"a bucket that is not there":   {"configurationEvent", strings.Replace(configuration, "s3://notes/", "s3://nowhere/", 1)},
			"a template that is not there": {"configurationEvent", strings.Replace(configuration, "HISTORY_AND_PHYSICAL", "SOAP", 1)},
		} {
			session := id()
			x := c.connect(session)
			if err := x.JSON(kind[0], kind[1]); err != nil {
				t.Error(err)
			}
			if _, last := x.Finals(); last.Type != "validationException" {
				t.Errorf("%s: ended with %+v %s", name, last, last.Payload)
			}
			if got := c.status(session); got != "PAUSED" {
				t.Errorf("%s: the session is %s", name, got)
			}
			if got := c.finish(session); len(got) != 0 {
				t.Errorf("%s: the transcript is %q", name, got)
			}
		}
	})
}

// TestBadRequests asks for streams that are refused; none of them makes a session.
func TestBadRequests(t *testing.T) {
	over(t, func(t *testing.T, c *clinic) {
		var idle struct{ SubscriptionID string }
		c.agent(http.MethodPost, "/domains/"+c.domain+"/subscriptions", "", &idle)
		c.agent(http.MethodPost, "/domains/"+c.domain+"/subscriptions/"+idle.SubscriptionID+"/deactivate", "", &struct{}{})
		id := sessions()
		refused := func(name string, status int, code, session string, pairs ...string) {
			t.Helper()
			x := c.connect(session, pairs...)
			if got := x.Response.Header.Get("X-Amzn-Errortype"); x.Response.StatusCode != status || got != code {
				t.Errorf("%s: %s %s, want %d %s", name, x.Response.Status, got, status, code)
			}
		}
		const invalid, unknown = "ValidationException", "ResourceNotFoundException"
		refused("sample rate", 400, invalid, id(), "sample-rate", "7999")
		refused("encoding", 400, invalid, id(), "media-encoding", "ogg-opus")
		refused("language", 400, invalid, id(), "language-code", "en-GB")
		refused("session id", 400, invalid, "visit-1")
		refused("subscription that is not active", 400, invalid, id(), "subscription-id", idle.SubscriptionID)
		refused("subscription that is not there", 404, unknown, id(), "subscription-id", "sub-abcdefghijklmnopqrstu")
		refused("domain that is not there", 404, unknown, id(), "domain-id", "dom-a1b2c3d4e5f6g7h8")

		first := id()
		x := c.visit(first)
		silence(x, 1)
		refused("second connection", 400, invalid, first)
		silence(x, 1)
		x.End()
		if finals, last := x.Finals(); last.Type != "" || len(finals) != 2 {
			t.Errorf("the first connection heard %v, ended with %+v", finals, last)
		}
		refused("another sample rate", 400, invalid, first, "sample-rate", "8000")
		refused("another encoding", 400, invalid, first, "media-encoding", "flac")
		c.socket = !c.socket
		refused("the other transport", 400, invalid, first)
		c.socket = !c.socket
		if got := c.finish(first); !slices.Equal(got, script[:2]) {
			t.Errorf("the transcript is %q", got)
		}
		refused("a session that has ended", 400, invalid, first)
		if got := c.status(first); got != "COMPLETED" {
			t.Errorf("the session is %s", got)
		}
	})
}

// TestTenHours sends ten hours of audio as fast as they are taken: two are, and then the client is told.
func TestTenHours(t *testing.T) {
	over(t, func(t *testing.T, c *clinic) {
		session := sessions()()
		x := c.connect(session, "sample-rate", "8000")
		one := strings.Replace(configuration, `,"channelDefinitions":[{"channelId":0,"participantRole":"CLINICIAN"},{"channelId":1,"participantRole":"PATIENT"}]`, "", 1)
		go func() {
			_ = x.JSON("configurationEvent", one) // what goes wrong, the answer tells
			for range 10 * 3600 / 2 {
				if x.Audio(make([]byte, 32_000), false) != nil {
					return
				}
			}
		}()
		finals, last := x.Finals()
		if last.Type != "validationException" || !strings.Contains(string(last.Payload), "2h0m0s of audio") || len(finals) != len(script)/2 {
			t.Errorf("%d segments, ended with %+v %s", len(finals), last, last.Payload)
		}
		if got := c.status(session); got != "PAUSED" {
			t.Errorf("the session is %s", got)
		}
	})
}

// TestBadFLAC sends FLAC that is cut within a frame, which is heard up to there, and FLAC of another rate than was said, which is not.
func TestBadFLAC(t *testing.T) {
	path, _, _ := consult(t)
	speech, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	over(t, func(t *testing.T, c *clinic) {
		id := sessions()
		for name, bad := range map[string]struct{ rate, code string }{"cut": {"16000", ""}, "another rate": {"8000", "validationException"}} {
			session := id()
			x := c.connect(session, "media-encoding", "flac", "sample-rate", bad.rate)
			go func() {
				_ = x.JSON("configurationEvent", configuration) // what goes wrong, the answer tells
				for part := range slices.Chunk(speech[:100_001], 20_000) {
					_ = x.Audio(part, false)
				}
				x.End()
			}()
			finals, last := x.Finals()
			if last.Type != bad.code || (len(finals) > 1) != (bad.code == "") {
				t.Errorf("%s: heard %v, ended with %+v %s", name, finals, last, last.Payload)
			}
			if got := c.status(session); got != "PAUSED" {
				t.Errorf("%s: the session is %s", name, got)
			}
		}
	})
}
