// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// chainNode is a condition on what a reference leads to, in the data store or inside of the resource.
type chainNode struct {
	clause search.Clause
	typ    string
	id     uint16
}

func (n *chainNode) name() string { return n.clause.Name }

// estimate puts chains behind what is answered directly: how many they find is not known before they are answered.
func (n *chainNode) estimate(_ context.Context, r *run) (int, float64, error) {
	return int(r.view.Next(n.id)), 1, nil
}

func (n *chainNode) filter(*run) (filter, error) { return nil, nil }

func (n *chainNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	var found docset.Set
	for i := range n.clause.Chain.Next {
		link := &n.clause.Chain.Next[i]
		inside, err := r.containedReferring(ctx, n.typ, n.clause.Chain.Param, link, within)
		if err != nil {
			return docset.Set{}, atClause(err, n.clause)
		}
		found.Or(inside)
		targets, err := r.all(ctx, *link)
		if err != nil {
			return docset.Set{}, atClause(err, n.clause)
		}
		if targets.IsEmpty() {
			continue
		}
		some, err := r.referrers(ctx, n.typ, n.clause.Chain.Param, link.Type, targets, within)
		if err != nil {
			return docset.Set{}, err
		}
		found.Or(some)
		if some, err = r.canonicallyReferring(ctx, n.typ, n.clause.Chain.Param, link.Type, targets); err != nil {
			return docset.Set{}, err
		}
		found.Or(some)
	}
	return found, nil
}

// What the ways from targets to those that refer to them cost, in microseconds.
const (
	targetCost   = bodyCost + 2 // a target's body for its id, and the versions under it
	termCost     = 3            // a term of the reference, and its target looked up
	referrerCost = bodyCost + 3 // a candidate's body, and its targets looked up
)

// referrers finds the versions of typ, within a set, whose reference parameter leads to one of targets, by whichever way costs
// least: from the targets, over all that is referred to, or from the candidates.
func (r *run) referrers(ctx context.Context, typ string, param *def.SearchParam, target string, targets, within docset.Set) (docset.Set, error) {
	id := uint16(r.defs.Type(target).ID)
	known, err := r.view.Count(ctx, id)
	if err != nil {
		return docset.Set{}, err
	}
	fromTargets, overTerms, fromCandidates := targets.Len()*targetCost, known*termCost, within.Len()*referrerCost
	switch {
	case fromCandidates < fromTargets && fromCandidates < overTerms:
		r.way(Candidates)
		return r.candidatesReferring(ctx, typ, param, target, targets, within)
	case overTerms < fromTargets:
		r.way(References)
		return r.termsReferring(ctx, typ, param, target, targets)
	}
	r.way(Targets)
	return r.targetsReferring(ctx, typ, param, target, targets)
}

// targetsReferring reads the targets for their ids, and the versions posted under each.
func (r *run) targetsReferring(ctx context.Context, typ string, param *def.SearchParam, target string, targets docset.Set) (docset.Set, error) {
	var found docset.Set
	err := r.chunks(targets, chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, uint16(r.defs.Type(target).ID), numbers)
		if err != nil {
			return false, err
		}
		var spans []index.Span
		for i := range versions {
			s, err := r.referenceSpans(ctx, typ, param, target, versions[i].ID)
			if err != nil {
				return false, err
			}
			spans = append(spans, s...)
		}
		yes, _, err := r.spanDocs(ctx, spans)
		found.Or(yes)
		return true, err
	})
	return found, err
}

// termsReferring goes over everything of type target that is referred to.
func (r *run) termsReferring(ctx context.Context, typ string, param *def.SearchParam, target string, targets docset.Set) (docset.Set, error) {
	var found docset.Set
	var ids []string
	var docs []docset.Set
	id := uint16(r.defs.Type(target).ID)
	flush := func() error {
		known, err := r.view.Find(ctx, id, ids...)
		some := []docset.Set{found}
		for i, f := range known {
			if f.Live() && targets.Contains(f.Number) {
				some = append(some, docs[i])
			}
		}
		found, ids, docs = docset.Or(some...), ids[:0], docs[:0]
		return err
	}
	err := r.referenceTerms(ctx, typ, param, target, func(id string, set docset.Set) error {
		ids, docs = append(ids, id), append(docs, set)
		if len(ids) == idChunk {
			return flush()
		}
		return nil
	})
	if err == nil && len(ids) > 0 {
		err = flush()
	}
	return found, err
}

