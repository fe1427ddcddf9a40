// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
)

// Concepts says which codes a value of :in, :not-in, :above or :below stands for, by the terminology of a data store as the view
// has it. m is that modifier. It fails with fault.NotFound if a value set or code system is not here.
type Concepts func(ctx context.Context, v *record.View, m index.Modifier, value index.Value) (*index.Concepts, error)

// resolve gives the values of a query their concepts, and those of hierarchies all that is above or below them.
func (r *run) resolve(ctx context.Context, clauses []search.Clause) error {
	for i := range clauses {
		if err := r.resolveOne(ctx, &clauses[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) resolveOne(ctx context.Context, c *search.Clause) error {
	switch {
	case c.Chain != nil:
		for i := range c.Chain.Next {
			if err := r.resolveOne(ctx, &c.Chain.Next[i].Clause); err != nil {
				return err
			}
		}
	case c.Has != nil:
		return r.resolveOne(ctx, &c.Has.Link.Clause)
	case c.Leaf != nil:
		return r.resolveLeaf(ctx, c)
	case c.Not != nil:
		return r.resolveOne(ctx, c.Not)
	case c.Inside != nil:
		return r.resolve(ctx, c.Inside.Where)
	case c.All != nil:
		return r.resolve(ctx, c.All)
	}
	return r.resolve(ctx, c.Any)
}

func (r *run) resolveLeaf(ctx context.Context, c *search.Clause) error {
	l := c.Leaf
	switch {
	case l.IsHierarchical():
		var err error
		l.Within, err = r.hierarchy(ctx, l)
		return atClause(err, *c)
	case !l.AsksConcepts():
		return nil
	}
	if r.opt.Concepts == nil {
		return fault.New(fault.Unsupported, "there is no terminology service to ask here").At(c.Name)
	}
	for i := range l.Values {
		concepts, err := r.opt.Concepts(ctx, r.view, l.Modifier, l.Values[i])
		if err != nil {
			return atClause(refused(err), *c)
		}
		l.Values[i].Concepts = concepts
	}
	return nil
}

// refused tells a failure of the terminology as one of the request: what is not found is not what was searched.
func refused(err error) error {
	first := fault.All(err)[0]
	if first.Kind != fault.NotFound {
		return err
	}
	return fault.New(fault.Invalid, "%s", first.Text).WithCode("not-found")
}
