// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/record"
)

// boundKey names a subscription.
type boundKey struct {
	tenant uint32
	id     string
}

// Listener is one websocket's end of the notifications. Its methods may be called from any goroutine.
type Listener struct {
	s    *Service
	in   chan Message
	gone chan struct{}
	once sync.Once

	mu    sync.Mutex
	until map[boundKey]time.Time     // guarded by mu: what it is bound to, and for how long
	shake map[boundKey]chan struct{} // guarded by mu: closed once the handshake was written; absent: it was
}

// Message is one notification on its way. Whoever takes it tells Sent what became of it.
type Message struct {
	Body []byte
	sent chan<- error
}

// Sent tells that the message was written, or why not.
func (m Message) Sent(err error) { m.sent <- err }

// Listen opens an end for a websocket, which must be closed. It fails with fault.Throttled if there are as many as the server takes, and with
// fault.Unavailable if it is stopping.
func (s *Service) Listen() (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopping:
		return nil, fault.New(fault.Unavailable, "the server is stopping")
	default:
	}
	if s.open >= s.opt.Listeners {
		return nil, fault.New(fault.Throttled, "the server has as many websockets as it takes")
	}
	s.open++
	s.listening.Add(1)
	return &Listener{s: s, in: make(chan Message), gone: make(chan struct{}), until: map[boundKey]time.Time{}, shake: map[boundKey]chan struct{}{}}, nil
}

// Close ends the listener. It may be called more than once.
func (l *Listener) Close() {
	l.once.Do(func() {
		close(l.gone)
		l.s.mu.Lock()
		defer l.s.mu.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		for key := range l.until {
			if delete(l.s.bound[key], l); len(l.s.bound[key]) == 0 {
				delete(l.s.bound, key)
			}
		}
		l.s.open--
		l.s.listening.Done()
	})
}

// Next waits for a notification. It fails when ctx ends, and with fault.Unavailable when the server stops or the listener is closed.
func (l *Listener) Next(ctx context.Context) (Message, error) {
	select {
	case m := <-l.in:
		return m, nil
	case <-ctx.Done():
		return Message{}, ctx.Err()
	case <-l.gone:
	case <-l.s.stopping:
	}
	return Message{}, fault.New(fault.Unavailable, "the server is stopping")
}

// Bind binds the listener to the subscriptions of a token, for as long as the token lasts; write sends each its handshake, before
// anything else. From the handshake on nothing is missed: events wait for it. It fails with fault.Forbidden for a token that is no good;
// the listener must then be closed.
//
// http://hl7.org/fhir/uv/subscriptions-backport/channels.html#websockets
func (l *Listener) Bind(ctx context.Context, token string, write func([]byte) error) error {
	b, err := l.s.openToken(token)
	if err != nil {
		return err
	}
	l.mu.Lock()
	full := len(l.until) > 10*maxBound
	l.mu.Unlock()
	if full {
		return fault.New(fault.TooLarge, "the websocket is bound to as many subscriptions as one may be")
	}
	place, err := l.s.place(ctx, b.Tenant)
	if err != nil {
		return err
	}
	shaken := l.bind(b)
	shakes, err := l.s.handshakes(ctx, place, b.IDs)
	if err != nil {
		return err
	}
	for _, n := range shakes {
		body, _, err := n.encode()
		if err == nil {
			err = write(body)
		}
		if err != nil {
			return err
		}
	}
	shaken()
	if r := l.s.runner(b.Tenant); r != nil {
		r.rebound()
	}
	return nil
}

// bind lets the listener have the events of what b names, from when shaken is called: those that come before wait.
func (l *Listener) bind(b binding) (shaken func()) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gone:
		return func() {}
	default:
	}
	written := make(chan struct{})
	var begun []boundKey
	for _, id := range b.IDs {
		key := boundKey{b.Tenant, id}
		if _, again := l.until[key]; !again {
			l.shake[key] = written
			begun = append(begun, key)
		}
		l.until[key] = time.Unix(b.Expires, 0)
		if l.s.bound[key] == nil {
			l.s.bound[key] = map[*Listener]bool{}
		}
		l.s.bound[key][l] = true
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(written)
		for _, key := range begun {
			delete(l.shake, key)
		}
	}
}

