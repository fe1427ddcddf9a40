// SPDX-License-Identifier: Apache-2.0

package xml

import (
	"strconv"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// jsonWriter writes the tree of elements as JSON.
type jsonWriter struct {
	doc         *Document
	elements    []element
	definitions *def.Definitions
	problems    map[int]string
	path        []string // of the element that is written, from the root
}

// find notes a finding about an element; name, if there is one, is of something inside it.
func (w *jsonWriter) find(el int, text, name string) {
	if len(w.doc.Findings) == MaxFindings {
		return
	}
	expression := ""
	for i, p := range w.path {
		if i > 0 && p[0] != '[' {
			expression += "."
		}
		expression += p
	}
	if name != "" {
		expression += "." + name
	}
	f := Finding{Expression: expression, Offset: w.elements[el].at, Text: text}
	f.Line, f.Column = fhir.Position(w.doc.source, f.Offset)
	w.doc.Findings = append(w.doc.Findings, f)
}

func (w *jsonWriter) text(s string) { w.doc.JSON = append(w.doc.JSON, s...) }

// begin notes where the JSON value that follows comes from.
func (w *jsonWriter) begin(el int) {
	w.doc.places = append(w.doc.places, place{uint32(len(w.doc.JSON)), uint32(w.elements[el].at)})
}

// name writes a member's name.
func (w *jsonWriter) name(s string, first *bool) {
	if !*first {
		w.text(",")
	}
	*first = false
	w.doc.JSON = append(fhir.AppendString(w.doc.JSON, s), ':')
}

// resource writes an element that is named for a resource type.
func (w *jsonWriter) resource(el int) {
	name := w.elements[el].name.Local
	if len(w.path) == 0 {
		w.path = append(w.path, name)
	}
	w.begin(el)
	w.text(`{"resourceType":`)
	w.doc.JSON = fhir.AppendString(w.doc.JSON, name)
	var structure *def.Structure
	if t := w.definitions.Type(name); t != nil {
		structure = t.Structure
	}
	w.attributes(el, nil, nil)
	first := false
	w.members(el, structure, &first)
	w.text("}")
}

// object writes an element with children.
func (w *jsonWriter) object(el int, of *def.Structure) {
	w.begin(el)
	w.text("{")
	first := true
	w.attributes(el, of, func(name, value string) {
		w.name(name, &first)
		w.doc.JSON = fhir.AppendString(w.doc.JSON, value)
	})
	w.members(el, of, &first)
	w.text("}")
}

// attributes calls each for the attributes that are members: id, url of an extension, and anything where nothing is known.
// The value of a primitive is not among them. Others are findings.
func (w *jsonWriter) attributes(el int, of *def.Structure, each func(name, value string)) {
	for i, a := range w.elements[el].attrs {
		name := a.Name.Local
		switch {
		case w.elements[el].xhtml != nil: // its attributes are the narrative's
		case a.Name.Space == "xmlns" || name == "xmlns" || a.Name.Space == xsiSpace && name == "schemaLocation":
		case w.repeatedAttribute(el, i):
			w.find(el, "the attribute is given twice", name)
		case a.Name.Space == "" && name == "value" && of != nil && of.Kind == def.Primitive:
		case a.Name.Space == "" && each != nil && isAttribute(of, name):
			each(name, a.Value)
		case a.Name.Space == "" && each != nil && of == nil && !w.hasChild(el, name):
			each(name, a.Value)
		default:
			w.find(el, "the attribute is not defined here", name)
		}
	}
	if text, ok := w.problems[el]; ok {
		w.find(el, text, "")
	}
}

func (w *jsonWriter) repeatedAttribute(el, i int) bool {
	attrs := w.elements[el].attrs
	for k := range i {
		if attrs[k].Name == attrs[i].Name {
			return true
		}
	}
	return false
}

func (w *jsonWriter) hasChild(el int, name string) bool {
	for _, c := range w.elements[el].children {
		if w.elements[c].name.Local == name {
			return true
		}
	}
	return false
}

// isAttribute reports whether XML writes a member as an attribute: the id of an element, the url of an extension. A
// resource's id is an element.
func isAttribute(of *def.Structure, name string) bool {
	switch {
	case of == nil || of.Kind == def.Resource:
		return false
	case name == "id":
		return true
	}
	return name == "url" && of.Name == "Extension"
}

// members writes the children of an element: each name once, where it is met first.
func (w *jsonWriter) members(el int, of *def.Structure, first *bool) {
	children := w.elements[el].children
	groups := make(map[string][]int, len(children))
	var order []string
	last := -1
	for _, c := range children {
		name := w.elements[c].name.Local
		if len(groups[name]) == 0 {
			order = append(order, name)
		}
		groups[name] = append(groups[name], c)
		last = w.ordered(c, of, last)
	}
	for _, name := range order {
		w.member(groups[name], name, of, first)
	}
}

// ordered checks that a child comes in the order of the definition and has the right name space. last is the greatest index
// of its elder siblings; it gives that with the child.
func (w *jsonWriter) ordered(c int, of *def.Structure, last int) int {
	e := &w.elements[c]
	want := fhirSpace
	m, known := memberOf(of, e.name.Local)
	if known && m.Structure() != nil && m.Structure().Scalar == def.XHTML {
		want = xhtmlSpace
	}
	if e.name.Space != want {
		w.find(c, "the element is not in the name space "+want, e.name.Local)
	}
	switch {
	case !known && of != nil:
		w.find(c, "the element is not defined here", e.name.Local)
	case !known:
	case m.Element.Index < last:
		w.find(c, "the element is out of order: R4 has it before an element that precedes it here", e.name.Local)
	default:
		return m.Element.Index
	}
	return last
}

// memberOf finds what an element of that name is: attributes and JSON's own names are none.
func memberOf(of *def.Structure, name string) (m def.Member, ok bool) {
	if of == nil || isAttribute(of, name) {
		return m, false
	}
	m, ok = of.Member(name)
	return m, ok && !m.Sibling
}

// member writes the elements of one name as one member, and what they have beside a value as its sibling.
func (w *jsonWriter) member(group []int, name string, of *def.Structure, first *bool) {
	m, known := memberOf(of, name)
	list := len(group) > 1
	if known {
		if list && !m.Element.List() {
			w.find(group[1], "the element can be given once only", name)
		}
		list = list || m.Element.List()
	}
	at := len(w.path)
	w.path = append(w.path, name)
	defer func() { w.path = w.path[:at] }()
	if known && m.Structure().Kind == def.Primitive {
		w.primitives(group, name, m, list, first)
		return
	}
	w.name(name, first)
	w.each(group, list, func(el int) {
		switch {
		case !known:
			w.natural(el)
		case m.Structure().Kind == def.Resource:
			w.inside(el)
		default:
			w.object(el, m.Structure())
		}
	})
}

// each writes the values of a member.
func (w *jsonWriter) each(group []int, list bool, value func(el int)) {
	if !list {
		value(group[0])
		return
	}
	w.text("[")
	at := len(w.path)
	for i, el := range group {
		if i > 0 {
			w.text(",")
		}
		w.path = append(w.path[:at], "["+strconv.Itoa(i)+"]")
		value(el)
	}
	w.path = w.path[:at]
	w.text("]")
}

// inside writes a resource that an element holds.
func (w *jsonWriter) inside(el int) {
	w.attributes(el, nil, nil)
	children := w.elements[el].children
	if len(children) == 0 {
		w.begin(el)
		w.text("{}")
		w.find(el, "the element holds no resource", "")
		return
	}
	if len(children) > 1 {
		w.find(children[1], "the element holds more than one resource", "")
	}
	w.resource(children[0])
}

// natural writes an element that no definition knows.
func (w *jsonWriter) natural(el int) {
	e := &w.elements[el]
	switch value, ok := valueOf(e); {
	case e.xhtml != nil:
		w.begin(el)
		w.doc.JSON = fhir.AppendString(w.doc.JSON, string(e.xhtml))
	case ok && len(e.children) == 0 && len(e.attrs) == 1:
		w.begin(el)
		w.doc.JSON = fhir.AppendString(w.doc.JSON, value)
	default:
		w.object(el, nil)
	}
}
