// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Subscription is a provider's place in a domain. It goes with the domain; nothing else deletes it.
type Subscription struct {
	ID          string    `json:"id"` // "sub-" and 21 letters or digits
	Domain      string    `json:"domain"`
	Account     string    `json:"account"`
	Active      bool      `json:"active"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`              // when it was last activated or deactivated
	Activated   time.Time `json:"activated,omitzero"`   // the last time
	Deactivated time.Time `json:"deactivated,omitzero"` // the last time
	Tags        []Tag     `json:"tags,omitempty"`       // in order of key
}

var (
	errNoSubscription     = fault.New(fault.NotFound, "there is no subscription with this id in the domain")
	errSubscriptionsLimit = fault.New(fault.TooCostly, "the domain has as many subscriptions as it may have")
)

// CreateSubscription makes an active subscription. It fails with fault.NotFound if there is no active domain with this id, and
// with fault.TooCostly over the domain's quota.
func (c *Catalog) CreateSubscription(ctx context.Context, account, domain string) (Subscription, error) {
	now := c.opt.Now().UTC()
	s := Subscription{ID: "sub-" + randomText("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 21),
		Domain: domain, Account: account, Active: true, Created: now, Updated: now, Activated: now}
	err := attempt(func() error {
		_, unchanged, err := c.InDomain(ctx, account, domain)
		if err != nil {
			return err
		}
		counts, err := c.rows(ctx, subscriptionCountKey(domain))
		if err != nil {
			return err
		}
		n, err := counted(counts[0])
		if err != nil {
			return err
		}
		if int(n) >= c.opt.MaxSubscriptions {
			return errSubscriptionsLimit
		}
		var b engine.Batch
		unchanged(&b)
		requireRow(&b, subscriptionCountKey(domain), counts[0])
		b.Put(subscriptionCountKey(domain), ordkey.AppendUint32(nil, n+1))
		b.RequireAbsent(subscriptionKey(domain, s.ID))
		b.Put(subscriptionKey(domain, s.ID), encodeRow(s))
		b.Put(createdKey('T', domain, s.Created, s.ID), nil)
		return c.engine.Apply(ctx, &b)
	})
	return s, err
}

// Subscription returns a subscription. It fails with fault.NotFound if there is none with this id in an active domain.
func (c *Catalog) Subscription(ctx context.Context, account, domain, id string) (Subscription, error) {
	if _, _, err := c.InDomain(ctx, account, domain); err != nil {
		return Subscription{}, err
	}
	s, _, err := c.loadSubscription(ctx, domain, id)
	return s, err
}

func (c *Catalog) loadSubscription(ctx context.Context, domain, id string) (Subscription, []byte, error) {
	rows, err := c.rows(ctx, subscriptionKey(domain, id))
	if err != nil {
		return Subscription{}, nil, err
	}
	if rows[0] == nil {
		return Subscription{}, nil, errNoSubscription
	}
	s, err := decodeRow[Subscription](rows[0])
	return s, rows[0], err
}

// Subscriptions returns up to limit subscriptions of an active domain in order of creation, from behind cursor on (empty:
// from the first), and the cursor of the next page (empty: there is none).
func (c *Catalog) Subscriptions(ctx context.Context, account, domain, cursor string, limit int) (page []Subscription, next string, err error) {
	if _, _, err := c.InDomain(ctx, account, domain); err != nil {
		return nil, "", err
	}
	last := ""
	err = c.createdPage(ctx, 'T', domain, cursor, func(snap engine.Snapshot, id, at string) (bool, error) {
		if len(page) == limit {
			next = last
			return false, nil
		}
		rows, err := snap.Get(ctx, subscriptionKey(domain, id))
		if err != nil {
			return false, err
		}
		s, err := decodeRow[Subscription](rows[0])
		page, last = append(page, s), at
		return true, err
	})
	return page, next, err
}

// Activate makes a subscription active. One that is so already stays as it is.
func (c *Catalog) Activate(ctx context.Context, account, domain, id string) (Subscription, error) {
	return c.changeSubscription(ctx, account, domain, id, func(s *Subscription) error {
		if !s.Active {
			s.Active, s.Updated = true, c.opt.Now().UTC()
			s.Activated = s.Updated
		}
		return nil
	})
}

// Deactivate makes a subscription inactive. One that is so already stays as it is.
func (c *Catalog) Deactivate(ctx context.Context, account, domain, id string) (Subscription, error) {
	return c.changeSubscription(ctx, account, domain, id, func(s *Subscription) error {
		if s.Active {
			s.Active, s.Updated = false, c.opt.Now().UTC()
			s.Deactivated = s.Updated
		}
		return nil
	})
}

// changeSubscription edits a subscription of an active domain, however many others do so at the same time.
func (c *Catalog) changeSubscription(ctx context.Context, account, domain, id string, edit func(*Subscription) error) (Subscription, error) {
	var s Subscription
	err := attempt(func() error {
		_, unchanged, err := c.InDomain(ctx, account, domain)
		if err != nil {
			return err
		}
		var row []byte
		if s, row, err = c.loadSubscription(ctx, domain, id); err != nil {
			return err
		}
		if err := edit(&s); err != nil {
			return err
		}
		var b engine.Batch
		unchanged(&b)
		b.Require(subscriptionKey(domain, id), row)
		b.Put(subscriptionKey(domain, id), encodeRow(s))
		return c.engine.Apply(ctx, &b)
	})
	return s, err
}