// handshakes are the notifications that a websocket begins with.
func (s *Service) handshakes(ctx context.Context, place Place, ids []string) ([]*notification, error) {
	st, err := s.opt.Open(place.Tenant)
	if err != nil {
		return nil, err
	}
	v, err := st.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	subs, err := s.subscriptions(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	list, err := s.notifications(ctx, v, s.opt.Base(place.DataStore), subs)
	for _, n := range list {
		n.kind = handshake
	}
	return list, err
}

// notifications tell of some subscriptions, and of no event.
func (s *Service) notifications(ctx context.Context, v *record.View, base string, subs []*Subscription) ([]*notification, error) {
	ids := make([]string, len(subs))
	for i, one := range subs {
		ids[i] = one.ID
	}
	known, err := readMarks(ctx, v, ids...)
	if err != nil {
		return nil, err
	}
	topics, err := readTopics(ctx, s.opt.Planner, v, s.dataStore(ctx, v.Tenant()))
	if err != nil {
		return nil, err
	}
	list := make([]*notification, len(subs))
	for i, one := range subs {
		n := &notification{sub: one, base: base, kind: queryStatus, status: one.Status, content: one.Channel.Content, last: known[i].last, at: s.opt.Now()}
		if t, err := topics.find(one.Criteria); err == nil && t.URL != "" {
			n.topic = t.URL
		} else {
			n.topic = one.Criteria
		}
		list[i] = n
	}
	return list, nil
}

// listeners are those bound to a subscription whose time is not over.
func (s *Service) listeners(key boundKey) []*Listener {
	now := s.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*Listener
	for l := range s.bound[key] {
		l.mu.Lock()
		if now.Before(l.until[key]) {
			list = append(list, l)
		}
		l.mu.Unlock()
	}
	return list
}

// hears reports whether anybody is bound to a subscription.
func (s *Service) hears(key boundKey) bool { return len(s.listeners(key)) > 0 }

// patience is how long a websocket has to take a message.
const patience = 15 * time.Second

var errNobody = fault.New(fault.Unavailable, "no websocket took the notification")

// broadcast sends a message to each listener of a subscription. It is sent if one of them took it; those who do not in time are closed.
func (s *Service) broadcast(ctx context.Context, key boundKey, body []byte) error {
	list := s.listeners(key)
	results := make(chan error, len(list))
	for _, l := range list {
		go func() { results <- l.give(ctx, key, body) }()
	}
	err := error(errNobody)
	for range list {
		if e := <-results; e == nil {
			err = nil
		}
	}
	return err
}

// give hands a message to the websocket, after the handshake, and waits until it was written.
func (l *Listener) give(ctx context.Context, key boundKey, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l.mu.Lock()
	shake := l.shake[key]
	l.mu.Unlock()
	if shake != nil {
		select {
		case <-shake:
		case <-l.gone:
			return errNobody
		case <-ctx.Done():
			l.slow(ctx)
			return ctx.Err()
		}
	}
	sent := make(chan error, 1)
	select {
	case l.in <- Message{body, sent}:
	case <-l.gone:
		return errNobody
	case <-ctx.Done():
		l.slow(ctx)
		return ctx.Err()
	}
	select {
	case err := <-sent:
		return err
	case <-l.gone:
		return errNobody
	case <-ctx.Done():
		l.slow(ctx)
		return ctx.Err()
	}
}

// slow closes a listener that did not take a message in time.
func (l *Listener) slow(ctx context.Context) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		l.Close()
	}
}

// SocketURL is where the websocket is; base is that of a data store.
func (s *Service) SocketURL(base string) string {
	if s.opt.Socket != "" {
		return s.opt.Socket
	}
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.Replace(u.Scheme, "http", "ws", 1) + "://" + u.Host + SocketPath
}
