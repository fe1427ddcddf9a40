// SPDX-License-Identifier: Apache-2.0

package validate

import "galen/internal/fhir/def"

// shape is a structure made ready for the walk.
type shape struct {
	def        *def.Structure
	fields     map[string]*field
	required   set // elements with a minimum, by Index
	rule       rule
	resource   bool
	invariants []invariant
}

// rule names the checks beyond the elements that a structure has.
type rule uint8

const (
	noRule rule = iota
	extensionRule
	referenceRule
	conceptRule
	bundleRule
	attachmentRule
	definitionRule
	questionnaireRule
)

// field is a member of a shape's objects.
type field struct {
	element    *def.Element
	typ        *def.ElementType
	shape      *shape        // of the value, or of the sibling; nil for a primitive's value and for a resource
	codes      *def.ValueSet // of a required binding on a code or CodeableConcept (R4 has none on a Coding)
	scalar     def.Scalar
	list       bool
	sibling    bool
	inside     bool        // the value is a resource
	invariants []invariant // of the element, beside those of the value's structure
}

// set is a set of element indexes; no structure of R4 has more than 128.
type set [2]uint64

func (s *set) add(i int)      { s[uint(i)>>6&1] |= 1 << (uint(i) & 63) }
func (s *set) has(i int) bool { return s[uint(i)>>6&1]&(1<<(uint(i)&63)) != 0 }

// lacks reports whether an element of want is not in s.
func (s *set) lacks(want *set) bool { return want[0]&^s[0]|want[1]&^s[1] != 0 }

// compile makes the shapes of all structures, and gives those of the concrete resource types by name.
func compile(d *def.Definitions) map[string]*shape {
	c := compiler{defs: d, shapes: map[*def.Structure]*shape{}}
	types := make(map[string]*shape, len(d.Types()))
	for _, t := range d.Types() {
		if !t.Abstract {
			types[t.Name] = c.shape(t.Structure)
		}
	}
	return types
}

type compiler struct {
	defs   *def.Definitions
	shapes map[*def.Structure]*shape
}

func (c *compiler) shape(s *def.Structure) *shape {
	if sh := c.shapes[s]; sh != nil {
		return sh
	}
	if len(s.Elements) > 128 {
		panic("validate: " + s.Name + " has more elements than a set holds")
	}
	sh := &shape{def: s, fields: map[string]*field{}, resource: s.Kind == def.Resource}
	c.shapes[s] = sh
	sh.invariants = invariantsOf(c.defs, s)
	switch s.Name {
	case "Bundle":
		sh.rule = bundleRule
	case "Extension":
		sh.rule = extensionRule
	case "Reference":
		sh.rule = referenceRule
	case "StructureDefinition":
		sh.rule = definitionRule
	case "Questionnaire":
		sh.rule = questionnaireRule
	case "Attachment":
		sh.rule = attachmentRule
	case "CodeableConcept":
		sh.rule = conceptRule
	}
	for _, e := range s.Elements {
		if e.Min > 0 {
			sh.required.add(e.Index)
		}
		for i := range e.Types {
			t := &e.Types[i]
			sh.fields[t.JSON] = c.field(e, t)
			if t.Sibling != "" {
				sh.fields[t.Sibling] = c.sibling(s, e, t)
			}
		}
	}
	return sh
}

func (c *compiler) field(e *def.Element, t *def.ElementType) *field {
	f := &field{element: e, typ: t, list: e.List()}
	switch t.Structure.Kind {
	case def.Primitive:
		f.scalar = t.Structure.Scalar
	case def.Resource:
		f.inside = true
	default:
		f.shape = c.shape(t.Structure)
	}
	if !f.inside {
		f.invariants = invariantsFrom(c.defs, t.Structure, e.Constraints)
	}
	if b := e.Binding; b != nil && b.Strength == def.Required && b.ValueSet != nil && b.ValueSet.Enumerable {
		if f.scalar == def.Code || f.shape != nil && f.shape.rule == conceptRule {
			f.codes = b.ValueSet
		}
	}
	return f
}

func (c *compiler) sibling(s *def.Structure, e *def.Element, t *def.ElementType) *field {
	m, _ := s.Member(t.Sibling)
	return &field{element: e, typ: t, list: e.List(), sibling: true, shape: c.shape(m.Structure())}
}
