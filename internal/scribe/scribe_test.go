// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/engine"
	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/audio"
	"galen/internal/scribe/transcript"
)

// plain is a Writer that writes what it is given, and fails where it is told to.
type plain struct{ failing string }

func (p *plain) file(name string, v any) ([]scribe.File, error) {
	if p.failing == name {
		return nil, fault.New(fault.Unprocessable, "there is no %s today", name)
	}
	body, err := json.Marshal(v)
	return []scribe.File{{Name: "clinical-notes/" + name + ".json", Body: body}}, err
}

func (p *plain) Transcript(_ context.Context, v scribe.Visit) ([]scribe.File, error) {
	return p.file("transcript", v.Segments)
}

func (p *plain) Note(_ context.Context, v scribe.Visit) ([]byte, []scribe.File, error) {
	files, err := p.file("note", len(v.Segments))
	return fmt.Appendf(nil, "%d", len(v.Segments)), files, err
}

func (p *plain) Summary(_ context.Context, _ scribe.Visit, note []byte) ([]scribe.File, error) {
	return p.file("summary", string(note))
}

// house is a service over an engine and folders that outlive it.
type house struct {
	*scribe.Service
	t       *testing.T
	engine  engine.Engine
	jobs    *job.Queue
	objects blob.Store
	opt     scribe.Options
}

func turns(n int) []replay.Turn {
	var list []replay.Turn
	for i := range n {
		begin := time.Duration(i) * time.Second
		list = append(list, replay.Turn{Channel: i % 2, Begin: begin, End: begin + 900*time.Millisecond, Text: fmt.Sprintf("turn number %d", i)})
	}
	return list
}

func newHouse(t *testing.T, e engine.Engine, p asr.Provider) *house {
	t.Helper()
	objects, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	if err := objects.CreateBucket(t.Context(), "notes"); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, engine: e, objects: objects, opt: scribe.Options{Folder: t.TempDir(), Key: make([]byte, 32), Recogniser: p, Writer: &plain{},
		Objects: objects, MaxAudio: time.Minute, Retention: time.Hour,
		Subscribed: func(_ context.Context, k scribe.Key) error {
			if k.Subscription != "sub" {
				return fault.New(fault.NotFound, "there is no such subscription")
			}
			return nil
		}}}
	h.restart()
	return h
}

// restart makes another service, as a new process would.
func (h *house) restart() {
	h.t.Helper()
	h.jobs = job.New(h.engine, job.Options{Exclusive: true})
	h.Service = scribe.New(h.engine, h.jobs, h.opt)
	if err := h.Recover(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// die makes another service over what a death would leave: the recordings as they are now, which connections no longer write to.
func (h *house) die() {
	h.t.Helper()
	left := h.t.TempDir()
	if err := os.CopyFS(left, os.DirFS(h.opt.Folder)); err != nil {
		h.t.Fatal(err)
	}
	h.opt.Folder = left
	h.restart()
}

// work runs the jobs until the session's documents are no longer in the making.
func (h *house) work(k scribe.Key) scribe.Session {
	h.t.Helper()
	ctx, stop := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = h.jobs.Run(ctx, h.Handlers()) }) // it ends with ctx
	defer running.Wait()
	defer stop()
	list, _, err := h.jobs.List(ctx, "scribe/"+k.Account, job.Filter{Name: k.ID}, 0, 10)
	if err != nil || len(list) != 1 {
		h.t.Fatalf("%d jobs, %v", len(list), err)
	}
	if _, err := h.jobs.Wait(ctx, list[0].Queue, list[0].ID); err != nil {
		h.t.Fatal(err)
	}
	return h.get(k)
}

