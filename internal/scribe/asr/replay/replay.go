// SPDX-License-Identifier: Apache-2.0

// Package replay is a recogniser that knows beforehand what will be said: a transcript with its timing. It is for tests, for
// demonstrations and for trying a client: it hears nothing, it only counts samples.
package replay

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
)

// Turn is what one speaker says at a stretch.
type Turn struct {
	Channel    int
	Begin, End time.Duration
	Text       string
}

// maxScript bounds a transcript's file.
const maxScript = 16 << 20

// Read reads a transcript: JSON with a list "turns" of start and end in seconds, text, and channel, or speaker with "patient" for
// channel 1.
func Read(r io.Reader) ([]Turn, error) {
	var file struct {
		Turns []struct {
			Channel    int
			Speaker    string
			Start, End float64
			Text       string
		}
	}
	if err := json.NewDecoder(io.LimitReader(r, maxScript)).Decode(&file); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the transcript cannot be read")
	}
	var turns []Turn
	for _, t := range file.Turns {
		if t.Speaker == "patient" {
			t.Channel = 1
		}
		turns = append(turns, Turn{t.Channel, seconds(t.Start), seconds(t.End), t.Text})
	}
	return turns, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// New makes a provider of what the turns say, each on its channel.
func New(turns []Turn) asr.Provider { return provider(slices.Clone(turns)) }

type provider []Turn

func (provider) Info() asr.Info {
	return asr.Info{Name: "replay", Streaming: true, Notice: "A known transcript is replayed: nothing is heard."}
}

func (p provider) Open(_ context.Context, o asr.Options) (asr.Recogniser, error) {
	life, end := context.WithCancel(context.Background())
	r := &recogniser{at: o.Begin, pushed: make(chan int), finished: make(chan struct{}),
		results: make(chan asr.Result), life: life, end: end}
	for _, t := range p {
		if t.Channel == o.Channel && t.End > o.Begin && len(words(t)) > 0 {
			r.turns = append(r.turns, t)
		}
	}
	slices.SortStableFunc(r.turns, func(a, b Turn) int { return int(a.Begin - b.Begin) })
	go r.run()
	return r, nil
}

// recogniser tells of turns as their time comes. Its goroutine ends with Finish or Close.
type recogniser struct {
	turns    []Turn // that are still to be said
	spoken   int    // words of the first that were told of
	at       time.Duration
	pushed   chan int // numbers of samples
	finished chan struct{}
	results  chan asr.Result
	life     context.Context
	end      context.CancelFunc
	once     sync.Once
}

func (r *recogniser) Push(ctx context.Context, samples []int16) error {
	select {
	case r.pushed <- len(samples):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.finished:
	case <-r.life.Done():
	}
	return fault.New(fault.Unavailable, "the recogniser has ended")
}

func (r *recogniser) run() {
	defer close(r.results)
	for {
		select {
		case <-r.life.Done():
			return
		case <-r.finished:
			return
		case n := <-r.pushed:
			r.at += asr.Duration(int64(n))
			r.tell()
		}
	}
}

// tell gives the results whose time has come.
func (r *recogniser) tell() {
	for len(r.turns) > 0 && r.turns[0].Begin < r.at {
		t := r.turns[0]
		heard := words(t)
		result := asr.Result{Begin: t.Begin, End: t.End, Text: t.Text, Words: heard}
		if t.End > r.at {
			n, _ := slices.BinarySearchFunc(heard, r.at, func(w asr.Word, at time.Duration) int { return int(w.End - at) })
			if n <= r.spoken {
				return
			}
			r.spoken = n
			result = asr.Result{Partial: true, Begin: t.Begin, End: heard[n-1].End, Words: heard[:n], Text: join(heard[:n])}
		} else {
			r.turns, r.spoken = r.turns[1:], 0
		}
		select {
		case r.results <- result:
		case <-r.life.Done():
			return
		}
		if result.Partial {
			return
		}
	}
}

// words are those of a turn, spread evenly over it.
func words(t Turn) []asr.Word {
	texts := strings.Fields(t.Text)
	list := make([]asr.Word, len(texts))
	for i, text := range texts {
		step := (t.End - t.Begin) / time.Duration(len(texts))
		list[i] = asr.Word{Text: text, Begin: t.Begin + time.Duration(i)*step, End: t.Begin + time.Duration(i+1)*step, Confidence: 1}
	}
	return list
}

func join(words []asr.Word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

func (r *recogniser) Finish() error {
	r.once.Do(func() { close(r.finished) })
	return nil
}

func (r *recogniser) Results() <-chan asr.Result { return r.results }

func (r *recogniser) Err() error { return nil }

func (r *recogniser) Close() { r.end() }
