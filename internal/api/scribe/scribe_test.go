// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
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
	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	api "galen/internal/api/scribe"
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
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &only}
	s.url, s.client = "http://"+listener.Addr().String()+"/medical-scribe-stream/", &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = web.Close()
		serving.Wait()
		objects.Close()
		e.Close()
	})
	return s
}

// stream is a client as the AWS SDK makes one: its signer, its framing.
type stream struct {
	t      *testing.T
	signer *v4.StreamSigner
	body   *io.PipeWriter
	resp   *http.Response
	events chan eventstream.Event // closed at the end of the answer
}

// connect sends the head of a request; edit may change it before it is signed.
func (s *server) connect(edit func(*http.Request)) *stream {
	s.t.Helper()
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, in)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/vnd.amazon.eventstream")
	for name, value := range map[string]string{"session-id": session, "domain-id": domain, "subscription-id": subscription,
		"language-code": "en-US", "sample-rate": "16000", "media-encoding": "pcm"} {
		r.Header.Set("x-amzn-medscribe-"+name, value)
	}
	if edit != nil {
		edit(r)
	}
	const payload = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
	r.Header.Set("X-Amz-Content-Sha256", payload)
	if err := v4.NewSigner().SignHTTP(s.t.Context(), credentials, r, payload, "health-agent", "us-east-1", time.Now()); err != nil {
		s.t.Fatal(err)
	}
	seed, err := v4.GetSignedRequestSignature(r)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	x := &stream{t: s.t, body: out, resp: resp, events: make(chan eventstream.Event, 100),
		signer: v4.NewStreamSigner(credentials, "health-agent", "us-east-1", seed)}
	s.t.Cleanup(func() { resp.Body.Close(); out.Close() })
	go x.read()
	return x
}

func (x *stream) read() {
	defer close(x.events)
	for {
		m, err := sdk.NewDecoder().Decode(x.resp.Body, nil)
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
		x.events <- e
	}
}

// frame signs an event as the SDK does; a nil payload and no type is the end.
func (x *stream) frame(kind, contentType string, payload []byte, at time.Time) []byte {
	x.t.Helper()
	var inner, head, outer bytes.Buffer
	if kind != "" {
		var h sdk.Headers
		h.Set(":event-type", sdk.StringValue(kind))
		h.Set(":message-type", sdk.StringValue("event"))
		h.Set(":content-type", sdk.StringValue(contentType))
		if err := sdk.NewEncoder().Encode(&inner, sdk.Message{Headers: h, Payload: payload}); err != nil {
			x.t.Fatal(err)
		}
	}
	date := sdk.Headers{{Name: ":date", Value: sdk.TimestampValue(at)}}
	if err := sdk.EncodeHeaders(&head, date); err != nil {
		x.t.Fatal(err)
	}
	signature, err := x.signer.GetSignature(x.t.Context(), head.Bytes(), inner.Bytes(), at)
	if err != nil {
		x.t.Fatal(err)
	}
	date.Set(":chunk-signature", sdk.BytesValue(signature))
	if err := sdk.NewEncoder().Encode(&outer, sdk.Message{Headers: date, Payload: inner.Bytes()}); err != nil {
		x.t.Fatal(err)
	}
	return outer.Bytes()
}

func (x *stream) send(kind, contentType string, payload []byte) {
	x.t.Helper()
	_, _ = x.body.Write(x.frame(kind, contentType, payload, time.Now())) // a server that refused does not read on
}

const configuration = `{"postStreamActionSettings":{"outputS3Uri":"s3://notes/x","clinicalNoteGenerationSettings":{"noteTemplateSettings":{"managedTemplate":{"templateType":"DAP"}}}}}`

func (x *stream) configure() { x.send("configurationEvent", "application/json", []byte(configuration)) }

// audio sends seconds of silence, half a second at a time, in both forms.
func (x *stream) audio(seconds int) {
	for i := range 2 * seconds {
		piece := make([]byte, 16000)
		if i%2 == 0 {
			x.send("binaryAudioEvent", "application/octet-stream", piece)
			continue
		}
		body, err := json.Marshal(map[string][]byte{"audioChunk": piece})
		if err != nil {
			x.t.Fatal(err)
		}
		x.send("audioEvent", "application/json", body)
	}
}

// end is the last, empty frame.
func (x *stream) end() {
	x.send("", "", nil)
	_ = x.body.Close() // a pipe's end cannot fail
}

