// SPDX-License-Identifier: Apache-2.0

// Package asrtest holds speech recognisers to the contract of package asr.
package asrtest

import (
	"strings"
	"testing"
	"time"

	"galen/internal/scribe/asr"
)

// Run checks a provider with samples in which something is said. Each check opens its own recogniser.
func Run(t *testing.T, p asr.Provider, samples []int16) {
	t.Run("what is heard lies within the audio, in order", func(t *testing.T) { inOrder(t, p, samples, 0) })
	t.Run("times are the session's", func(t *testing.T) { inOrder(t, p, samples, time.Hour) })
	t.Run("nothing is heard in nothing", func(t *testing.T) { nothing(t, p) })
	t.Run("close ends it at any time", func(t *testing.T) { closed(t, p, samples) })
	t.Run("two at once do not mix", func(t *testing.T) { two(t, p, samples) })
	if i := p.Info(); i.Name == "" {
		t.Error("the provider has no name")
	}
}

// Hear pushes samples in pieces of 100 ms to a recogniser and gives its final results and how many partial ones came.
func Hear(t testing.TB, p asr.Provider, samples []int16, o asr.Options) (finals []asr.Result, partials int) {
	t.Helper()
	r, err := p.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	failed := make(chan error, 1)
	go func() { failed <- push(t, r, samples) }()
	for result := range r.Results() {
		if result.Partial {
			partials++
			continue
		}
		finals = append(finals, result)
	}
	if err := <-failed; err != nil {
		t.Error("push: ", err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	return finals, partials
}

func push(t testing.TB, r asr.Recogniser, samples []int16) error {
	for len(samples) > 0 {
		n := min(len(samples), asr.Rate/10)
		if err := r.Push(t.Context(), samples[:n]); err != nil {
			return err
		}
		samples = samples[n:]
	}
	return r.Finish()
}

func inOrder(t *testing.T, p asr.Provider, samples []int16, begin time.Duration) {
	finals, partials := Hear(t, p, samples, asr.Options{Begin: begin})
	last, end := begin, begin+asr.Duration(int64(len(samples)))+time.Second
	for _, r := range finals {
		if r.Begin < last-time.Millisecond || r.End < r.Begin || r.End > end || strings.TrimSpace(r.Text) == "" {
			t.Errorf("heard %q from %v to %v, after %v, in audio that ends at %v", r.Text, r.Begin, r.End, last, end)
		}
		last = r.End
		word := r.Begin
		for _, w := range r.Words {
			if w.Begin < word-time.Millisecond || w.End < w.Begin || w.End > r.End+time.Millisecond || w.Confidence < 0 || w.Confidence > 1 || w.Text == "" {
				t.Errorf("the word %+v is not within %v to %v", w, word, r.End)
			}
			word = w.Begin
		}
	}
	if len(finals) == 0 && begin == 0 {
		t.Error("nothing was heard")
	}
	if streaming := p.Info().Streaming; streaming != (partials > 0) && begin == 0 {
		t.Errorf("%d partial results, streaming is %v", partials, streaming)
	}
}

func nothing(t *testing.T, p asr.Provider) {
	if finals, _ := Hear(t, p, nil, asr.Options{}); len(finals) > 0 {
		t.Errorf("heard %+v in no audio", finals)
	}
}

func closed(t *testing.T, p asr.Provider, samples []int16) {
	for _, n := range []int{0, len(samples) / 2} {
		r, err := p.Open(t.Context(), asr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = push(t, r, samples[:n]) // it may fail once the recogniser is closed
			r.Close()
			r.Close()
		}()
		for range r.Results() {
		}
		<-done
		if err := r.Push(t.Context(), samples[:min(n, 100)]); err == nil && n > 0 {
			t.Error("a closed recogniser takes samples")
		}
	}
}

func two(t *testing.T, p asr.Provider, samples []int16) {
	want, _ := Hear(t, p, samples, asr.Options{})
	var got [2]string
	t.Run("at once", func(t *testing.T) {
		for i := range got {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				finals, _ := Hear(t, p, samples, asr.Options{})
				got[i] = text(finals)
			})
		}
	})
	for _, g := range got {
		if g != text(want) {
			t.Errorf("heard %q beside another, %q alone", g, text(want))
		}
	}
}

func text(results []asr.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Text)
	}
	return strings.Join(all, " ")
}
