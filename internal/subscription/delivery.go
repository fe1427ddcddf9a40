// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"cmp"
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"galen/internal/fault"
	"galen/internal/store"
	"galen/internal/subscription/deliver"
)

// delivery serves one version of one subscription, on a goroutine of its own: first the handshake, then what happens.
type delivery struct {
	r         *runner
	m         *member
	wake      chan struct{}
	done      chan struct{}
	cancel    context.CancelFunc
	delivered atomic.Uint64 // number of the last event that was taken; the highest number while that is not known
}

func newDelivery(r *runner, m *member) *delivery {
	d := &delivery{r: r, m: m, wake: make(chan struct{}, 1), done: make(chan struct{})}
	d.delivered.Store(math.MaxUint64)
	return d
}

func (d *delivery) start(ctx context.Context, group *sync.WaitGroup) {
	ctx, d.cancel = context.WithCancel(ctx)
	group.Go(func() {
		defer close(d.done)
		defer d.cancel()
		d.run(ctx)
	})
}

// stop ends the delivery and waits for that.
func (d *delivery) stop() {
	d.cancel()
	<-d.done
}

func (d *delivery) key() boundKey { return boundKey{d.r.place.Tenant, d.m.ID} }

func (d *delivery) now() time.Time { return d.r.s.opt.Now() }

// appended tells that there are events up to number last. If too many wait, the subscription fails.
func (d *delivery) appended(ctx context.Context, last uint64) {
	if done := d.delivered.Load(); last > done && last-done > d.r.s.opt.Backlog {
		d.stop()
		d.change(ctx, Failed, "more events wait than are kept", false)
		return
	}
	nudge(d.wake)
}

func (d *delivery) run(ctx context.Context) {
	m, err := d.marks(ctx)
	for err != nil {
		if sleep(ctx, retryAfter) != nil {
			return
		}
		m, err = d.marks(ctx)
	}
	d.delivered.Store(m.delivered)
	switch {
	case d.m.problem != nil:
		d.change(ctx, Failed, fault.All(d.m.problem)[0].Text, false)
	case d.ended():
		d.change(ctx, Off, "", false)
	case d.m.Status == Requested || !m.begun:
		d.activate(ctx, m)
	default:
		d.serve(ctx)
	}
}

func (d *delivery) marks(ctx context.Context) (marks, error) {
	v, err := d.r.store.View(ctx)
	if err != nil {
		return marks{}, err
	}
	defer v.Close()
	list, err := readMarks(ctx, v, d.m.ID)
	if err != nil {
		return marks{}, err
	}
	return list[0], nil
}

func (d *delivery) ended() bool { return !d.m.End.IsZero() && !d.now().Before(d.m.End) }

// activate shakes hands with the subscriber. Websockets do that when they are bound.
//
// http://hl7.org/fhir/uv/subscriptions-backport/channels.html
func (d *delivery) activate(ctx context.Context, m marks) {
	if d.m.Channel.Type != WebSocket {
		n := d.notification(handshake, m.last)
		n.status = Requested
		if err := d.send(ctx, n, 0); err != nil {
			if ctx.Err() == nil {
				d.change(ctx, Failed, "the handshake failed: "+fault.All(err)[0].Text, false)
			}
			return
		}
	}
	d.change(ctx, Active, "", !m.begun)
}

func (d *delivery) notification(kind string, last uint64) *notification {
	n := &notification{sub: d.m.Subscription, base: d.r.base(), kind: kind, status: Active, content: d.m.Channel.Content, last: last, at: d.now()}
	if d.m.topic != nil {
		n.topic = cmp.Or(d.m.topic.URL, d.m.Criteria)
	}
	return n
}

// send sends a notification once. The error is of kind fault.Unavailable; its text is for the owner of the subscription.
func (d *delivery) send(ctx context.Context, n *notification, failures int) (err error) {
	slots := d.r.s.memory[min(failures, 1)]
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c := &d.m.Channel
	defer func() {
		outcome, problem := "taken", ""
		if err != nil {
			outcome, problem = "failed", fault.All(err)[0].Text
		}
		d.r.s.setProblem(d.key(), problem)
		d.r.s.sent.Add(1, string(c.Type), outcome)
	}()
	request := deliver.Request{URL: c.Endpoint, Headers: c.Headers, ContentType: "application/json", Timeout: c.Timeout, Client: c.OAuth}
	if c.Type == EventBridge {
		if request.Body = n.appendBusEvent(nil, d.r.s.opt.Region, d.r.place); isARN(c.Endpoint) {
			request.URL = d.r.s.opt.EventSink
		}
		return d.r.s.opt.Post.Post(ctx, request)
	}
	if request.Body, request.ContentType, err = n.encode(); err != nil {
		return err
	}
	if c.Type == WebSocket {
		return d.r.s.broadcast(ctx, d.key(), request.Body)
	}
	return d.r.s.opt.Post.Post(ctx, request)
}

// change writes the status, and that the subscription begins here if it does. If somebody wrote the Subscription meanwhile, that counts, and
// nothing is done.
func (d *delivery) change(ctx context.Context, status Status, problem string, begins bool) {
	for {
		err := d.tryChange(ctx, status, problem, begins)
		if err == nil || ctx.Err() != nil || errors.Is(err, fault.Precondition) || errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone) {
			return
		}
		d.r.s.opt.Log.ErrorContext(ctx, "the status of a subscription cannot be written", "datastore", d.r.place.DataStore, "error", err)
		if sleep(ctx, retryAfter) != nil {
			return
		}
	}
}

func (d *delivery) tryChange(ctx context.Context, status Status, problem string, begins bool) error {
	v, err := d.r.store.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	found, err := v.Version(ctx, subscriptionType(), d.m.ID, d.m.VersionID)
	if err != nil || found.Body == nil {
		return errors.Join(err, fault.New(fault.NotFound, "the subscription is gone"))
	}
	tape, err := withStatus(found.Body, status, problem)
	if err != nil {
		return err
	}
	c, err := d.r.store.Prepare(tape, store.Put{Type: "Subscription", ID: d.m.ID, If: store.If{Version: d.m.VersionID}})
	if err != nil {
		return err
	}
	g := store.Group{Changes: []*store.Change{c}, Atomic: true}
	if begins {
		g.Rows = []store.Row{{Suffix: suffix('a', d.m.ID), Value: counter(v.Seq())}}
	}
	_, err = d.r.store.Commit(ctx, g)
	return err
}
