// SPDX-License-Identifier: Apache-2.0

package speech_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/asr/speech"
	"galen/internal/scribe/asr/wer"
)

func TestReadShared(t *testing.T) {
	sets, err := speech.Read(filepath.Join("..", "..", "..", "..", "..", "shared", "data", "speech"))
	if fault.KindOf(err) == fault.NotFound {
		t.Skip("the speech data is not here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sets {
		names = append(names, s.Name)
		for _, c := range s.Clips {
			if words := len(wer.Words(c.Text)); words < 5 || s.Length() < time.Second {
				t.Errorf("%s: %d words in %v", c.Name, words, s.Length())
			}
		}
	}
	if want := []string{"read", "call", "visit"}; !slices.Equal(names, want) {
		t.Errorf("the sets are %q, want %q", names, want)
	}
}

// tone is a clip that is silent for a while, then sounds.
func tone(silent, sounds time.Duration, text string) speech.Clip {
	samples := make([]int16, asr.Samples(silent))
	for i := range asr.Samples(sounds) {
		samples = append(samples, int16(8000*math.Sin(float64(i)/5)))
	}
	return speech.Clip{Name: text, Samples: append(samples, make([]int16, asr.Samples(silent))...), Text: text}
}

func TestReadFolder(t *testing.T) {
	folder := t.TempDir()
	if _, err := speech.Read(folder); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an empty folder: got %v", err)
	}
	real := filepath.Join(folder, "real")
	if err := os.Mkdir(real, 0o700); err != nil {
		t.Fatal(err)
	}
	want := tone(0, time.Second, "a tone").Samples
	file := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data")
	file = binary.LittleEndian.AppendUint32(file, uint32(2*len(want)))
	for _, x := range want {
		file = binary.LittleEndian.AppendUint16(file, uint16(x))
	}
	for name, text := range map[string]string{"a.wav": string(file), "refs.json": `{"a.wav":"a tone"}`} {
		if err := os.WriteFile(filepath.Join(real, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sets, err := speech.Read(folder)
	if err != nil || len(sets) != 1 || sets[0].Name != "read" || sets[0].Length() != time.Second || !slices.Equal(sets[0].Clips[0].Samples, want) {
		t.Errorf("got %d sets, %v", len(sets), err)
	}
	if err := os.WriteFile(filepath.Join(real, "refs.json"), []byte(`{"b.wav":""}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := speech.Read(folder); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a recording that is not there: got %v", err)
	}
}

func TestNoisy(t *testing.T) {
	s := speech.Set{Clips: []speech.Clip{tone(0, time.Second, "a tone")}}
	first, second := speech.Noisy(s, 10).Clips[0].Samples, speech.Noisy(s, 10).Clips[0].Samples
	if !slices.Equal(first, second) {
		t.Error("the noise is not the same again")
	}
	var clean, noise float64
	for i, x := range s.Clips[0].Samples {
		clean += float64(x) * float64(x)
		d := float64(first[i]) - float64(x)
		noise += d * d
	}
	if got := 10 * math.Log10(clean/noise); math.Abs(got-10) > 0.1 {
		t.Errorf("the noise is %.2f dB below, want 10", got)
	}
}

// TestLive replays a talk in the time it takes: a word is told of with the piece that it ends in.
func TestLive(t *testing.T) {
	clips := []speech.Clip{tone(time.Second, 2*time.Second, "one two"), tone(0, time.Second, "three"), tone(0, time.Second, "four")}
	tracks := speech.NewTalk(clips, 2)
	if got, want := []int{len(tracks[0].Spans), len(tracks[1].Spans)}, []int{2, 1}; !slices.Equal(got, want) || len(tracks[0].Samples) != len(tracks[1].Samples) {
		t.Fatalf("%d spans, want %d; %d and %d samples", got, want, len(tracks[0].Samples), len(tracks[1].Samples))
	}
	var turns []replay.Turn
	for channel, track := range tracks {
		for _, s := range track.Spans {
			turns = append(turns, replay.Turn{Channel: channel, Begin: s.Begin, End: s.End, Text: s.Text})
		}
	}
	if got := tracks[0].Spans[0]; got.Begin != 3*time.Second || got.End != 5*time.Second {
		t.Errorf("the first clip is from %v to %v, want 3 s to 5 s", got.Begin, got.End)
	}
	synctest.Test(t, func(t *testing.T) {
		came, err := speech.Live(t.Context(), replay.New(turns), tracks[0])
		if err != nil {
			t.Fatal(err)
		}
		d := tracks[0].Delays(came)
		if want := (speech.Delays{First: []time.Duration{1100 * time.Millisecond, time.Second}, Right: []time.Duration{1100 * time.Millisecond, time.Second},
			Final: []time.Duration{0, 0}, Spans: 2}); !near(d.First, want.First) || !near(d.Right, want.Right) || !near(d.Final, want.Final) || d.Spans != want.Spans {
			t.Errorf("got %+v, want %+v", d, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := speech.Live(ctx, replay.New(turns), tracks[0]); err == nil {
			t.Error("a talk that was cut off is told of as whole")
		}
	})
}

// near is whether times are the same but for the piece that they fall in.
func near(got, want []time.Duration) bool {
	return slices.EqualFunc(got, want, func(a, b time.Duration) bool { return (a - b).Abs() <= speech.Piece })
}

func TestHear(t *testing.T) {
	c := tone(0, 2*time.Second, "take lisinopril now")
	s := speech.Set{Clips: []speech.Clip{c}, Names: map[string]bool{"lisinopril": true}}
	for said, want := range map[string]speech.Score{
		c.Text:              {Words: wer.Count{Words: 3}, Names: wer.Count{Words: 1}},
		"take the pill now": {Words: wer.Count{Words: 3, Wrong: 2}, Names: wer.Count{Words: 1, Wrong: 1}},
	} {
		got, err := speech.Hear(t.Context(), replay.New([]replay.Turn{{End: time.Second, Text: said}}), s)
		if err != nil || got.Words != want.Words || got.Names != want.Names {
			t.Errorf("%q: got %+v, %v, want %+v", said, got, err, want)
		}
	}
}

func TestSpeak(t *testing.T) {
	s, err := speech.Speak(t.Context())
	if fault.KindOf(err) == fault.Unavailable {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Clips) != 2 || len(s.Names) < 30 || !s.Names["lisinopril"] || strings.Contains(s.Clips[0].Text, "*") || s.Length() < time.Minute {
		t.Errorf("%d clips of %v, %d names", len(s.Clips), s.Length(), len(s.Names))
	}
}
