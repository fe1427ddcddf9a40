// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"

	"galen/internal/catalog"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/seal"
	"galen/internal/search/plan"
	"galen/internal/store"
	"galen/internal/subscription"
	"galen/internal/subscription/deliver"
	"galen/internal/telemetry"
)

// openSubscriptions wires what tells subscribers. secret is the data folder's key.
func (h *house) openSubscriptions(cfg config, secret []byte, planner *plan.Planner, metrics *telemetry.Registry) error {
	private, err := privateNetworks("subscription-private", cfg.subscriptionPrivate)
	if err != nil {
		return err
	}
	tokens, err := seal.New(secret, "websocket bindings")
	if err != nil {
		return err
	}
	post := deliver.New(deliver.Options{Private: private})
	h.closeLater(func() error { post.Close(); return nil })
	if cfg.eventSink != "" {
		if err := post.CheckEndpoint(cfg.eventSink); err != nil {
			return usageError{fmt.Errorf("--event-sink: %w", err)}
		}
	}
	h.subscriptions = subscription.New(subscription.Options{
		Planner: planner, Places: h.places, Open: h.stores.Store, Post: post, Tokens: tokens, Region: cfg.region, EventSink: cfg.eventSink,
		Base: func(dataStore string) string {
			return cmp.Or(strings.TrimRight(cfg.publicURL, "/"), h.api.URL()) + "/datastore/" + dataStore + "/r4"
		},
		Log: h.log, Metrics: metrics})
	return nil
}

// committed tells the subscriptions of a commit.
func (h *house) committed(tenant uint32, after *record.State) {
	if h.subscriptions != nil { // while the parts are being wired, nothing is written
		h.subscriptions.Committed(tenant, after)
	}
}

// places are the data stores that are in use.
func (h *house) places(ctx context.Context) iter.Seq2[subscription.Place, error] {
	return func(yield func(subscription.Place, error) bool) {
		for d, err := range h.catalog.Every(ctx) {
			if err == nil && (d.State == catalog.Deleted || d.State == catalog.Deleting) {
				continue
			}
			if !yield(subscription.Place{Account: d.Account, DataStore: d.ID, Tenant: d.Tenant}, err) || err != nil {
				return
			}
		}
	}
}

// subscriptionCapabilities is what the CapabilityStatement says of Subscription beside the usual: the guide's profile, and the topics
// that are always there.
func subscriptionCapabilities() map[string][]byte {
	b := []byte(`,"supportedProfile":["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"],"extension":[`)
	add := func(topic string) {
		b = append(b, `{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical","valueCanonical":`...)
		b = append(fhir.AppendString(b, topic), '}')
	}
	add(subscription.Built + "all")
	for _, t := range def.R4().Types() {
		if store.Storable(t.Name) {
			b = append(b, ',')
			add(subscription.Built + t.Name)
		}
	}
	return map[string][]byte{"Subscription": append(b, ']')}
}
