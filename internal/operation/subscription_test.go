// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/operation"
	"galen/internal/seal"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription"
	"galen/internal/subscription/deliver"
)

// newSubscriptions is a data store whose subscriptions are served.
func newSubscriptions(t *testing.T) (*interaction.Service, *operation.Service, interaction.Caller) {
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
	var stores *store.Stores
	subs := subscription.New(subscription.Options{Planner: p, Post: deliver.New(deliver.Options{}), Tokens: box,
		Base: func(string) string { return "http://h" }, Open: func(n uint32) (*store.Store, error) { return stores.Store(n) },
		Places: func(context.Context) iter.Seq2[subscription.Place, error] {
			return func(yield func(subscription.Place, error) bool) {
				yield(subscription.Place{DataStore: "ds", Tenant: 1}, nil)
			}
		}})
	stores = store.New(mem.New(), x, store.Options{Committed: subs.Committed})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- subs.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		stores.Close()
	})
	service := interaction.New(func(context.Context, string, string) (*store.Store, error) { return stores.Store(1) }, p, validator,
		interaction.Options{Admit: subs.Admit, Operations: operation.Advertised()})
	return service, operation.New(service, operation.Options{Subscriptions: subs}),
		interaction.Caller{Who: authz.Principal{Kind: authz.Server}, DataStore: "ds", Base: "http://h"}
}

func TestSubscriptionOperations(t *testing.T) {
	service, operate, caller := newSubscriptions(t)
	put := func(typ, id, body string) {
		t.Helper()
		if _, err := service.Update(t.Context(), caller, fhir.Key{Type: typ, ID: id}, interaction.Match{}, interaction.Input{Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	call := func(name, id, query string) (string, error) {
		reply, err := operate.Invoke(t.Context(), caller, interaction.Invocation{Name: name, Key: fhir.Key{Type: "Subscription", ID: id}, Method: "GET", Query: query})
		return string(reply.Body), err
	}
	put("Subscription", "s", `{"resourceType":"Subscription","id":"s","status":"requested","reason":"r","criteria":"urn:galen:topic:Patient","channel":{"type":"websocket",`+
		`"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`)
	wait(t, func() bool {
		body, err := call("status", "s", "")
		return err == nil && strings.Contains(body, `{"name":"status","valueCode":"active"}`)
	})
	put("Patient", "a", `{"resourceType":"Patient","id":"a"}`)
	put("Patient", "b", `{"resourceType":"Patient","id":"b"}`)
	wait(t, func() bool {
		body, _ := call("status", "", "id=s&status=active")
		return strings.Contains(body, `"events-since-subscription-start","valueString":"2"`)
	})
	for _, tt := range []struct{ name, id, query, want string }{
		{"status", "", "", `"total":1`},
		{"status", "", "status=off", `"total":0`},
		{"events", "s", "", `Patient/a`},
		{"events", "s", "eventsSinceNumber=2&content=full-resource", `"resource":{"resourceType":"Patient","id":"b"`},
		{"get-ws-binding-token", "s", "", `"name":"websocket-url","valueUrl":"ws://h/subscriptions-websocket"`},
		{"get-ws-binding-token", "", "id=s", `"name":"subscription","valueString":"http://h/Subscription/s"`},
	} {
		if body, err := call(tt.name, tt.id, tt.query); err != nil || !strings.Contains(body, tt.want) {
			t.Errorf("$%s of %q with %s: %v, %s; want %s", tt.name, tt.id, tt.query, err, body, tt.want)
		}
	}
	for _, tt := range []struct {
		name, id, query string
		want            fault.Kind
	}{
		{"status", "none", "", fault.NotFound},
		{"events", "none", "", fault.NotFound},
		{"events", "s", "eventsSinceNumber=x", fault.Invalid},
		{"events", "s", "content=all", fault.Invalid},
		{"events", "", "", fault.NotFound},
		{"get-ws-binding-token", "none", "", fault.NotFound},
	} {
		if _, err := call(tt.name, tt.id, tt.query); !errors.Is(err, tt.want) {
			t.Errorf("$%s of %q with %s: got %v, want %v", tt.name, tt.id, tt.query, err, tt.want)
		}
	}
}

// wait waits for what comes sooner or later.
func wait(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never comes")
		}
	}
}
