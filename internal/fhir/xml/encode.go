// SPDX-License-Identifier: Apache-2.0

package xml

import (
	"slices"
	"strings"
	"unicode/utf8"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// Encoding says how Encode writes. The zero value works.
type Encoding struct {
	Pretty bool // line ends and blanks between elements; narratives stay as they are
	Size   int  // most bytes written; 0: four times fhir.DefaultSize
}

// Encode appends the XML of a resource to dst. It fails with fault.Invalid if n is not a resource, and with fault.TooLarge if
// the XML would be longer than opt.Size.
func Encode(dst []byte, n fhir.Node, opt Encoding) ([]byte, error) {
	if opt.Size == 0 {
		opt.Size = 4 * fhir.DefaultSize
	}
	name := fhir.Type(n)
	if !isName(name) {
		return dst, fault.New(fault.Invalid, "only a resource has a form in XML")
	}
	w := xmlWriter{buf: dst, pretty: opt.Pretty, end: len(dst) + opt.Size, definitions: def.R4()}
	w.text(`<?xml version="1.0" encoding="UTF-8"?>`)
	w.line(0)
	w.resource(n, 0, ` xmlns="`+fhirSpace+`"`)
	if opt.Pretty {
		w.text("\n")
	}
	if w.full {
		return dst, fault.New(fault.TooLarge, "the resource is longer than %d bytes as XML", opt.Size)
	}
	return w.buf, nil
}

// xmlWriter writes JSON as XML.
type xmlWriter struct {
	buf         []byte
	pretty      bool
	end         int  // the length that buf may have
	full        bool // it would have been longer
	definitions *def.Definitions
}

func (w *xmlWriter) text(s string) {
	if len(w.buf)+len(s) > w.end {
		w.full = true
		return
	}
	w.buf = append(w.buf, s...)
}

// line begins a line at a depth, if the writer is pretty.
func (w *xmlWriter) line(depth int) {
	if w.pretty {
		w.text("\n")
		w.text(strings.Repeat("  ", min(depth, 40)))
	}
}

// field is a member of an object with its place in XML.
type field struct {
	member def.Member
	known  bool
	name   string
	value  fhir.Node // absent where there is only a sibling
	beside fhir.Node // the sibling
	index  int
}

// fields gives the members of an object in the order of XML. Those that no definition knows come last.
func fields(n fhir.Node, of *def.Structure) []field {
	var list, unknown []field
	for name, value := range n.Members() {
		f := field{name: name}
		if of != nil {
			f.member, f.known = of.Member(name)
		}
		if f.known {
			f.index = f.member.Element.Index
			f.name = f.member.Type.JSON
		}
		if name == "resourceType" && (of == nil || of.Kind == def.Resource) {
			continue
		}
		if !f.known {
			f.value = value
			unknown = append(unknown, f)
			continue
		}
		i := slices.IndexFunc(list, func(g field) bool { return g.name == f.name })
		if i < 0 {
			i = len(list)
			list = append(list, f)
		}
		if f.member.Sibling {
			list[i].beside = value
		} else {
			list[i].value, list[i].member = value, f.member
		}
	}
	slices.SortStableFunc(list, func(a, b field) int { return a.index - b.index })
	return append(list, unknown...)
}

// resource writes a resource; declared is what its start tag says beside its name.
func (w *xmlWriter) resource(n fhir.Node, depth int, declared string) {
	name := fhir.Type(n)
	if !isName(name) {
		return
	}
	var of *def.Structure
	if t := w.definitions.Type(name); t != nil {
		of = t.Structure
	}
	w.element(name, declared, depth, fields(n, of), of)
}

// element writes a start tag, children and the end tag. Those of the fields that are attributes are in the start tag.
func (w *xmlWriter) element(name, attrs string, depth int, list []field, of *def.Structure) {
	if w.full {
		return
	}
	w.text("<")
	w.text(name)
	w.text(attrs)
	children := 0
	for _, f := range list {
		if isAttribute(of, f.name) && f.value.Kind() == fhir.String {
			w.attribute(f.name, f.value.Text())
		} else {
			children++
		}
	}
	if children == 0 {
		w.text("/>")
		return
	}
	w.text(">")
	for _, f := range list {
		if !isAttribute(of, f.name) || f.value.Kind() != fhir.String {
			w.field(f, depth+1)
		}
	}
	w.line(depth)
	w.text("</")
	w.text(name)
	w.text(">")
}

func (w *xmlWriter) attribute(name, value string) {
	w.text(" ")
	w.text(name)
	w.text(`="`)
	w.escaped(value)
	w.text(`"`)
}

// escaped writes the text of an attribute.
func (w *xmlWriter) escaped(s string) {
	if len(w.buf)+len(s) > w.end {
		w.full = true
		return
	}
	w.buf = appendText(w.buf, s, true)
}

// field writes the elements of one member.
func (w *xmlWriter) field(f field, depth int) {
	if !isName(f.name) {
		return
	}
	if f.value.Kind() != fhir.Array && f.beside.Kind() != fhir.Array {
		w.value(f, f.value, f.beside, depth)
		return
	}
	value, beside := first(f.value), first(f.beside)
	for value.Ok() || beside.Ok() {
		w.value(f, value, beside, depth)
		value, beside = value.Next(), beside.Next()
	}
}

// first is the first value of a list, or what is no list itself; Next of that is absent only for elements.
func first(n fhir.Node) fhir.Node {
	if n.Kind() == fhir.Array {
		return n.First()
	}
	return fhir.Node{}
}

// value writes one element.
func (w *xmlWriter) value(f field, value, beside fhir.Node, depth int) {
	if w.full {
		return
	}
	var of *def.Structure
	if f.known {
		of = f.member.Type.Structure
	}
	switch {
	case value.Kind() == fhir.Array: // a list in a list: natural form has no other way
		for _, n := range value.Elements() {
			w.value(f, n, fhir.Node{}, depth)
		}
		return
	case value.Kind() == fhir.String && of != nil && of.Scalar == def.XHTML:
		w.line(depth)
		w.text(xhtmlSource(value.Text()))
		return
	case value.Kind() == fhir.Object && fhir.Type(value) != "" && (of == nil || of.Kind == def.Resource):
		w.line(depth)
		w.text("<" + f.name + ">")
		w.line(depth + 1)
		w.resource(value, depth+1, "")
		w.line(depth)
		w.text("</" + f.name + ">")
		return
	case value.Kind() == fhir.Object:
		w.line(depth)
		w.element(f.name, "", depth, fields(value, of), of)
		return
	}
	w.line(depth)
	var list []field
	element := w.definitions.Structure("Element")
	if beside.Kind() == fhir.Object {
		list = fields(beside, element)
	}
	text := ""
	switch value.Kind() {
	case fhir.String:
		text = string(appendText([]byte(` value="`), value.Text(), true)) + `"`
	case fhir.Number, fhir.True, fhir.False:
		text = ` value="` + string(value.Raw()) + `"`
	}
	w.element(f.name, text, depth, list, element)
}

// isName reports whether s can be the name of an element without a name space.
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// appendText writes text so that every reader of XML gives it back as it is: in an attribute in double quotes, or between
// tags. A character that XML cannot write becomes U+FFFD.
func appendText(dst []byte, s string, attribute bool) []byte {
	from := 0
	for i := 0; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		put := ""
		switch {
		case c == '&':
			put = "&amp;"
		case c == '<':
			put = "&lt;"
		case c == '>':
			put = "&gt;"
		case c == '"' && attribute:
			put = "&quot;"
		case c == '\r':
			put = "&#13;"
		case c == '\n' && attribute:
			put = "&#10;"
		case c == '\t' && attribute:
			put = "&#9;"
		case c < ' ' && c != '\n' && c != '\t', c == 0xfffe, c == 0xffff:
			put = "\ufffd"
		}
		if put != "" {
			dst = append(append(dst, s[from:i]...), put...)
			from = i + size
		}
		i += size
	}
	return append(dst, s[from:]...)
}
