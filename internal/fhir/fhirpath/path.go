// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// memberOp is left.name: the children of that name, choices included.
type memberOp struct {
	left operation
	name string
	// known holds the element for each type that the compiler expects; other types are looked up.
	known []knownMember
	// only keeps the choices of one type (value as Quantity); nil keeps all.
	only *def.Structure
	// closed keeps names of choices (valueQuantity) from being paths.
	closed bool
}

type knownMember struct {
	of      *def.Structure
	element *def.Element
	types   []*def.ElementType
}

func (o *memberOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return in, err
		}
		if e.stack[i].System == Element {
			o.children(e, e.stack[i])
		} else if e.stack[i].System == TypeInfo {
			space, name, _ := strings.Cut(e.stack[i].Text, ".")
			if o.name == "namespace" {
				name = space
			}
			e.stack = append(e.stack, Value{System: String, Text: name})
		}
	}
	return e.settle(base, from), nil
}

func (o *memberOp) children(e *Evaluator, of Value) {
	if o.closed && of.Type != nil {
		if _, choice := of.Type.Member(o.name); choice && of.Type.Element(o.name) == nil {
			return
		}
	}
	if of.Type == nil {
		e.append(of.Node.Field(o.name), fhir.Node{}, nil, nil)
		return
	}
	for i := range o.known {
		if k := &o.known[i]; k.of == of.Type {
			e.choices(&of, k.element, k.types)
			return
		}
	}
	element := of.Type.Element(o.name)
	if element == nil {
		if of.Node.Kind() == fhir.Object {
			e.append(of.Node.Field(o.name), fhir.Node{}, nil, nil)
		}
		return
	}
	for i := range element.Types {
		if t := &element.Types[i]; o.only == nil || t.Structure.Is(o.only.Name) {
			e.member(&of, element, t)
		}
	}
}

func (e *Evaluator) choices(of *Value, element *def.Element, types []*def.ElementType) {
	for _, t := range types {
		e.member(of, element, t)
	}
}

// member pushes the values of one choice of an element.
func (e *Evaluator) member(of *Value, element *def.Element, t *def.ElementType) {
	if of.Node.Kind() != fhir.Object { // id and extension of a primitive
		if of.Sibling.Ok() {
			e.append(of.Sibling.Field(t.JSON), fhir.Node{}, element, t.Structure)
		}
		return
	}
	var sibling fhir.Node
	if t.Sibling != "" {
		sibling = of.Node.Field(t.Sibling)
	}
	e.append(of.Node.Field(t.JSON), sibling, element, t.Structure)
}

// append pushes the values of a member: a JSON array is a list, and so is that of its siblings.
func (e *Evaluator) append(n, sibling fhir.Node, element *def.Element, s *def.Structure) {
	if n.Kind() != fhir.Array && sibling.Kind() != fhir.Array {
		if present(n) || present(sibling) {
			e.stack = append(e.stack, Value{Node: n, Sibling: sibling, Type: dynamic(e.program.defs, n, s), Element: element})
		}
		return
	}
	item, side := first(n), first(sibling)
	for item.Ok() || side.Ok() {
		if present(item) || present(side) {
			e.stack = append(e.stack, Value{Node: item, Sibling: side, Type: dynamic(e.program.defs, item, s), Element: element})
		}
		item, side = item.Next(), side.Next()
	}
}

// first is the first element of an array; absent for other kinds.
func first(n fhir.Node) fhir.Node {
	if n.Kind() != fhir.Array {
		return fhir.Node{}
	}
	return n.First()
}

func present(n fhir.Node) bool { return n.Kind() > fhir.Null }

// unionOp is left | right: both without repetitions.
type unionOp struct{ left, right operation }

func (o *unionOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	for _, side := range [...]operation{o.left, o.right} {
		top := len(e.stack)
		w, err := side.eval(e, s)
		if err != nil {
			return w, err
		}
		if w.from < top { // a collection that was there before
			e.stack = append(e.stack, e.stack[w.from:w.to]...)
		}
	}
	end := base
	for i := base; i < len(e.stack); i++ {
		repeated := false
		for k := base; k < end && !repeated; k++ {
			if err := e.step(); err != nil {
				return window{}, err
			}
			repeated, _ = e.equal(&e.stack[k], &e.stack[i])
		}
		if !repeated {
			e.stack[end] = e.stack[i]
			end++
		}
	}
	e.stack = e.stack[:end]
	return window{base, end}, nil
}
