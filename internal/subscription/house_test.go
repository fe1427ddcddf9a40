// SPDX-License-Identifier: Apache-2.0

package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/seal"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription"
	"galen/internal/subscription/deliver"
)

var validator = sync.OnceValue(func() *validate.Validator { return validate.New(def.R4()) })

var terms = sync.OnceValues(func() (*index.Index, error) { return index.New(def.R4()) })

const base = "http://h/datastore/ds/r4"

// house is a data store with its subscriptions, over real HTTP.
type house struct {
	t      testing.TB
	engine engine.Engine
	stores *store.Stores
	fhir   *interaction.Service
	subs   *subscription.Service
	caller interaction.Caller
	end    func() // stops what serves the subscriptions
}

// newHouse makes a house on an engine; change may change the options.
func newHouse(t testing.TB, e engine.Engine, change func(*subscription.Options)) *house {
	t.Helper()
	h := &house{t: t, engine: e, caller: interaction.Caller{Who: authz.Principal{Kind: authz.Server}, DataStore: "ds", Base: base}}
	x, err := terms()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(make([]byte, 32), "subscriptions")
	if err != nil {
		t.Fatal(err)
	}
	post := deliver.New(deliver.Options{Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 5 * time.Second})
	opt := subscription.Options{
		Planner: p, Post: post, Tokens: box, Base: func(string) string { return base }, Region: "us-east-1",
		Places: func(context.Context) iter.Seq2[subscription.Place, error] {
			return func(yield func(subscription.Place, error) bool) {
				yield(subscription.Place{Account: "123456789012", DataStore: "ds", Tenant: 1}, nil)
			}
		},
		Open: func(tenant uint32) (*store.Store, error) { return h.stores.Store(tenant) },
	}
	if change != nil {
		change(&opt)
	}
	h.subs = subscription.New(opt)
	h.stores = store.New(e, x, store.Options{Committed: h.subs.Committed})
	open := func(context.Context, string, string) (*store.Store, error) { return h.stores.Store(1) }
	h.fhir = interaction.New(open, p, validator(), interaction.Options{Admit: h.subs.Admit})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.subs.Run(ctx) }()
	h.end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		post.Close()
		h.stores.Close()
	})
	t.Cleanup(h.end)
	return h
}

func newMem(t testing.TB) *house { return newHouse(t, mem.New(), nil) }

// put stores a resource and gives what was refused.
func (h *house) put(body string) error {
	h.t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		h.t.Fatal(err)
	}
	_, err := h.fhir.Update(context.Background(), h.caller, fhir.Key{Type: r.ResourceType, ID: r.ID}, interaction.Match{}, interaction.Input{Body: []byte(body)})
	return err
}

