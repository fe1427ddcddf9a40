// SPDX-License-Identifier: Apache-2.0

package def

import "iter"

// CodeSystem is one of R4's own code systems, v2 tables and v3 code systems.
type CodeSystem struct {
	URL           string
	Version       string
	Complete      bool // all its codes are here
	CaseSensitive bool
	Concepts      []Concept // parents before children
	byCode        map[string]int32
}

// Concept is one code.
type Concept struct {
	Code   string
	Parent int32 // index of the concept above it; -1 for none
}

// Find gives the index of a code in Concepts; -1 if it is not there.
func (c *CodeSystem) Find(code string) int { panic("todo") }

// Subsumes reports whether ancestor is code or above it.
func (c *CodeSystem) Subsumes(ancestor, code string) bool { panic("todo") }

// CodeSystem finds a code system by canonical URL; nil if R4 does not define it.
func (d *Definitions) CodeSystem(url string) *CodeSystem { panic("todo") }

// ValueSet is a value set of R4.
type ValueSet struct {
	URL        string
	Enumerable bool // all its codes are known; otherwise (SNOMED CT, LOINC, UCUM, BCP-47, mime types) only its URL is
}

// HasCode reports whether a code of any system is in an enumerable set; false for others.
func (v *ValueSet) HasCode(code string) bool { panic("todo") }

// Has reports whether a code of that system is in an enumerable set; false for others.
func (v *ValueSet) Has(system, code string) bool { panic("todo") }

// Codes iterates over an enumerable set: system, code.
func (v *ValueSet) Codes() iter.Seq2[string, string] { panic("todo") }

// ValueSet finds a value set by canonical URL, with or without |version; nil if R4 does not define it.
func (d *Definitions) ValueSet(url string) *ValueSet { panic("todo") }
