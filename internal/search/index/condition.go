// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// condition is one value asked for, prepared.
type condition interface {
	// spans gives the terms of a source to unite.
	spans(s *source) []Span
	// match reports whether one value of the parameter satisfies the condition; root is the resource that holds it.
	match(v *fhirpath.Value, root fhirpath.Value) bool
}

// condition prepares a value by the parameter's type and the modifier. Not is left to the caller.
func (x *Index) condition(c Clause, pl *plan, v Value) (condition, error) {
	p := c.Param
	if !has(modifiers[p.Type], c.Modifier) {
		return nil, fault.New(fault.Unsupported, "this modifier is not supported for %q", p.Code)
	}
	if c.Target != "" && p.Type != def.ReferenceParam {
		return nil, fault.New(fault.Unsupported, "%q is no reference and takes no type", p.Code)
	}
	if v.Prefix != Equal && c.Modifier != Compared && p.Type != def.NumberParam && p.Type != def.DateParam && p.Type != def.QuantityParam {
		return nil, fault.New(fault.Unsupported, "%q takes no prefix", p.Code)
	}
	switch c.Modifier {
	case Missing:
		return x.newAny(c, pl)
	case Text:
		return newText(v)
	case OfType:
		return newOfType(v)
	case Identifier:
		return x.newIdentifier(c, pl, v)
	case Same, StartsWith, EndsWith, Compared:
		return newItem(p.Type, c.Modifier, v)
	case Unequal:
		return x.newUnequal(c, pl, v)
	}
	switch p.Type {
	case def.TokenParam:
		switch {
		case c.AsksConcepts():
			return x.newConcepts(pl, v)
		case c.Modifier == Contains:
			return newItem(p.Type, c.Modifier, v)
		}
		return x.newToken(pl, v)
	case def.StringParam:
		return newString(c.Modifier, v)
	case def.URIParam:
		if c.Modifier == Contains {
			return newItem(p.Type, c.Modifier, v)
		}
		return newURI(c.Modifier, v)
	case def.ReferenceParam:
		return x.newReference(c, pl, v)
	case def.DateParam:
		return newDate(c, v)
	case def.NumberParam:
		return newNumber(v)
	case def.QuantityParam:
		return newQuantity(v)
	case def.CompositeParam:
		return x.newComposite(c, pl, v)
	}
	return nil, fault.New(fault.Unsupported, "%q cannot be searched by", p.Code)
}

// newUnequal asks for an item that is not the one asked for.
func (x *Index) newUnequal(c Clause, pl *plan, v Value) (condition, error) {
	switch c.Param.Type {
	case def.TokenParam:
		t, err := x.newToken(pl, v)
		return unequalToken{t}, err
	case def.ReferenceParam:
		r, err := x.newReference(c, pl, v)
		return unequalReference{r}, err
	}
	return newItem(c.Param.Type, c.Modifier, v)
}

// modifiers lists what each type of parameter takes.
//
// http://hl7.org/fhir/R4/search.html#modifiers
var modifiers = map[def.ParamType][]Modifier{
	def.TokenParam:     {Plain, Missing, Text, Not, OfType, In, NotIn, Above, Below, Unequal, Contains, StartsWith, EndsWith},
	def.StringParam:    {Plain, Missing, Exact, Contains, Same, Unequal, EndsWith, Compared},
	def.URIParam:       {Plain, Missing, Above, Below, Unequal, Contains, StartsWith, EndsWith},
	def.ReferenceParam: {Plain, Missing, Identifier, Unequal},
	def.DateParam:      {Plain, Missing},
	def.NumberParam:    {Plain, Missing},
	def.QuantityParam:  {Plain, Missing},
	def.CompositeParam: {Plain, Missing},
}

func has(list []Modifier, m Modifier) bool {
	for _, one := range list {
		if one == m {
			return true
		}
	}
	return false
}

// Supports reports whether a parameter of that type takes the modifier here.
func Supports(t def.ParamType, m Modifier) bool { return has(modifiers[t], m) }

// anyCondition holds for every value that counts.
type anyCondition struct {
	x         *Index
	allowed   []def.TypeID
	kind      def.ParamType
	composite *compositeCondition
}

func (x *Index) newAny(c Clause, pl *plan) (*anyCondition, error) {
	q := &anyCondition{x: x, kind: c.Param.Type}
	var err error
	switch q.kind {
	case def.ReferenceParam:
		q.allowed, err = x.allowed(c, pl)
	case def.CompositeParam:
		q.composite = &compositeCondition{x: x, plan: pl}
	}
	return q, err
}

func (c *anyCondition) spans(s *source) []Span {
	key := s.header.key(AnyClass)
	if c.allowed == nil {
		return []Span{within(key).span(Yes)}
	}
	var spans []Span
	for _, t := range c.allowed {
		spans = append(spans, exactly(appendTarget(key[:len(key):len(key)], t)).span(Yes))
	}
	return spans
}

func (c *anyCondition) match(v *fhirpath.Value, root fhirpath.Value) (found bool) {
	switch c.kind {
	case def.TokenParam:
		tokens(v, func(k token) { found = found || k.counts() })
	case def.StringParam:
		texts(v, func(fhir.Node) { found = true })
	case def.URIParam:
		return uriOf(v) != ""
	case def.DateParam:
		_, found = periodOf(v)
	case def.NumberParam:
		numbers(v, func(e extent) { found = found || e.valid() })
	case def.QuantityParam:
		quantities(v, func(q quantity) { found = found || q.valid() })
	case def.ReferenceParam:
		r := referenceOf(v)
		return c.x.permits(c.allowed, v, &r, root)
	case def.CompositeParam:
		return c.composite.complete(v, root)
	}
	return found
}