// candidatesReferring reads the candidates for what they refer to.
func (r *run) candidatesReferring(ctx context.Context, typ string, param *def.SearchParam, target string, targets, within docset.Set) (docset.Set, error) {
	var kept []uint32
	id := uint16(r.defs.Type(target).ID)
	err := r.chunks(within, chunk, func(numbers []uint32) (bool, error) {
		ids, owners, err := r.referencesTo(ctx, typ, numbers, param, target)
		if err != nil {
			return false, err
		}
		known, err := r.view.Find(ctx, id, ids...)
		for i, f := range known {
			if f.Live() && targets.Contains(f.Number) {
				kept = append(kept, owners[i])
			}
		}
		return true, err
	})
	return docset.Of(kept...), err
}

// referencesTo reads versions of typ for the ids of type target that param refers to, and which version each came from.
func (r *run) referencesTo(ctx context.Context, typ string, numbers []uint32, param *def.SearchParam, target string) (ids []string, owners []uint32, err error) {
	versions, err := r.bodies(ctx, uint16(r.defs.Type(typ).ID), numbers)
	if err != nil {
		return nil, nil, err
	}
	var refs []fhir.Reference
	for i := range versions {
		node, err := r.parse(&versions[i])
		if err != nil {
			return nil, nil, err
		}
		if refs, err = r.terms.References(refs[:0], node, param); err != nil {
			return nil, nil, err
		}
		for _, ref := range refs {
			if r.isHere(&ref) && ref.Key.Type == target {
				ids, owners = append(ids, ref.Key.ID), append(owners, numbers[i])
			}
		}
	}
	return ids, owners, nil
}

// hasNode is a condition on resources that refer here.
type hasNode struct {
	clause search.Clause
	typ    string
	id     uint16
}

func (n *hasNode) name() string { return n.clause.Name }

func (n *hasNode) estimate(_ context.Context, r *run) (int, float64, error) {
	return int(r.view.Next(n.id)), 1, nil
}

func (n *hasNode) filter(*run) (filter, error) { return nil, nil }

func (n *hasNode) docs(ctx context.Context, r *run, _ docset.Set) (docset.Set, error) {
	has := n.clause.Has
	sources, err := r.all(ctx, has.Link)
	if err != nil || sources.IsEmpty() {
		return docset.Set{}, atClause(err, n.clause)
	}
	defined, err := r.hasDefined(ctx, n.typ, has.Link.Type, has.Param, sources)
	if err != nil {
		return docset.Set{}, err
	}
	found, err := n.referred(ctx, r, sources)
	return docset.Or(found, defined), err
}

// referred finds what sources refer to by id, by whichever way costs less: over all that is referred to, or from the sources.
func (n *hasNode) referred(ctx context.Context, r *run, sources docset.Set) (docset.Set, error) {
	has := n.clause.Has
	known, err := r.view.Count(ctx, n.id)
	if err != nil {
		return docset.Set{}, err
	}
	if known*termCost < sources.Len()*referrerCost {
		r.way(References)
		var ids []string
		err := r.referenceTerms(ctx, has.Link.Type, has.Param, n.typ, func(id string, docs docset.Set) error {
			if docset.Intersects(docs, sources) {
				ids = append(ids, id)
			}
			return nil
		})
		if err != nil {
			return docset.Set{}, err
		}
		return r.numbersOf(ctx, n.id, ids)
	}
	r.way(Candidates)
	var found docset.Set
	err = r.chunks(sources, chunk, func(numbers []uint32) (bool, error) {
		ids, _, err := r.referencesTo(ctx, has.Link.Type, numbers, has.Param, n.typ)
		if err != nil {
			return false, err
		}
		some, err := r.numbersOf(ctx, n.id, ids)
		found.Or(some)
		return true, err
	})
	return found, err
}
