// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// booleanSystem is the system of true and false.
const booleanSystem = "http://terminology.hl7.org/CodeSystem/special-values"

// token is one code or identifier, or a text that stands for one.
type token struct {
	system, code string
	text         fhir.Node // display or text
	typ          fhir.Node // the type of an identifier
	casing       casing
	beside       bool // the text of a concept that has codings too: nothing to sort by
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
			k := token{code: code, casing: exact}
			if s == textShape && v.Type.Scalar != def.ID {
				k.casing = folding
			}
			f(k)
		}
	case s == booleanShape:
		f(token{code: booleanCode(v), casing: exact})
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
			f(token{code: code, casing: folding})
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
	f(token{system: n.Field("system").Text(), code: n.Field("value").Text(), text: typ.Field("text"), typ: typ, casing: exact})
}

func (x *Index) tokens(t *Terms, h *header, v *fhirpath.Value) {
	tokens(v, func(k token) { x.token(t, h, k) })
}

func (x *Index) token(t *Terms, h *header, k token) {
	if !k.counts() {
		return
	}
	if !k.beside { // also without a code: to sort by
		t.open(h, CodeClass)
		t.keys = appendCode(t.keys, k.code, t.hashOf(k.system), x.folds(&k))
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
