// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"galen/internal/api/notify"
	"galen/internal/engine/mem"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/seal"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription"
	"galen/internal/subscription/deliver"
)

// house is a data store with subscriptions and their websocket, over real TCP.
type house struct {
	t      *testing.T
	st     *store.Store
	subs   *subscription.Service
	server *httptest.Server
	stop   func()
}

func newHouse(t *testing.T, o notify.Options, change func(*subscription.Options)) *house {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(make([]byte, 32), "websocket bindings")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t}
	var stores *store.Stores
	opt := subscription.Options{Planner: p, Post: deliver.New(deliver.Options{}), Tokens: box,
		Open: func(tenant uint32) (*store.Store, error) { return stores.Store(tenant) },
		Base: func(string) string { return h.server.URL + "/datastore/ds/r4" },
		Places: func(context.Context) iter.Seq2[subscription.Place, error] {
			return func(yield func(subscription.Place, error) bool) {
				yield(subscription.Place{Account: "123456789012", DataStore: "ds", Tenant: 1}, nil)
			}
		}}
	if change != nil {
		change(&opt)
	}
	h.subs = subscription.New(opt)
	stores = store.New(mem.New(), x, store.Options{Committed: h.subs.Committed})
	h.server = httptest.NewServer(notify.New(h.subs, o))
	if h.st, err = stores.Store(1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.subs.Run(ctx) }()
	stopped := false
	h.stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() { h.stop(); h.server.Close(); stores.Close() })
	return h
}

func (h *house) put(text string) {
	h.t.Helper()
	var tape fhir.Tape
	if err := tape.Parse([]byte(text), fhir.Limits{}); err != nil {
		h.t.Fatal(err)
	}
	c, err := h.st.Prepare(&tape, store.Put{})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.st.Commit(h.t.Context(), store.Group{Changes: []*store.Change{c}}); err != nil {
		h.t.Fatal(err)
	}
}

