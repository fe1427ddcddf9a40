// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	api "galen/internal/api/scribe"
	"galen/internal/api/scribe/scribetest"
	"galen/internal/authz"
	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/blob/file"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/scribe"
	"galen/internal/scribe/asr/replay"
)

const (
	account      = "123456789012"
	domain       = "dom-a1b2c3d4e5f6g7h8"
	subscription = "sub-abcdefghijklmnopqrstu"
	session      = "0b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"
)

var credentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

type nobody struct{ scribe.Writer }

// server is the handler behind real HTTP/2 in clear.
type server struct {
	t        *testing.T
	url      string
	sessions *scribe.Service
	client   *http.Client
}

func newServer(t *testing.T, idle time.Duration) *server {
	t.Helper()
	objects, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := objects.CreateBucket(t.Context(), "notes"); err != nil {
		t.Fatal(err)
	}
	var turns []replay.Turn
	for i := range 5 {
		begin := time.Duration(i) * time.Second
		turns = append(turns, replay.Turn{Begin: begin, End: begin + 900*time.Millisecond, Text: fmt.Sprintf("turn number %d", i)})
	}
	e := mem.New()
	s := &server{t: t, sessions: scribe.New(e, job.New(e, job.Options{Exclusive: true}), scribe.Options{Folder: t.TempDir(), Key: make([]byte, 32),
		Recogniser: replay.New(turns), Writer: nobody{}, Objects: objects,
		Subscribed: func(_ context.Context, k scribe.Key) error {
			if k.Domain != domain {
				return fault.New(fault.NotFound, "there is no such domain")
			}
			return nil
		}})}
	verifier := sigv4.NewVerifier(func(key string, _ time.Time) (sigv4.Credential, bool) {
		return sigv4.Credential{AccessKey: key, Secret: credentials.SecretAccessKey}, key == credentials.AccessKeyID
	}, sigv4.Options{Account: account})
	handler := api.New(api.Options{Sessions: s.sessions, Verifier: verifier, Idle: idle, Account: func(id sigv4.Identity) authz.Principal {
		return authz.Principal{Kind: authz.Signed, Account: id.Account}
	}})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP1(true)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: handler, Protocols: &protocols}
	var serving sync.WaitGroup
	serving.Go(func() { _ = web.Serve(listener) }) // it ends with Close
	s.url, s.client = "http://"+listener.Addr().String()+"/medical-scribe-stream/", scribetest.Client(t)
	t.Cleanup(func() {
		_ = web.Close()
		serving.Wait()
		objects.Close()
		e.Close()
	})
	return s
}

const configuration = `{"postStreamActionSettings":{"outputS3Uri":"s3://notes/x","clinicalNoteGenerationSettings":{"noteTemplateSettings":{"managedTemplate":{"templateType":"DAP"}}}}}`

// stream is a connection of the session.
type stream struct {
	*scribetest.Stream
	t *testing.T
}

// connect sends the head of a request; edit may change it before it is signed.
func (s *server) connect(edit func(*http.Request)) *stream {
	s.t.Helper()
	return &stream{scribetest.Connect(s.t, s.client, s.url, credentials, map[string]string{"session-id": session, "domain-id": domain,
		"subscription-id": subscription, "language-code": "en-US", "sample-rate": "16000", "media-encoding": "pcm"}, edit), s.t}
}

func (x *stream) configure() { _ = x.JSON("configurationEvent", configuration) } // what goes wrong, the answer tells

// audio sends seconds of silence, half a second at a time, in both forms.
func (x *stream) audio(seconds int) {
	for i := range 2 * seconds {
		_ = x.Audio(make([]byte, 16000), i%2 == 1) // as above
	}
}

// finals are the contents of final segments up to the end, and the event that ended the stream, if one did.
func (x *stream) finals() (texts []string, last eventstream.Event) {
	x.t.Helper()
	segments, last := x.Finals()
	for _, s := range segments {
		texts = append(texts, s.Content)
		if s.ChannelID != "ch_0" || s.SegmentID == "" || s.AudioEndOffset <= s.AudioBeginOffset {
			x.t.Errorf("segment %+v", s)
		}
	}
	return texts, last
}

