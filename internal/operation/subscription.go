// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strconv"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/store"
	"galen/internal/subscription"
)

// backport is what the canonical URLs of the Subscriptions Backport guide's operations begin with.
const backport = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-"

// subscriptionStatusOperation tells how subscriptions are.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition-backport-subscription-status.html
func subscriptionStatusOperation() Operation {
	return Operation{
		Name: "status", Definition: backport + "status", Levels: OnType | OnInstance, Types: []string{"Subscription"},
		Params: []Param{{Name: "id", Type: "id", Many: true}, {Name: "status", Type: "code", Many: true}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			st, err := s.subscriptionStore(ctx, c, authz.Search)
			if err != nil {
				return interaction.Reply{}, err
			}
			q := subscription.StatusQuery{IDs: []string{c.Key.ID}, Base: c.Caller.Base}
			if c.Key.ID == "" {
				q.IDs = c.Parameters.Texts("id")
				for _, text := range c.Parameters.Texts("status") {
					q.Statuses = append(q.Statuses, subscription.Status(text))
				}
			}
			body, err := s.opt.Subscriptions.Statuses(ctx, st, q)
			return interaction.Reply{Body: body}, err
		},
	}
}

// subscriptionEventsOperation gives events that there were.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition-backport-subscription-events.html
func subscriptionEventsOperation() Operation {
	return Operation{
		Name: "events", Definition: backport + "events", Levels: OnInstance, Types: []string{"Subscription"},
		Params: []Param{{Name: "eventsSinceNumber", Type: "string"}, {Name: "eventsUntilNumber", Type: "string"}, {Name: "content", Type: "code"}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			st, err := s.subscriptionStore(ctx, c, authz.Read)
			if err != nil {
				return interaction.Reply{}, err
			}
			q := subscription.EventQuery{ID: c.Key.ID, Content: subscription.Content(c.Parameters.Text("content")), Base: c.Caller.Base}
			if q.Since, err = eventNumber(c, "eventsSinceNumber"); err != nil {
				return interaction.Reply{}, err
			}
			if q.Until, err = eventNumber(c, "eventsUntilNumber"); err != nil {
				return interaction.Reply{}, err
			}
			body, err := s.opt.Subscriptions.Events(ctx, st, q)
			return interaction.Reply{Body: body}, err
		},
	}
}

func eventNumber(c *Call, name string) (uint64, error) {
	text := c.Parameters.Text(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "the number of an event is a whole number that is not negative").WithCode("value").At(name)
	}
	return n, nil
}

// bindingTokenOperation gives leave to bind a websocket to subscriptions.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition-backport-subscription-get-ws-binding-token.html
func bindingTokenOperation() Operation {
	return Operation{
		Name: "get-ws-binding-token", Definition: backport + "get-ws-binding-token", Levels: OnType | OnInstance, Types: []string{"Subscription"},
		Params: []Param{{Name: "id", Type: "id", Many: true}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			st, err := s.subscriptionStore(ctx, c, authz.Read)
			if err != nil {
				return interaction.Reply{}, err
			}
			ids := []string{c.Key.ID}
			if c.Key.ID == "" {
				ids = c.Parameters.Texts("id")
			}
			token, err := s.opt.Subscriptions.Token(ctx, st, c.Caller.Base, ids...)
			if err != nil {
				return interaction.Reply{}, err
			}
			var a answer
			a.text("token", "valueString", token.Text)
			a.text("expiration", "valueDateTime", string(fhir.AppendInstant(nil, token.Expires)))
			for _, id := range token.IDs {
				a.text("subscription", "valueString", c.Caller.Base+"/Subscription/"+id)
			}
			a.text("websocket-url", "valueUrl", token.URL)
			return a.reply(), nil
		},
	}
}

// subscriptionStore opens the data store of a call about subscriptions.
func (s *Service) subscriptionStore(ctx context.Context, c *Call, action authz.Action) (*store.Store, error) {
	if s.opt.Subscriptions == nil {
		return nil, fault.New(fault.Unsupported, "there are no subscriptions here")
	}
	return s.interactions.Open(ctx, c.Caller, action, c.Key)
}
