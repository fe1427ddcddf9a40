// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// maxComponents is more than any composite of R4 has.
const maxComponents = 4

// composite adds a term for each choice of one value for each component on the focus v.
func (x *Index) composite(t *Terms, s *source, v *fhirpath.Value) {
	t.parts, t.partEnds = t.parts[:0], t.partEnds[:0]
	var first [maxComponents + 1]int // of each component in partEnds
	n := len(s.components)
	for i := n - 1; i >= 0; i-- { // the value comes last and is missing most
		first[i] = len(t.partEnds)
		if !x.parts(t, s.components[i], v) {
			return
		}
	}
	pick := first
	for len(t.ends)-t.roundFirst <= MaxTerms {
		t.open(&s.header, CompositeClass)
		for i := range n {
			t.keys = append(t.keys, t.part(pick[i])...)
		}
		t.done()
		i := n - 1
		for ; i >= 0; i-- {
			end := len(t.partEnds)
			if i > 0 {
				end = first[i-1]
			}
			if pick[i]++; pick[i] < end {
				break
			}
			pick[i] = first[i]
		}
		if i < 0 {
			return
		}
	}
}

func (t *Terms) part(i int) []byte {
	from := 0
	if i > 0 {
		from = t.partEnds[i-1]
	}
	return t.parts[from:t.partEnds[i]]
}

// parts appends the values of one component; it reports whether there are any.
func (x *Index) parts(t *Terms, c *plan, focus *fhirpath.Value) bool {
	before := len(t.partEnds)
	x.componentValues(&t.inner, c, focus, t.root, func(v *fhirpath.Value) { x.appendParts(t, c.param.Type, v) })
	return len(t.partEnds) > before
}

// componentValues calls f for each value of a component on the focus.
func (x *Index) componentValues(e *fhirpath.Evaluator, c *plan, focus *fhirpath.Value, root fhirpath.Value, f func(*fhirpath.Value)) {
	walks, plain := c.program.Walks()
	if !plain {
		items, err := e.Evaluate(c.program, *focus, root)
		if err != nil {
			return
		}
		for i := range items {
			if present(&items[i]) && indexable(c.param.Type, shapeOf(&items[i])) {
				f(&items[i])
			}
		}
		return
	}
	for _, w := range walks {
		if len(w) > 0 && indexable(c.param.Type, shapeOfType(w[len(w)-1].Type)) {
			follow(focus.Node, w, f)
		}
	}
}

// follow calls f for each value at the end of a walk.
func follow(n fhir.Node, w fhirpath.Walk, f func(*fhirpath.Value)) {
	m := n.Field(w[0].Name)
	if !m.Ok() {
		return
	}
	one := func(m fhir.Node) {
		if len(w) > 1 {
			follow(m, w[1:], f)
		} else if m.Kind() > fhir.Null {
			f(&fhirpath.Value{Node: m, Type: w[0].Type, Element: w[0].Element})
		}
	}
	items(m, one)
}

func (x *Index) appendParts(t *Terms, kind def.ParamType, v *fhirpath.Value) {
	end := func() { t.partEnds = append(t.partEnds, len(t.parts)) }
	switch kind {
	case def.TokenParam:
		tokens(v, func(k token) {
			if k.code != "" || k.system != "" {
				t.parts = appendCodePart(t.parts, k.code, t.hashOf(k.system), x.folds(&k))
				end()
			}
		})
	case def.StringParam:
		texts(v, func(n fhir.Node) {
			t.text = Normalize(t.text[:0], n.Text())
			t.parts = appendCut(t.parts, t.text)
			end()
		})
	case def.URIParam:
		if uriOf(v) != "" {
			t.parts = appendURIPart(t.parts, v.Node)
			end()
		}
	case def.DateParam:
		if p, ok := periodOf(v); ok {
			t.parts = p.append(t.parts)
			end()
		}
	case def.NumberParam:
		numbers(v, func(e extent) { t.extentPart(&e, len(t.parts)) })
	case def.QuantityParam:
		quantities(v, func(q quantity) {
			q.units(func(unit, system string) {
				from := len(t.parts)
				t.parts = t.appendHash(appendCut(t.parts, unit), system)
				t.extentPart(&q.extent, from)
			})
		})
	case def.ReferenceParam:
		from := len(t.parts)
		dst, ok := x.appendReferencePart(t.parts, v)
		if t.parts = dst; !ok {
			t.parts = t.parts[:from]
			return
		}
		end()
	}
}

// extentPart ends the component that began at from with numbers, or drops it.
func (t *Terms) extentPart(e *extent, from int) {
	dst, ok := e.appendPart(t.parts)
	if t.parts = dst; !ok {
		t.parts = t.parts[:from]
		return
	}
	t.partEnds = append(t.partEnds, len(t.parts))
}

// part is a condition that can stand in a composite.
type part interface {
	condition
	// prefix appends what every value that can match begins with; whole reports whether that is all of it.
	prefix(dst []byte) (_ []byte, whole bool)
	// judge judges the value that b begins with, and returns what follows it.
	judge(b []byte) (v Verdict, rest []byte)
	// doubt is Maybe if judge can say so, else Yes.
	doubt() Verdict
}

// compositeCondition asks for values of one element together.
type compositeCondition struct {
	x     *Index
	plan  *plan
	parts []part
	inner fhirpath.Evaluator
	terms Terms
}

func (x *Index) newComposite(c Clause, plan *plan, v Value) (*compositeCondition, error) {
	if len(v.Parts) != len(plan.components) {
		return nil, fault.New(fault.Invalid, "%q needs %d values with $ between them", c.Param.Code, len(plan.components))
	}
	q := &compositeCondition{x: x, plan: plan}
	for i, component := range plan.components {
		inner := c
		inner.Param, inner.Modifier, inner.Target = component.param, Plain, ""
		made, err := x.condition(inner, component, v.Parts[i])
		if err != nil {
			return nil, err
		}
		p, ok := made.(part)
		if !ok {
			return nil, fault.New(fault.Unsupported, "a component of %q cannot be searched by", c.Param.Code)
		}
		q.parts = append(q.parts, p)
	}
	return q, nil
}

func (c *compositeCondition) spans(s *source) []Span {
	key, doubt := s.header.key(CompositeClass), Yes
	for i, whole := 0, true; i < len(c.parts) && whole; i++ {
		key, whole = c.parts[i].prefix(key)
	}
	for _, p := range c.parts {
		doubt = max(doubt, p.doubt())
	}
	return []Span{within(key).judged(doubt, c.judgeTerm)}
}

func (c *compositeCondition) judgeTerm(term []byte) (Verdict, []byte) {
	rest, result := term[HeaderLength:], Yes
	for _, p := range c.parts {
		var v Verdict
		if v, rest = p.judge(rest); v == No {
			return No, nil
		}
		result = max(result, v)
	}
	return result, nil
}

func (c *compositeCondition) match(focus *fhirpath.Value, root fhirpath.Value) bool {
	for i, p := range c.parts {
		found := false
		c.x.componentValues(&c.inner, c.plan.components[i], focus, root, func(v *fhirpath.Value) {
			found = found || p.match(v, root)
		})
		if !found {
			return false
		}
	}
	return true
}

// complete reports whether every component has a value on the focus.
func (c *compositeCondition) complete(focus *fhirpath.Value, root fhirpath.Value) bool {
	c.terms.root = root
	for _, component := range c.plan.components {
		c.terms.parts, c.terms.partEnds = c.terms.parts[:0], c.terms.partEnds[:0]
		if !c.x.parts(&c.terms, component, focus) {
			return false
		}
	}
	return true
}
