// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
)

// allNode asks that all of several conditions hold.
type allNode struct {
	title string
	nodes []node
}

func (n *allNode) name() string { return n.title }

func (n *allNode) estimate(ctx context.Context, r *run) (least int, each float64, err error) {
	for i, one := range n.nodes {
		count, cost, err := one.estimate(ctx, r)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 || count < least {
			least = count
		}
		each += cost
	}
	return least, each, nil
}

// docs asks each condition within what those before it left, the one that finds fewest first.
func (n *allNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	costs, err := r.rank(ctx, n.nodes)
	if err != nil {
		return docset.Set{}, err
	}
	set := within.Clone()
	for i, one := range n.nodes {
		since := len(r.steps)
		docs, err := one.docs(ctx, r, set)
		if err != nil {
			return docset.Set{}, err
		}
		set = docset.And(set, docs)
		r.step(one, Terms, costs[i].n, set, since)
		if set.IsEmpty() {
			break
		}
	}
	return set, nil
}

func (n *allNode) filter(*run) (filter, error) { return nil, nil }

// notNode asks that a condition does not hold.
type notNode struct {
	title string
	id    uint16
	node  node
}

func (n *notNode) name() string { return n.title }

func (n *notNode) estimate(ctx context.Context, r *run) (int, float64, error) {
	count, each, err := n.node.estimate(ctx, r)
	return max(int(r.view.Next(n.id))-count, 1), each, err
}

func (n *notNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	docs, err := n.node.docs(ctx, r, within)
	return docset.AndNot(within, docs), err
}

func (n *notNode) filter(*run) (filter, error) { return nil, nil }
