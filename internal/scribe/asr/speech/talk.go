// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/wer"
)

// Span is where something is said.
type Span struct {
	Begin, End time.Duration
	Text       string
}

// Track is one channel of a talk.
type Track struct {
	Samples []int16
	Spans   []Span // in order
}

// How a talk is laid out, in samples.
const (
	before  = 3 * asr.Rate     // what recognisers take to start
	between = 5 * asr.Rate / 2 // the pause after each clip
)

// Piece is how much of a talk is pushed at a time, as clients do.
const Piece = 100 * time.Millisecond

// NewTalk lays out clips one after another, each on the next of some channels. All channels have one length.
func NewTalk(clips []Clip, channels int) []Track {
	tracks := make([]Track, channels)
	for i := range tracks {
		tracks[i].Samples = hush(nil, before)
	}
	for i, c := range clips {
		said := trim(c.Samples)
		for j := range tracks {
			t := &tracks[j]
			if i%channels != j {
				t.Samples = hush(t.Samples, len(said)+between)
				continue
			}
			begin := asr.Duration(int64(len(t.Samples)))
			t.Spans = append(t.Spans, Span{begin, begin + asr.Duration(int64(len(said))), c.Text})
			t.Samples = hush(append(t.Samples, said...), between)
		}
	}
	return tracks
}

// trim takes the silence before and after speech away: what is 25 dB below its loudest tenth.
func trim(samples []int16) []int16 {
	const frame = asr.Rate / 50
	var levels []float64
	for f := range slices.Chunk(samples, frame) {
		sum := 1.0
		for _, x := range f {
			sum += float64(x) * float64(x)
		}
		levels = append(levels, 10*math.Log10(sum/frame))
	}
	if len(levels) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(levels))
	loud := func(level float64) bool { return level > sorted[len(sorted)*9/10]-25 }
	first := max(slices.IndexFunc(levels, loud), 0)
	slices.Reverse(levels)
	last := max(slices.IndexFunc(levels, loud), 0)
	return samples[first*frame : min((len(levels)-last)*frame, len(samples))]
}

// Arrival is a result, and when it came: after the beginning of the talk.
type Arrival struct {
	At time.Duration
	asr.Result
}

// Live pushes a track to a recogniser of p as it is spoken, and gives what came and when.
func Live(ctx context.Context, p asr.Provider, t Track) ([]Arrival, error) {
	r, err := p.Open(ctx, asr.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	began := time.Now()
	failed := make(chan error, 1)
	go func() {
		failed <- errors.Join(InTime(ctx, began, len(t.Samples), func(from, to int) error { return r.Push(ctx, t.Samples[from:to]) }), r.Finish())
	}()
	var list []Arrival
	for result := range r.Results() {
		list = append(list, Arrival{time.Since(began), result})
	}
	return list, errors.Join(<-failed, r.Err())
}

// InTime calls push with each piece of a talk of so many samples that began at a time, when it has been spoken, until ctx ends.
func InTime(ctx context.Context, began time.Time, samples int, push func(from, to int) error) error {
	for from := 0; from < samples; {
		to := min(from+int(asr.Samples(Piece)), samples)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(began.Add(asr.Duration(int64(to))))):
		}
		if err := push(from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// Delays are how long one waits for results: a figure for each span of speech that has one.
type Delays struct {
	First []time.Duration // from the first sound to the first result
	Right []time.Duration // from the first sound to the first result that begins with the right word
	Final []time.Duration // from the last sound to the final result
	Spans int             // of speech
}

// Add adds those of another track.
func (d *Delays) Add(other Delays) {
	d.First, d.Right, d.Final = append(d.First, other.First...), append(d.Right, other.Right...), append(d.Final, other.Final...)
	d.Spans += other.Spans
}

// endsEarly is how much before the last sound a final result may say that it ends.
const endsEarly = 700 * time.Millisecond

// Delays tells how long one waited for what came.
func (t Track) Delays(came []Arrival) Delays {
	d := Delays{Spans: len(t.Spans)}
	for i, s := range t.Spans {
		next := asr.Duration(int64(len(t.Samples))) + time.Hour
		if i+1 < len(t.Spans) {
			next = t.Spans[i+1].Begin
		}
		word := wer.Words(s.Text)[:1]
		var first, right, final bool
		for _, a := range came {
			if a.End < s.Begin || a.Begin >= next || a.At < s.Begin {
				continue
			}
			if !first {
				first, d.First = true, append(d.First, a.At-s.Begin)
			}
			if heard := wer.Words(a.Text); !right && len(heard) > 0 && slices.Equal(heard[:1], word) {
				right, d.Right = true, append(d.Right, a.At-s.Begin)
			}
			if !final && !a.Partial && a.End >= s.End-endsEarly {
				final, d.Final = true, append(d.Final, a.At-s.End)
			}
		}
	}
	return d
}
