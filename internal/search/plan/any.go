// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
)

// anyNode asks that one of several conditions holds at least.
type anyNode struct {
	title string
	nodes []node
}

func (n *anyNode) name() string { return n.title }

func (n *anyNode) estimate(ctx context.Context, r *run) (total int, each float64, err error) {
	for _, one := range n.nodes {
		count, cost, err := one.estimate(ctx, r)
		if err != nil {
			return 0, 0, err
		}
		total, each = total+count, max(each, cost)
	}
	return total, each, nil
}

func (n *anyNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	sets := make([]docset.Set, len(n.nodes))
	for i, one := range n.nodes {
		var err error
		if sets[i], err = one.docs(ctx, r, within); err != nil {
			return docset.Set{}, err
		}
	}
	return docset.Or(sets...), nil
}

func (n *anyNode) filter(*run) (filter, error) { return nil, nil }
