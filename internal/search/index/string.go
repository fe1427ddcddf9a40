// SPDX-License-Identifier: Apache-2.0

package index

import (
	"strings"

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
	norm     string
	modifier Modifier
}

func newString(m Modifier, v Value) (*stringCondition, error) {
	if v.Text == "" {
		return nil, fault.New(fault.Invalid, "an empty string")
	}
	return &stringCondition{v.Text, string(Normalize(nil, v.Text)), m}, nil
}

func (c *stringCondition) spans(s *source) []Span {
	key := s.header.key(StringClass)
	switch c.modifier {
	case Contains:
		in := func(text string) bool { return strings.Contains(text, c.norm) }
		return []Span{within(key).judged(Maybe, func(term []byte) (Verdict, []byte) { return judgeText(term, in), nil })}
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
		found = c.has(string(buf))
	})
	return found
}

func (c *stringCondition) has(norm string) bool {
	if c.modifier == Contains {
		return strings.Contains(norm, c.norm)
	}
	return strings.HasPrefix(norm, c.norm)
}

func (t *Terms) appendStringPart(dst []byte, n fhir.Node) []byte {
	t.text = Normalize(t.text[:0], n.Text())
	return appendCut(dst, t.text)
}

func (c *stringCondition) prefix(dst []byte) ([]byte, bool) {
	return ordkey.AppendPrefix(dst, c.norm[:min(len(c.norm), maxText)]), false
}

func (c *stringCondition) judge(b []byte) (Verdict, []byte) {
	norm, rest, err := ordkey.TakeString(b)
	switch {
	case err != nil:
		return No, nil
	case len(c.norm) > maxText && strings.HasPrefix(norm, c.norm[:maxText]):
		return Maybe, rest
	case strings.HasPrefix(norm, c.norm):
		return Yes, rest
	}
	return No, rest
}

func (c *stringCondition) doubt() Verdict {
	if len(c.norm) > maxText {
		return Maybe
	}
	return Yes
}
