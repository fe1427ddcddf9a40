// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
)

// maxTopics is how many topics of a data store are looked at.
const maxTopics = 1000

// The numbers of the types of subscriptions and topics. The definitions are not read before they are needed: most commands need none.
func subscriptionType() uint16 { return uint16(def.R4().Type("Subscription").ID) }
func topicType() uint16        { return uint16(def.R4().Type("Basic").ID) }

// member is a subscription with what it asks, bound to its topic.
type member struct {
	*Subscription
	topic   *Topic
	problem error                      // why it cannot be served; topic is nil
	asked   map[string][]*search.Query // by type: what the filters ask; made when it is needed,
	defs    *def.Definitions           // with these definitions
}

// set is the subscriptions of a data store that ask for events, as of one position.
type set struct {
	next    [2]uint32 // numbers of Subscription and of Basic at that position: while they are the same, so is the set
	members []*member
	cut     bool // there are more than are served
}

// find gives a member by id; nil if there is none.
func (s *set) find(id string) *member {
	for _, m := range s.members {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// about reports whether changes of a type can be events for any member.
func (s *set) about(typ string) bool {
	return slices.ContainsFunc(s.members, func(m *member) bool { return m.topic != nil && m.topic.about(typ) })
}

func setKey(v *record.View) [2]uint32 {
	return [2]uint32{v.Next(subscriptionType()), v.Next(topicType())}
}

// readSet reads the subscriptions that ask for events at v's position, at most limit of them, in the order they were last written.
func readSet(ctx context.Context, p *plan.Planner, v *record.View, dataStore string, limit int) (*set, error) {
	s := &set{next: setKey(v)}
	if v.Next(subscriptionType()) == 0 {
		return s, nil
	}
	found, err := searchAll(ctx, p, v, "Subscription", "status", string(Requested)+","+string(Active), limit+1)
	if err != nil {
		return nil, err
	}
	if len(found) > limit {
		found, s.cut = found[:limit], true
	}
	var known *topics
	var tape fhir.Tape
	for i := range found {
		if err := tape.Parse(found[i].Body, stored); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		if !IsTopicBased(tape.Root()) {
			continue
		}
		sub, err := ParseSubscription(tape.Root())
		m := &member{Subscription: sub, problem: err, asked: map[string][]*search.Query{}}
		if err == nil {
			if known == nil {
				if known, err = readTopics(ctx, p, v, dataStore); err != nil {
					return nil, err
				}
			}
			m.topic, m.problem = known.find(sub.Criteria)
		}
		s.members = append(s.members, m)
	}
	return s, nil
}

// stored are the limits of what is stored.
var stored = fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}

func searchAll(ctx context.Context, p *plan.Planner, v *record.View, typ, param, value string, limit int) ([]record.Version, error) {
	q, err := search.Parse(def.R4(), typ, []search.Pair{{Name: param, Value: value}, {Name: "_total", Value: "none"}}, search.Options{})
	if err != nil {
		return nil, err
	}
	q.Count = limit
	found, err := p.Search(ctx, v, q)
	if err != nil {
		return nil, err
	}
	return found.Matches, nil
}

// topics are those of a data store at one position.
type topics struct {
	dataStore string
	list      []*Topic
}

func readTopics(ctx context.Context, p *plan.Planner, v *record.View, dataStore string) (*topics, error) {
	t := &topics{dataStore: dataStore}
	if v.Next(topicType()) == 0 {
		return t, nil
	}
	found, err := searchAll(ctx, p, v, "Basic", "code", "SubscriptionTopic", maxTopics)
	if err != nil {
		return nil, err
	}
	var tape fhir.Tape
	for i := range found {
		if err := tape.Parse(found[i].Body, stored); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		if one, err := ParseTopic(tape.Root()); err == nil { // others were imported as they are, and are of no use
			t.list = append(t.list, one)
		}
	}
	return t, nil
}

// find gives the topic that criteria name: by its canonical URL, by the address of its resource, or one that is always there. Of
// several of a URL it is the one of the version asked for, else the one that was written last.
func (t *topics) find(criteria string) (*Topic, error) {
	if b := builtTopic(criteria); b != nil {
		return b, nil
	}
	id := t.address(criteria)
	url, version, _ := strings.Cut(criteria, "|")
	var found *Topic
	for _, one := range t.list {
		if one.Status == "retired" {
			continue
		}
		if id != "" && one.ID == id || one.URL == url && url != "" && (version == "" || one.Version == version) {
			found = one
		}
	}
	if found == nil {
		return nil, refuse("Subscription.criteria", "criteria name no topic: there is none in this data store of that canonical URL or address")
	}
	return found, nil
}

// address is the id of the resource whose address in this data store criteria are; empty if they are none. HealthLake calls the
// resource SubscriptionTopic.
func (t *topics) address(criteria string) string {
	r := fhir.ParseReference(criteria)
	switch {
	case r.Key.Type != "Basic" && r.Key.Type != "SubscriptionTopic" || r.Version != "":
		return ""
	case r.Kind == fhir.Relative, r.Kind == fhir.Absolute && strings.HasSuffix(r.Base, "/datastore/"+t.dataStore+"/r4"):
		return r.Key.ID
	}
	return ""
}
