// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// Admit has its word in what is written: it is interaction.Options.Admit. A topic and a topic-based Subscription are stored only if
// they can be served; a Subscription always begins as requested, whatever it says, unless it is off. Other resources, and Subscriptions of
// R4's own kind, are not looked at.
func (s *Service) Admit(ctx context.Context, st *store.Store, resource fhir.Node, findings []validate.Finding) ([]byte, []validate.Finding, error) {
	switch fhir.Type(resource) {
	case "Basic":
		if !IsTopic(resource) || validate.Failed(findings) {
			return nil, findings, nil
		}
		_, err := ParseTopic(resource)
		return nil, findings, err
	case "Subscription":
	default:
		return nil, findings, nil
	}
	if !IsTopicBased(resource) {
		return nil, findings, nil
	}
	if resource.Field("channel").Field("type").Is(string(EventBridge)) { // HealthLake's, which R4's value set does not have
		findings = slices.DeleteFunc(slices.Clone(findings), func(f validate.Finding) bool { return f.Expression == "Subscription.channel.type" })
	}
	if validate.Failed(findings) {
		return nil, findings, nil
	}
	sub, err := ParseSubscription(resource)
	if err != nil {
		return nil, nil, err
	}
	if err := s.check(ctx, st, sub); err != nil {
		return nil, nil, err
	}
	if sub.Status == Off {
		return nil, findings, nil
	}
	return appendStatus(nil, resource, Requested, ""), findings, nil
}

// check refuses a subscription that cannot be served in a data store.
func (s *Service) check(ctx context.Context, st *store.Store, sub *Subscription) error {
	if !sub.End.IsZero() && !sub.End.After(s.opt.Now()) && sub.Status != Off {
		return refuse("Subscription.end", "the end of the subscription is over")
	}
	if err := s.checkEndpoint(&sub.Channel); err != nil {
		return err
	}
	v, err := st.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	known, err := readTopics(ctx, s.opt.Planner, v, s.dataStore(ctx, st.Tenant()))
	if err != nil {
		return err
	}
	topic, err := known.find(sub.Criteria)
	if err != nil {
		return err
	}
	for _, f := range sub.filters {
		typ := f.typ
		if typ != "" && !topic.about(typ) {
			return refuse("Subscription.criteria.extension", "a filter is about a type that the topic is not about")
		}
		for _, t := range topic.Triggers {
			if typ == "" && t.Type == "" {
				return refuse("Subscription.criteria.extension", "a filter of a topic about all types names its type: Type?parameter=value")
			}
		}
	}
	for _, typ := range sub.types(topic) {
		if _, err := sub.queries(st.Definitions(), topic, typ, ""); err != nil {
			return err
		}
	}
	return nil
}

// types are those that filters of the subscription are about.
func (s *Subscription) types(topic *Topic) []string {
	var list []string
	for _, f := range s.filters {
		if f.typ != "" {
			list = append(list, f.typ)
			continue
		}
		for _, t := range topic.Triggers {
			list = append(list, t.Type)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Service) checkEndpoint(c *Channel) error {
	if c.OAuth.URL != "" {
		if err := s.opt.Post.CheckEndpoint(c.OAuth.URL); err != nil {
			return standsAt("Subscription.channel.type.extension", err)
		}
	}
	switch {
	case c.Type == WebSocket:
		return nil
	case c.Type == EventBridge && isARN(c.Endpoint):
		if s.opt.EventSink == "" {
			return refuse("Subscription.channel.endpoint", "this server has no sink for events of event buses: name an https: endpoint instead of an ARN")
		}
		return nil
	}
	return standsAt("Subscription.channel.endpoint", s.opt.Post.CheckEndpoint(c.Endpoint))
}

// withStatus is a stored Subscription with another status and error.
func withStatus(body []byte, status Status, problem string) (*fhir.Tape, error) {
	var old, tape fhir.Tape
	err := old.Parse(body, stored)
	if err == nil {
		err = tape.Parse(appendStatus(nil, old.Root(), status, problem), stored)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	return &tape, nil
}

// appendStatus appends a Subscription with another status; its error is problem, or is left out.
func appendStatus(dst []byte, resource fhir.Node, status Status, problem string) []byte {
	dst = append(dst, '{')
	member := func(name string, value []byte) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(fhir.AppendString(dst, name), ':'), value...)
	}
	for name, n := range resource.Members() {
		switch name {
		case "error", "_error":
		case "status":
			member(name, fhir.AppendString(nil, string(status)))
			if problem != "" {
				member("error", fhir.AppendString(nil, problem))
			}
		default:
			member(name, n.Raw())
		}
	}
	return append(dst, '}')
}
