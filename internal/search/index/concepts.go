// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// Concepts is the codes that a value of :in, :not-in, :above or :below stands for. Whoever knows what codes mean makes it; it
// does not change, and its function may be called from many goroutines.
//
// http://hl7.org/fhir/R4/search.html#modifiers
type Concepts struct {
	Systems []string // that the codes are of
	Has     func(system, code string) bool
	List    []Coded // all of them, if Listed
	Listed  bool    // they are few: each is looked for, instead of asking Has of each code there is
}

// Coded is a code of a system.
type Coded struct{ System, Code string }

// MaxListed is how many codes may be listed at most: more cost more to look for one by one than all codes there are.
const MaxListed = 2000

// AsksConcepts reports whether the values of the clause have Concepts.
func (c *Clause) AsksConcepts() bool {
	switch c.Modifier {
	case In, NotIn, Above, Below:
		return c.Param.Type == def.TokenParam
	}
	return false
}

// conceptsCondition asks for any of many codes.
type conceptsCondition struct {
	*Concepts
	x      *Index
	kinds  casings
	hashes map[hash]string // of Systems
	plain  bool            // there are code elements or booleans: their terms have no system
	set    *def.ValueSet   // gives the systems of all codes that have none in their terms; nil if it is not that simple
}

func (x *Index) newConcepts(pl *plan, v Value) (*conceptsCondition, error) {
	if v.Concepts == nil {
		return nil, fault.New(fault.Unsupported, "there is no terminology service to ask here")
	}
	c := &conceptsCondition{Concepts: v.Concepts, x: x, kinds: pl.casings, hashes: map[hash]string{}}
	for _, system := range c.Systems {
		c.hashes[hashOf(system)] = system
	}
	walks, paths := pl.program.Walks()
	c.plain = pl.booleans || !paths
	alike := pl.onlyCodes && !pl.booleans && len(pl.sets) == 1
	for _, w := range walks {
		c.plain = c.plain || len(w) == 0 || shapeOfType(w[len(w)-1].Type) == codeShape
		alike = alike && len(w) > 0 && boundSet(w[len(w)-1].Element) == pl.sets[0]
	}
	if alike {
		c.set = pl.sets[0]
	}
	return c, nil
}

func (c *conceptsCondition) spans(s *source) []Span {
	if !c.Listed || len(c.List) > MaxListed {
		return []Span{s.header.class(CodeClass).judged(Maybe, func(term []byte) (Verdict, []byte) { return c.judge(term), nil })}
	}
	spans := make([]Span, 0, 2*len(c.List))
	for _, k := range c.List {
		key, h := s.header.key(CodeClass), hashOf(k.System)
		exact, folds := c.x.narrow(c.kinds, k.System)
		if exact {
			spans = append(spans, exactly(appendCode(key[:len(key):len(key)], k.Code, h, false)).span(Yes))
		}
		if folds {
			spans = append(spans, exactly(appendCode(key[:len(key):len(key)], k.Code, h, true)).span(Yes))
		}
		if c.plain {
			spans = append(spans, exactly(appendCode(key[:len(key):len(key)], k.Code, emptyHash, false)).span(c.implied(k.Code)))
		}
	}
	return spans
}

// judge tells from a term whether its code is one of them. A code that is cut in its term may be.
func (c *conceptsCondition) judge(term []byte) Verdict {
	k, ok := codeOf(term)
	code := k.code()
	if !ok || code == "" {
		return No
	}
	system, known := c.hashes[k.system]
	switch {
	case k.system == emptyHash && c.plain && !k.folds:
		return c.implied(code)
	case !known:
		return No
	case len(code) > maxText:
		return Maybe
	case c.Has(system, code):
		return Yes
	}
	return No
}

// implied is what is known of a code without a system from its term: the system is that which the value set of its element
// gives it.
func (c *conceptsCondition) implied(code string) Verdict {
	switch {
	case c.set == nil || len(code) > maxText:
		return Maybe
	case c.hasFrom(c.set, code):
		return Yes
	}
	return No
}

// hasFrom reports whether a code, of the system that a value set has it in, is one of them.
func (c *conceptsCondition) hasFrom(set *def.ValueSet, code string) bool {
	return slices.ContainsFunc(c.Systems, func(system string) bool { return set.Has(system, code) && c.Has(system, code) })
}

func (c *conceptsCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	tokens(v, func(k token) { found = found || c.has(v, k) })
	return found
}

func (c *conceptsCondition) has(v *fhirpath.Value, k token) bool {
	if k.code == "" {
		return false
	}
	if k.system != "" {
		return c.Has(k.system, k.code)
	}
	switch shapeOf(v) {
	case booleanShape:
		return c.Has(booleanSystem, k.code)
	case codeShape:
		if set := boundSet(v.Element); set != nil {
			return c.hasFrom(set, k.code)
		}
		return slices.ContainsFunc(c.Systems, func(system string) bool { return c.Has(system, k.code) })
	}
	return false
}
