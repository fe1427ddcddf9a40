// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// tokenCondition asks for a code, a system or both.
type tokenCondition struct {
	Value
	implied  bool // the system is that of a code element's value set: such codes are in the terms without a system
	onlyCode bool // the parameter has nothing but code elements (and booleans)
	sets     []*def.ValueSet

	code []byte // Text as it stands in terms
	hash hash   // of System
}

func newToken(plan *plan, v Value) (*tokenCondition, error) {
	if v.Text == "" && (!v.HasSystem || v.System == "") {
		return nil, fault.New(fault.Invalid, "a token needs a code or a system")
	}
	c := &tokenCondition{Value: v, onlyCode: plan.onlyCodes, sets: plan.sets, code: appendCut(nil, v.Text), hash: hashOf(v.System)}
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
		spans := []Span{exactly(append(s.header.key(SystemClass), c.hash[:]...)).span(Yes)}
		if c.implied {
			spans = append(spans, s.header.class(AnyClass).span(Maybe))
		}
		return spans
	}
	code := append(s.header.key(CodeClass), c.code...)
	if !c.HasSystem {
		return []Span{within(code).span(Yes)}
	}
	spans := []Span{exactly(append(code[:len(code):len(code)], c.hash[:]...)).span(Yes)}
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

func (c *tokenCondition) prefix(dst []byte) ([]byte, bool) {
	if c.Text == "" {
		return dst, false
	}
	dst = append(dst, c.code...)
	if !c.HasSystem || c.implied {
		return dst, false
	}
	return append(dst, c.hash[:]...), true
}

func (c *tokenCondition) judge(b []byte) (Verdict, []byte) {
	code, rest := takeOrdered(b)
	if len(rest) < hashLength {
		return No, nil
	}
	system, rest := hash(rest[:hashLength]), rest[hashLength:]
	switch {
	case c.Text != "" && !bytes.Equal(code, c.code):
		return No, rest
	case !c.HasSystem || system == c.hash:
		return Yes, rest
	case c.implied && system == emptyHash:
		return Maybe, rest
	}
	return No, rest
}

// takeOrdered splits b after the ordered string that it begins with, which keeps its end. Both are empty if there is none.
func takeOrdered(b []byte) (ordered, rest []byte) {
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return nil, nil
	}
	return b[:i+1], b[i+1:]
}

func (c *tokenCondition) doubt() Verdict {
	if c.implied {
		return Maybe
	}
	return Yes
}