func (s *server) status() scribe.Status {
	s.t.Helper()
	x, err := s.sessions.Get(s.t.Context(), scribe.Key{Account: account, Domain: domain, Subscription: subscription, ID: session})
	if err != nil {
		s.t.Fatal(err)
	}
	return x.Status
}

func TestVisitOverHTTP2(t *testing.T) {
	s := newServer(t, 0)
	x := s.connect(nil)
	if x.Response.StatusCode != 200 || x.Response.ProtoMajor != 2 || x.Response.Header.Get("x-amzn-medscribe-session-id") != session ||
		x.Response.Header.Get("Content-Type") != eventstream.ContentType {
		t.Fatalf("answer %s %v", x.Response.Status, x.Response.Header)
	}
	x.configure()
	x.audio(3)
	var first eventstream.Event
	select { // the transcript comes while the client is still sending
	case first = <-x.Events:
	case <-t.Context().Done():
	}
	if first.Type != "transcriptEvent" {
		t.Errorf("first %+v", first)
	}
	x.End() // the client leaves
	if _, last := x.finals(); last.Type != "" {
		t.Errorf("the stream ended with %+v", last)
	}
	if got := s.status(); got != scribe.Paused {
		t.Errorf("left, the session is %s", got)
	}
	x = s.connect(nil)
	x.configure()
	x.audio(2)
	_ = x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`)
	x.End()
	if texts, last := x.finals(); last.Type != "" || len(texts) == 0 || texts[len(texts)-1] != "turn number 4" {
		t.Errorf("heard %q, ended with %+v", texts, last)
	}
	if got := s.status(); got != scribe.Completed {
		t.Errorf("the session is %s", got)
	}
}

func TestRequestsThatDoNotBecomeStreams(t *testing.T) {
	s := newServer(t, 0)
	for name, c := range map[string]struct {
		edit   func(*http.Request)
		status int
		code   string
	}{
		"no session id":  {func(r *http.Request) { r.Header.Del("x-amzn-medscribe-session-id") }, 400, "ValidationException"},
		"session id":     {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-session-id", "x") }, 400, "ValidationException"},
		"sample rate":    {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-sample-rate", "4000") }, 400, "ValidationException"},
		"no number":      {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-sample-rate", "x") }, 400, "ValidationException"},
		"language":       {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-language-code", "fr-FR") }, 400, "ValidationException"},
		"encoding":       {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-media-encoding", "opus") }, 400, "ValidationException"},
		"domain":         {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-domain-id", "dom-a1b2c3d4e5f6g7h9") }, 404, "ResourceNotFoundException"},
		"form of domain": {func(r *http.Request) { r.Header.Set("x-amzn-medscribe-domain-id", "x") }, 400, "ValidationException"},
		"media type":     {func(r *http.Request) { r.Header.Set("Content-Type", "audio/wav") }, 415, "UnsupportedMediaTypeException"},
	} {
		x := s.connect(c.edit)
		if got := x.Response.Header.Get("X-Amzn-Errortype"); x.Response.StatusCode != c.status || got != c.code {
			t.Errorf("%s: %s, %s", name, x.Response.Status, got)
		}
	}
	first := s.connect(nil)
	if second := s.connect(nil); second.Response.StatusCode != 400 {
		t.Errorf("a second connection: %s", second.Response.Status)
	}
	first.End()
	first.finals()
	resp, err := s.client.Post(s.url, eventstream.ContentType, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 || resp.Header.Get("X-Amzn-Errortype") != "AccessDeniedException" {
		t.Errorf("unsigned: %s %v", resp.Status, resp.Header)
	}
}

func TestStreamsThatGoWrong(t *testing.T) {
	long := make([]byte, 32_001)
	for name, c := range map[string]struct {
		send       func(x *stream)
		kind, code string
	}{
		"audio first":       {func(x *stream) { x.audio(1) }, "exception", "validationException"},
		"bad configuration": {func(x *stream) { _ = x.JSON("configurationEvent", `{}`) }, "exception", "validationException"},
		"no JSON":           {func(x *stream) { _ = x.JSON("configurationEvent", `{`) }, "exception", "validationException"},
		"no such bucket": {func(x *stream) {
			_ = x.JSON("configurationEvent", strings.Replace(configuration, "notes", "nowhere", 1))
		}, "exception", "validationException"},
		"dash in context": {func(x *stream) {
			_ = x.JSON("configurationEvent", strings.TrimSuffix(configuration, "}")+`,"encounterContext":{"unstructuredContext":"pain – none"}}`)
		}, "exception", "validationException"},
		"unknown event":  {func(x *stream) { x.configure(); _ = x.JSON("videoEvent", `{}`) }, "exception", "validationException"},
		"33 kB of audio": {func(x *stream) { x.configure(); _ = x.Audio(long, false) }, "exception", "validationException"},
		"audio after the end": {func(x *stream) {
			x.configure()
			_ = x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`)
			x.audio(1)
		}, "exception", "validationException"},
		"late frame": {func(x *stream) {
			x.configure()
			_ = x.Write(x.Frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now().Add(-6*time.Minute)))
		}, "error", "InvalidSignatureException"},
		"repeated frame": {func(x *stream) {
			x.configure()
			b := x.Frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now())
			_ = x.Write(append(b, b...))
		}, "error", "InvalidSignatureException"},
		"damaged frame": {func(x *stream) {
			x.configure()
			b := x.Frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now())
			b[len(b)-1] ^= 1
			_ = x.Write(b)
		}, "exception", "validationException"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, 0)
			x := s.connect(nil)
			go func() { c.send(x); x.End() }()
			if _, last := x.finals(); last.Kind != c.kind || last.Type != c.code {
				t.Errorf("ended with %+v %s", last, last.Payload)
			}
			if got := s.status(); got != scribe.Paused && (got != scribe.Completed || name != "audio after the end") {
				t.Errorf("the session is %s", got)
			}
		})
	}
}

