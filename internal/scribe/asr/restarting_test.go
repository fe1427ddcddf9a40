// SPDX-License-Identifier: Apache-2.0

package asr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/asrtest"
	"galen/internal/scribe/asr/replay"
)

// failing is a provider whose recognisers die after a number of samples, as many times as it is told to.
type failing struct {
	asr.Provider
	after  int
	deaths atomic.Int64 // still to come
}

func (p *failing) Open(ctx context.Context, o asr.Options) (asr.Recogniser, error) {
	inner, err := p.Provider.Open(ctx, o)
	if err != nil || p.deaths.Add(-1) < 0 {
		return inner, err
	}
	return &mortal{Recogniser: inner, left: p.after}, nil
}

type mortal struct {
	asr.Recogniser
	left int
	dead atomic.Bool
}

var errDied = errors.New("died")

func (m *mortal) Push(ctx context.Context, samples []int16) error {
	if m.left -= len(samples); m.left < 0 {
		m.dead.Store(true)
		m.Close()
		return errDied
	}
	return m.Recogniser.Push(ctx, samples)
}

func (m *mortal) Err() error {
	if m.dead.Load() {
		return errDied
	}
	return m.Recogniser.Err()
}

func turns(n int) []replay.Turn {
	var list []replay.Turn
	for i := range n {
		begin := time.Duration(i) * time.Second
		list = append(list, replay.Turn{Begin: begin, End: begin + 900*time.Millisecond, Text: fmt.Sprintf("turn %d", i)})
	}
	return list
}

func TestNothingIsLostOrHeardTwiceWhenRecognisersDie(t *testing.T) {
	for _, after := range []int{0, 100, asr.Rate / 2, asr.Rate, 3 * asr.Rate, 7*asr.Rate + 1} {
		p := &failing{Provider: replay.New(turns(20)), after: after}
		p.deaths.Store(5)
		finals, _ := asrtest.Hear(t, asr.Restarting(p, 6), make([]int16, 20*asr.Rate), asr.Options{})
		var got []string
		for _, r := range finals {
			got = append(got, r.Text)
		}
		var want []string
		for _, t := range turns(20) {
			want = append(want, t.Text)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("dying after %d samples: heard %q", after, got)
		}
	}
}

func TestRestartingGivesUp(t *testing.T) {
	p := &failing{Provider: replay.New(turns(20)), after: 100}
	p.deaths.Store(1000)
	r, err := asr.Restarting(p, 4).Open(t.Context(), asr.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	done := make(chan error, 1)
	go func() {
		for {
			if err := r.Push(t.Context(), make([]int16, 1000)); err != nil {
				done <- err
				return
			}
		}
	}()
	for result := range r.Results() {
		t.Errorf("heard %+v", result)
	}
	if err := <-done; !errors.Is(err, fault.Unavailable) || !errors.Is(r.Err(), errDied) {
		t.Errorf("push fails with %v, the recogniser with %v", err, r.Err())
	}
}
