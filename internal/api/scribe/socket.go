// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/fault"
	"galen/internal/scribe"
)

// maxExpires is how long the presigned address of a WebSocket may be good for.
const maxExpires = 5 * time.Minute

// serveSocket serves one WebSocket. Its address is presigned, its query says which session it is, and each binary message is one signed message
// of the event stream.
//
// https://docs.aws.amazon.com/connecthealth/latest/userguide/al-streaming.html
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.ProtoMajor != 1 || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		writeError(w, http.StatusUpgradeRequired, "ValidationException", "The path is that of a WebSocket: GET with Upgrade, over HTTP/1.1.")
		return
	}
	identity, chain, err := h.verifySocket(r)
	if err != nil {
		refuseSignature(w, err)
		return
	}
	query := r.URL.Query()
	request, err := h.request(identity, func(name string) string { return query.Get(strings.ToLower(name)) }, scribe.WebSocket)
	if err != nil {
		h.refuse(r.Context(), w, err)
		return
	}
	if !h.enter() {
		h.refuse(r.Context(), w, errStopping)
		return
	}
	defer h.sockets.Done()
	live, err := h.o.Sessions.Connect(r.Context(), request)
	if err != nil {
		h.refuse(r.Context(), w, err)
		return
	}
	// A signature, not a cookie, says who it is: a page of any origin may connect.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil { // Accept has answered
		if err := live.Close(); err != nil {
			h.o.Log.ErrorContext(r.Context(), "a session could not be left well", "error", err)
		}
		return
	}
	h.converse(context.WithoutCancel(r.Context()), conn, live, eventstream.NewReader(nil, chain, maxFrame, h.o.Now))
}

// verifySocket authenticates the presigned address.
func (h *Handler) verifySocket(r *http.Request) (sigv4.Identity, *sigv4.Chain, error) {
	identity, chain, err := h.o.Verifier.VerifyEvents(r, h.o.Now())
	if err != nil {
		return identity, nil, err
	}
	seconds, err := strconv.Atoi(r.URL.Query().Get("X-Amz-Expires"))
	if !identity.Presigned || err != nil || seconds > int(maxExpires/time.Second) {
		return identity, nil, &sigv4.Error{Code: sigv4.IncompleteSignature,
			Message: "A WebSocket has a presigned address with X-Amz-Expires of at most " + strconv.Itoa(int(maxExpires/time.Second)) + " seconds."}
	}
	return identity, chain, nil
}

var errStopping = fault.New(fault.Unavailable, "The server is stopping. Resume the session to go on.")

// enter counts a socket; false if there are to be no more.
func (h *Handler) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.sockets.Add(1)
	return true
}

// Close ends all WebSockets, whose sessions can be resumed, and waits for them. Streams over HTTP/2 end with their http.Server.
func (h *Handler) Close() error {
	h.mu.Lock()
	if !h.stopped {
		h.stopped = true
		close(h.stop)
	}
	h.mu.Unlock()
	h.sockets.Wait()
	return nil
}

// converse serves a connection to its end.
func (h *Handler) converse(ctx context.Context, conn *websocket.Conn, live *scribe.Live, reader *eventstream.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	conn.SetReadLimit(maxFrame)
	s := &socket{conn: conn, reader: reader, idle: h.o.Idle, stop: h.stop, messages: make(chan message), left: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(func() { s.read(ctx) })
	defer reading.Wait()
	defer cancel()
	defer conn.CloseNow()
	c := &connection{h: h, live: live, write: func(b []byte) error {
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		return conn.Write(ctx, websocket.MessageBinary, b)
	}}
	err := c.serve(ctx, s)
	code, reason := h.closing(err)
	_ = conn.Close(code, reason) // the client may be gone
}

// closing is the status that a WebSocket closes with: 1000 only if all went well.
func (h *Handler) closing(err error) (websocket.StatusCode, string) {
	var bad *sigv4.Error
	switch {
	case err == nil:
		return websocket.StatusNormalClosure, ""
	case errors.Is(err, errStopping):
		return websocket.StatusGoingAway, short(errStopping.Error())
	case errors.As(err, &bad):
		return websocket.StatusPolicyViolation, short(bad.Message)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return websocket.StatusPolicyViolation, "the client sent nothing for " + h.o.Idle.String()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return websocket.StatusGoingAway, ""
	case answers[fault.KindOf(err)].status == http.StatusBadRequest:
		return websocket.StatusPolicyViolation, short(fault.All(err)[0].Text)
	}
	return websocket.StatusInternalError, "an internal failure: resume the session to go on" // what can be told of it, the last event did
}

// short cuts a reason to what a close frame has room for.
func short(reason string) string {
	const most = 123 // bytes
	if len(reason) <= most {
		return reason
	}
	n := most
	for n > 0 && !utf8.RuneStart(reason[n]) {
		n--
	}
	return reason[:n]
}

// message is what was read of a WebSocket: one of its messages, or why there are no more.
type message struct {
	body []byte
	err  error
}

// socket is a WebSocket as a source of events. One message is read ahead, so that pings are answered and a close is seen while nothing is taken.
type socket struct {
	conn     *websocket.Conn
	reader   *eventstream.Reader
	idle     time.Duration
	stop     <-chan struct{}
	messages chan message
	left     chan struct{} // closed when no more is taken
	over     bool          // the last event was given
}

// read hands on the messages until there are no more. Those that come when none is taken any more are dropped.
func (s *socket) read(ctx context.Context) {
	for {
		kind, body, err := s.conn.Read(ctx)
		switch status := websocket.CloseStatus(err); {
		case status == websocket.StatusNormalClosure, status == websocket.StatusGoingAway, status == websocket.StatusNoStatusRcvd:
			err = io.EOF
		case errors.Is(err, websocket.ErrMessageTooBig):
			err = fault.New(fault.Invalid, "a message has at most %d bytes", maxFrame)
		case err != nil:
			err = io.ErrUnexpectedEOF
		case kind != websocket.MessageBinary:
			err = fault.New(fault.Invalid, "a message of this WebSocket is binary: one message of an event stream")
		}
		select {
		case s.messages <- message{body, err}:
		case <-s.left:
		case <-ctx.Done():
		}
		if err != nil && !errors.Is(err, fault.Invalid) || ctx.Err() != nil {
			return
		}
	}
}

// Next gives the client's next event. END_OF_SESSION is the last one.
func (s *socket) Next() (eventstream.Event, error) {
	e, err := s.next()
	if err != nil {
		close(s.left)
		return e, err
	}
	s.over = e.Type == "sessionControlEvent"
	return e, nil
}

func (s *socket) next() (eventstream.Event, error) {
	if s.over {
		return eventstream.Event{}, io.EOF
	}
	timer := time.NewTimer(s.idle)
	defer timer.Stop()
	select {
	case m := <-s.messages:
		if m.err != nil {
			return eventstream.Event{}, m.err
		}
		return s.reader.Unwrap(m.body)
	case <-timer.C:
		return eventstream.Event{}, os.ErrDeadlineExceeded
	case <-s.stop:
		return eventstream.Event{}, errStopping
	}
}
