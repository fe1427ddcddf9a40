// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"cmp"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"galen/internal/authz"
	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/fault"
	"galen/internal/scribe"
	"galen/internal/scribe/audio"
)

// Options of the handler.
type Options struct {
	Sessions *scribe.Service
	Verifier *sigv4.Verifier
	Account  func(sigv4.Identity) authz.Principal // who a signature stands for
	Idle     time.Duration                        // without an event from the client; default 60 s
	Now      func() time.Time                     // nil: time.Now
	Log      *slog.Logger                         // errors that are ours; nil: none
}

// Handler serves the stream's two paths. It authenticates for itself.
type Handler struct {
	o Options

	mu      sync.Mutex
	stopped bool           // guarded by mu: no more sockets
	sockets sync.WaitGroup // those being served, which no http.Server knows of
	stop    chan struct{}  // closed by Close
}

// New makes a handler.
func New(o Options) *Handler {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Idle <= 0 {
		o.Idle = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Handler{o: o, stop: make(chan struct{})}
}

// Path is that of the WebSocket; the stream over HTTP/2 is at any other that the handler is given.
const Path = "/medical-scribe-stream-websocket"

// headerPrefix is that of the headers that say which session it is.
const headerPrefix = "X-Amzn-Medscribe-"

// The headers of a request, which the answer repeats.
var sessionHeaders = []string{"Session-Id", "Domain-Id", "Subscription-Id", "Language-Code", "Sample-Rate", "Media-Encoding"}

// ServeHTTP serves one connection.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == Path {
		h.serveSocket(w, r)
		return
	}
	if r.Method != http.MethodPost {
		writeError(w, http.StatusMethodNotAllowed, "UnknownOperationException", "The path does not take this method.")
		return
	}
	if kind := r.Header.Get("Content-Type"); kind != eventstream.ContentType {
		writeError(w, http.StatusUnsupportedMediaType, "UnsupportedMediaTypeException", "The body of this operation is "+eventstream.ContentType+".")
		return
	}
	identity, chain, err := h.o.Verifier.VerifyEvents(r, h.o.Now())
	if err != nil {
		refuseSignature(w, err)
		return
	}
	request, err := h.request(identity, func(name string) string { return r.Header.Get(headerPrefix + name) }, scribe.HTTP2)
	if err != nil {
		h.refuse(r.Context(), w, err)
		return
	}
	live, err := h.o.Sessions.Connect(r.Context(), request)
	if err != nil {
		h.refuse(r.Context(), w, err)
		return
	}
	begin(w, r)
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 is so already
	c := &connection{h: h, live: live, write: func(message []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // as of reading
		if _, err := w.Write(message); err != nil {
			return err
		}
		return control.Flush()
	}}
	_ = c.serve(r.Context(), &patient{control, h.o.Idle, eventstream.NewReader(r.Body, chain, maxFrame, h.o.Now)}) // the client was told
}

// request makes a request of what a client says of its session; get gives each of it by the name of the header.
func (h *Handler) request(identity sigv4.Identity, get func(name string) string, transport scribe.Transport) (scribe.Request, error) {
	who := h.o.Account(identity)
	if err := who.May(authz.Manage, authz.Object{Account: who.Account}); err != nil {
		return scribe.Request{}, err
	}
	for _, name := range sessionHeaders {
		if get(name) == "" {
			return scribe.Request{}, fault.New(fault.Invalid, "%s is missing", called(name, transport))
		}
	}
	return newRequest(who.Account, get, transport)
}

// called is what a transport calls what the header of that name says.
func called(name string, transport scribe.Transport) string {
	if transport == scribe.WebSocket {
		return "the query parameter " + strings.ToLower(name)
	}
	return "the header " + strings.ToLower(headerPrefix+name)
}

var (
	domainID       = regexp.MustCompile(`^(hai-|dom-)[a-z0-9]{16,21}$`)
	subscriptionID = regexp.MustCompile(`^sub-[a-zA-Z0-9]{21}$`)
)

// newRequest makes a request of the account.
func newRequest(account string, get func(name string) string, transport scribe.Transport) (scribe.Request, error) {
	rate, err := strconv.Atoi(get("Sample-Rate"))
	switch {
	case err != nil:
		return scribe.Request{}, fault.New(fault.Invalid, "the sample rate is not a number")
	case !domainID.MatchString(get("Domain-Id")):
		return scribe.Request{}, fault.New(fault.Invalid, "the domain id is not of the form dom-…, 20 to 25 characters")
	case !subscriptionID.MatchString(get("Subscription-Id")):
		return scribe.Request{}, fault.New(fault.Invalid, "the subscription id is not of the form sub-…, 25 characters")
	}
	return scribe.Request{
		Key:      scribe.Key{Account: account, Domain: get("Domain-Id"), Subscription: get("Subscription-Id"), ID: get("Session-Id")},
		Language: get("Language-Code"), Rate: rate, Encoding: audio.Encoding(get("Media-Encoding")), Transport: transport}, nil
}

// begin answers with the headers, which clients wait for before they send.
func begin(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	for _, name := range sessionHeaders {
		head.Set(headerPrefix+name, r.Header.Get(headerPrefix+name))
	}
	head.Set("X-Amzn-Request-Id", head.Get("X-Amzn-Requestid"))
	head.Set("Content-Type", eventstream.ContentType)
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // a client that is gone shows when it is read from
}
