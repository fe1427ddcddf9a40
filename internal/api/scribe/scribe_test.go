// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/coder/websocket"

	api "galen/internal/api/scribe"
	"galen/internal/api/scribe/scribetest"
	"galen/internal/authz"
	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/scribe"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/transcript"
)

const (
	account      = "123456789012"
	domain       = "dom-a1b2c3d4e5f6g7h8"
	subscription = "sub-abcdefghijklmnopqrstu"
	session      = "0b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"
)

var credentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

// plain is a Writer of what was heard.
type plain struct{}

func (plain) file(name string, v any) ([]scribe.File, error) {
	body, err := json.Marshal(v)
	return []scribe.File{{Name: name, Body: body}}, err
}

func (p plain) Transcript(_ context.Context, v scribe.Visit) ([]scribe.File, error) {
	return p.file("transcript.json", v.Segments)
}

func (p plain) Note(_ context.Context, v scribe.Visit) ([]byte, []scribe.File, error) {
	files, err := p.file("note.json", len(v.Segments))
	return []byte("{}"), files, err
}

func (p plain) Summary(context.Context, scribe.Visit, []byte) ([]scribe.File, error) {
	return p.file("summary.json", "")
}

// server is the handler behind real HTTP in clear, 1.1 and 2.
type server struct {
	t        *testing.T
	url      string
	handler  *api.Handler
	sessions *scribe.Service
	client   *http.Client
	objects  blob.Store
}

// newServer makes a server; change may change what it is made with.
func newServer(t *testing.T, change func(*api.Options, *scribe.Options)) *server {
	t.Helper()
	objects, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := objects.CreateBucket(t.Context(), "notes"); err != nil {
		t.Fatal(err)
	}
	var script []replay.Turn
	for i, text := range turns(5) {
		begin := time.Duration(i) * time.Second
		script = append(script, replay.Turn{Begin: begin, End: begin + 900*time.Millisecond, Text: text})
	}
	e := mem.New()
	of := scribe.Options{Folder: t.TempDir(), Key: make([]byte, 32), Recogniser: replay.New(script), Writer: plain{}, Objects: objects,
		Subscribed: func(_ context.Context, k scribe.Key) error {
			switch {
			case k.Domain != domain:
				return fault.New(fault.NotFound, "there is no such domain")
			case k.Subscription != subscription:
				return fault.New(fault.Invalid, "the subscription is not active")
			}
			return nil
		}}
	o := api.Options{Account: func(id sigv4.Identity) authz.Principal {
		return authz.Principal{Kind: authz.Signed, Account: id.Account}
	}}
	o.Verifier = sigv4.NewVerifier(func(key string, _ time.Time) (sigv4.Credential, bool) {
		return sigv4.Credential{AccessKey: key, Secret: credentials.SecretAccessKey}, key == credentials.AccessKeyID
	}, sigv4.Options{Account: account})
	if change != nil {
		change(&o, &of)
	}
	jobs := job.New(e, job.Options{Exclusive: true})
	o.Sessions = scribe.New(e, jobs, of)
	s := &server{t: t, handler: api.New(o), sessions: o.Sessions, objects: objects}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	protocols.SetHTTP1(true)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: s.handler, Protocols: &protocols}
	var serving sync.WaitGroup
	serving.Go(func() { _ = web.Serve(listener) }) // it ends with Close
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	serving.Go(func() { _ = jobs.Run(ctx, o.Sessions.Handlers()) }) // it ends with ctx
	s.url, s.client = "http://"+listener.Addr().String(), scribetest.Client(t)
	t.Cleanup(func() {
		stop()
		_ = web.Close()
		_ = s.handler.Close()
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

// said is what a client says of the session; pairs of name and value replace or, empty, take out what is there.
func said(pairs ...string) map[string]string {
	m := map[string]string{"session-id": session, "domain-id": domain, "subscription-id": subscription, "language-code": "en-US", "sample-rate": "16000", "media-encoding": "pcm"}
	for i := 0; i < len(pairs); i += 2 {
		if m[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(m, pairs[i])
		}
	}
	return m
}

// A transport connects to a server's session.
type transport struct {
	name    string
	connect func(s *server, pairs ...string) *stream
}

var transports = []transport{
	{"HTTP/2", func(s *server, pairs ...string) *stream {
		s.t.Helper()
		return &stream{scribetest.Connect(s.t, s.client, s.url+"/medical-scribe-stream/", credentials, said(pairs...), nil), s.t}
	}},
	{"WebSocket", func(s *server, pairs ...string) *stream {
		s.t.Helper()
		return &stream{scribetest.Dial(s.t, s.url+api.Path, credentials, said(pairs...), nil), s.t}
	}},
}

// over runs a test over each transport.
func over(t *testing.T, test func(t *testing.T, via transport)) {
	for _, via := range transports {
		t.Run(via.name, func(t *testing.T) { test(t, via) })
	}
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

// turns are what is said in the first n seconds.
func turns(n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprintf("turn number %d", i))
	}
	return texts
}

// get gives the session as it stands.
func (s *server) get() scribe.Session {
	s.t.Helper()
	x, err := s.sessions.Get(s.t.Context(), scribe.Key{Account: account, Domain: domain, Subscription: subscription, ID: session})
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// transcript waits for the transcript of a session that has ended and gives what was said.
func (s *server) transcript() (texts []string) {
	s.t.Helper()
	for s.get().Transcript.Status == scribe.Writing {
		time.Sleep(time.Millisecond)
	}
	u, err := blob.ParseURI(s.get().Transcript.Location)
	if err != nil {
		s.t.Fatalf("the session is %+v", s.get())
	}
	r, _, err := s.objects.Open(s.t.Context(), u, 0, "")
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	var segments []transcript.Segment
	if err := json.NewDecoder(r).Decode(&segments); err != nil {
		s.t.Fatal(err)
	}
	for _, x := range segments {
		texts = append(texts, x.Content)
	}
	return texts
}

func (s *server) status() scribe.Status { return s.get().Status }

func TestVisit(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, nil)
		x := via.connect(s)
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
		x = via.connect(s)
		x.configure()
		x.audio(2)
		_ = x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`)
		if via.name == "HTTP/2" { // over a WebSocket END_OF_SESSION is the end
			x.End()
		}
		if texts, last := x.finals(); last.Type != "" || len(texts) == 0 || texts[len(texts)-1] != "turn number 4" {
			t.Errorf("heard %q, ended with %+v", texts, last)
		}
		if via.name == "WebSocket" && x.Closed.Code != websocket.StatusNormalClosure {
			t.Errorf("closed with %v", x.Closed)
		}
		if got := s.status(); got != scribe.Completed {
			t.Errorf("the session is %s", got)
		}
		if got := s.transcript(); !slices.Equal(got, turns(5)) {
			t.Errorf("the transcript is %q", got)
		}
	})
}

func TestAnswer(t *testing.T) {
	s := newServer(t, nil)
	x := transports[0].connect(s)
	if x.Response.StatusCode != 200 || x.Response.ProtoMajor != 2 || x.Response.Header.Get("x-amzn-medscribe-session-id") != session ||
		x.Response.Header.Get("Content-Type") != eventstream.ContentType {
		t.Errorf("answer %s %v", x.Response.Status, x.Response.Header)
	}
	x.End()
	x.finals()
	if x = transports[1].connect(s, "session-id", "1b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"); x.Response.StatusCode != 101 {
		t.Errorf("answer %s", x.Response.Status)
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
