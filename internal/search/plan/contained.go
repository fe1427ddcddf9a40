// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"slices"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// containedReferring finds the versions of typ, within a set, whose reference parameter leads to a resource that they contain and that
// fulfils the condition of a link. The terms say which may; their bodies are read.
//
// http://hl7.org/fhir/R4/search.html#contained
func (r *run) containedReferring(ctx context.Context, typ string, param *def.SearchParam, link *search.Link, within docset.Set) (docset.Set, error) {
	spans, err := r.terms.Inside(typ, param, link.Type)
	if err != nil {
		return docset.Set{}, err
	}
	_, candidates, err := r.spanDocs(ctx, spans)
	if candidates = docset.And(candidates, within); err != nil || candidates.IsEmpty() {
		return docset.Set{}, err
	}
	in := r.contained()
	if err := in.prepare(ctx, &link.Clause); err != nil {
		return docset.Set{}, err
	}
	var kept []uint32
	err = r.eachBody(ctx, uint16(r.defs.Type(typ).ID), candidates, func(number uint32, container fhir.Node) error {
		ok, err := in.leads(ctx, container, container, param, link)
		if ok {
			kept = append(kept, number)
		}
		return err
	})
	return docset.Of(kept...), err
}

// eachBody calls do with the number and the body of each version of a set. The body is valid until do returns.
func (r *run) eachBody(ctx context.Context, typ uint16, set docset.Set, do func(number uint32, body fhir.Node) error) error {
	return r.chunks(set, chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, typ, numbers)
		if err != nil {
			return false, err
		}
		for i := range versions {
			body, err := r.parse(&versions[i])
			if err != nil {
				return false, err
			}
			if err := do(numbers[i], body); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// contained asks resources inside of others. What stands elsewhere is found before the first body is read.
type contained struct {
	r        *run
	matchers map[*search.Leaf]*index.Matcher
	targets  map[*search.Link]docset.Set // of chains that go on from a contained resource: what fulfils them
}

func (r *run) contained() *contained {
	return &contained{r: r, matchers: map[*search.Leaf]*index.Matcher{}, targets: map[*search.Link]docset.Set{}}
}

// prepare makes what a condition needs.
func (in *contained) prepare(ctx context.Context, c *search.Clause) (err error) {
	switch {
	case c.Leaf != nil && !c.Created:
		clause, values := c.Leaf.Asked()
		clause.Base = in.r.here()
		if in.matchers[c.Leaf], err = in.r.terms.Matcher(clause, values...); err != nil {
			return atClause(err, *c)
		}
	case c.Chain != nil:
		for i := range c.Chain.Next {
			link := &c.Chain.Next[i]
			if in.targets[link], err = in.r.all(ctx, *link); err != nil {
				return err
			}
			if err := in.prepare(ctx, &link.Clause); err != nil {
				return err
			}
		}
	case c.Not != nil:
		return in.prepare(ctx, c.Not)
	}
	for i := range c.All {
		if err := in.prepare(ctx, &c.All[i]); err != nil {
			return err
		}
	}
	for i := range c.Any {
		if err := in.prepare(ctx, &c.Any[i]); err != nil {
			return err
		}
	}
	return nil
}

// leads reports whether a reference of a resource leads to one that its container contains and that fulfils the condition of a link.
func (in *contained) leads(ctx context.Context, container, resource fhir.Node, param *def.SearchParam, link *search.Link) (bool, error) {
	refs, err := in.r.terms.ReferencesInside(nil, resource, container, param)
	if err != nil {
		return false, err
	}
	for _, ref := range refs {
		if ref.Kind != fhir.Fragment || ref.Rest == "" {
			continue
		}
		for c := container.Field("contained").First(); c.Ok(); c = c.Next() {
			if !c.Field("id").Is(ref.Rest) || fhir.Type(c) != link.Type {
				continue
			}
			if ok, err := in.holds(ctx, container, c, &link.Clause); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// holds asks a contained resource. It has no id and no time of its own, is in no List, and nothing refers to it but its container.
func (in *contained) holds(ctx context.Context, container, resource fhir.Node, c *search.Clause) (bool, error) {
	switch {
	case len(c.Any) > 0:
		for i := range c.Any {
			if ok, err := in.holds(ctx, container, resource, &c.Any[i]); ok || err != nil {
				return ok, err
			}
		}
	case len(c.All) > 0:
		for i := range c.All {
			if ok, err := in.holds(ctx, container, resource, &c.All[i]); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	case c.Not != nil:
		ok, err := in.holds(ctx, container, resource, c.Not)
		return !ok && err == nil, err
	case c.Text != nil:
		return c.Text.Hold(resource), nil
	case c.Chain != nil:
		return in.chain(ctx, container, resource, c.Chain)
	case c.Leaf != nil && !c.Created && c.Leaf.Param.Code != "_id" && c.Leaf.Param.Code != "_lastUpdated":
		return in.matchers[c.Leaf].MatchInside(resource, container)
	case c.Near != nil:
		position := resource.Field("position")
		return slices.ContainsFunc(c.Near, func(circle index.Circle) bool { return circle.Has(position) }), nil
	}
	return false, nil
}

// chain goes on from a contained resource: to others in the container, and to those of the data store.
func (in *contained) chain(ctx context.Context, container, resource fhir.Node, chain *search.Chain) (bool, error) {
	refs, err := in.r.terms.ReferencesInside(nil, resource, container, chain.Param)
	if err != nil {
		return false, err
	}
	for i := range chain.Next {
		link := &chain.Next[i]
		if ok, err := in.leads(ctx, container, resource, chain.Param, link); ok || err != nil {
			return ok, err
		}
		var ids []string
		for _, ref := range refs {
			if in.r.isHere(&ref) && ref.Key.Type == link.Type {
				ids = append(ids, ref.Key.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found, err := in.r.numbersOf(ctx, uint16(in.r.defs.Type(link.Type).ID), ids)
		if err != nil || docset.Intersects(found, in.targets[link]) {
			return err == nil, err
		}
	}
	return false, nil
}
