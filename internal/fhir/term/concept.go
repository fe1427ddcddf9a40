// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strings"

	"galen/internal/docset"
)

// str is an interned string.
func (s *System) str(i uint32) string { return s.text(secStringAt, secString, i) }

// Designations appends the designations of concept i.
func (s *System) Designations(dst []Designation, i uint32) []Designation {
	for at, end := s.u32(secDesignationAt, int(i)), s.u32(secDesignationAt, int(i)+1); at < end; at++ {
		tag := s.u32(secDesignation, int(at))
		d := Designation{Language: s.str(tag >> 16), Value: s.text(secWordingAt, secWording, at)}
		if use := s.str(tag & 0xffff); use != "" {
			d.Use.System, use, _ = strings.Cut(use, "|")
			d.Use.Code, d.Use.Display, _ = strings.Cut(use, "|")
		}
		dst = append(dst, d)
	}
	return dst
}

// hasWording reports whether ok accepts the display or a designation of concept i.
func (s *System) hasWording(i uint32, ok func(text string) bool) bool {
	if ok(s.Display(i)) {
		return true
	}
	for at, end := s.u32(secDesignationAt, int(i)), s.u32(secDesignationAt, int(i)+1); at < end; at++ {
		if ok(s.text(secWordingAt, secWording, at)) {
			return true
		}
	}
	return false
}

// displayIn is the display of concept i in a language, as good as there is: its own designation, else one of the same primary
// language, else the display.
func (s *System) displayIn(i uint32, language string) string {
	if language == "" || sameLanguage(s.Language, language) {
		return s.Display(i)
	}
	for _, d := range s.Designations(nil, i) {
		if d.Language != "" && sameLanguage(d.Language, language) {
			return d.Value
		}
	}
	return s.Display(i)
}

// sameLanguage compares language tags: equal, or one is the beginning of the other.
func sameLanguage(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a != "" && equalFold(a, b[:len(a)]) && (len(a) == len(b) || b[len(a)] == '-')
}

// Properties appends the properties of concept i that were defined for it; not its place in the hierarchy.
func (s *System) Properties(dst []Property, i uint32) []Property {
	s.eachProperty(i, func(property, value uint32) bool {
		def := &s.Info.PropertyDefinitions[property]
		p := Property{Code: def.Code, Type: def.Type, Value: s.str(value)}
		if def.Type == PropertyCode {
			if other, ok := s.Find(p.Value); ok {
				p.Description = s.Display(other)
			}
		}
		dst = append(dst, p)
		return true
	})
	return dst
}

func (s *System) eachProperty(i uint32, each func(property, value uint32) bool) {
	for at, end := int(s.u32(secPropertyAt, int(i))), int(s.u32(secPropertyAt, int(i)+1)); at < end; at++ {
		if !each(s.u32(secProperty, 2*at), s.u32(secProperty, 2*at+1)) {
			return
		}
	}
}

// Subsumes reports whether ancestor is i or above it, by any of its parents. Cycles do no harm.
func (s *System) Subsumes(ancestor, i uint32) bool {
	if ancestor == i {
		return true
	}
	var room [64]uint32
	line := s.Parents(room[:0], i)
	for at := 0; at < len(line); at++ {
		c := line[at]
		if c == ancestor {
			return true
		}
		from := len(line)
		line = s.Parents(line, c)
		for k := from; k < len(line); { // what is in line already is not walked again
			if slices.Contains(line[:k], line[k]) {
				line = slices.Delete(line, k, k+1)
			} else {
				k++
			}
		}
		if len(line) > 256 {
			return s.Ancestors(i).Contains(ancestor)
		}
	}
	return false
}

// Descendants is the set of concepts below i, without i itself unless it is below itself.
func (s *System) Descendants(i uint32) docset.Set { return s.closure(i, s.Children) }

// Ancestors is the set of concepts above i.
func (s *System) Ancestors(i uint32) docset.Set { return s.closure(i, s.Parents) }

func (s *System) closure(i uint32, next func(dst []uint32, i uint32) []uint32) docset.Set {
	seen := make([]uint64, s.n/64+1)
	todo := next(nil, i)
	var found []uint32
	for len(todo) > 0 {
		c := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[c/64]&(1<<(c%64)) != 0 {
			continue
		}
		seen[c/64] |= 1 << (c % 64)
		found = append(found, c)
		todo = next(todo, c)
	}
	slices.Sort(found)
	var set docset.Set
	set.AddMany(found)
	return set
}

// all is the set of all concepts.
func (s *System) all() docset.Set { return docset.Span(0, uint32(s.n)) }