// subscribe makes a Subscription over websocket and waits until it is active.
func (h *house) subscribe(id string) {
	h.t.Helper()
	h.put(fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"r","criteria":"urn:galen:topic:Patient","channel":{"type":"websocket",`+
		`"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`, id))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		body, err := h.subs.Statuses(h.t.Context(), h.st, subscription.StatusQuery{IDs: []string{id}})
		if err != nil || time.Now().After(end) {
			h.t.Fatal("the subscription does not become active", err)
		}
		if strings.Contains(string(body), `"valueCode":"active"`) {
			return
		}
	}
}

func (h *house) token(ids ...string) subscription.Token {
	h.t.Helper()
	token, err := h.subs.Token(h.t.Context(), h.st, h.server.URL+"/datastore/ds/r4", ids...)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// client is a real websocket that is read all the time, as browsers do.
type client struct {
	*websocket.Conn
	heard chan []byte // closed at the end
	err   error       // why it ended; set before heard is closed
}

func (h *house) dial() *client {
	h.t.Helper()
	c, _, err := websocket.Dial(h.t.Context(), strings.Replace(h.server.URL, "http", "ws", 1), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	x := &client{Conn: c, heard: make(chan []byte, 100)}
	go func() {
		defer close(x.heard)
		for {
			_, body, err := c.Read(context.Background())
			if x.err = err; err != nil {
				return
			}
			x.heard <- body
		}
	}()
	h.t.Cleanup(func() {
		c.CloseNow()
		for range x.heard {
		}
	})
	return x
}

func (h *house) say(c *client, text string) {
	h.t.Helper()
	if err := c.Write(h.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		h.t.Fatal(err)
	}
}

// hear reads a notification: its type, then the numbers of its events.
func (h *house) hear(c *client) string {
	h.t.Helper()
	body, ok := <-c.heard
	if !ok {
		h.t.Fatal(c.err)
	}
	var b struct {
		Entry []struct {
			Resource struct {
				Parameter []struct {
					Name      string
					ValueCode string
					Part      []struct{ Name, ValueString string }
				}
			}
		}
	}
	if err := json.Unmarshal(body, &b); err != nil {
		h.t.Fatal(err)
	}
	var said []string
	for _, p := range b.Entry[0].Resource.Parameter {
		if p.Name == "type" {
			said = append(said, p.ValueCode)
		}
		for _, part := range p.Part {
			if part.Name == "event-number" {
				said = append(said, part.ValueString)
			}
		}
	}
	return strings.Join(said, " ")
}

// refused reads until the connection is closed, and gives the reason.
func (h *house) refused(c *client) string {
	h.t.Helper()
	for body := range c.heard {
		h.t.Errorf("heard before the end: %s", body)
	}
	return c.err.Error()
}

func TestBindAndHear(t *testing.T) {
	h := newHouse(t, notify.Options{}, nil)
	h.subscribe("one")
	h.put(`{"resourceType":"Patient","id":"early"}`) // waits for a websocket
	token := h.token("one")
	if want := strings.Replace(h.server.URL, "http", "ws", 1) + subscription.SocketPath; token.URL != want || token.IDs[0] != "one" {
		t.Errorf("the token is for %s and %v, want %s", token.URL, token.IDs, want)
	}
	c := h.dial()
	h.say(c, "bind-with-token "+token.Text)
	for _, want := range []string{"handshake", "event-notification 1"} {
		if got := h.hear(c); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	h.put(`{"resourceType":"Patient","id":"a"}`)
	if got, want := h.hear(c), "event-notification 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.CloseNow()
	h.put(`{"resourceType":"Patient","id":"b"}`)
	again := h.dial()
	h.say(again, "bind-with-token: "+token.Text)
	if got, want := h.hear(again), "handshake"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if got := h.hear(again); got != "event-notification 3" { // what a lost connection may have swallowed is not lost
		t.Errorf("got %s after the connection was lost", got)
	}
}

func TestSeveralListeners(t *testing.T) {
	h := newHouse(t, notify.Options{}, func(o *subscription.Options) { o.Listeners = 2 })
	h.subscribe("one")
	h.subscribe("two")
	token := h.token()
	if len(token.IDs) != 2 {
		t.Errorf("the token binds %v, want both", token.IDs)
	}
	a, b := h.dial(), h.dial()
	for _, c := range []*client{a, b} {
		h.say(c, "bind-with-token "+token.Text)
		h.hear(c)
		h.hear(c)
	}
	if _, r, err := websocket.Dial(t.Context(), strings.Replace(h.server.URL, "http", "ws", 1), nil); err == nil || r.StatusCode != 503 {
		t.Errorf("a third websocket is taken: %v", err)
	}
	h.put(`{"resourceType":"Patient","id":"a"}`)
	for _, c := range []*client{a, b} {
		for range 2 {
			if got, want := h.hear(c), "event-notification 1"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
	h.stop()
	if got := h.refused(a); !strings.Contains(got, "stopping") {
		t.Errorf("the connection ends with %s", got)
	}
}

func TestWhatIsRefused(t *testing.T) {
	h := newHouse(t, notify.Options{Idle: 300 * time.Millisecond}, func(o *subscription.Options) { o.TokenLasts = time.Second })
	h.subscribe("one")
	token := h.token("one")
	if _, err := h.subs.Token(t.Context(), h.st, "", "none"); err == nil {
		t.Error("there is a token for a subscription that is not there")
	}
	for text, want := range map[string]string{
		"hello":                             "a client says",
		"bind-with-token x":                 "none of this server's",
		"bind-with-token " + token.Text[1:]: "none of this server's",
		"":                                  "a client says",
	} {
		c := h.dial()
		h.say(c, text)
		if got := h.refused(c); !strings.Contains(got, want) {
			t.Errorf("%.30q: the connection ends with %s, want %s", text, got, want)
		}
	}
	long := h.dial()
	_ = long.Write(t.Context(), websocket.MessageText, make([]byte, 64<<10)) // the server may close before it is written
	h.refused(long)
	if got := h.refused(h.dial()); !strings.Contains(got, "did not say") {
		t.Errorf("a client that says nothing is told %s", got)
	}
	time.Sleep(time.Until(token.Expires))
	c := h.dial()
	h.say(c, "bind-with-token "+token.Text)
	if got := h.refused(c); !strings.Contains(got, "expired") {
		t.Errorf("an old token ends with %s", got)
	}
}
