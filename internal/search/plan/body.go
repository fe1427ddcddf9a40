// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"slices"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fhir"
	"galen/internal/search"
	"galen/internal/search/index"
)

// bodyNode is a condition that the bodies of the candidates are asked for, all of them or those that terms leave in doubt.
type bodyNode struct {
	title string
	id    uint16
	match func(resource fhir.Node) bool

	terms func(ctx context.Context, r *run) (yes, maybe docset.Set, err error) // nil: no terms answer it
	spans []index.Span                                                         // that terms looks at, for the estimate
}

// Match asks one resource.
func (n *bodyNode) Match(resource fhir.Node) (bool, error) { return n.match(resource), nil }

func (n *bodyNode) name() string { return n.title }

func (n *bodyNode) estimate(ctx context.Context, r *run) (int, float64, error) {
	if n.terms == nil {
		return int(r.view.Next(n.id)), 2 * bodyCost, nil
	}
	ranges := make([]engine.Range, len(n.spans))
	for i, s := range n.spans {
		ranges[i] = r.rangeOf(s)
	}
	count, err := r.estimate(ctx, ranges)
	return count, judgedCost, err
}

func (n *bodyNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	if n.terms == nil {
		return r.filterAll(ctx, n.id, within, []filter{n})
	}
	yes, maybe, err := n.terms(ctx, r)
	if err != nil {
		return docset.Set{}, err
	}
	maybe = docset.AndNot(docset.And(maybe, within), yes)
	more, err := r.filterAll(ctx, n.id, maybe, []filter{n})
	return docset.Or(yes, more), err
}

func (n *bodyNode) filter(*run) (filter, error) { return n, nil }

// nearNode is near: Locations whose position lies in one of some circles.
func (r *run) nearNode(typ string, id uint16, c search.Clause) (node, error) {
	n := &bodyNode{title: c.Name, id: id, match: func(resource fhir.Node) bool {
		position := resource.Field("position")
		return slices.ContainsFunc(c.Near, func(circle index.Circle) bool { return circle.Has(position) })
	}}
	for _, circle := range c.Near {
		spans, err := r.terms.Near(typ, circle)
		if err != nil {
			return nil, atClause(err, c)
		}
		n.spans = append(n.spans, spans...)
	}
	n.terms = func(ctx context.Context, r *run) (docset.Set, docset.Set, error) { return r.spanDocs(ctx, n.spans) }
	return n, nil
}