func (h *house) get(k scribe.Key) scribe.Session {
	h.t.Helper()
	s, err := h.Get(h.t.Context(), k)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) read(location string, v any) {
	h.t.Helper()
	u, err := blob.ParseURI(location)
	if err != nil {
		h.t.Fatalf("%q: %v", location, err)
	}
	r, _, err := h.objects.Open(h.t.Context(), u, 0, "")
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// heard are the contents of the transcript.
func (h *house) heard(s scribe.Session) []string {
	h.t.Helper()
	var segments []transcript.Segment
	h.read(s.Transcript.Location, &segments)
	var texts []string
	for _, x := range segments {
		texts = append(texts, x.Content)
	}
	return texts
}

func want(from, to int) []string {
	var texts []string
	for _, t := range turns(to)[from:] {
		texts = append(texts, t.Text)
	}
	return texts
}

func request(n int) scribe.Request {
	return scribe.Request{Key: scribe.Key{Account: "123456789012", Domain: "dom", Subscription: "sub", ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n)},
		Language: "en-US", Rate: 16000, Encoding: audio.PCM, Transport: scribe.HTTP2}
}

var config = scribe.Config{Output: "s3://notes/here", Template: scribe.Template{Type: "HISTORY_AND_PHYSICAL"},
	Channels: []scribe.Channel{{ID: 0, Role: transcript.Clinician}, {ID: 1, Role: transcript.Patient}}}

// client is a connection with a reader of its segments.
type client struct {
	*scribe.Live
	t       *testing.T
	finals  []transcript.Segment
	partial int
	read    sync.WaitGroup
}

