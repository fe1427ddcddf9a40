// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "galen/internal/fhir/def"

// Mode says by which rules an expression is compiled and evaluated.
type Mode uint8

// The modes.
const (
	Search    Mode = iota // search parameters: as keeps all items of the type, system types stand for FHIR's
	Language              // the language as specified
	Strict                // Language, and paths that the definitions do not know fail to compile
	Invariant             // Language, but as keeps all items of the type and system types stand for FHIR's: invariants of R4 (dom-3, que-7) count on it
)

// Program is a compiled expression.
type Program struct {
	source string
	defs   *def.Definitions
	op     operation
	static static
	mode   Mode
}

// Step is one member on the way of a Walk.
type Step struct {
	Name    string // in JSON: "valueQuantity"
	Sibling string // "_valueString", empty if the member has none
	Element *def.Element
	Type    *def.Structure // of the member's value, or of each in a JSON array
}

// Walk is one plain way: the members to follow from the focus, through arrays where there are any. An empty walk is the
// focus itself.
type Walk []Step

// Compile compiles an expression that will be evaluated on values of the context types. Without one, types are found only
// while evaluating. It fails with a *SyntaxError.
func Compile(d *def.Definitions, source string, context ...*def.Structure) (*Program, error) {
	return CompileMode(Search, d, source, context...)
}

// CompileMode is Compile with the rules of mode.
func CompileMode(mode Mode, d *def.Definitions, source string, context ...*def.Structure) (*Program, error) {
	e, err := parse(source)
	if err != nil {
		return nil, err
	}
	focus := static{open: len(context) == 0, plain: len(context) == 1}
	for _, s := range context {
		focus.types = append(focus.types, s)
		focus.walks = append(focus.walks, Walk{})
	}
	c := compiler{defs: d, context: focus, mode: mode}
	op, st, err := c.compile(e, focus)
	if err != nil {
		return nil, err
	}
	return &Program{source, d, op, st, mode}, nil
}

// Source is the expression as it was given.
func (p *Program) Source() string { return p.source }

// Walks gives the walks whose values together are what the program yields, but for the order and repetitions of values
// that are equal. ok is false if the program is more than that.
func (p *Program) Walks() (walks []Walk, ok bool) { return p.static.walks, p.static.plain }

// Types lists the FHIR types that the values can have as far as the definitions say; ok is false if there can be others.
func (p *Program) Types() (types []*def.Structure, ok bool) { return p.static.types, !p.static.open }

// Elements lists the definitions of the elements that a program of walks ends at.
func (p *Program) Elements() []*def.Element {
	var list []*def.Element
	for _, w := range p.static.walks {
		if len(w) > 0 {
			list = append(list, w[len(w)-1].Element)
		}
	}
	return list
}

// static is what the compiler knows of an operation's result.
type static struct {
	types []*def.Structure
	open  bool // there can be other types
	walks []Walk
	plain bool // walks are all there is to it
}

// computed is the result of an operation that yields system values.
var computed = static{}

// member gives what lies under name.
func (s static) member(name string) (static, []knownMember) {
	out := static{open: s.open, plain: s.plain}
	var known []knownMember
	for _, t := range s.types {
		if t.Kind == def.Resource && t.Abstract {
			out.open, out.plain = true, false
		}
		element := t.Element(name)
		if element == nil {
			continue
		}
		k := knownMember{of: t, element: element}
		for i := range element.Types {
			choice := &element.Types[i]
			k.types = append(k.types, choice)
			out.addType(choice.Structure)
		}
		known = append(known, k)
	}
	if len(known) == 0 { // P4
		out.open, out.plain = true, false
	}
	if !out.plain {
		return out, known
	}
	for _, w := range s.walks {
		element := s.lastType(w).Element(name)
		if element == nil {
			continue
		}
		if s.lastType(w).Kind == def.Primitive { // below a sibling
			return static{types: out.types, open: out.open}, known
		}
		for i := range element.Types {
			choice := &element.Types[i]
			step := Step{Name: choice.JSON, Sibling: choice.Sibling, Element: element, Type: choice.Structure}
			out.walks = append(out.walks, append(w[:len(w):len(w)], step))
		}
	}
	return out, known
}

func (s static) lastType(w Walk) *def.Structure {
	if len(w) == 0 {
		return s.types[0]
	}
	return w[len(w)-1].Type
}

func (s *static) addType(t *def.Structure) {
	for _, have := range s.types {
		if have == t {
			return
		}
	}
	s.types = append(s.types, t)
}

// only keeps the types that the spec names.
func (s static) only(spec *typeSpec) static {
	out := static{open: s.open, plain: s.plain}
	for _, t := range s.types {
		switch {
		case spec.has(&Value{Type: t}, true):
			out.addType(t)
		case t.Kind == def.Resource && t.Abstract:
			out.open, out.plain = true, false
			if spec.fhir != nil {
				out.addType(spec.fhir)
			}
		}
	}
	if !out.plain {
		return out
	}
	for _, w := range s.walks {
		if spec.has(&Value{Type: s.lastType(w)}, true) {
			out.walks = append(out.walks, w)
		}
	}
	return out
}

// filtered is what is left when some of the values are taken away.
func (s static) filtered() static { return static{types: s.types, open: s.open} }

// and is what a union yields.
func (s static) and(o static) static {
	out := static{open: s.open || o.open, plain: s.plain && o.plain}
	for _, t := range append(s.types[:len(s.types):len(s.types)], o.types...) {
		out.addType(t)
	}
	if out.plain {
		out.walks = append(s.walks[:len(s.walks):len(s.walks)], o.walks...)
	}
	return out
}
