// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"context"

	"galen/internal/catalog"
)

func (s *service) createSubscription(ctx context.Context, in *CreateSubscriptionInput) (*CreateSubscriptionOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.Catalog.CreateSubscription(ctx, account, in.DomainId)
	if err != nil {
		return nil, err
	}
	out := CreateSubscriptionOutput(*s.describe(made))
	return &out, nil
}

func (s *service) getSubscription(ctx context.Context, in *GetSubscriptionInput) (*GetSubscriptionOutput, error) {
	found, err := s.one(ctx, s.Catalog.Subscription, in.DomainId, in.SubscriptionId)
	return &GetSubscriptionOutput{Subscription: found}, err
}

func (s *service) activateSubscription(ctx context.Context, in *ActivateSubscriptionInput) (*ActivateSubscriptionOutput, error) {
	changed, err := s.one(ctx, s.Catalog.Activate, in.DomainId, in.SubscriptionId)
	return &ActivateSubscriptionOutput{Subscription: changed}, err
}

func (s *service) deactivateSubscription(ctx context.Context, in *DeactivateSubscriptionInput) (*DeactivateSubscriptionOutput, error) {
	changed, err := s.one(ctx, s.Catalog.Deactivate, in.DomainId, in.SubscriptionId)
	return &DeactivateSubscriptionOutput{Subscription: changed}, err
}

func (s *service) listSubscriptions(ctx context.Context, in *ListSubscriptionsInput) (*ListSubscriptionsOutput, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	query := []any{"ListSubscriptions", account, in.DomainId}
	at, err := cursor(in.NextToken, query)
	if err != nil {
		return nil, err
	}
	page, next, err := s.Catalog.Subscriptions(ctx, account, in.DomainId, at, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &ListSubscriptionsOutput{Subscriptions: []SubscriptionDescription{}, NextToken: nextToken(next, query)}
	for _, x := range page {
		out.Subscriptions = append(out.Subscriptions, *s.describe(x))
	}
	return out, nil
}

// one does what finds or changes one subscription of the caller's, and describes it.
func (s *service) one(ctx context.Context, do func(ctx context.Context, account, domain, id string) (catalog.Subscription, error), domain, id string) (
	*SubscriptionDescription, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	x, err := do(ctx, account, domain, id)
	if err != nil {
		return nil, err
	}
	return s.describe(x), nil
}

func (s *service) describe(x catalog.Subscription) *SubscriptionDescription {
	d := &SubscriptionDescription{DomainId: x.Domain, SubscriptionId: x.ID, Arn: s.arn(x.Account, x.Domain, "/subscription/"+x.ID),
		Status: SubscriptionStatusInactive, CreatedAt: x.Created, LastUpdatedAt: x.Updated, ActivatedAt: x.Activated, DeactivatedAt: x.Deactivated}
	if x.Active {
		d.Status = SubscriptionStatusActive
	}
	return d
}
