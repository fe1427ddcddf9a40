// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
	"galen/internal/record"
)

// createdNode is createdAt: when the first version of a resource was stored. The order of numbers answers when a version was; which one
// was the first is read for each candidate that is not older than what is asked for.
type createdNode struct{ timeNode }

func (n *createdNode) estimate(_ context.Context, r *run) (int, float64, error) {
	return int(r.view.Next(n.id)), bodyCost, nil
}

func (n *createdNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	firsts, err := n.timeNode.docs(ctx, r, docset.Span(0, r.view.Next(n.id)))
	if err != nil || firsts.IsEmpty() {
		return docset.Set{}, err
	}
	for first := range firsts.All() {
		within = within.Clone()
		within.RemoveBelow(first) // a version is not older than the first
		break
	}
	var kept []uint32
	err = r.chunks(within, chunk, func(numbers []uint32) (bool, error) {
		created, err := n.created(ctx, r, numbers)
		for i, first := range created {
			if firsts.Contains(first) {
				kept = append(kept, numbers[i])
			}
		}
		return true, err
	})
	return docset.Of(kept...), err
}

// created gives the numbers of the first versions of what some numbers are versions of.
func (n *createdNode) created(ctx context.Context, r *run, numbers []uint32) ([]uint32, error) {
	versions, err := r.bodies(ctx, n.id, numbers)
	if err != nil {
		return nil, err
	}
	created := make([]uint32, len(versions))
	var keys [][]byte
	var later []int
	for i := range versions {
		if created[i] = versions[i].Number; versions[i].VersionID > 1 {
			keys, later = append(keys, record.AppendOlderKey(nil, r.view.Tenant(), n.id, versions[i].ID, 1)), append(later, i)
		}
	}
	if len(keys) == 0 {
		return created, nil
	}
	rows, err := r.view.Snapshot().Get(ctx, keys...)
	for i, row := range rows {
		if row == nil {
			continue // its first versions were purged: this one counts
		}
		first, err := record.ParseOlder(row)
		if err != nil {
			return nil, err
		}
		created[later[i]] = first.Number
	}
	return created, err
}
