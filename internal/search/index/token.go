// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// booleanSystem is the system of true and false.
const booleanSystem = "http://terminology.hl7.org/CodeSystem/special-values"

// token is one code or identifier, or a text that stands for one.
type token struct {
	system, code string
	text         fhir.Node // display or text
	typ          fhir.Node // the type of an identifier
	beside       bool      // the text of a concept that has codings too: nothing to sort by
}

// counts reports whether there is anything to find k by.
func (k *token) counts() bool {
	return k.code != "" || k.system != "" || k.text.Kind() == fhir.String
}

// tokens calls f for each token of a value.
//
// http://hl7.org/fhir/R4/search.html#token
func tokens(v *fhirpath.Value, f func(token)) {
	switch s := shapeOf(v); {
	case s.isText():
		if code := v.Node.Text(); code != "" {
			f(token{code: code})
		}
	case s == booleanShape:
		f(token{code: booleanCode(v)})
	case s == codingShape:
		f(coding(v.Node))
	case s == conceptShape:
		beside := false
		for c := list(v.Node.Field("coding")); c.Ok(); c = c.Next() {
			k := coding(c)
			beside = beside || k.counts()
			f(k)
		}
		if text := v.Node.Field("text"); text.Ok() {
			f(token{text: text, beside: beside})
		}
	case s == identifierShape:
		identifier(v.Node, f)
	case s == contactShape:
		if code := v.Node.Field("value").Text(); code != "" {
			f(token{code: code})
		}
	}
}

// list is the first element of an array; absent for other kinds.
func list(n fhir.Node) fhir.Node {
	if n.Kind() != fhir.Array {
		return fhir.Node{}
	}
	return n.First()
}

func booleanCode(v *fhirpath.Value) string {
	if v.True || v.Node.Bool() {
		return "true"
	}
	return "false"
}

func coding(n fhir.Node) token {
	return token{system: n.Field("system").Text(), code: n.Field("code").Text(), text: n.Field("display")}
}

func identifier(n fhir.Node, f func(token)) {
	typ := n.Field("type")
	f(token{system: n.Field("system").Text(), code: n.Field("value").Text(), text: typ.Field("text"), typ: typ})
}

func (t *Terms) tokens(h *header, v *fhirpath.Value) {
	tokens(v, func(k token) { t.token(h, k) })
}

func (t *Terms) token(h *header, k token) {
	if !k.counts() {
		return
	}
	if !k.beside { // also without a code: to sort by
		t.open(h, CodeClass)
		t.string(k.code)
		t.hash(k.system)
		t.done()
	}
	if k.system != "" {
		t.open(h, SystemClass)
		t.hash(k.system)
		t.done()
	}
	if k.text.Kind() == fhir.String {
		t.open(h, TextClass)
		t.normalized(k.text)
		t.done()
	}
	if k.code == "" {
		return
	}
	for c := list(k.typ.Field("coding")); c.Ok(); c = c.Next() {
		if code := c.Field("code").Text(); code != "" {
			t.open(h, OfTypeClass)
			t.hash(c.Field("system").Text())
			t.string(code)
			t.string(k.code)
			t.done()
		}
	}
}

// tokenCondition asks for a code, a system or both.
type tokenCondition struct {
	Value
	implied  bool // the system is that of a code element's value set: such codes are in the terms without a system
	onlyCode bool // the parameter has nothing but code elements (and booleans)
	sets     []*def.ValueSet
}

func newToken(plan *plan, v Value) (*tokenCondition, error) {
	if v.Text == "" && (!v.HasSystem || v.System == "") {
		return nil, fault.New(fault.Invalid, "a token needs a code or a system")
	}
	c := &tokenCondition{Value: v, onlyCode: plan.onlyCodes, sets: plan.sets}
	if v.System == "" {
		return c, nil
	}
	c.implied = plan.booleans && v.System == booleanSystem
	for _, set := range plan.sets {
		c.implied = c.implied || (v.Text != "" && set.Has(v.System, v.Text)) || (v.Text == "" && hasSystem(set, v.System))
	}
	return c, nil
}

