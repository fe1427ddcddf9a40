// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"math"
	"slices"
	"strconv"

	"galen/internal/fault"
	"galen/internal/store"
)

// StatusQuery says which subscriptions are asked for.
type StatusQuery struct {
	IDs      []string // none: all
	Statuses []Status // none: any
	Base     string   // of the data store, without a slash at the end
}

// Statuses gives the searchset of what there is to say of subscriptions. It fails with fault.NotFound for an id that is none.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status
func (s *Service) Statuses(ctx context.Context, st *store.Store, q StatusQuery) ([]byte, error) {
	v, err := st.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	subs, err := s.subscriptions(ctx, v, q.IDs)
	if err != nil {
		return nil, err
	}
	if len(q.Statuses) > 0 {
		subs = slices.DeleteFunc(subs, func(one *Subscription) bool { return !slices.Contains(q.Statuses, one.Status) })
	}
	list, err := s.notifications(ctx, v, q.Base, subs)
	if err != nil {
		return nil, err
	}
	b := strconv.AppendInt([]byte(`{"resourceType":"Bundle","type":"searchset","total":`), int64(len(list)), 10)
	for i, n := range list {
		n.problem = s.problem(boundKey{st.Tenant(), n.sub.ID})
		sep := byte(',')
		if i == 0 {
			b, sep = append(b, `,"entry":`...), '['
		}
		id := store.NewID()
		b = append(append(b, sep), `{"fullUrl":"urn:uuid:`+id+`","resource":`...)
		b = append(n.appendStatus(b, id), `,"search":{"mode":"match"}}`...)
	}
	if len(list) > 0 {
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

// problem is why the last attempt to tell a subscriber failed; empty if it did not.
func (s *Service) problem(key boundKey) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problems[key]
}

// setProblem notes why an attempt failed; empty: it did not.
func (s *Service) setProblem(key boundKey, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text == "" {
		delete(s.problems, key)
	} else {
		s.problems[key] = text
	}
}

// EventQuery says which events of a subscription are asked for.
type EventQuery struct {
	ID      string
	Since   uint64  // number of the first; 0: the first there is
	Until   uint64  // number of the last; 0: the newest
	Content Content // how much of the resources; empty: as the subscription has it
	Base    string  // of the data store, without a slash at the end
}

// maxEvents is how many events $events gives at once.
const maxEvents = 1000

// Events gives the notification of events that there were: the first of those that are asked for, as many as one answer has. Those that were
// taken more than Options.Keep events ago are no more. It fails with fault.NotFound if there is no such subscription.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events
func (s *Service) Events(ctx context.Context, st *store.Store, q EventQuery) ([]byte, error) {
	v, err := st.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	subs, err := s.subscriptions(ctx, v, []string{q.ID})
	if err != nil {
		return nil, err
	}
	list, err := s.notifications(ctx, v, q.Base, subs)
	if err != nil {
		return nil, err
	}
	n := list[0]
	n.kind = queryEvent
	switch q.Content {
	case "":
	case Empty, IDOnly, FullResource:
		n.content = q.Content
	default:
		return nil, fault.New(fault.Invalid, "content is empty, id-only or full-resource").WithCode("value").At("content")
	}
	if q.Until == 0 {
		q.Until = math.MaxInt64
	}
	events, err := readEvents(ctx, v, q.ID, q.Since, q.Until, maxEvents)
	if err != nil {
		return nil, err
	}
	if n.events, err = readTold(ctx, v, events, n.content, s.opt.MaxBytes); err != nil {
		return nil, err
	}
	return n.appendBundle(nil), nil
}
