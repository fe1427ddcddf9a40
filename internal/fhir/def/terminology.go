// SPDX-License-Identifier: Apache-2.0

package def

import (
	"iter"
	"slices"
	"strings"
)

// CodeSystem is one of R4's own code systems, v2 tables and v3 code systems.
type CodeSystem struct {
	URL           string
	Version       string
	Complete      bool // all its codes are here
	CaseSensitive bool
	Concepts      []Concept // parents before children

	byCode map[string]int32
	more   map[int32][]int32 // parents beyond the first
}

// Concept is one code.
type Concept struct {
	Code   string
	Parent int32 // index of the concept above it (the first, if there are several: see Subsumes); -1 for none
}

// Find gives the index of a code in Concepts; -1 if it is not there. Case counts.
func (c *CodeSystem) Find(code string) int {
	if i, ok := c.byCode[code]; ok {
		return int(i)
	}
	return -1
}

// Subsumes reports whether ancestor is code or above it, by any of its parents. It is false for unknown codes.
func (c *CodeSystem) Subsumes(ancestor, code string) bool {
	a, i := c.Find(ancestor), c.Find(code)
	return a >= 0 && i >= 0 && c.above(int32(a), int32(i), len(c.Concepts))
}

// above walks up from i, at most steps far.
func (c *CodeSystem) above(a, i int32, steps int) bool {
	for ; i >= 0 && steps > 0; steps-- {
		if i == a {
			return true
		}
		for _, parent := range c.more[i] {
			if c.above(a, parent, steps-1) {
				return true
			}
		}
		i = c.Concepts[i].Parent
	}
	return false
}

// CodeSystem finds a code system by canonical URL; nil if R4 does not define it.
func (d *Definitions) CodeSystem(url string) *CodeSystem { return d.systems[url] }

// CodeSystems iterates over all code systems, in no order.
func (d *Definitions) CodeSystems() iter.Seq2[string, *CodeSystem] {
	return func(yield func(string, *CodeSystem) bool) {
		for url, c := range d.systems {
			if !yield(url, c) {
				return
			}
		}
	}
}

// ValueSet is a value set of R4.
type ValueSet struct {
	URL        string
	Enumerable bool // all its codes are known; otherwise (SNOMED CT, LOINC, UCUM, BCP-47, mime types) only its URL is

	parts []valueSetPart
}

// valueSetPart is the codes of one system: all of whole, or codes.
type valueSetPart struct {
	system string
	whole  *CodeSystem
	codes  []string
	byCode map[string]struct{} // of codes, if there are many
}

const manyCodes = 12

func (p *valueSetPart) has(code string) bool {
	switch {
	case p.whole != nil:
		return p.whole.Find(code) >= 0
	case p.byCode != nil:
		_, ok := p.byCode[code]
		return ok
	}
	return slices.Contains(p.codes, code)
}

// HasCode reports whether a code of any system is in an enumerable set; false for others.
func (v *ValueSet) HasCode(code string) bool {
	for i := range v.parts {
		if v.parts[i].has(code) {
			return true
		}
	}
	return false
}

// Has reports whether a code of that system is in an enumerable set; false for others.
func (v *ValueSet) Has(system, code string) bool {
	for i := range v.parts {
		if v.parts[i].system == system {
			return v.parts[i].has(code)
		}
	}
	return false
}

// HasSystem reports whether an enumerable set has codes of that system.
func (v *ValueSet) HasSystem(system string) bool {
	for i := range v.parts {
		if v.parts[i].system == system {
			return true
		}
	}
	return false
}

// Codes iterates over an enumerable set: system, code.
func (v *ValueSet) Codes() iter.Seq2[string, string] {
	return func(yield func(system, code string) bool) {
		for i := range v.parts {
			p := &v.parts[i]
			for _, code := range p.codes {
				if !yield(p.system, code) {
					return
				}
			}
			if p.whole == nil {
				continue
			}
			for _, c := range p.whole.Concepts {
				if !yield(p.system, c.Code) {
					return
				}
			}
		}
	}
}

// ValueSet finds a value set by canonical URL, with or without |version; nil if R4 does not define it.
func (d *Definitions) ValueSet(url string) *ValueSet {
	url, _, _ = strings.Cut(url, "|")
	return d.sets[url]
}
