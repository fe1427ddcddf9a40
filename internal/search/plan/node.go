// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"slices"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/record"
	"galen/internal/search"
)

// node is one condition on versions of a type.
type node interface {
	name() string

	// estimate is about how many versions match, dead ones counted too, and what finding them costs for each, in
	// microseconds.
	estimate(ctx context.Context, r *run) (n int, each float64, err error)

	// docs is the versions that match; it need be right only within the set given, which are all current.
	docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error)

	// filter asks bodies instead; nil if they cannot tell.
	filter(r *run) (filter, error)
}

// filter asks a condition of a resource.
type filter interface {
	Match(resource fhir.Node) (bool, error)
}

// nodes makes the nodes of clauses on typ.
func (r *run) nodes(ctx context.Context, typ string, clauses []search.Clause) ([]node, error) {
	nodes := make([]node, 0, len(clauses))
	for _, c := range clauses {
		n, err := r.node(ctx, typ, c)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (r *run) node(ctx context.Context, typ string, c search.Clause) (node, error) {
	id := uint16(r.defs.Type(typ).ID)
	switch {
	case len(c.Any) > 0:
		nodes, err := r.nodes(ctx, typ, c.Any)
		return &anyNode{title: c.Name, nodes: nodes}, err
	case len(c.All) > 0:
		nodes, err := r.nodes(ctx, typ, c.All)
		return &allNode{title: c.Name, nodes: nodes}, err
	case c.Not != nil:
		inner, err := r.node(ctx, typ, *c.Not)
		return &notNode{title: c.Name, id: id, node: inner}, err
	case c.Text != nil:
		return r.textNode(typ, id, c)
	case c.Near != nil:
		return r.nearNode(typ, id, c)
	case c.Inside != nil:
		return r.insideNode(ctx, typ, id, c)
	case c.Lists != nil:
		return &listNode{clause: c, typ: typ, id: id}, nil
	case c.Chain != nil:
		return &chainNode{clause: c, typ: typ, id: id}, nil
	case c.Has != nil:
		return &hasNode{clause: c, typ: typ, id: id}, nil
	case c.Created:
		return &createdNode{timeNode{clause: c, id: id}}, nil
	case c.Leaf.Param.Code == "_id":
		return &idNode{clause: c, id: id}, nil
	case c.Leaf.Param.Code == "_lastUpdated":
		return &timeNode{clause: c, id: id}, nil
	}
	return r.leafNode(ctx, id, c)
}

// bodyCost is what reading, parsing and matching a body costs, in microseconds, about.
const bodyCost = 8

// candidates answers nodes, the cheapest first, from terms or, where that costs less, leaves them as filters. streaming says
// that only a page of what is left will be read.
func (r *run) candidates(ctx context.Context, typ uint16, nodes []node, streaming bool) (docset.Set, []filter, error) {
	live, err := r.view.Live(ctx, typ)
	if err != nil || len(nodes) == 0 {
		return live, nil, err
	}
	costs, err := r.rank(ctx, nodes)
	if err != nil {
		return docset.Set{}, nil, err
	}
	total := max(live.Len(), 1)
	set := live
	var filters []filter
	for i, n := range nodes {
		bodies := set.Len()
		if streaming {
			bodies = min(bodies, (r.q.Count+1)*total/max(costs[i].n, 1))
		}
		var f filter
		if float64(bodies)*bodyCost < float64(costs[i].n)*costs[i].each {
			if f, err = n.filter(r); err != nil {
				return docset.Set{}, nil, err
			}
		}
		if f != nil {
			filters = append(filters, f)
			r.deferred = append(r.deferred, n)
			r.patience += int(float64(costs[i].n) * costs[i].each / bodyCost)
			r.step(n, Bodies, costs[i].n, set, len(r.steps))
			continue
		}
		since := len(r.steps)
		docs, err := n.docs(ctx, r, set)
		if err != nil {
			return docset.Set{}, nil, err
		}
		set = docset.And(set, docs)
		r.step(n, Terms, costs[i].n, set, since)
		if set.IsEmpty() {
			return set, nil, nil
		}
	}
	return set, filters, nil
}

// undefer answers the nodes that were left as filters from terms after all.
func (r *run) undefer(ctx context.Context, set docset.Set) (docset.Set, error) {
	for _, n := range r.deferred {
		since := len(r.steps)
		docs, err := n.docs(ctx, r, set)
		if err != nil {
			return docset.Set{}, err
		}
		set = docset.And(set, docs)
		r.step(n, Terms, docs.Len(), set, since)
	}
	return set, nil
}

// step notes how a node was answered. Those noted since there were so many steps belong into it.
func (r *run) step(n node, how string, estimate int, left docset.Set, since int) {
	inner := slices.Clone(r.steps[since:])
	r.steps = append(r.steps[:since], Step{n.name(), how, estimate, left.Len(), inner})
}

type cost struct {
	n    int
	each float64
}

// rank sorts nodes by how many versions they match, fewest first.
func (r *run) rank(ctx context.Context, nodes []node) ([]cost, error) {
	costs := make([]cost, len(nodes))
	for i, n := range nodes {
		var err error
		if costs[i].n, costs[i].each, err = n.estimate(ctx, r); err != nil {
			return nil, err
		}
		for j := i; j > 0 && costs[j].n < costs[j-1].n; j-- {
			costs[j], costs[j-1] = costs[j-1], costs[j]
			nodes[j], nodes[j-1] = nodes[j-1], nodes[j]
		}
	}
	return costs, nil
}

// filterAll asks the filters of every candidate.
func (r *run) filterAll(ctx context.Context, typ uint16, set docset.Set, filters []filter) (docset.Set, error) {
	if len(filters) == 0 {
		return set, nil
	}
	var kept []uint32
	err := r.chunks(set, chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, typ, numbers)
		if err != nil {
			return false, err
		}
		for i := range versions {
			ok, err := r.matches(&versions[i], filters)
			if err != nil {
				return false, err
			}
			if ok {
				kept = append(kept, numbers[i])
			}
		}
		return true, nil
	})
	return docset.Of(kept...), err
}

// matches asks the filters of one version.
func (r *run) matches(v *record.Version, filters []filter) (bool, error) {
	if len(filters) == 0 {
		return true, nil
	}
	node, err := r.parse(v)
	if err != nil {
		return false, err
	}
	return matchAll(node, filters)
}

func matchAll(node fhir.Node, filters []filter) (bool, error) {
	for _, f := range filters {
		if ok, err := f.Match(node); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// all finds the versions of typ that fulfil one clause, completely.
func (r *run) all(ctx context.Context, link search.Link) (docset.Set, error) {
	n, err := r.node(ctx, link.Type, link.Clause)
	if err != nil {
		return docset.Set{}, err
	}
	typ := uint16(r.defs.Type(link.Type).ID)
	live, err := r.view.Live(ctx, typ)
	if err != nil || live.IsEmpty() {
		return docset.Set{}, err
	}
	since := len(r.steps)
	docs, err := n.docs(ctx, r, live)
	if err != nil {
		return docset.Set{}, err
	}
	docs = docset.And(docs, live)
	inner := slices.Clone(r.steps[since:])
	r.steps = append(r.steps[:since], Step{link.Type + "." + n.name(), Terms, live.Len(), docs.Len(), inner})
	return docs, nil
}

// way notes which way a chain or _has went from what its inner condition found.
func (r *run) way(how string) {
	if n := len(r.steps); n > 0 {
		r.steps[n-1].How = how
	}
}