// boundSet is the value set that an element's codes are from; nil if the definitions do not say.
func boundSet(e *def.Element) *def.ValueSet {
	if e == nil || e.Binding == nil {
		return nil
	}
	return e.Binding.ValueSet
}

func hasSystem(set *def.ValueSet, system string) bool {
	for s := range set.Codes() {
		if s == system {
			return true
		}
	}
	return false
}

func (c *tokenCondition) spans(s *source) []Span {
	if c.Text == "" {
		spans := []Span{exactly(append(s.header.key(SystemClass), sum(c.System)...)).span(Yes)}
		if c.implied {
			spans = append(spans, s.header.class(AnyClass).span(Maybe))
		}
		return spans
	}
	code := appendCut(s.header.key(CodeClass), c.Text)
	if !c.HasSystem {
		return []Span{within(code).span(Yes)}
	}
	spans := []Span{exactly(append(code[:len(code):len(code)], sum(c.System)...)).span(Yes)}
	if c.implied {
		spans = append(spans, exactly(append(code[:len(code):len(code)], emptyHash[:]...)).span(c.impliedVerdict()))
	}
	return spans
}

// impliedVerdict is Maybe where a Coding without a system could be taken for a code.
func (c *tokenCondition) impliedVerdict() Verdict {
	if c.onlyCode {
		return Yes
	}
	return Maybe
}

func sum(system string) []byte {
	h := hashOf(system)
	return h[:]
}

func (c *tokenCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	tokens(v, func(k token) { found = found || c.has(v, k) })
	return found
}

func (c *tokenCondition) has(v *fhirpath.Value, k token) bool {
	switch {
	case c.Text != "" && k.code != c.Text:
		return false
	case !c.HasSystem || k.system == c.System:
		return true
	case k.system != "" || c.System == "":
		return false
	}
	switch shapeOf(v) {
	case booleanShape:
		return c.System == booleanSystem
	case codeShape:
		set := boundSet(v.Element)
		return set != nil && slices.Contains(c.sets, set) && set.Has(c.System, k.code)
	}
	return false
}

// appendPart appends a token as a component of a composite.
func (t *Terms) appendTokenPart(dst []byte, k token) []byte {
	return t.appendHash(appendCut(dst, k.code), k.system)
}

func (c *tokenCondition) prefix(dst []byte) ([]byte, bool) {
	if c.Text == "" {
		return dst, false
	}
	dst = appendCut(dst, c.Text)
	if !c.HasSystem || c.implied {
		return dst, false
	}
	return append(dst, sum(c.System)...), true
}

func (c *tokenCondition) judge(b []byte) (Verdict, []byte) {
	code, rest, err := ordkey.TakeString(b)
	if err != nil || len(rest) < hashLength {
		return No, nil
	}
	system, rest := hash(rest[:hashLength]), rest[hashLength:]
	switch {
	case c.Text != "" && code != string(cut(nil, c.Text)):
		return No, rest
	case !c.HasSystem || system == hashOf(c.System):
		return Yes, rest
	case c.implied && system == emptyHash:
		return Maybe, rest
	}
	return No, rest
}

func (c *tokenCondition) doubt() Verdict {
	if c.implied {
		return Maybe
	}
	return Yes
}

// textCondition is :text: a text that begins with the value, or has it from the beginning of a word on.
type textCondition struct{ norm string }

func newText(v Value) (*textCondition, error) {
	c := &textCondition{string(Normalize(nil, v.Text))}
	if c.norm == "" {
		return nil, fault.New(fault.Invalid, "an empty text")
	}
	return c, nil
}

func (c *textCondition) in(text string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], c.norm)
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
func judgeText(term []byte, in func(string) bool) Verdict {
	text := string(term[HeaderLength:])
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
		found = found || k.text.Kind() == fhir.String && c.in(string(Normalize(nil, k.text.Text())))
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
