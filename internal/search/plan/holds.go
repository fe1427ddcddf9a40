// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
	"galen/internal/record"
	"galen/internal/search"
)

// Holds reports whether one version, which has a body and is current on v, fulfils q: whether Search would find it. Order, page and
// form are not asked. It costs a look at the body, and only for what the body cannot tell (chains, _has, _list) some reads
// around that one version. q is for one goroutine at a time. It fails as Search does.
func (p *Planner) Holds(ctx context.Context, v *record.View, q *search.Query, version record.Version) (bool, error) {
	r, err := p.begin(ctx, v, q)
	if err != nil {
		return false, err
	}
	r.typ = version.Type
	if err := r.resolve(ctx, q.Where); err != nil {
		return false, err
	}
	nodes, err := r.nodes(ctx, q.Type, q.Where)
	if err != nil {
		return false, err
	}
	body, err := r.parse(&version)
	if err != nil {
		return false, err
	}
	var rest []node
	for _, n := range nodes {
		f, err := n.filter(r)
		if err != nil {
			return false, err
		}
		if f == nil {
			rest = append(rest, n)
			continue
		}
		if ok, err := f.Match(body); err != nil || !ok {
			return false, err
		}
	}
	set := docset.Of(version.Number)
	for _, n := range rest {
		found, err := n.docs(ctx, r, set)
		if err != nil {
			return false, err
		}
		if set = docset.And(set, found); set.IsEmpty() {
			return false, nil
		}
	}
	return true, nil
}
