// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	api "galen/internal/api/scribe"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
)

// TestTooMuch sends all at once, more than a session may have: the client is told where it is full, and what fitted is kept.
func TestTooMuch(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		s := newServer(t, func(_ *api.Options, o *scribe.Options) { o.MaxAudio = 4 * time.Second })
		x := via.connect(s)
		go func() { x.configure(); x.audio(600); x.End() }()
		if _, last := x.finals(); last.Type != "validationException" || !bytes.Contains(last.Payload, []byte("4s of audio")) {
			t.Errorf("ended with %+v %s", last, last.Payload)
		}
		if got := s.get(); got.Status != scribe.Paused || got.Heard != 4.5 {
			t.Errorf("the session is %+v", got)
		}
		x = via.connect(s)
		x.configure()
		x.end()
		x.End()
		if _, last := x.finals(); last.Type != "" {
			t.Errorf("a full session cannot be ended: %+v", last)
		}
		if got := s.transcript(); !slices.Equal(got, turns(4)) {
			t.Errorf("the transcript is %q", got)
		}
	})
}

// gated is a recogniser that takes samples only while the gate is open.
type gated struct {
	asr.Provider
	gate chan struct{} // closed: open
}

func (g *gated) Open(ctx context.Context, o asr.Options) (asr.Recogniser, error) {
	r, err := g.Provider.Open(ctx, o)
	return &waiting{r, g.gate}, err
}

type waiting struct {
	asr.Recogniser
	gate chan struct{}
}

func (w *waiting) Push(ctx context.Context, samples []int16) error {
	select {
	case <-w.gate:
		return w.Recogniser.Push(ctx, samples)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestFasterThanItIsHeard sends a minute at once to a recogniser that does not keep up: no more of it is taken than may wait, and all is heard in
// the end.
func TestFasterThanItIsHeard(t *testing.T) {
	over(t, func(t *testing.T, via transport) {
		gate := make(chan struct{})
		s := newServer(t, func(_ *api.Options, o *scribe.Options) { o.Recogniser = &gated{o.Recogniser, gate} })
		x := via.connect(s)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			x.configure()
			x.audio(60)
			x.end()
			x.End()
		}()
		for s.get().Heard < 10 {
			if t.Context().Err() != nil {
				t.Fatal("the audio is not taken")
			}
			time.Sleep(time.Millisecond)
		}
		for range 100 {
			if got := s.get().Heard; got > 12 {
				t.Fatalf("%v seconds are taken though nothing is heard", got)
			}
			time.Sleep(time.Millisecond)
		}
		close(gate)
		<-sent
		if texts, last := x.finals(); last.Type != "" || !slices.Equal(texts, turns(5)) {
			t.Errorf("heard %q, ended with %+v", texts, last)
		}
		if got := s.get(); got.Status != scribe.Completed || got.Heard != 60 {
			t.Errorf("the session is %+v", got)
		}
	})
}

// TestFLACThatIsNot sends FLAC that is cut, of another rate, none at all, without end, or far longer than it looks: what can be heard is.
func TestFLACThatIsNot(t *testing.T) {
	quiet := silentFLAC(t, 16000, 3)
	info := quiet[:42] // the stream's head
	for name, c := range map[string]struct {
		pieces [][]byte
		code   string
		heard  func(seconds float64) bool
	}{
		"whole":          {[][]byte{quiet}, "", func(s float64) bool { return s == 3 }},
		"cut":            {[][]byte{quiet[:len(quiet)-3]}, "", func(s float64) bool { return s >= 2 && s <= 3 }},
		"its head alone": {[][]byte{info}, "", func(s float64) bool { return s == 0 }},
		"another rate":   {[][]byte{silentFLAC(t, 8000, 4)}, "validationException", func(s float64) bool { return s == 0 }},
		"PCM":            {[][]byte{make([]byte, 16000)}, "validationException", func(s float64) bool { return s == 0 }},
		"then PCM":       {[][]byte{quiet, make([]byte, 16000)}, "validationException", func(s float64) bool { return s >= 2 && s <= 3 }},
		"an hour":        {[][]byte{silentFLAC(t, 16000, 3600)}, "validationException", func(s float64) bool { return s > 60 && s < 200 }},
		"head without end": {slices.Repeat([][]byte{append([]byte{1, 0, 0x75, 0x30}, make([]byte, 30_000-4)...)}, 80), "validationException",
			func(s float64) bool { return s == 0 }},
	} {
		if name == "head without end" {
			c.pieces[0] = append(slices.Clone(info[:4]), append([]byte{0}, info[5:]...)...)
		}
		over(t, func(t *testing.T, via transport) {
			s := newServer(t, func(_ *api.Options, o *scribe.Options) { o.MaxAudio = time.Minute })
			x := via.connect(s, "media-encoding", "flac")
			go func() {
				x.configure()
				for _, p := range c.pieces {
					for part := range slices.Chunk(p, 30_000) {
						_ = x.Audio(part, false) // the answer tells
					}
				}
				x.End()
			}()
			if _, last := x.finals(); last.Type != c.code {
				t.Errorf("%s: ended with %+v %s", name, last, last.Payload)
			}
			if got := s.get(); got.Status != scribe.Paused || !c.heard(got.Heard) {
				t.Errorf("%s: the session is %+v", name, got)
			}
		})
	}
}

// silentFLAC makes FLAC of silence, which is as short as FLAC can be.
func silentFLAC(t *testing.T, rate, seconds int) []byte {
	t.Helper()
	var b bytes.Buffer
	e, err := flac.NewEncoder(&b, &meta.StreamInfo{BlockSizeMin: 16_000, BlockSizeMax: 16_000, SampleRate: uint32(rate), NChannels: 1, BitsPerSample: 16})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rate * seconds / 16_000 {
		sub := &frame.Subframe{SubHeader: frame.SubHeader{Pred: frame.PredConstant}, NSamples: 16_000, Samples: make([]int32, 16_000)}
		f := &frame.Frame{Header: frame.Header{HasFixedBlockSize: true, BlockSize: 16_000, SampleRate: uint32(rate), Channels: frame.ChannelsMono, BitsPerSample: 16, Num: uint64(i)},
			Subframes: []*frame.Subframe{sub}}
		if err := e.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
