// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"cmp"
	"context"
	"time"

	"galen/internal/store"
)

// serve sends events until ctx ends or the subscription does.
func (d *delivery) serve(ctx context.Context) {
	failures := 0
	quiet := d.now() // since when nothing was sent
	for ctx.Err() == nil {
		if d.ended() {
			d.change(ctx, Off, "", false)
			return
		}
		n, err := d.next(ctx, failures)
		switch {
		case err != nil:
			d.r.s.opt.Log.ErrorContext(ctx, "events of a subscription cannot be read", "datastore", d.r.place.DataStore, "error", err)
			_ = sleep(ctx, retryAfter) // ctx is asked above
			continue
		case len(n.events) == 0:
			if d.wait(ctx, quiet) {
				d.beat(ctx, n.last)
				quiet = d.now()
			}
			continue
		}
		quiet = d.now()
		if err = d.send(ctx, n, failures); err == nil {
			failures = 0
			d.mark(ctx, n.events[len(n.events)-1].number)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if failures++; d.now().Sub(n.events[0].event.time) > d.r.s.opt.GiveUp {
			d.r.s.opt.Log.WarnContext(ctx, "an event is given up", "datastore", d.r.place.DataStore, "subscription", d.m.ID, "event", n.events[0].number)
			d.mark(ctx, n.events[0].number)
		}
		d.pause(ctx, Backoff(failures))
	}
}

// pause waits before the next attempt, not beyond the end of the subscription.
func (d *delivery) pause(ctx context.Context, wait time.Duration) {
	if !d.m.End.IsZero() {
		wait = min(wait, max(d.m.End.Sub(d.now()), 0))
	}
	_ = d.r.s.opt.Sleep(ctx, wait) // the caller asks ctx
}

// next reads the events that are to be sent now: as many as a notification has, one after a failure, none to a websocket that
// nobody is bound to.
func (d *delivery) next(ctx context.Context, failures int) (*notification, error) {
	v, err := d.r.store.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	m, err := readMarks(ctx, v, d.m.ID)
	if err != nil {
		return nil, err
	}
	n := d.notification(eventNotification, m[0].last)
	if m[0].last <= m[0].delivered || d.m.Channel.Type == WebSocket && !d.r.s.hears(d.key()) {
		return n, nil
	}
	limit := cmp.Or(d.m.Channel.MaxCount, d.r.s.opt.Count)
	if failures > 0 {
		limit = 1
	}
	events, err := readEvents(ctx, v, d.m.ID, m[0].delivered+1, m[0].last, limit)
	if err != nil {
		return nil, err
	}
	n.events, err = readTold(ctx, v, events, d.m.Channel.Content, d.r.s.opt.MaxBytes)
	if len(n.events) > 0 { // as of these: the guide counts them in
		n.last = n.events[len(n.events)-1].number
	}
	return n, err
}

// wait waits until there may be events, or the subscription ends; it reports that a heartbeat is due.
func (d *delivery) wait(ctx context.Context, quiet time.Time) (due bool) {
	var beat, end <-chan time.Time
	if h := d.m.Channel.Heartbeat; h > 0 {
		t := time.NewTimer(max(h-d.now().Sub(quiet), 0))
		defer t.Stop()
		beat = t.C
	}
	if !d.m.End.IsZero() {
		t := time.NewTimer(max(d.m.End.Sub(d.now()), 0))
		defer t.Stop()
		end = t.C
	}
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-end:
	case <-beat:
		return true
	}
	return false
}

// beat sends a heartbeat. One that fails is not tried again: the next one is due soon enough.
func (d *delivery) beat(ctx context.Context, last uint64) {
	if d.m.Channel.Type == WebSocket && !d.r.s.hears(d.key()) {
		return
	}
	_ = d.send(ctx, d.notification(heartbeat, last), 0)
}

// mark notes that all events up to a number need not be sent again, and forgets those that are more than Options.Keep back. Until it is
// noted, nothing more is sent: at worst the same again after a death.
func (d *delivery) mark(ctx context.Context, number uint64) {
	rows := []store.Row{{Suffix: suffix('d', d.m.ID), Value: counter(number)}}
	if keep := d.r.s.opt.Keep; number > keep {
		for n := max(d.delivered.Load(), keep) - keep + 1; n <= number-keep; n++ {
			rows = append(rows, store.Row{Suffix: eventRow(d.m.ID, n)})
		}
	}
	for {
		_, err := d.r.store.Commit(ctx, store.Group{Rows: rows})
		if err == nil {
			d.delivered.Store(number)
			return
		}
		if sleep(ctx, retryAfter) != nil {
			return
		}
	}
}
