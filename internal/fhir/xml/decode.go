// SPDX-License-Identifier: Apache-2.0

package xml

import (
	"bytes"
	stdxml "encoding/xml"
	"errors"
	"io"
	"slices"
	"sort"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// Document is FHIR XML that was read.
type Document struct {
	JSON     []byte    // the resource
	Findings []Finding // in the order of the document, at most MaxFindings

	source []byte // in UTF-8
	places []place
}

// place says that the JSON value at one offset comes from the XML at another.
type place struct{ json, xml uint32 }

// MaxFindings is the most findings of one document.
const MaxFindings = 100

// Finding is something that the XML says and JSON has no place for, or that no definition knows.
type Finding struct {
	Expression   string // FHIRPath of the element
	Offset       int    // where the element begins in the XML, in bytes of its UTF-8 form
	Line, Column int    // the same, from 1; Column in bytes
	Text         string // what is wrong and what to do; holds no value of the resource
}

// Decode reads one resource as XML, in UTF-8 or UTF-16. Limits are those of its JSON as well; names count as values. It fails with a
// *fhir.SyntaxError, which wraps a fault of kind Invalid (TooLarge beyond the limits), if src is not XML or its root is
// not a resource by its name space. What else is wrong is in Findings: see Err.
func Decode(src []byte, lim fhir.Limits) (*Document, error) {
	if lim.Size <= 0 {
		lim.Size = fhir.DefaultSize
	}
	if lim.Depth <= 0 {
		lim.Depth = fhir.DefaultDepth
	}
	if lim.Size = min(lim.Size, fhir.MaxSize); len(src) > lim.Size {
		return nil, fhir.NewSyntaxError(fault.TooLarge, "XML", "the document is longer than the limit", nil, 0)
	}
	text, err := toUTF8(src)
	if err != nil {
		return nil, err
	}
	r := reader{src: text, depth: min(lim.Depth, fhir.MaxDepth), decoder: stdxml.NewDecoder(bytes.NewReader(text))}
	if err := r.read(); err != nil {
		return nil, err
	}
	d := &Document{source: text}
	w := jsonWriter{doc: d, elements: r.elements, definitions: def.R4(), problems: r.problems}
	w.resource(0)
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return a.Offset - b.Offset })
	return d, nil
}

// Err is the findings as faults of kind Invalid; nil if there is none.
func (d *Document) Err() error {
	if len(d.Findings) == 0 {
		return nil
	}
	list := make(fault.List, len(d.Findings))
	for i, f := range d.Findings {
		list[i] = fault.New(fault.Invalid, "XML: %s, line %d column %d", f.Text, f.Line, f.Column).WithCode("structure").At(f.Expression)
	}
	return list
}

// Position gives the 1-based line and column (in bytes) in the XML of the value at an offset into JSON.
func (d *Document) Position(offset int) (line, column int) {
	i := sort.Search(len(d.places), func(i int) bool { return int(d.places[i].json) > offset })
	if i == 0 {
		return 1, 1
	}
	return fhir.Position(d.source, int(d.places[i-1].xml))
}

// element is an element of the document.
type element struct {
	name     stdxml.Name
	attrs    []stdxml.Attr
	children []int // indexes of elements
	at       int   // offset of its start in the source
	xhtml    []byte
}

// reader makes the tree of elements. A narrative's inside is not in it: it is kept as text.
type reader struct {
	src      []byte
	decoder  *stdxml.Decoder
	depth    int
	elements []element
	open     []int
	problems map[int]string // by element: what was found inside it that is neither an element nor white space
}

// maxAttributes is the most attributes of one element; FHIR defines three.
const maxAttributes = 64

const (
	msgDoctype = "a document type declaration is not allowed"
	msgEnds    = "the document ends too early"
	msgDeep    = "too many levels"
	msgMany    = "too many elements"
	msgText    = "text is not allowed between elements: values are attributes"
)

// read reads the whole document.
func (r *reader) read() error {
	for {
		at := int(r.decoder.InputOffset())
		token, err := r.decoder.Token()
		if err == io.EOF {
			if len(r.elements) == 0 || len(r.open) > 0 {
				return r.failed(fault.Invalid, len(r.src), msgEnds)
			}
			return nil
		}
		if err != nil {
			return r.malformed(err)
		}
		switch token := token.(type) {
		case stdxml.StartElement:
			err = r.start(token, at)
		case stdxml.EndElement:
			r.open = r.open[:len(r.open)-1]
		case stdxml.CharData:
			err = r.text(token, at)
		case stdxml.Directive:
			err = r.failed(fault.Invalid, at, msgDoctype)
		}
		if err != nil {
			return err
		}
	}
}

// start begins an element.
func (r *reader) start(token stdxml.StartElement, at int) error {
	switch {
	case len(r.open) == 0 && len(r.elements) > 0:
		return r.failed(fault.Invalid, at, "more after the end of the root element")
	case len(r.open) >= r.depth:
		return r.failed(fault.Invalid, at, msgDeep)
	case len(token.Attr) > maxAttributes:
		return r.failed(fault.Invalid, at, "too many attributes")
	case len(r.elements) >= fhir.MaxValues/2:
		return r.failed(fault.TooLarge, at, msgMany)
	case len(r.elements) == 0 && token.Name.Space != fhirSpace:
		return r.failed(fault.Invalid, at, "the root is not in the name space "+fhirSpace)
	}
	self := len(r.elements)
	r.elements = append(r.elements, element{name: token.Name, attrs: token.Attr, at: at})
	if n := len(r.open); n > 0 {
		parent := &r.elements[r.open[n-1]]
		parent.children = append(parent.children, self)
	}
	if token.Name.Space == xhtmlSpace || token.Name.Local == "div" {
		xhtml, err := r.narrative(token, at)
		r.elements[self].xhtml = xhtml
		return err
	}
	r.open = append(r.open, self)
	return nil
}

// text takes what stands between elements.
func (r *reader) text(token stdxml.CharData, at int) error {
	switch {
	case len(bytes.TrimSpace(token)) == 0:
	case len(r.open) == 0:
		return r.failed(fault.Invalid, at, "text outside the root element")
	default:
		r.problem(r.open[len(r.open)-1], msgText)
	}
	return nil
}

func (r *reader) problem(element int, text string) {
	if r.problems == nil {
		r.problems = map[int]string{}
	}
	if len(r.problems) < MaxFindings {
		r.problems[element] = text
	}
}

// malformed is the error of what is not XML. The text of the library's error may hold a part of the document: only its place is told.
func (r *reader) malformed(err error) error {
	at := int(r.decoder.InputOffset())
	problem := "it is not well-formed"
	var syntax *stdxml.SyntaxError
	if errors.As(err, &syntax) && syntax.Msg == "unexpected EOF" {
		problem = msgEnds
	}
	return r.failed(fault.Invalid, at, problem)
}

func (r *reader) failed(kind fault.Kind, at int, problem string) error {
	return fhir.NewSyntaxError(kind, "XML", problem, r.src, at)
}
