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
	x        *Index
	implied  bool // the system is that of a code element's value set: such codes are in the terms without a system
	onlyCode bool // the parameter has nothing but code elements (and booleans)
	sets     []*def.ValueSet

	exact, folds bool   // case may count, may not, in the codes asked for
	code         []byte // Text as it stands in terms where case counts
	folded       []byte // and where it does not
	hash         hash   // of System
}

func (x *Index) newToken(plan *plan, v Value) (*tokenCondition, error) {
	if v.Text == "" && (!v.HasSystem || v.System == "") {
		return nil, fault.New(fault.Invalid, "a token needs a code or a system")
	}
	c := &tokenCondition{Value: v, x: x, onlyCode: plan.onlyCodes, sets: plan.sets, code: appendCut(nil, v.Text), folded: appendCut(nil, folded(v.Text)), hash: hashOf(v.System)}
	if c.exact, c.folds = plan.casings.exact || plan.casings.bySystem, plan.casings.folding || plan.casings.bySystem; v.HasSystem {
		c.exact, c.folds = x.narrow(plan.casings, v.System)
	}
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
	key := s.header.key(CodeClass)
	code, folded := append(key[:len(key):len(key)], c.code...), append(key[:len(key):len(key)], c.folded...)
	if !c.HasSystem {
		return c.anySystem(code, folded)
	}
	var spans []Span
	if c.exact {
		spans = append(spans, exactly(append(code[:len(code):len(code)], c.hash[:]...)).span(Yes))
	}
	if c.folds {
		spans = append(spans, within(append(append(folded, c.hash[:]...), foldMark)).narrow())
	}
	if c.implied {
		spans = append(spans, exactly(append(code[:len(code):len(code)], emptyHash[:]...)).span(c.impliedVerdict()))
	}
	return spans
}

// anySystem gives the spans of a code without a system.
func (c *tokenCondition) anySystem(code, folded []byte) (spans []Span) {
	if bytes.Equal(code, folded) {
		return []Span{within(code).span(Yes)}
	}
	if c.exact {
		spans = append(spans, within(code).span(Yes))
	}
	if c.folds {
		spans = append(spans, within(folded).judged(Yes, func(term []byte) (Verdict, []byte) {
			k, ok := codeOf(term)
			return verdict(ok && k.folds), nil
		}))
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
	tokens(v, func(k token) { found = found || c.has(v, &k) })
	return found
}

func (c *tokenCondition) has(v *fhirpath.Value, k *token) bool {
	switch {
	case c.Text != "" && k.code != c.Text && (!c.x.folds(k) || !sameFolded(k.code, c.Text)):
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

// judgeTerm judges a term of CodeClass.
func (c *tokenCondition) judgeTerm(term []byte) Verdict {
	k, ok := codeOf(term)
	switch {
	case !ok:
		return No
	case c.Text != "" && !bytes.Equal(k.ordered, c.code) && !k.folds, c.Text != "" && !bytes.Equal(k.ordered, c.folded) && k.folds:
		return No
	case !c.HasSystem || k.system == c.hash:
		return Yes
	case c.implied && k.system == emptyHash && !k.folds:
		return Maybe
	}
	return No
}

func (c *tokenCondition) prefix(dst []byte) ([]byte, bool) {
	if c.Text == "" {
		return dst, false
	}
	dst = append(dst, c.folded...)
	if !c.HasSystem || c.implied {
		return dst, false
	}
	dst = append(dst, c.hash[:]...)
	switch {
	case c.exact == c.folds:
		return dst, false
	case c.folds:
		return append(dst, partFolds), true
	case isFolded(c.Text):
		return append(dst, partAsFolded), true
	}
	return append(append(dst, partWritten), c.code...), true
}

func (c *tokenCondition) judge(b []byte) (Verdict, []byte) {
	folded, rest := takeOrdered(b)
	if len(rest) <= hashLength {
		return No, nil
	}
	system, mark, rest := hash(rest[:hashLength]), rest[hashLength], rest[hashLength+1:]
	code, asked := folded, c.code
	switch mark {
	case partFolds:
		asked = c.folded
	case partWritten:
		code, rest = takeOrdered(rest)
	}
	switch {
	case c.Text != "" && !bytes.Equal(code, asked):
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
