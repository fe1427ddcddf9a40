// SPDX-License-Identifier: Apache-2.0

// Package notify is the websocket of subscriptions, one for all data stores.
//
// A client says "bind-with-token TOKEN", with a token of $get-ws-binding-token, as often as it likes. It is sent the handshake of each subscription
// that the token names, then their notifications, a text message each. What it says otherwise, or too late, ends the connection with a reason.
//
// A notification counts as taken when the client has answered a ping that was sent after it.
//
// The handler authenticates nobody but by those tokens. Its goroutines end with the connection, which ends when the service stops.
//
// http://hl7.org/fhir/uv/subscriptions-backport/channels.html#websockets
package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"galen/internal/fault"
	"galen/internal/subscription"
)

// Options of a Handler; the zero value works.
type Options struct {
	Idle time.Duration // until a client has bound itself, and between the pings that it must answer; 0: 30 s
}

// Handler serves the websocket.
type Handler struct {
	subs *subscription.Service
	opt  Options
}

// New makes a handler.
func New(subs *subscription.Service, o Options) *Handler {
	if o.Idle <= 0 {
		o.Idle = 30 * time.Second
	}
	return &Handler{subs, o}
}

const (
	maxMessage   = 8 << 10          // bytes of what a client says
	writeTimeout = 10 * time.Second // of one message to a client
	bindWord     = "bind-with-token"
)

// ServeHTTP serves one connection.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, err := h.subs.Listen()
	if err != nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, fault.All(err)[0].Text, http.StatusServiceUnavailable)
		return
	}
	defer l.Close()
	// Tokens, not cookies, say who it is: any page may connect.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // the request's ends with the hijacking
	defer cancel()
	x := &connection{h: h, c: c, l: l, bound: make(chan struct{})}
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() { defer cancel(); x.tell(ctx) })
	work.Go(func() { defer cancel(); x.watch(ctx) })
	x.listen(ctx)
}

// connection is one websocket.
type connection struct {
	h     *Handler
	c     *websocket.Conn
	l     *subscription.Listener
	once  sync.Once
	bound chan struct{} // closed once it is bound to anything
}

// listen takes what the client says.
func (x *connection) listen(ctx context.Context) {
	for {
		kind, text, err := x.c.Read(ctx)
		if err != nil {
			return
		}
		token, ok := strings.CutPrefix(string(text), bindWord)
		if kind != websocket.MessageText || !ok {
			x.close(websocket.StatusPolicyViolation, "a client says "+bindWord+" and a token")
			return
		}
		token = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(token), ":"))
		if err := x.l.Bind(ctx, token, func(body []byte) error { return x.write(ctx, body) }); err != nil {
			x.close(websocket.StatusPolicyViolation, fault.All(err)[0].Text)
			return
		}
		x.once.Do(func() { close(x.bound) })
	}
}

// tell sends notifications.
func (x *connection) tell(ctx context.Context) {
	for {
		m, err := x.l.Next(ctx)
		if err != nil {
			if errors.Is(err, fault.Unavailable) {
				x.close(websocket.StatusGoingAway, "the server is stopping")
			}
			return
		}
		if err = x.write(ctx, m.Body); err == nil {
			err = x.ping(ctx) // its answer comes after the message: the client has it, not only its network
		}
		m.Sent(err)
		if err != nil {
			return
		}
	}
}

// watch ends a connection that binds itself to nothing, or that no longer answers.
func (x *connection) watch(ctx context.Context) {
	t := time.NewTimer(x.h.opt.Idle)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
		x.close(websocket.StatusPolicyViolation, "the client did not say "+bindWord)
		return
	case <-x.bound:
	}
	for {
		t.Reset(x.h.opt.Idle)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if x.ping(ctx) != nil {
			return
		}
	}
}

// ping waits until the client's websocket has taken everything that was written before.
func (x *connection) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return x.c.Ping(ctx)
}

func (x *connection) write(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return x.c.Write(ctx, websocket.MessageText, body)
}

// close says why the connection ends. A reason has room for 123 bytes.
func (x *connection) close(code websocket.StatusCode, reason string) {
	_ = x.c.Close(code, reason[:min(len(reason), 123)])
}
