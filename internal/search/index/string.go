// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// nameParts and addressParts are what a string search on those types looks at.
//
// http://hl7.org/fhir/R4/search.html#string
var (
	nameParts    = [...]string{"family", "given", "text", "prefix", "suffix"}
	addressParts = [...]string{"line", "city", "district", "state", "postalCode", "country", "text"}
)

// texts calls f for each string of a value.
func texts(v *fhirpath.Value, f func(fhir.Node)) {
	one := func(n fhir.Node) {
		if n.Kind() == fhir.String {
			f(n)
		}
	}
	switch s := shapeOf(v); {
	case s.isText():
		one(v.Node)
	case s == nameShape:
		for _, part := range nameParts {
			items(v.Node.Field(part), one)
		}
	case s == addressShape:
		for _, part := range addressParts {
			items(v.Node.Field(part), one)
		}
	}
}

func (t *Terms) strings(h *header, v *fhirpath.Value) {
	texts(v, func(n fhir.Node) {
		t.open(h, StringClass)
		t.normalized(n)
		t.done()
	})
}

// stringCondition is a string search: the beginning, any part (Contains) or the whole as written (Exact).
type stringCondition struct {
	text     string
	norm     []byte
	modifier Modifier
	part     []byte // what norm begins with in a composite's term
}

func newString(m Modifier, v Value) (*stringCondition, error) {
	if v.Text == "" {
		return nil, fault.New(fault.Invalid, "an empty string")
	}
	c := &stringCondition{text: v.Text, norm: Normalize(nil, v.Text), modifier: m}
	c.part = ordkey.AppendPrefix(nil, c.norm[:min(len(c.norm), maxText)])
	return c, nil
}

func (c *stringCondition) spans(s *source) []Span {
	key := s.header.key(StringClass)
	switch c.modifier {
	case Contains:
		return []Span{within(key).judged(Maybe, func(term []byte) (Verdict, []byte) { return judgeText(term, c.has), nil })}
	case Exact:
		return []Span{exactly(append(key, cut(nil, c.norm)...)).span(Maybe)}
	}
	if len(c.norm) > maxText {
		return []Span{within(append(key, c.norm[:maxText]...)).span(Maybe)}
	}
	return []Span{within(append(key, c.norm...)).span(Yes)}
}

func (c *stringCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	var buf []byte
	texts(v, func(n fhir.Node) {
		if found {
			return
		}
		if c.modifier == Exact {
			found = n.Text() == c.text
			return
		}
		buf = Normalize(buf[:0], n.Text())
		found = c.has(buf)
	})
	return found
}

func (c *stringCondition) has(norm []byte) bool {
	if c.modifier == Contains {
		return bytes.Contains(norm, c.norm)
	}
	return bytes.HasPrefix(norm, c.norm)
}

func (c *stringCondition) prefix(dst []byte) ([]byte, bool) {
	return append(dst, c.part...), false
}

func (c *stringCondition) judge(b []byte) (Verdict, []byte) {
	norm, rest := takeOrdered(b)
	if !bytes.HasPrefix(norm, c.part) {
		return No, rest
	}
	return c.doubt(), rest
}

func (c *stringCondition) doubt() Verdict {
	if len(c.norm) > maxText {
		return Maybe
	}
	return Yes
}
