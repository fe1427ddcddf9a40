// SPDX-License-Identifier: Apache-2.0

package xml

import (
	stdxml "encoding/xml"
	"slices"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// primitives writes the elements of one name that are primitive.
func (w *jsonWriter) primitives(group []int, name string, m def.Member, list bool, first *bool) {
	anyValue, anySibling := false, false
	for _, el := range group {
		e := &w.elements[el]
		_, ok := valueOf(e)
		anyValue = anyValue || ok || e.xhtml != nil
		anySibling = anySibling || len(e.children) > 0 || hasID(e)
		if !ok && e.xhtml == nil && len(e.children) == 0 && !hasID(e) {
			anyValue = true // a null, for validation to find
			w.find(el, "the element has neither a value nor an extension", "")
		}
	}
	if anyValue {
		w.name(name, first)
		w.each(group, list, func(el int) { w.primitive(el, m) })
	}
	switch {
	case !anySibling:
		for _, el := range group {
			w.attributes(el, m.Structure(), func(string, string) {})
		}
	case m.Type.Sibling == "":
		for _, el := range group {
			w.find(el, "the element has a value only, no id and no extension", "")
		}
	default:
		sibling := w.definitions.Structure("Element")
		w.name("_"+name, first)
		w.each(group, list, func(el int) {
			if e := &w.elements[el]; list && len(e.children) == 0 && !hasID(e) {
				w.attributes(el, m.Structure(), func(string, string) {})
				w.text("null")
				return
			}
			w.sibling(el, sibling)
		})
	}
}

func hasID(e *element) bool {
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == "id" {
			return true
		}
	}
	return false
}

// sibling writes the id and the extensions of a primitive.
func (w *jsonWriter) sibling(el int, of *def.Structure) {
	e := &w.elements[el]
	attrs := e.attrs
	e.attrs = slices.DeleteFunc(slices.Clone(attrs), isValue) // that is written already
	w.object(el, of)
	e.attrs = attrs
}

// primitive writes the value of an element as its type has it in JSON; text that is none of the type as a string, for
// validation to find.
func (w *jsonWriter) primitive(el int, m def.Member) {
	e := &w.elements[el]
	w.begin(el)
	if e.xhtml != nil {
		w.doc.JSON = fhir.AppendString(w.doc.JSON, string(e.xhtml))
		return
	}
	value, ok := valueOf(e)
	switch kind := m.Structure().JSON; {
	case !ok:
		w.text("null")
	case kind == def.JSONBoolean && (value == "true" || value == "false"), kind == def.JSONNumber && isNumber(value):
		w.text(value)
	default:
		w.doc.JSON = fhir.AppendString(w.doc.JSON, value)
	}
}

// isNumber reports whether text is a number by the grammar of JSON.
func isNumber(text string) bool {
	i := 0
	digits := func() bool {
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	whole := i
	if !digits() || text[whole] == '0' && i > whole+1 {
		return false
	}
	if i < len(text) && text[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(text)
}

// valueOf is the value attribute.
func valueOf(e *element) (value string, ok bool) {
	for _, a := range e.attrs {
		if isValue(a) {
			return a.Value, true
		}
	}
	return "", false
}

func isValue(a stdxml.Attr) bool { return a.Name.Space == "" && a.Name.Local == "value" }
