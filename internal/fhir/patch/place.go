// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// place is where an element stands in the JSON.
type place struct {
	object *value         // that holds it
	of     *def.Structure // of the object; nil if that is not known
	name   string         // of the member, without the underscore of a sibling
	list   bool           // the member is a list,
	index  int            // and the element's place in it
}

// pair is an element as JSON splits it: its value, and what is beside a primitive's. Either may be nil.
type pair struct{ value, beside *value }

// locate follows the tree down to an element: the places it passes, the element's own last, and the element's value. The
// resource itself has no place.
func (p *pathPatcher) locate(target fhirpath.Value) ([]place, *value) {
	n := target.Node
	if !n.Ok() || n.Kind() == fhir.Null {
		n = target.Sibling
	}
	v, of := p.root, p.structureOf(p.root.node)
	var places []place
	for v.node.Offset() != n.Offset() || v.node.End() != n.End() {
		v.expand()
		at := place{object: v, of: of}
		item := v.holding(n)
		if item < 0 {
			return nil, nil
		}
		name := v.items[item].name
		at.name = strings.TrimPrefix(name, "_")
		if v = v.items[item].value; v.kind() == fhir.Array {
			v.expand()
			at.list, at.index = true, v.holding(n)
			if at.index < 0 {
				return nil, nil
			}
			v = v.items[at.index].value
		}
		places = append(places, at)
		if of = memberStructure(of, name); of != nil && of.Kind == def.Resource {
			of = p.structureOf(v.node)
		}
	}
	return places, v
}

// holding is the index of the part that has a node inside it, or is it; -1 if there is none.
func (v *value) holding(n fhir.Node) int {
	for i := range v.items {
		if part := v.items[i].value.node; part.Offset() <= n.Offset() && n.End() <= part.End() {
			return i
		}
	}
	return -1
}

// structureOf is the definition of a resource.
func (p *pathPatcher) structureOf(resource fhir.Node) *def.Structure {
	if t := p.defs.Type(fhir.Type(resource)); t != nil {
		return t.Structure
	}
	return nil
}

func memberStructure(of *def.Structure, name string) *def.Structure {
	if of == nil {
		return nil
	}
	m, ok := of.Member(name)
	if !ok {
		return nil
	}
	return m.Structure()
}

// elementName is the name of the element that a member is of: "value" for valueQuantity.
func elementName(of *def.Structure, name string) string {
	if of == nil {
		return name
	}
	if m, ok := of.Member(name); ok {
		return m.Element.Name
	}
	return name
}

// member is what an element is in JSON.
type member struct {
	name    string
	list    bool
	choices []string // the names that exclude each other
}

// memberFor finds the member of an element, by its name and, for a choice, by the type that the value is given with ("Quantity").
func memberFor(of *def.Structure, name, suffix string) (member, *fault.Fault) {
	if of == nil {
		return member{}, fault.New(fault.Unprocessable, "nothing is known of the element that is to be changed")
	}
	e := of.Element(name)
	if e == nil {
		m, ok := of.Member(name)
		if !ok || m.Sibling {
			return member{}, fault.New(fault.Unprocessable, "the element has no child of that name").WithCode("structure")
		}
		return member{name: name, list: m.Element.List(), choices: choices(m.Element)}, nil
	}
	if !e.Choice {
		return member{name: e.Name, list: e.List(), choices: choices(e)}, nil
	}
	for i := range e.Types {
		if t := &e.Types[i]; t.JSON == e.Name+suffix {
			return member{name: t.JSON, list: e.List(), choices: choices(e)}, nil
		}
	}
	return member{}, fault.New(fault.Unprocessable, "the element cannot have a value of that type").WithCode("structure")
}

func choices(e *def.Element) []string {
	names := make([]string, len(e.Types))
	for i := range e.Types {
		names[i] = e.Types[i].JSON
	}
	return names
}

// pairs gives the elements of a member, for the caller to change and put back.
func (v *value) pairs(name string) []pair {
	v.expand()
	var pairs []pair
	at := func(i int) *pair {
		for len(pairs) <= i {
			pairs = append(pairs, pair{})
		}
		return &pairs[i]
	}
	for _, it := range v.items {
		if it.name != name && it.name != "_"+name {
			continue
		}
		parts := []item{it}
		if it.value.kind() == fhir.Array {
			it.value.expand()
			parts = it.value.items
		}
		for i, part := range parts {
			switch {
			case part.value.kind() == fhir.Null:
				at(i)
			case it.name == name:
				at(i).value = part.value
			default:
				at(i).beside = part.value
			}
		}
	}
	return pairs
}

// put makes the elements of a member.
func (p *pathPatcher) put(object *value, name string, list bool, pairs []pair) {
	object.expand()
	values, besides := make([]*value, len(pairs)), make([]*value, len(pairs))
	for i, pair := range pairs {
		values[i], besides[i] = pair.value, pair.beside
	}
	p.putPart(object, name, list, values)
	p.putPart(object, "_"+name, list, besides)
}

// putPart makes a member of values, some of which may be nil; none if all are.
func (p *pathPatcher) putPart(object *value, name string, list bool, values []*value) {
	var all *value
	if list {
		made := &value{node: p.array, open: true}
		for _, v := range values {
			if v == nil {
				v = &value{node: p.null}
			} else {
				all = made
			}
			made.items = append(made.items, item{value: v})
		}
	} else if len(values) > 0 {
		all = values[0]
	}
	for i := range object.items {
		if object.items[i].name != name {
			continue
		}
		if all == nil {
			object.items = append(object.items[:i], object.items[i+1:]...)
		} else {
			object.items[i].value = all
		}
		return
	}
	if all != nil {
		object.items = append(object.items, item{name, all})
	}
}

// addTo gives an object a new element.
func (p *pathPatcher) addTo(object *value, of *def.Structure, name string, operand fhir.Node) *fault.Fault {
	given, suffix, err := p.operand(operand, memberStructure(of, name))
	if err != nil {
		return err
	}
	m, err := memberFor(of, name, suffix)
	if err != nil {
		return err
	}
	if !m.list {
		for _, choice := range m.choices {
			if len(object.pairs(choice)) > 0 {
				return fault.New(fault.Unprocessable, "the element is there already, and cannot be given twice")
			}
		}
	}
	p.put(object, m.name, m.list, append(object.pairs(m.name), given))
	return nil
}

// operand makes the value that a part of an operation gives, and says by which type: "Quantity" of valueQuantity. A part with
// parts of its own is an element whose type has no name, of that structure.
func (p *pathPatcher) operand(part fhir.Node, of *def.Structure) (given pair, suffix string, err *fault.Fault) {
	for name, n := range part.Members() {
		switch {
		case name == "resource":
			return pair{value: &value{node: n}}, "", nil
		case name == "part":
			object := &value{node: p.object, open: true}
			for _, inner := range n.Elements() {
				if err := p.addTo(object, of, inner.Field("name").Text(), inner); err != nil {
					return pair{}, "", err
				}
			}
			return pair{value: object}, "", nil
		case strings.HasPrefix(name, "value"):
			given.value, suffix = &value{node: n}, name[len("value"):]
		case strings.HasPrefix(name, "_value"):
			given.beside, suffix = &value{node: n}, name[len("_value"):]
		}
	}
	if given == (pair{}) {
		err = fault.New(fault.Invalid, "the operation has no value").WithCode("required")
	}
	return given, suffix, err
}
