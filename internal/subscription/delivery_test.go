// SPDX-License-Identifier: Apache-2.0

package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/engine/lsm"
	"galen/internal/engine/mem"
	"galen/internal/interaction"
	"galen/internal/subscription"
)

// inOrder checks that each event came at least once, and that no first coming is out of order.
func inOrder(t *testing.T, s *subscriber, n int) {
	t.Helper()
	next := 1
	for _, e := range s.events() {
		for _, number := range e.Numbers {
			if number > next {
				t.Fatalf("event %d comes before event %d", number, next)
			}
			if number == next {
				next++
			}
		}
	}
	if next != n+1 {
		t.Errorf("events up to %d came, want %d", next-1, n)
	}
}

func TestRacingWritersAndARestlessSubscriber(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)

	var failures atomic.Int64
	s.setAnswer(func(w http.ResponseWriter, seen told) bool {
		if seen.Kind == "event-notification" && failures.Load() < 3 && rand.N(4) == 0 {
			failures.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
		return true
	})
	h.subscribe("one", "urn:galen:topic:Patient", s.URL, "id-only", "", `"extension":[{"url":"`+backport+`max-count","valuePositiveInt":7}]`)
	const writers, each = 8, 40
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				h.mustPut(`{"resourceType":"Patient","id":"w%d","multipleBirthInteger":%d}`, w, i+1)
			}
		})
	}
	group.Wait()
	s.until(writers * each)
	inOrder(t, s, writers*each)
	seen := map[string]int{}
	for _, e := range s.events() {
		if len(e.Numbers) > 7 {
			t.Errorf("%d events in one notification, at most 7 were asked for", len(e.Numbers))
		}
	}
	for _, f := range s.focus() {
		seen[f]++
	}
	for w := range writers {
		if n := seen[fmt.Sprintf("Patient/w%d", w)]; n < each {
			t.Errorf("writer %d: %d events, want %d", w, n, each)
		}
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := newSubscriber(t)
	const rounds, each = 4, 25
	for round := range rounds {
		e, err := lsm.Open(dir, lsm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		h := newHouse(t, e, nil)
		if round == 0 {
			h.subscribe("one", "urn:galen:topic:Patient", s.URL, "id-only", "")
		}
		s.setAnswer(func(w http.ResponseWriter, seen told) bool { // the last notifications of each round are lost
			if round < rounds-1 && seen.Numbers != nil && seen.Numbers[0] > each*round+5 {
				w.WriteHeader(http.StatusBadGateway)
				return false
			}
			return true
		})
		for i := range each {
			h.mustPut(`{"resourceType":"Patient","id":"r%d-%d"}`, round, i)
		}
		if round == rounds-1 {
			s.until(rounds * each)
		}
		h.end()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	inOrder(t, s, rounds*each)
}

// clock is a time that goes on only as the server waits.
type clock struct {
	mu    sync.Mutex
	now   time.Time       // guarded by mu
	waits []time.Duration // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.waits = append(c.waits, d)
	return ctx.Err()
}

func TestBackoffUntilAnEventIsGivenUp(t *testing.T) {
	c := &clock{now: time.Now()}
	h := newHouse(t, mem.New(), func(o *subscription.Options) { o.Now, o.Sleep = c.Now, c.Sleep })
	s := newSubscriber(t)
	h.subscribe("one", "urn:galen:topic:Patient", s.URL, "id-only", "")
	begun := c.Now()
	s.setAnswer(func(w http.ResponseWriter, seen told) bool {
		if seen.Numbers[0] == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return false
		}
		return true
	})
	h.mustPut(`{"resourceType":"Patient","id":"a"}`)
	until(t, "a failure is told", func() bool {
		return strings.Contains(h.status("one"), "status 500") || c.Now().Sub(begun) > 14*24*time.Hour
	})
	h.mustPut(`{"resourceType":"Patient","id":"b"}`)
	s.until(1)
	if got := s.events()[0]; got.Numbers[0] != 2 {
		t.Errorf("the first event that is taken is %v, want the second", got.Numbers)
	}
	if passed := c.Now().Sub(begun); passed < 14*24*time.Hour || passed > 14*24*time.Hour+2*time.Hour {
		t.Errorf("the event was given up after %v, want 14 days", passed)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, d := range c.waits[:min(len(c.waits), 14)] {
		full := min(time.Second<<i, time.Hour)
		if d > full || d < full*3/4-1 {
			t.Errorf("wait %d is %v, want three quarters of %v or more", i+1, d, full)
		}
	}
	if n := len(c.waits); n < 300 || n > 600 {
		t.Errorf("%d attempts in 14 days", n)
	}
}

// status is what $status says of a subscription.
func (h *house) status(id string) string {
	h.t.Helper()
	st, err := h.stores.Store(1)
	if err != nil {
		h.t.Fatal(err)
	}
	body, err := h.subs.Statuses(h.t.Context(), st, subscription.StatusQuery{IDs: []string{id}, Base: base})
	if err != nil {
		h.t.Fatal(err)
	}
	return string(body)
}

// hostile answers in ways that no subscriber should.
func hostile(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"handshake"`) {
			return
		}
		answer(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func TestHostileSubscribersHarmNobody(t *testing.T) {
	h, good := newMem(t), newSubscriber(t)
	var redirected, sent atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected.Add(1) }))
	defer target.Close()
	silent := hostile(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	endless := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		chunk := make([]byte, 1<<20)
		for i := 0; i < 10<<10 && r.Context().Err() == nil; i++ {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	moved := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	})
	long := hostile(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", 1<<20)) })
	for id, s := range map[string]*httptest.Server{"silent": silent, "endless": endless, "moved": moved, "long": long} {
		h.subscribe(id, "urn:galen:topic:Patient", s.URL, "full-resource", "", `"extension":[{"url":"`+backport+`timeout","valueUnsignedInt":1}]`)
	}
	h.subscribe("good", "urn:galen:topic:Patient", good.URL, "full-resource", "")
	for i := range 50 {
		h.mustPut(`{"resourceType":"Patient","id":"p%d"}`, i)
	}
	good.until(50)
	inOrder(t, good, 50)
	for id, want := range map[string]string{"silent": "does not answer in time", "moved": "status 307", "long": "cannot be reached"} {
		until(t, id+" is told as failing", func() bool { return strings.Contains(h.status(id), want) })
	}
	until(t, "what ends its answer never is told everything", func() bool { return strings.Contains(h.status("endless"), `"valueString":"50"`) })
	if n := redirected.Load(); n > 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
	if n := sent.Load(); n > 1<<30 {
		t.Errorf("%d bytes of answers were taken", n)
	}
}

func TestPrivateNamesAreNotConnectedTo(t *testing.T) {
	h := newMem(t)
	h.mustPut("%s", subscriptionText("one", "urn:galen:topic:Patient", "http://localhost.localdomain.invalid/", "empty", ""))
	h.untilStatus("one", "error")
	if got := h.read("one", "error"); !strings.Contains(got, "the handshake failed: the endpoint cannot be reached") {
		t.Errorf("the error is %q", got)
	}
}

func TestHandshakeAndStatuses(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)
	s.setAnswer(func(w http.ResponseWriter, _ told) bool {
		w.WriteHeader(http.StatusForbidden)
		return false
	})
	text := subscriptionText("one", "urn:galen:topic:Patient", s.URL, "id-only", "")
	h.mustPut("%s", text)
	h.untilStatus("one", "error")
	if got := h.read("one", "error"); !strings.Contains(got, "status 403") {
		t.Errorf("the error is %q", got)
	}
	s.setAnswer(nil)
	h.mustPut("%s", strings.Replace(text, `"requested"`, `"active"`, 1)) // begins with a handshake all the same
	h.untilStatus("one", "active")
	if got := h.read("one", "error"); got != "" {
		t.Errorf("the error %q is left", got)
	}
	h.mustPut(`{"resourceType":"Patient","id":"a"}`)
	s.until(1)
	h.mustPut("%s", strings.Replace(text, `"requested"`, `"off"`, 1))
	h.mustPut(`{"resourceType":"Patient","id":"while-off"}`)
	h.mustPut("%s", text)
	h.untilStatus("one", "active")
	h.mustPut(`{"resourceType":"Patient","id":"b"}`)
	s.until(2)
	if got, want := strings.Join(s.focus(), " "), "Patient/a Patient/b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	inOrder(t, s, 2)
	h.delete("Subscription", "one")
	h.mustPut(`{"resourceType":"Patient","id":"c"}`)
	h.subscribe("one", "urn:galen:topic:Patient", s.URL, "id-only", "")
	h.mustPut(`{"resourceType":"Patient","id":"d"}`)
	until(t, "a new one of the same id tells", func() bool { return slices.Contains(s.focus(), "Patient/d") })
	if slices.Contains(s.focus(), "Patient/c") {
		t.Error("an event was told of the time when there was no subscription")
	}
}

func TestEndAndHeartbeat(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)
	h.subscribe("beats", "urn:galen:topic:Patient", s.URL, "empty", "", `"extension":[{"url":"`+backport+`heartbeat-period","valueUnsignedInt":1}]`)
	end := time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	h.mustPut("%s", strings.Replace(subscriptionText("ends", "urn:galen:topic:Patient", s.URL, "empty", ""), `"reason"`, `"end":"`+end+`","reason"`, 1))
	until(t, "there are heartbeats", func() bool { return strings.Count(s.kinds(), "heartbeat") >= 2 })
	h.untilStatus("ends", "off")
}

func TestClientCredentials(t *testing.T) {
	h := newMem(t)
	var mu sync.Mutex
	good, fetched := "first", 0
	token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok || id != "me" || secret != "hush" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		fetched++
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, good)
	}))
	defer token.Close()
	s := newSubscriber(t)
	s.setAnswer(func(w http.ResponseWriter, seen told) bool {
		mu.Lock()
		defer mu.Unlock()
		if seen.Header.Get("Authorization") != "Bearer "+good {
			w.WriteHeader(http.StatusUnauthorized)
			return false
		}
		return true
	})
	const x = "http://healthlake.amazonaws.com/channel-type-"
	h.subscribe("one", "urn:galen:topic:Patient", s.URL, "id-only", "", `"_type":{"extension":[{"url":"`+x+`clientId","valueString":"me"},`+
		`{"url":"`+x+`clientSecret","valueString":"hush"},{"url":"`+x+`oauth-endpoint","valueUri":"`+token.URL+`"}]}`)
	h.mustPut(`{"resourceType":"Patient","id":"a"}`)
	s.until(1)
	mu.Lock()
	if good = "second"; fetched != 1 {
		t.Errorf("%d tokens were fetched, want 1", fetched)
	}
	mu.Unlock()
	h.mustPut(`{"resourceType":"Patient","id":"b"}`)
	s.until(2)
	inOrder(t, s, 2)
}

func TestEventBus(t *testing.T) {
	var mu sync.Mutex
	var events []string
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		events = append(events, string(body))
	}))
	defer sink.Close()
	h := newHouse(t, mem.New(), func(o *subscription.Options) { o.EventSink = sink.URL })
	text := strings.Replace(subscriptionText("one", "urn:galen:topic:Patient", "arn:aws:events:us-east-1:123456789012:event-bus/mine", "full-resource", ""),
		`"rest-hook"`, `"event-bridge"`, 1)
	h.mustPut("%s", text)
	h.untilStatus("one", "active")
	came := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(events) == n }
	}
	h.mustPut(`{"resourceType":"Patient","id":"a"}`)
	until(t, "the handshake and an event came", came(2)) // two events could come in one notification
	h.mustPut(`{"resourceType":"Patient","id":"a","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"}}`, strings.Repeat("x", 300<<10))
	until(t, "three events came", came(3))
	var list []string
	for _, text := range events {
		var e struct {
			Source     string
			DetailType string `json:"detail-type"`
			Account    string
			Resources  []string
			Detail     struct {
				SubscriptionURL           string
				NotificationBundlePayload struct {
					Entry []struct {
						Resource struct {
							ResourceType, Type string
							NotificationEvent  []struct {
								ID                string
								AdditionalContext []struct{ Reference string }
							}
						}
						Request struct{ Method string }
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		entries := e.Detail.NotificationBundlePayload.Entry
		if e.Source != "healthlake" || e.DetailType != "FHIR Subscription Notification" || e.Account != "123456789012" ||
			e.Resources[0] != "arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/ds" || entries[0].Resource.ResourceType != "SubscriptionStatus" {
			t.Errorf("the event is %s", text)
		}
		one := entries[0].Resource.Type
		for _, n := range entries[0].Resource.NotificationEvent {
			one += " " + n.ID + " " + n.AdditionalContext[0].Reference
		}
		for _, n := range entries[1:] {
			one += " " + n.Request.Method + " " + n.Resource.ResourceType
		}
		list = append(list, one)
	}
	want := []string{"handshake", "event-notification one-1 Patient/a/_history/1 CREATE Patient", "event-notification one-2 Patient/a/_history/2"}
	if !slices.Equal(list, want) {
		t.Errorf("got %q, want %q", list, want)
	}
}

func TestBundlesAndEvents(t *testing.T) {
	h, s := newMem(t), newSubscriber(t)
	h.subscribe("one", "urn:galen:topic:all", s.URL, "id-only", "")
	before := len(s.focus())
	_, err := h.fhir.Bundle(t.Context(), h.caller, []byte(`{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}},
		{"resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"}},"request":{"method":"PUT","url":"Observation/o"}}]}`), interaction.Bundling{})
	if err != nil {
		t.Fatal(err)
	}
	s.until(before + 2)
	st, _ := h.stores.Store(1)
	for _, tt := range []struct {
		q    subscription.EventQuery
		want int
	}{{subscription.EventQuery{}, 2 + before}, {subscription.EventQuery{Since: 2}, 1 + before}, {subscription.EventQuery{Until: 1}, 1}, {subscription.EventQuery{Since: 90}, 0}} {
		tt.q.ID, tt.q.Base = "one", base
		body, err := h.subs.Events(t.Context(), st, tt.q)
		if err != nil {
			t.Fatal(err)
		}
		got := parseTold(t, body)
		if len(got.Numbers) < tt.want || got.Kind != "query-event" {
			t.Errorf("%+v: got %v of kind %s, want %d", tt.q, got.Numbers, got.Kind, tt.want)
		}
	}
	if _, err := h.subs.Events(t.Context(), st, subscription.EventQuery{ID: "none"}); err == nil {
		t.Error("there are events of no subscription")
	}
}
