// SPDX-License-Identifier: Apache-2.0

package asr

import (
	"context"
	"sync"
	"time"

	"galen/internal/fault"
)

// Restarting opens recognisers of p that go on when they fail: what was pushed since the last final result is kept, and is heard
// again by a new one. After attempts failures without a final result between them it gives up.
func Restarting(p Provider, attempts int) Provider { return &restarting{p, attempts} }

type restarting struct {
	Provider
	attempts int
}

// What is kept is bounded: to be heard again, and while the recogniser is behind.
const (
	keepAtMost   = 2 * time.Minute
	behindAtMost = 10 * time.Second
	pushAtOnce   = Rate / 4 // samples
)

func (p *restarting) Open(ctx context.Context, o Options) (Recogniser, error) {
	inner, err := p.Provider.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	r := &resumed{provider: p.Provider, options: o, attempts: p.attempts, left: p.attempts, results: make(chan Result),
		life: life, end: end, changed: make(chan struct{}), from: o.Begin}
	go r.run(inner)
	return r, nil
}

// resumed is a recogniser that others do the work of, one after another. Its goroutine owns them.
type resumed struct {
	provider Provider
	options  Options
	attempts int
	results  chan Result
	life     context.Context
	end      context.CancelFunc

	mu       sync.Mutex
	changed  chan struct{} // guarded by mu: closed and made anew when what is below changes
	kept     []int16       // guarded by mu: what was pushed from the time from on
	sent     int           // guarded by mu: how much of it the recogniser has
	from     time.Duration // guarded by mu
	left     int           // guarded by mu: attempts before it gives up
	finished bool          // guarded by mu: nothing more comes
	ended    bool          // guarded by mu
	err      error         // guarded by mu: why it ended
}

// change tells those who wait that something changed; r.mu is held.
func (r *resumed) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *resumed) Push(ctx context.Context, samples []int16) error {
	for {
		r.mu.Lock()
		switch {
		case r.ended:
			defer r.mu.Unlock()
			if r.err == nil {
				return fault.New(fault.Unavailable, "the recogniser has ended")
			}
			return r.err
		case Duration(int64(len(r.kept)-r.sent)) < behindAtMost:
			r.kept = append(r.kept, samples...)
			r.trim()
			r.change()
			r.mu.Unlock()
			return nil
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// trim holds what was sent already to keepAtMost; r.mu is held.
func (r *resumed) trim() {
	if over := min(len(r.kept)-int(Samples(keepAtMost)), r.sent); over > 0 {
		r.drop(over)
	}
}

func (r *resumed) drop(n int) {
	r.kept = append(r.kept[:0], r.kept[n:]...)
	r.sent = max(r.sent-n, 0)
	r.from += Duration(int64(n))
}

func (r *resumed) Finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = true
	r.change()
	return r.err
}

func (r *resumed) Results() <-chan Result { return r.results }

func (r *resumed) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *resumed) Close() { r.end() }

// run lets one recogniser after another work until all is heard, or nothing more can be.
func (r *resumed) run(inner Recogniser) {
	defer close(r.results)
	for {
		var err error
		if inner != nil {
			err = r.serve(inner)
		}
		r.mu.Lock()
		r.sent = 0
		switch {
		case inner != nil && err == nil, r.life.Err() != nil:
			r.ended = true
		case r.left == 0:
			r.ended = true
			r.err = fault.Wrap(fault.Unavailable, err, "the recogniser %s failed again and again", r.provider.Info().Name)
		}
		r.left--
		ended, o := r.ended, r.options
		o.Begin = r.from
		r.change()
		r.mu.Unlock()
		if ended {
			return
		}
		if inner, err = r.provider.Open(r.life, o); err != nil {
			inner = nil
		}
	}
}

// serve feeds a recogniser and hands on its results until it ends, and gives why.
func (r *resumed) serve(inner Recogniser) error {
	ctx, stop := context.WithCancel(r.life)
	var feeding sync.WaitGroup
	feeding.Go(func() { r.feed(ctx, inner) })
	feeding.Go(func() { // a close ends the recogniser, and so the loop below
		<-ctx.Done()
		inner.Close()
	})
	for result := range inner.Results() {
		if !result.Partial {
			r.heard(result.End)
		}
		select {
		case r.results <- result:
		case <-r.life.Done():
		}
	}
	err := inner.Err()
	stop()
	feeding.Wait()
	return err
}

// heard drops what was kept of the time before end.
func (r *resumed) heard(end time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = r.attempts
	if n := min(int(Samples(end-r.from)), r.sent); n > 0 {
		r.drop(n)
	}
}

// feed pushes what is kept and what comes, until ctx ends, the recogniser fails, or all is pushed.
func (r *resumed) feed(ctx context.Context, inner Recogniser) {
	for {
		r.mu.Lock()
		next := append([]int16(nil), r.kept[r.sent:min(len(r.kept), r.sent+pushAtOnce)]...)
		r.sent += len(next)
		finished, changed := r.finished, r.changed
		if len(next) > 0 {
			r.change()
		}
		r.mu.Unlock()
		switch {
		case len(next) > 0:
			if inner.Push(ctx, next) != nil {
				return
			}
			continue
		case finished:
			_ = inner.Finish() // what goes wrong, its results' end tells
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
