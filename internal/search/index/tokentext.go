// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
)

// textCondition is :text: a text that begins with the value, or has it from the beginning of a word on.
type textCondition struct{ norm []byte }

func newText(v Value) (*textCondition, error) {
	c := &textCondition{Normalize(nil, v.Text)}
	if len(c.norm) == 0 {
		return nil, fault.New(fault.Invalid, "an empty text")
	}
	return c, nil
}

func (c *textCondition) in(text []byte) bool {
	for from := 0; ; {
		i := bytes.Index(text[from:], c.norm)
		if i < 0 {
			return false
		}
		if i += from; i == 0 || !wordByte(text[i-1]) {
			return true
		}
		from = i + 1
	}
}

func wordByte(c byte) bool { return c|0x20-'a' < 26 || c-'0' < 10 || c >= 0x80 }

func (c *textCondition) spans(s *source) []Span {
	r := s.header.class(TextClass)
	return []Span{r.judged(Maybe, func(term []byte) (Verdict, []byte) { return judgeText(term, c.in), nil })}
}

// judgeText judges a term that ends in a normalised text.
func judgeText(term []byte, in func([]byte) bool) Verdict {
	text := term[HeaderLength:]
	switch {
	case len(text) <= maxText:
		if in(text) {
			return Yes
		}
		return No
	case in(text[:maxText]):
		return Yes
	}
	return Maybe
}

func (c *textCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	tokens(v, func(k token) {
		found = found || k.text.Kind() == fhir.String && c.in(Normalize(nil, k.text.Text()))
	})
	return found
}

// ofTypeCondition is :of-type: an identifier of a type.
type ofTypeCondition struct{ Value }

func newOfType(v Value) (*ofTypeCondition, error) {
	if v.Text == "" || v.Of == "" {
		return nil, fault.New(fault.Invalid, "of-type needs system|code|value")
	}
	return &ofTypeCondition{v}, nil
}

func (c *ofTypeCondition) spans(s *source) []Span {
	key := append(s.header.key(OfTypeClass), sum(c.System)...)
	return []Span{exactly(appendCut(appendCut(key, c.Text), c.Of)).span(Yes)}
}

func (c *ofTypeCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	tokens(v, func(k token) {
		for t := list(k.typ.Field("coding")); t.Ok() && k.code == c.Of; t = t.Next() {
			found = found || t.Field("system").Text() == c.System && t.Field("code").Text() == c.Text
		}
	})
	return found
}
