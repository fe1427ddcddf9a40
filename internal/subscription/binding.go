// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/store"
)

// SocketPath is where the websocket is, unless Options.Socket says otherwise.
const SocketPath = "/subscriptions-websocket"

// maxBound is how many subscriptions one token binds.
const maxBound = 100

// binding is what a token says.
type binding struct {
	Tenant  uint32   `json:"t"`
	IDs     []string `json:"i"`
	Expires int64    `json:"e"` // seconds since 1970
}

// Token is leave to bind a websocket to subscriptions.
type Token struct {
	Text    string
	Expires time.Time
	IDs     []string // of the subscriptions
	URL     string   // of the websocket
}

// Token gives leave to bind a websocket to subscriptions of a data store; no ids: to all of that channel. It fails with fault.NotFound for an id
// that is none, and with fault.Unprocessable for one that has another channel.
//
// http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-get-ws-binding-token
func (s *Service) Token(ctx context.Context, st *store.Store, base string, ids ...string) (Token, error) {
	v, err := st.View(ctx)
	if err != nil {
		return Token{}, err
	}
	defer v.Close()
	subs, err := s.subscriptions(ctx, v, ids)
	if err != nil {
		return Token{}, err
	}
	var bound []string
	for _, one := range subs {
		switch {
		case one.Channel.Type == WebSocket:
			bound = append(bound, one.ID)
		case len(ids) > 0:
			return Token{}, refuse("id", "the channel of the subscription is not websocket")
		}
	}
	if len(bound) == 0 || len(bound) > maxBound {
		return Token{}, refuse("id", "a token binds from 1 to %d subscriptions of channel websocket: name them with id", maxBound)
	}
	expires := s.opt.Now().Add(s.opt.TokenLasts).Truncate(time.Second)
	text, _ := json.Marshal(binding{st.Tenant(), bound, expires.Unix()}) // strings and numbers cannot fail
	return Token{base64.RawURLEncoding.EncodeToString(s.opt.Tokens.Seal(string(text), "")), expires, bound, s.SocketURL(base)}, nil
}

// open reads a token. It fails with fault.Forbidden.
func (s *Service) openToken(text string) (binding, error) {
	var b binding
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		text, err = s.opt.Tokens.Open(sealed, "")
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &b)
	}
	if err != nil {
		return b, fault.New(fault.Forbidden, "the token is none of this server's")
	}
	if s.opt.Now().Unix() >= b.Expires {
		return b, fault.New(fault.Forbidden, "the token has expired: ask for another with $get-ws-binding-token")
	}
	return b, nil
}

// subscriptions reads the topic-based Subscriptions with those ids, or all of them, at most Options.Limit. It fails with fault.NotFound.
func (s *Service) subscriptions(ctx context.Context, v *record.View, ids []string) ([]*Subscription, error) {
	var found []record.Version
	if len(ids) == 0 {
		q, err := search.Parse(def.R4(), "Subscription", nil, search.Options{})
		if err != nil {
			return nil, err
		}
		q.Count = s.opt.Limit
		page, err := s.opt.Planner.Search(ctx, v, q)
		if err != nil {
			return nil, err
		}
		found = page.Matches
	} else {
		places, err := v.Find(ctx, subscriptionType(), ids...)
		if err != nil {
			return nil, err
		}
		for _, f := range places {
			if !f.Live() {
				return nil, fault.New(fault.NotFound, "there is no such subscription")
			}
			one, err := v.Bodies(ctx, subscriptionType(), f.Number)
			if err != nil {
				return nil, err
			}
			found = append(found, one...)
		}
	}
	var list []*Subscription
	var tape fhir.Tape
	for i := range found {
		if err := tape.Parse(found[i].Body, stored); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		if !IsTopicBased(tape.Root()) {
			if len(ids) > 0 {
				return nil, refuse("id", "the subscription is of R4's own kind, which is not served")
			}
			continue
		}
		one, err := ParseSubscription(tape.Root())
		if err != nil && len(ids) > 0 {
			return nil, err
		}
		if err == nil {
			list = append(list, one)
		}
	}
	return list, nil
}
