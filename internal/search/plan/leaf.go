// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"slices"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// leafNode is a condition answered by the terms of one parameter.
type leafNode struct {
	clause     search.Clause
	id         uint16
	spans      []index.Span // of all values
	complement bool         // the versions that lie in no span
	few        bool         // the spans are some single terms, each of which means a match: to find them costs no more than to estimate
	found      *docset.Set  // of few, once they were found
}

// fewTerms is how many single terms are brought together at once instead of estimated.
const fewTerms = 8

func (r *run) leafNode(ctx context.Context, id uint16, c search.Clause) (*leafNode, error) {
	l := c.Leaf
	n := &leafNode{clause: c, id: id}
	switch l.Modifier {
	case index.Not, index.NotIn:
		n.complement = true
	case index.Missing:
		n.complement = l.Values[0].Missing
	}
	clause, values := l.Asked()
	if l.Param.Type == def.ReferenceParam {
		var err error
		if clause.Base, err = r.base(ctx, clause.Type, clause.Param); err != nil {
			return nil, err
		}
	}
	for _, v := range values {
		lookup, err := r.terms.Lookup(clause, v)
		if err != nil {
			return nil, atClause(err, c)
		}
		n.spans = append(n.spans, lookup.Spans...)
	}
	n.few = len(n.spans) <= fewTerms && !slices.ContainsFunc(n.spans, func(s index.Span) bool {
		return s.Judge != nil || s.Verdict != index.Yes || !s.Narrow
	})
	return n, nil
}

func (n *leafNode) name() string { return n.clause.Name }

// What a posting costs to bring together, in microseconds: of a plain span, whose postings come in blocks, and of one whose
// terms are judged one by one.
const (
	plainCost  = 0.01
	judgedCost = 0.3
)

func (n *leafNode) estimate(ctx context.Context, r *run) (int, float64, error) {
	if n.few {
		yes, _, err := r.spanDocs(ctx, n.spans)
		if err != nil {
			return 0, 0, err
		}
		n.found = &yes
		if n.complement {
			return max(int(r.view.Next(n.id))-yes.Len(), 0), 0, nil
		}
		return yes.Len(), 0, nil
	}
	var plain, judged []engine.Range
	for _, s := range n.spans {
		if s.Judge == nil {
			plain = append(plain, r.rangeOf(s))
		} else {
			judged = append(judged, r.rangeOf(s))
		}
	}
	a, err := r.estimate(ctx, plain)
	if err != nil {
		return 0, 0, err
	}
	b, err := r.estimate(ctx, judged)
	if err != nil {
		return 0, 0, err
	}
	found := a + b
	each := (float64(a)*plainCost + float64(b)*judgedCost) / float64(max(found, 1))
	if n.complement {
		left := max(int(r.view.Next(n.id))-found, 1)
		return left, each * float64(found) / float64(left), nil
	}
	return found, each, nil
}

func (n *leafNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	var yes, maybe docset.Set
	var err error
	if n.found != nil {
		yes = *n.found
	} else if yes, maybe, err = r.spanDocs(ctx, n.spans); err != nil {
		return docset.Set{}, err
	}
	maybe.And(within)
	maybe.AndNot(yes)
	if !maybe.IsEmpty() {
		clause, values := n.positive()
		m, err := r.terms.Matcher(clause, values...)
		if err != nil {
			return docset.Set{}, atClause(err, n.clause)
		}
		if maybe, err = r.filterAll(ctx, n.id, maybe, []filter{m}); err != nil {
			return docset.Set{}, err
		}
		yes.Or(maybe)
	}
	if n.complement {
		return docset.AndNot(within, yes), nil
	}
	return yes, nil
}

// positive is the clause without its complement, as the spans answer it.
func (n *leafNode) positive() (index.Clause, []index.Value) {
	c, values := n.clause.Leaf.Asked()
	switch c.Modifier {
	case index.Not:
		c.Modifier = index.Plain
	case index.NotIn:
		c.Modifier = index.In
	}
	return c, values
}

// spanDocs brings together the versions that lie in spans: those that match, and those that may.
func (r *run) spanDocs(ctx context.Context, spans []index.Span) (yes, maybe docset.Set, err error) {
	var sure, unsure []engine.Range
	var found judged
	for _, s := range spans {
		switch {
		case s.Judge != nil:
			if err := r.judge(ctx, s, &found); err != nil {
				return yes, maybe, err
			}
		case s.Verdict == index.Yes:
			sure = append(sure, r.rangeOf(s))
		case s.Verdict == index.Maybe:
			unsure = append(unsure, r.rangeOf(s))
		}
	}
	if yes, err = r.rangeDocs(ctx, sure); err != nil {
		return yes, maybe, err
	}
	if maybe, err = r.rangeDocs(ctx, unsure); err != nil {
		return yes, maybe, err
	}
	yes.Or(found.yes.fold())
	maybe.Or(found.maybe.fold())
	return yes, maybe, nil
}

func (n *leafNode) filter(r *run) (filter, error) {
	clause, values := n.clause.Leaf.Asked()
	m, err := r.terms.Matcher(clause, values...)
	if err != nil {
		return nil, atClause(err, n.clause)
	}
	return m, nil
}