func TestClientThatFallsSilent(t *testing.T) {
	s := newServer(t, 50*time.Millisecond)
	x := s.connect(nil)
	x.configure()
	if _, last := x.finals(); last.Type != "validationException" || !bytes.Contains(last.Payload, []byte("sent nothing")) {
		t.Errorf("ended with %+v", last)
	}
	if got := s.status(); got != scribe.Paused {
		t.Errorf("the session is %s", got)
	}
}

func TestClientThatIsGone(t *testing.T) {
	s := newServer(t, 0)
	x := s.connect(nil)
	x.configure()
	x.audio(2)
	x.Break(errors.New("gone"))
	x.Response.Body.Close()
	for range x.Events {
	}
	for s.status() == scribe.InProgress {
		if t.Context().Err() != nil {
			t.Fatal("the session is still connected")
		}
		time.Sleep(time.Millisecond)
	}
	if got := s.status(); got != scribe.Paused {
		t.Errorf("the session is %s", got)
	}
}

// TestVectors holds the server's chain to the frames that the SDK made of a known session's end.
func TestVectors(t *testing.T) {
	seed, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	x := scribetest.New(t, credentials, seed)
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	b := append(x.Frame("sessionControlEvent", "application/json", []byte(`{"type":"END_OF_SESSION"}`), at), x.Frame("", "", nil, at)...)
	chain := sigv4.NewChain(sigv4.Signer{Credential: sigv4.Credential{Secret: credentials.SecretAccessKey}, Region: "us-east-1", Service: "health-agent"}, hex.EncodeToString(seed), at)
	r := eventstream.NewReader(bytes.NewReader(b), chain, 1024, func() time.Time { return at })
	if e, err := r.Next(); err != nil || e.Type != "sessionControlEvent" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}
