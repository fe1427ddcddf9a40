// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// itemCondition asks whether one of the texts of a value - a string, the code of a token, a URI without its version - passes a test. Case,
// accents and white space make no difference.
type itemCondition struct {
	kind     def.ParamType
	modifier Modifier
	prefix   Prefix // of Compared
	norm     []byte
}

func newItem(kind def.ParamType, m Modifier, v Value) (*itemCondition, error) {
	c := &itemCondition{kind, m, v.Prefix, Normalize(nil, v.Text)}
	switch {
	case len(c.norm) == 0:
		return nil, fault.New(fault.Invalid, "an empty text")
	case len(c.norm) > maxText:
		return nil, fault.New(fault.Invalid, "a text of more than %d bytes cannot be compared", maxText)
	}
	return c, nil
}

func (c *itemCondition) has(norm []byte) bool {
	switch c.modifier {
	case Same:
		return bytes.Equal(norm, c.norm)
	case Unequal:
		return !bytes.Equal(norm, c.norm)
	case Contains:
		return bytes.Contains(norm, c.norm)
	case StartsWith:
		return bytes.HasPrefix(norm, c.norm)
	case EndsWith:
		return bytes.HasSuffix(norm, c.norm)
	}
	switch order := bytes.Compare(norm, c.norm); c.prefix {
	case Greater:
		return order > 0
	case GreaterOrEqual:
		return order >= 0
	case Less:
		return order < 0
	}
	return bytes.Compare(norm, c.norm) <= 0
}

func (c *itemCondition) spans(s *source) []Span {
	class := map[def.ParamType]Class{def.StringParam: StringClass, def.TokenParam: CodeClass, def.URIParam: URIClass}[c.kind]
	return []Span{c.narrowed(s.header.class(class)).judged(Maybe, c.judgeTerm)}
}

// narrowed leaves out the strings that stand elsewhere in their order. Other texts are not in terms as they are compared.
func (c *itemCondition) narrowed(r Range) Range {
	if c.kind != def.StringParam {
		return r
	}
	at := append(r.Low[:len(r.Low):len(r.Low)], c.norm...)
	switch {
	case c.modifier == Same:
		return exactly(at)
	case c.modifier == Compared && (c.prefix == Greater || c.prefix == GreaterOrEqual):
		r.Low = at
	case c.modifier == Compared:
		r.High = append(at, 0)
	}
	return r
}

func (c *itemCondition) judgeTerm(term []byte) (Verdict, []byte) {
	text := term[HeaderLength:]
	switch c.kind {
	case def.TokenParam:
		code, ok := codeOf(term)
		if text = []byte(code.code()); !ok || len(text) == 0 {
			return No, nil
		}
	case def.URIParam:
		ordered, _ := takeOrdered(text)
		plain, _, err := ordkey.TakeString(ordered)
		if err != nil {
			return No, nil
		}
		text = []byte(plain)
	}
	cutOff := len(text) > maxText
	if c.kind != def.StringParam {
		text = Normalize(nil, string(text))
	}
	switch {
	case cutOff && (c.modifier == Contains || c.modifier == EndsWith || c.kind != def.StringParam):
		return Maybe, nil
	case c.has(text):
		return Yes, nil
	}
	return No, nil
}

func (c *itemCondition) match(v *fhirpath.Value, _ fhirpath.Value) (found bool) {
	one := func(text string) { found = found || text != "" && c.has(Normalize(nil, text)) }
	switch c.kind {
	case def.StringParam:
		texts(v, func(n fhir.Node) { found = found || c.has(Normalize(nil, n.Text())) })
	case def.TokenParam:
		tokens(v, func(k token) { one(k.code) })
	case def.URIParam:
		url, _ := splitURI(uriOf(v))
		one(url)
	}
	return found
}

// unequalToken holds for a code that is not the one asked for.
type unequalToken struct{ *tokenCondition }

func (c unequalToken) spans(s *source) []Span {
	return []Span{s.header.class(CodeClass).judged(Maybe, func(term []byte) (Verdict, []byte) {
		switch c.judgeTerm(term) {
		case Yes:
			return No, nil
		case Maybe:
			return Maybe, nil
		}
		return Yes, nil
	})}
}

func (c unequalToken) match(v *fhirpath.Value, _ fhirpath.Value) (found bool) {
	tokens(v, func(k token) { found = found || k.counts() && !k.beside && !c.has(v, &k) })
	return found
}

// unequalReference holds for a reference to something else than what is asked for.
type unequalReference struct{ *referenceCondition }

func (c unequalReference) spans(s *source) []Span {
	return []Span{s.header.class(ReferenceClass).judged(Maybe, func(term []byte) (Verdict, []byte) {
		typ, id, err := ordkey.TakeUint16(term[HeaderLength:])
		switch {
		case err != nil || !c.permitsType(def.TypeID(typ)):
			return No, nil
		case c.url == "" && string(id) == c.id && c.isType(def.TypeID(typ)):
			if c.version != "" {
				return Maybe, nil
			}
			return No, nil
		case len(id) == 0 && (c.url != "" || c.base != "" && c.isType(def.TypeID(typ))):
			return Maybe, nil // it is no relative one: its address tells
		}
		return Yes, nil
	})}
}

func (c unequalReference) match(v *fhirpath.Value, root fhirpath.Value) bool {
	r := referenceOf(v)
	return c.x.permits(c.allowed, v, &r, root) && !c.referenceCondition.match(v, root)
}
