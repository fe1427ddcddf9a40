// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
)

// form is how the values of a source are read that are not those of a type of parameter.
type form uint8

const (
	byKind    form = iota
	narrative      // of _text: the words of the narrative
	position       // of near: the place of a Location
	container      // of _id: the type of what is contained
)

// specials are the parameters that have terms though R4 gives them no expression, or no type: code, where their values stand, and how
// they are read.
var specials = []struct {
	code, path string
	form       form
}{{"_text", ".text.div", narrative}, {"near", ".position", position}, {"_id", ".contained", container}}

// special plants the sources of specials that the type has.
func (c *typeCompiler) special(tp *typePlan) error {
	for _, s := range specials {
		p := c.x.defs.SearchParam(c.typ.Name, s.code)
		if p == nil || s.form == container && c.typ.Structure.Element("contained") == nil {
			continue
		}
		program, err := fhirpath.Compile(c.x.defs, c.typ.Name+s.path, c.typ.Structure)
		if err != nil {
			return err
		}
		of := &source{header: headerOf(c.typ.ID, p.ID), kind: p.Type, form: s.form, program: program, plain: true}
		of.walks, _ = program.Walks()
		tp.root.plant(of)
		if tp.specials == nil {
			tp.specials = map[form]*source{}
		}
		tp.specials[s.form] = of
	}
	return nil
}

// special is the source of a form; it fails if the type has none.
func (x *Index) special(typ string, f form) (*source, error) {
	if tp := x.types[typ]; tp != nil && tp.specials[f] != nil {
		return tp.specials[f], nil
	}
	return nil, fault.New(fault.Unsupported, "this parameter cannot be searched by on this type")
}

// emitSpecial adds the terms of a value that is no type's.
func (x *Index) emitSpecial(t *Terms, s *source, v *fhirpath.Value) {
	switch s.form {
	case narrative:
		t.words(&s.header, v.Node.Text())
	case position:
		t.position(&s.header, v.Node)
	case container:
		t.open(&s.header, InsideClass)
		t.keys = appendTarget(t.keys, x.typeID(fhir.Type(v.Node)))
		t.done()
	}
}

// Containing gives where the resources of a type are posted that contain some of another type. ok is false if it can contain none.
func (x *Index) Containing(typ, inside string) (s Span, ok bool) {
	of, err := x.special(typ, container)
	if err != nil {
		return s, false
	}
	return exactly(appendTarget(of.header.key(InsideClass), x.typeID(inside))).span(Yes), true
}

// MaxWords is how many words of a narrative have terms. Of one with more it is known only that there are.
const MaxWords = 5000

// words adds a term for each word of a narrative. Those past MaxWords have one term together, without a word.
func (t *Terms) words(h *header, div string) {
	t.text = appendWords(t.text[:0], plainText(div))
	rest, n := bytes.TrimPrefix(t.text, []byte{' '}), 0
	for ; len(rest) > 0; n++ {
		word, after, _ := bytes.Cut(rest, []byte{' '})
		if rest = after; n >= MaxWords {
			word = nil
		}
		before := len(t.ends)
		t.open(h, WordClass)
		if len(word) > maxText {
			word = cut(nil, word)
		}
		t.keys = append(t.keys, word...)
		if t.done(); len(t.ends) == before {
			n-- // it was there already
		}
		if word == nil {
			break
		}
	}
	if n > 0 {
		t.open(h, AnyClass)
		t.done()
	}
}

// Words gives where narratives are posted: with a word, with more words than have terms, and all that have any.
type Words struct{ source *source }

// Narrative gives the terms of the narratives of a type. It fails with fault.Unsupported for a type that has none.
func (x *Index) Narrative(typ string) (Words, error) {
	s, err := x.special(typ, narrative)
	return Words{s}, err
}

// Of is those with a word, as WordsOf writes it, without the spaces around it.
func (w Words) Of(word string) Span {
	return exactly(append(w.source.header.key(WordClass), cut(nil, word)...)).span(Yes)
}

// More is those that may have words without terms.
func (w Words) More() Span { return exactly(w.source.header.key(WordClass)).span(Yes) }

// Any is those that have any word.
func (w Words) Any() Span { return w.source.header.class(AnyClass).span(Yes) }