// finals are the contents of final segments up to the end, and the event that ended the stream, if one did.
func (x *stream) finals() (texts []string, last eventstream.Event) {
	x.t.Helper()
	for e := range x.events {
		if e.Type != "transcriptEvent" {
			last = e
			continue
		}
		var got struct {
			TranscriptSegment struct {
				SegmentID, ChannelID, Content    string
				AudioBeginOffset, AudioEndOffset float64
				IsPartial                        bool
			}
		}
		if err := json.Unmarshal(e.Payload, &got); err != nil {
			x.t.Fatal(err)
		}
		if s := got.TranscriptSegment; !s.IsPartial {
			texts = append(texts, s.Content)
			if s.ChannelID != "ch_0" || s.SegmentID == "" || s.AudioEndOffset <= s.AudioBeginOffset {
				x.t.Errorf("segment %+v", s)
			}
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
	if x.resp.StatusCode != 200 || x.resp.ProtoMajor != 2 || x.resp.Header.Get("x-amzn-medscribe-session-id") != session ||
		x.resp.Header.Get("Content-Type") != eventstream.ContentType {
		t.Fatalf("answer %s %v", x.resp.Status, x.resp.Header)
	}
	x.configure()
	x.audio(3)
	var first eventstream.Event
	select { // the transcript comes while the client is still sending
	case first = <-x.events:
	case <-t.Context().Done():
	}
	if first.Type != "transcriptEvent" {
		t.Errorf("first %+v", first)
	}
	x.end() // the client leaves
	if _, last := x.finals(); last.Type != "" {
		t.Errorf("the stream ended with %+v", last)
	}
	if got := s.status(); got != scribe.Paused {
		t.Errorf("left, the session is %s", got)
	}
	x = s.connect(nil)
	x.configure()
	x.audio(2)
	x.send("sessionControlEvent", "application/json", []byte(`{"type":"END_OF_SESSION"}`))
	x.end()
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
		if got := x.resp.Header.Get("X-Amzn-Errortype"); x.resp.StatusCode != c.status || got != c.code {
			t.Errorf("%s: %s, %s", name, x.resp.Status, got)
		}
	}
	first := s.connect(nil)
	if second := s.connect(nil); second.resp.StatusCode != 400 {
		t.Errorf("a second connection: %s", second.resp.Status)
	}
	first.end()
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
		"bad configuration": {func(x *stream) { x.send("configurationEvent", "application/json", []byte(`{}`)) }, "exception", "validationException"},
		"no JSON":           {func(x *stream) { x.send("configurationEvent", "application/json", []byte(`{`)) }, "exception", "validationException"},
		"no such bucket": {func(x *stream) {
			x.send("configurationEvent", "application/json", []byte(strings.Replace(configuration, "notes", "nowhere", 1)))
		}, "exception", "validationException"},
		"dash in context": {func(x *stream) {
			x.send("configurationEvent", "application/json", []byte(strings.TrimSuffix(configuration, "}")+`,"encounterContext":{"unstructuredContext":"pain – none"}}`))
		}, "exception", "validationException"},
		"unknown event":  {func(x *stream) { x.configure(); x.send("videoEvent", "application/json", []byte(`{}`)) }, "exception", "validationException"},
		"33 kB of audio": {func(x *stream) { x.configure(); x.send("binaryAudioEvent", "application/octet-stream", long) }, "exception", "validationException"},
		"audio after the end": {func(x *stream) {
			x.configure()
			x.send("sessionControlEvent", "application/json", []byte(`{"type":"END_OF_SESSION"}`))
			x.audio(1)
		}, "exception", "validationException"},
		"late frame": {func(x *stream) {
			x.configure()
			_, _ = x.body.Write(x.frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now().Add(-6*time.Minute)))
		}, "error", "InvalidSignatureException"},
		"repeated frame": {func(x *stream) {
			x.configure()
			b := x.frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now())
			_, _ = x.body.Write(append(b, b...))
		}, "error", "InvalidSignatureException"},
		"damaged frame": {func(x *stream) {
			x.configure()
			b := x.frame("binaryAudioEvent", "application/octet-stream", []byte{0, 0}, time.Now())
			b[len(b)-1] ^= 1
			_, _ = x.body.Write(b)
		}, "exception", "validationException"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, 0)
			x := s.connect(nil)
			go func() { defer x.body.Close(); c.send(x) }()
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
	_ = x.body.CloseWithError(errors.New("gone")) // the request is cut off
	x.resp.Body.Close()
	for range x.events {
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
	x := &stream{t: t, signer: v4.NewStreamSigner(credentials, "health-agent", "us-east-1", seed)}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	b := append(x.frame("sessionControlEvent", "application/json", []byte(`{"type":"END_OF_SESSION"}`), at), x.frame("", "", nil, at)...)
	chain := sigv4.NewChain(sigv4.Signer{Credential: sigv4.Credential{Secret: credentials.SecretAccessKey}, Region: "us-east-1", Service: "health-agent"}, hex.EncodeToString(seed), at)
	r := eventstream.NewReader(bytes.NewReader(b), chain, 1024, func() time.Time { return at })
	if e, err := r.Next(); err != nil || e.Type != "sessionControlEvent" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}