func (h *house) connect(r scribe.Request, c scribe.Config) *client {
	h.t.Helper()
	l, err := h.Connect(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	x := &client{Live: l, t: h.t}
	x.read.Go(func() {
		for s := range l.Segments() {
			if s.Partial {
				x.partial++
				continue
			}
			x.finals = append(x.finals, s)
		}
	})
	if err := l.Configure(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	return x
}

// say sends silence of two channels, a tenth of a second at a time.
func (c *client) say(seconds float64) {
	c.t.Helper()
	for range int(seconds * 10) {
		if err := c.Audio(c.t.Context(), make([]byte, 2*2*1600)); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *client) close() {
	c.t.Helper()
	if err := c.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.read.Wait()
}

// onEngines runs a test on every engine.
func onEngines(t *testing.T, test func(t *testing.T, e engine.Engine)) {
	t.Run("mem", func(t *testing.T) {
		e := mem.New()
		defer e.Close()
		test(t, e)
	})
	t.Run("lsm", func(t *testing.T) {
		e, err := lsm.Open(t.TempDir(), lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		test(t, e)
	})
}

func TestVisit(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		h := newHouse(t, e, replay.New(turns(10)))
		r := request(1)
		c := h.connect(r, config)
		c.say(10)
		if s := h.get(r.Key); s.Status != scribe.InProgress || s.Heard != 10 || s.Note.Status != "" {
			t.Errorf("while it is heard: %+v", s)
		}
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		if err := c.Audio(t.Context(), make([]byte, 4)); !errors.Is(err, fault.Invalid) {
			t.Errorf("audio after the end: %v", err)
		}
		c.close()
		slices.SortFunc(c.finals, func(a, b transcript.Segment) int { return cmp.Compare(a.Begin, b.Begin) }) // channels are told of side by side
		if len(c.finals) != 10 || c.partial == 0 || c.finals[0].ID == "" || c.finals[0].Role != transcript.Clinician || len(c.finals[1].Words) != 3 {
			t.Errorf("%d partial segments, final %+v", c.partial, c.finals)
		}
		if s := h.get(r.Key); s.Status != scribe.Completed || s.Note.Status != scribe.Writing {
			t.Errorf("at its end: %+v", s)
		}
		s := h.work(r.Key)
		const folder = "s3://notes/here/health-agent-listening-session/dom/sub/00000000-0000-4000-8000-000000000001/post-stream-action/clinical-notes/"
		if s.Note != (scribe.Document{Status: scribe.Written, Location: folder + "note.json"}) || s.Summary.Status != scribe.Written {
			t.Errorf("documents: %+v", s)
		}
		if got := h.heard(s); !slices.Equal(got, want(0, 10)) {
			t.Errorf("heard %q", got)
		}
	})
}

func TestLeaveAndResume(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		h := newHouse(t, e, replay.New(turns(12)))
		r := request(2)
		for range 3 {
			c := h.connect(r, config)
			if _, err := h.Connect(t.Context(), r); !errors.Is(err, fault.Conflict) {
				t.Errorf("a second connection: %v", err)
			}
			c.say(4)
			c.close()
			if s := h.get(r.Key); s.Status != scribe.Paused {
				t.Errorf("left: %+v", s)
			}
		}
		c := h.connect(r, config)
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		c.close()
		if got := h.heard(h.work(r.Key)); !slices.Equal(got, want(0, 12)) {
			t.Errorf("heard %q", got)
		}
		if _, err := h.Connect(t.Context(), r); !errors.Is(err, fault.Conflict) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestDeathOfTheProcess leaves connections as a death would, in the middle of a turn, and goes on with another service.
func TestDeathOfTheProcess(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		h := newHouse(t, e, replay.New(turns(12)))
		r := request(3)
		for range 4 {
			c := h.connect(r, config)
			c.say(2.5)
			h.die()
			if s := h.get(r.Key); s.Status != scribe.Paused {
				t.Errorf("after a death: %+v", s)
			}
		}
		c := h.connect(r, config)
		c.say(2)
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		c.close()
		if got := h.heard(h.work(r.Key)); !slices.Equal(got, want(0, 12)) {
			t.Errorf("heard %q", got)
		}
	})
}

// deaf hears nothing any more once it is told so.
type deaf struct {
	asr.Provider
	mu  sync.Mutex
	now bool // guarded by mu
}

func (d *deaf) set(now bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = now
}

func (d *deaf) Open(ctx context.Context, o asr.Options) (asr.Recogniser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now {
		return nil, fault.New(fault.Unavailable, "deaf")
	}
	r, err := d.Provider.Open(ctx, o)
	return &ear{r, d}, err
}

type ear struct {
	asr.Recogniser
	d *deaf
}

func (e *ear) Push(ctx context.Context, samples []int16) error {
	e.d.mu.Lock()
	now := e.d.now
	e.d.mu.Unlock()
	if now {
		e.Close()
		return fault.New(fault.Unavailable, "deaf")
	}
	return e.Recogniser.Push(ctx, samples)
}

func (e *ear) Err() error {
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	if e.d.now {
		return fault.New(fault.Unavailable, "deaf")
	}
	return e.Recogniser.Err()
}

func TestWhatCouldNotBeHeardLiveIsHeardLater(t *testing.T) {
	d := &deaf{Provider: replay.New(turns(10))}
	h := newHouse(t, mem.New(), d)
	r := request(4)
	c := h.connect(r, config)
	c.say(5)
	d.set(true)
	failed := false
	for range 2000 {
		if err := c.Audio(t.Context(), make([]byte, 2*2*1600)); err != nil {
			if !errors.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			failed = true
			break
		}
		if h.get(r.Key).Heard >= 10 {
			break
		}
	}
	_ = c.End()
	if err := c.Close(); err == nil && failed {
		t.Error("the end of a session that was not heard is no failure")
	}
	d.set(false)
	s := h.work(r.Key)
	if got := h.heard(s); s.Status != scribe.Completed || len(got) < 5 || !slices.Equal(got, want(0, len(got))) {
		t.Errorf("%+v heard %q", s, got)
	}
}

func TestOneDocumentFailsAlone(t *testing.T) {
	for failing, others := range map[string][3]scribe.DocumentStatus{
		"transcript": {scribe.Spoiled, scribe.Written, scribe.Written},
		"note":       {scribe.Written, scribe.Spoiled, scribe.Spoiled},
		"summary":    {scribe.Written, scribe.Written, scribe.Spoiled},
	} {
		h := newHouse(t, mem.New(), replay.New(turns(3)))
		h.opt.Writer = &plain{failing}
		h.restart()
		r := request(5)
		c := h.connect(r, config)
		c.say(3)
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		c.close()
		s := h.work(r.Key)
		got := [3]scribe.DocumentStatus{s.Transcript.Status, s.Note.Status, s.Summary.Status}
		if got != others || failing == "transcript" && s.Transcript.Reason != "there is no transcript today" {
			t.Errorf("without the %s: %+v", failing, s)
		}
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t, mem.New(), replay.New(turns(3)))
	for name, edit := range map[string]func(*scribe.Request){
		"session id": func(r *scribe.Request) { r.ID = "../../etc/passwd" },
		"language":   func(r *scribe.Request) { r.Language = "de-DE" },
		"rate":       func(r *scribe.Request) { r.Rate = 4000 },
		"encoding":   func(r *scribe.Request) { r.Encoding = "opus" },
	} {
		r := request(6)
		edit(&r)
		if _, err := h.Connect(t.Context(), r); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := request(6)
	r.Subscription = "other"
	if _, err := h.Connect(t.Context(), r); !errors.Is(err, fault.NotFound) {
		t.Errorf("another subscription: %v", err)
	}
	if _, err := h.Get(t.Context(), request(6).Key); !errors.Is(err, fault.NotFound) {
		t.Errorf("a session that never was: %v", err)
	}
	for name, edit := range map[string]func(*scribe.Config){
		"output":   func(c *scribe.Config) { c.Output = "http://x" },
		"bucket":   func(c *scribe.Config) { c.Output = "s3://nowhere/x" },
		"template": func(c *scribe.Config) { c.Template.Type = "SOAP" },
		"custom base": func(c *scribe.Config) {
			c.Template = scribe.Template{Type: "PHYSICAL_SOAP", Custom: true, Instructions: []scribe.Instruction{{"A", "b"}}}
		},
		"no sections": func(c *scribe.Config) { c.Template = scribe.Template{Type: "DAP", Custom: true} },
		"header": func(c *scribe.Config) {
			c.Template = scribe.Template{Type: "DAP", Custom: true, Instructions: []scribe.Instruction{{"A b", "b"}}}
		},
		"one channel": func(c *scribe.Config) { c.Channels = c.Channels[:1] },
		"same channel": func(c *scribe.Config) {
			c.Channels = []scribe.Channel{{0, transcript.Patient}, {0, transcript.Clinician}}
		},
		"long context": func(c *scribe.Config) { c.Context = strings.Repeat("x", scribe.MaxContext+1) },
		"em dash":      func(c *scribe.Config) { c.Context = "pain — none" },
		"degrees":      func(c *scribe.Config) { c.Context = "38°C" },
		"no such day":  func(c *scribe.Config) { c.Coding = &scribe.Coding{Date: "2026-02-30"} },
	} {
		l, err := h.Connect(t.Context(), request(7))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Audio(t.Context(), []byte{0, 0}); !errors.Is(err, fault.Invalid) {
			t.Errorf("audio before the configuration: %v", err)
		}
		c := config
		edit(&c)
		if err := l.Configure(t.Context(), c); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c := h.connect(request(8), config)
	if err := c.Audio(t.Context(), make([]byte, scribe.MaxPiece+1)); !errors.Is(err, fault.Invalid) {
		t.Errorf("a piece too long: %v", err)
	}
	var err error
	for range 700 {
		if err = c.Audio(t.Context(), make([]byte, 2*2*1600)); err != nil {
			break
		}
	}
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("more than a minute: %v", err)
	}
	c.close()
	if s := h.get(request(8).Key); s.Status != scribe.Paused || s.Heard < 60 || s.Heard > 61 {
		t.Errorf("after too much audio: %+v", s)
	}
}

// TestClientGoneWhileItConfigures: the session can be resumed after a client is gone at any moment.
func TestClientGoneWhileItConfigures(t *testing.T) {
	h := newHouse(t, mem.New(), replay.New(nil))
	r := request(9)
	l, err := h.Connect(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Configure(gone, config); !errors.Is(err, context.Canceled) {
		t.Errorf("configured for nobody: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if s := h.get(r.Key); s.Status != scribe.Paused {
		t.Errorf("the session is %+v", s)
	}
	h.connect(r, config).close()
}

func TestConnectionsOfAnAccountAreBounded(t *testing.T) {
	h := newHouse(t, mem.New(), replay.New(nil))
	h.opt.MaxSessions = 2
	h.restart()
	a, b := h.connect(request(1), config), h.connect(request(2), config)
	if _, err := h.Connect(t.Context(), request(3)); !errors.Is(err, fault.TooCostly) {
		t.Errorf("a third connection: %v", err)
	}
	a.close()
	c := h.connect(request(3), config)
	b.close()
	c.close()
}
