// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"maps"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// MaxOwnTerms is the most terms that one resource may have of one of a data store's own parameters. Of a parameter that would have more
// it has none, and none of one whose expression cannot be evaluated on it: they never keep a resource from being stored.
const MaxOwnTerms = 10_000

// With gives an index of x's parameters and those of a data store's own, as def.Definitions.With takes them. Each of these has
// terms of its own: it shares none, so that what is posted for it does not depend on the other parameters. It fails as New does.
func (x *Index) With(params []*def.SearchParam) (*Index, error) {
	n := &Index{defs: x.defs.With(params), types: maps.Clone(x.types)}
	return n, n.addOwn(params, func(t *def.Type) *typePlan {
		tp := *x.types[t.Name]
		tp.plans, tp.own = maps.Clone(tp.plans), nil
		return &tp
	})
}

// Only gives an index that makes terms of some of x's own parameters and of nothing else.
func (x *Index) Only(ids []def.ParamID) (*Index, error) {
	var params []*def.SearchParam
	for _, id := range ids {
		if p := x.defs.ParamByID(id); p != nil && id >= def.FirstFreeParam {
			params = append(params, p)
		}
	}
	n := &Index{defs: x.defs, types: make(map[string]*typePlan, len(x.types))}
	nothing := func(t *def.Type) *typePlan {
		return &typePlan{root: &branch{typ: t.Structure}, plans: map[def.ParamID]*plan{}}
	}
	for _, t := range x.defs.Types() {
		if !t.Abstract {
			n.types[t.Name] = nothing(t)
		}
	}
	return n, n.addOwn(params, nothing)
}

// addOwn compiles own parameters for each type that has one, onto what onto gives for it.
func (x *Index) addOwn(params []*def.SearchParam, onto func(*def.Type) *typePlan) error {
	for _, t := range x.defs.Types() {
		var tp *typePlan
		for _, p := range params {
			expression := p.ExpressionFor(t.Name)
			if t.Abstract || expression == "" {
				continue
			}
			if tp == nil {
				tp = onto(t)
				x.types[t.Name] = tp
			}
			c := typeCompiler{x: x, typ: t}
			pl, err := c.plan(p, expression)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Code, err)
			}
			tp.plans[p.ID] = pl
			tp.own = append(tp.own, ownSource(t, pl.sources[0]))
		}
	}
	return nil
}

// own is a source of one of a data store's own parameters, with a tree for its walks only.
type own struct {
	*source
	root *branch // nil if the source is not plain
}

func ownSource(t *def.Type, s *source) own {
	o := own{source: s}
	if s.plain {
		o.root = &branch{typ: t.Structure}
		o.root.plant(s)
	}
	return o
}

// appendOwn adds the terms of one own parameter, or none.
func (x *Index) appendOwn(dst *Terms, o own) {
	root := dst.root
	bytes, count := len(dst.keys), len(dst.ends)
	dst.begin(root, MaxOwnTerms)
	failed := false
	if o.root != nil {
		x.visit(dst, root.Node, o.root)
	} else {
		items, err := dst.evaluator.Evaluate(o.program, root, root)
		failed = err != nil
		for i := range items {
			x.emit(dst, o.source, &items[i])
		}
	}
	if failed || len(dst.ends)-count > MaxOwnTerms {
		dst.keys, dst.ends = dst.keys[:bytes], dst.ends[:count]
		dst.skipped++
	}
}

// Skipped is how many times since Reset a resource has no terms of an own parameter because they cannot be made.
func (t *Terms) Skipped() int { return t.skipped }

// evaluate gives the values of a parameter. An own parameter that cannot be evaluated on the resource has none.
func (pl *plan) evaluate(e *fhirpath.Evaluator, root fhirpath.Value) ([]fhirpath.Value, error) {
	items, err := e.Evaluate(pl.program, root, root)
	if err != nil && pl.param.ID >= def.FirstFreeParam {
		return nil, nil
	}
	return items, err
}

// Check reports why an expression is none that a parameter of a type can have on resources of another: fault.Unprocessable if it does
// not compile, names what they do not have, or yields only what such a parameter does not read. Of values that the expression
// computes nothing is known but that only tokens read them.
func Check(d *def.Definitions, kind def.ParamType, typ *def.Type, expression string) error {
	base, target := narrowing(expression)
	if target != "" && (kind != def.ReferenceParam || d.Type(target) == nil) {
		return fault.New(fault.Unprocessable, "the expression narrows by %.64q, which is no resource type or not what a %s parameter can be narrowed by", target, kind).WithCode("value")
	}
	if _, err := fhirpath.CompileMode(fhirpath.Strict, d, base, typ.Structure); err != nil {
		return fault.New(fault.Unprocessable, "the expression is none on %s: %s", typ.Name, err).WithCode("value")
	}
	program, err := fhirpath.Compile(d, expression, typ.Structure)
	if err != nil {
		return fault.New(fault.Unprocessable, "the expression is none on %s: %s", typ.Name, err).WithCode("value")
	}
	types, closed := program.Types()
	if !closed || len(types) == 0 && kind == def.TokenParam {
		return nil
	}
	for _, t := range types {
		if indexable(kind, shapeOfType(t)) {
			return nil
		}
	}
	return fault.New(fault.Unprocessable, "on %s the expression yields nothing that a %s parameter reads", typ.Name, kind).WithCode("value")
}