func (h *house) mustPut(format string, args ...any) {
	h.t.Helper()
	if err := h.put(fmt.Sprintf(format, args...)); err != nil {
		h.t.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

func (h *house) delete(typ, id string) {
	h.t.Helper()
	if _, err := h.fhir.Delete(context.Background(), h.caller, fhir.Key{Type: typ, ID: id}, interaction.Match{}); err != nil {
		h.t.Fatal(err)
	}
}

// read gives a member of the Subscription.
func (h *house) read(id, member string) string {
	h.t.Helper()
	v, err := h.fhir.Read(context.Background(), h.caller, fhir.Key{Type: "Subscription", ID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(v.Body, &all); err != nil {
		h.t.Fatal(err)
	}
	text, _ := all[member].(string)
	return text
}

// until waits for what comes sooner or later.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never comes that %s", what)
		}
	}
}

func (h *house) untilStatus(id, want string) {
	h.t.Helper()
	until(h.t, "Subscription/"+id+" is "+want, func() bool { return h.read(id, "status") == want })
}

// subscribe makes a Subscription over rest-hook and waits until it is active.
func (h *house) subscribe(id, topic, endpoint, content, filters string, more ...string) {
	h.t.Helper()
	h.mustPut("%s", subscriptionText(id, topic, endpoint, content, filters, more...))
	h.untilStatus(id, "active")
}

// subscriptionText is a Subscription with filters, one a line; more are members of the channel.
func subscriptionText(id, topic, endpoint, content, filters string, more ...string) string {
	var criteria []string
	for line := range strings.SplitSeq(filters, "\n") {
		if line != "" {
			criteria = append(criteria, fmt.Sprintf(`{"url":%q,"valueString":%q}`, backport+"filter-criteria", line))
		}
	}
	extra := ""
	if len(criteria) > 0 {
		extra = `"_criteria":{"extension":[` + strings.Join(criteria, ",") + `]},`
	}
	channel := ""
	for _, m := range more {
		channel += "," + m
	}
	return fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"test","criteria":%q,%s`+
		`"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","_payload":{"extension":[{"url":%q,"valueCode":%q}]}%s}}`,
		id, topic, extra, endpoint, backport+"payload-content", content, channel)
}

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"

// told is what one notification says.
type told struct {
	Kind, Status, Subscription, Topic string
	Last                              int
	Numbers                           []int
	Focus                             []string // without the base
	Resources                         []string // method and url of the entries after the first, a star after those with a resource
	Header                            http.Header
	Body                              []byte
}

// parseTold reads a notification. It is valid by R4's own rules.
func parseTold(t testing.TB, body []byte) told {
	t.Helper()
	var tape fhir.Tape
	if err := tape.Parse(body, fhir.Limits{}); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, f := range validator().Resource(tape.Root(), validate.Strict) {
		t.Errorf("%s at %s in %s", f.Text, f.Expression, body)
	}
	out := told{Body: body}
	entries := tape.Root().Field("entry")
	for i, e := range entries.Elements() {
		request := e.Field("request")
		if i > 0 {
			star := ""
			if e.Field("resource").Ok() {
				star = "*"
			}
			out.Resources = append(out.Resources, request.Field("method").Text()+" "+request.Field("url").Text()+star)
			continue
		}
		if got := request.Field("url").Text(); !strings.HasSuffix(got, "/$status") {
			t.Errorf("the request of the status is %s", got)
		}
		out.parameters(e.Field("resource"))
	}
	return out
}

func (o *told) parameters(n fhir.Node) {
	for _, p := range n.Field("parameter").Elements() {
		switch p.Field("name").Text() {
		case "subscription":
			o.Subscription = p.Field("valueReference").Field("reference").Text()
		case "topic":
			o.Topic = p.Field("valueCanonical").Text()
		case "status":
			o.Status = p.Field("valueCode").Text()
		case "type":
			o.Kind = p.Field("valueCode").Text()
		case "events-since-subscription-start":
			o.Last, _ = strconv.Atoi(p.Field("valueString").Text())
		case "notification-event":
			for _, part := range p.Field("part").Elements() {
				switch part.Field("name").Text() {
				case "event-number":
					number, _ := strconv.Atoi(part.Field("valueString").Text())
					o.Numbers = append(o.Numbers, number)
				case "focus":
					o.Focus = append(o.Focus, strings.TrimPrefix(part.Field("valueReference").Field("reference").Text(), base+"/"))
				}
			}
		}
	}
}

// subscriber is a real HTTP server that takes notifications.
type subscriber struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	all    []told                                      // guarded by mu
	answer func(w http.ResponseWriter, seen told) bool // guarded by mu: false if it took the notification's place in all
}

func newSubscriber(t testing.TB) *subscriber {
	s := &subscriber{t: t}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		seen := parseTold(t, body)
		seen.Header = r.Header
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		if answer != nil && !answer(w, seen) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = append(s.all, seen)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subscriber) setAnswer(answer func(w http.ResponseWriter, seen told) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// events are the event notifications that were taken.
func (s *subscriber) events() []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []told
	for _, one := range s.all {
		if one.Kind == "event-notification" {
			list = append(list, one)
		}
	}
	return list
}

func (s *subscriber) kinds() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, one := range s.all {
		list = append(list, one.Kind)
	}
	return strings.Join(list, " ")
}

// focus is what the events are about, in the order they came.
func (s *subscriber) focus() []string {
	var list []string
	for _, one := range s.events() {
		list = append(list, one.Focus...)
	}
	return list
}

func (s *subscriber) until(n int) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("%d events were told", n), func() bool {
		count := 0
		for _, one := range s.events() {
			count += len(one.Numbers)
		}
		return count >= n
	})
}

// numbers are the version ids of the Encounters that the events of a subscription are about; those of the second Encounter go on after
// those of the first.
func (h *house) numbers(id string) string {
	h.t.Helper()
	st, err := h.stores.Store(1)
	if err != nil {
		h.t.Fatal(err)
	}
	body, err := h.subs.Events(context.Background(), st, subscription.EventQuery{ID: id, Content: subscription.FullResource, Base: base})
	if err != nil {
		h.t.Fatal(err)
	}
	var b struct {
		Entry []struct {
			FullURL  string
			Resource struct{ Meta struct{ VersionID string } }
			Request  struct{ Method string }
		}
	}
	if err := json.Unmarshal(body, &b); err != nil {
		h.t.Fatal(err)
	}
	var list []string
	for _, e := range b.Entry[1:] {
		n, _ := strconv.Atoi(e.Resource.Meta.VersionID)
		switch {
		case e.Request.Method == "DELETE":
			n = 5
		case strings.HasSuffix(e.FullURL, "/f"):
			n += 5
		}
		list = append(list, strconv.Itoa(n))
	}
	return strings.Join(list, " ")
}
