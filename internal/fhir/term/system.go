// SPDX-License-Identifier: Apache-2.0

package term

import (
	"encoding/binary"
	"unsafe"
)

// Info is what is known of a code system besides its concepts.
type Info struct {
	URL, Version        string
	Name, Title         string
	Content             Content
	CaseInsensitive     bool
	ValueSet            string // canonical of the value set of all its codes
	Language            string // of the displays
	Hierarchy           string // hierarchyMeaning
	PropertyDefinitions []PropertyDefinition
}

// PropertyDefinition names a property that concepts have.
type PropertyDefinition struct {
	Code string
	Type PropertyType
	URI  string
}

// System is a code system: immutable, made by a Builder, or opened from the bytes that AppendBinary wrote.
type System struct {
	Info
	n        int
	sections [sectionCount][]byte
	data     []byte // the whole, as AppendBinary gives it
	grammar  func(code string) bool
}

// Len is the number of concepts; 0 for a grammar.
func (s *System) Len() int { return s.n }

// IsGrammar reports whether the system recognises codes instead of listing them.
func (s *System) IsGrammar() bool { return s.grammar != nil }

// Memory is the bytes that the concepts take.
func (s *System) Memory() int { return len(s.data) }

func (s *System) u32(section, i int) uint32 {
	return binary.LittleEndian.Uint32(s.sections[section][4*i:])
}

// text cuts entry i out of an arena with an offset table. It aliases the arena.
func (s *System) text(offsets, arena int, i uint32) string {
	from, to := s.u32(offsets, int(i)), s.u32(offsets, int(i)+1)
	b := s.sections[arena][from:to]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Code is the code of concept i, which must be below Len.
func (s *System) Code(i uint32) string { return s.text(secCodeAt, secCode, i) }

// Display is the display of concept i; empty if it has none.
func (s *System) Display(i uint32) string { return s.text(secDisplayAt, secDisplay, i) }

// Inactive reports whether concept i is out of use.
func (s *System) Inactive(i uint32) bool { return s.sections[secFlags][i]&flagInactive != 0 }

// Abstract reports whether concept i only groups others.
func (s *System) Abstract(i uint32) bool { return s.sections[secFlags][i]&flagAbstract != 0 }

// Find gives the number of a code; ok is false if there is none. It does not allocate.
func (s *System) Find(code string) (i uint32, ok bool) {
	slots := s.sections[secHash]
	if len(slots) == 0 {
		return 0, false
	}
	mask := uint32(len(slots)/4 - 1)
	folded, haveFolded := uint32(0), false
	for at := hashCode(code) & mask; ; at = (at + 1) & mask {
		slot := binary.LittleEndian.Uint32(slots[4*at:])
		if slot == 0 {
			return folded, haveFolded
		}
		switch known := s.Code(slot - 1); {
		case known == code:
			return slot - 1, true
		case s.CaseInsensitive && !haveFolded && equalFold(known, code):
			folded, haveFolded = slot-1, true
		}
	}
}

// hashCode is FNV-1a over the code with ASCII letters in lower case; part of the binary format.
func hashCode(code string) uint32 {
	h := uint64(14695981039346656037)
	for i := range len(code) {
		h = (h ^ uint64(lower(code[i]))) * 1099511628211
	}
	return uint32(h>>32) ^ uint32(h)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// Parents appends the numbers of the concepts right above i.
func (s *System) Parents(dst []uint32, i uint32) []uint32 {
	return s.list(dst, secParentAt, secParent, i)
}

// Children appends the numbers of the concepts right below i.
func (s *System) Children(dst []uint32, i uint32) []uint32 {
	return s.list(dst, secChildAt, secChild, i)
}

func (s *System) list(dst []uint32, offsets, entries int, i uint32) []uint32 {
	for at, end := s.u32(offsets, int(i)), s.u32(offsets, int(i)+1); at < end; at++ {
		dst = append(dst, s.u32(entries, int(at)))
	}
	return dst
}

// hasHierarchy reports whether any concept is below another.
func (s *System) hasHierarchy() bool { return len(s.sections[secParent]) > 0 }
