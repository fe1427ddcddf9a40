// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/store"
)

// runner serves one data store. Its goroutine reads commits, and starts and stops deliveries.
type runner struct {
	s     *Service
	place Place
	wake  chan struct{}

	// Of its goroutine.
	store      *store.Store
	judge      judge
	at         position // how far the commits are read
	saved      position // what the rows say of that
	set        *set     // as of at
	head       *set     // the newest
	deliveries map[string]*delivery
	working    sync.WaitGroup
	heard      chan struct{} // a websocket was bound
}

func newRunner(s *Service, place Place) *runner {
	return &runner{s: s, place: place, wake: make(chan struct{}, 1), heard: make(chan struct{}, 1), deliveries: map[string]*delivery{}}
}

// poke makes the runner look at what is new.
func (r *runner) poke() { nudge(r.wake) }

// rebound makes deliveries look whether a websocket waits for them.
func (r *runner) rebound() { nudge(r.heard) }

// retryAfter is how long a data store that cannot be read or written is left alone.
const retryAfter = time.Second

// run serves until ctx ends or the data store is gone.
func (r *runner) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer r.working.Wait()
	defer cancel()
	if r.s.opt.Base != nil {
		r.judge.base = r.base() + "/"
	}
	r.judge.planner = r.s.opt.Planner
	begun := false
	for {
		err := r.open()
		if err == nil && !begun {
			err = r.begin(ctx)
			begun = err == nil
		}
		if err == nil {
			err = r.round(ctx)
		}
		switch {
		case ctx.Err() != nil, fault.KindOf(err) == fault.NotFound && errors.Is(err, fault.NotFound):
			return
		case err != nil:
			begun = false // what was being written may be there
			r.s.opt.Log.ErrorContext(ctx, "subscriptions of a data store cannot be served for the moment", "datastore", r.place.DataStore, "error", err)
			if sleep(ctx, retryAfter) != nil {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-r.heard:
			for _, d := range r.deliveries {
				nudge(d.wake)
			}
		}
	}
}

func (r *runner) open() (err error) {
	if r.store == nil {
		r.store, err = r.s.opt.Open(r.place.Tenant)
	}
	return err
}

func (r *runner) base() string { return r.s.opt.Base(r.place.DataStore) }

// begin finds where the commits were read to.
func (r *runner) begin(ctx context.Context) error {
	v, err := r.store.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	at, ok, err := readPosition(ctx, v)
	if !ok {
		at = position{seq: v.Seq()}
	}
	r.at, r.saved = at, at
	return err
}

// round brings everything up to the newest commit.
func (r *runner) round(ctx context.Context) error {
	for {
		more, err := r.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// step reads some commits, and lets deliveries be as the newest state has them. more says that there are commits left.
func (r *runner) step(ctx context.Context) (more bool, err error) {
	v, err := r.store.View(ctx)
	if err != nil {
		return false, err
	}
	defer v.Close()
	if r.head == nil || r.head.next != setKey(v) {
		if r.head, err = readSet(ctx, r.s.opt.Planner, v, r.place.DataStore, r.s.opt.Limit); err != nil {
			return false, err
		}
		if err := r.reconcile(ctx, v); err != nil {
			return false, err
		}
		if r.head.cut {
			r.s.opt.Log.WarnContext(ctx, "a data store has more subscriptions than are served", "datastore", r.place.DataStore, "limit", r.s.opt.Limit)
		}
	}
	more, err = r.dispatch(ctx, v)
	return more, err
}

// reconcile starts a delivery for each member of the newest set, and stops those of others. Rows of subscriptions that are no more
// are removed.
func (r *runner) reconcile(ctx context.Context, v *record.View) error {
	for id, d := range r.deliveries {
		if m := r.head.find(id); m != nil && m.VersionID == d.m.VersionID && m.topic.same(d.m.topic) {
			continue
		}
		d.stop()
		r.s.setProblem(d.key(), "")
		delete(r.deliveries, id)
	}
	for _, m := range r.head.members {
		if r.deliveries[m.ID] == nil {
			d := newDelivery(r, m)
			r.deliveries[m.ID] = d
			d.start(ctx, &r.working)
		}
	}
	return r.sweep(ctx, v)
}

// same reports whether two topics are the same one, unchanged as far as deliveries care.
func (t *Topic) same(u *Topic) bool {
	return (t == nil) == (u == nil) && (t == nil || t.URL == u.URL)
}

// sweep removes the rows of subscriptions that were deleted.
func (r *runner) sweep(ctx context.Context, v *record.View) error {
	ids, err := begunIDs(ctx, v)
	if err != nil || len(ids) == 0 {
		return err
	}
	found, err := v.Find(ctx, subscriptionType(), ids...)
	if err != nil {
		return err
	}
	for _, f := range found {
		if !f.Live() {
			if err := removeAll(ctx, r.store, f.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
