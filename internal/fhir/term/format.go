// SPDX-License-Identifier: Apache-2.0

package term

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"galen/internal/fault"
)

// The sections of a System's binary form. Tables are little-endian uint32; a table named …At has one entry more than what it
// indexes, so that entry i goes from …At[i] up to …At[i+1]. docs/terminology.md describes them.
const (
	secInfo          = iota // JSON of Info
	secCodeAt               // by concept, into secCode
	secCode                 // text
	secHash                 // open addressing by hashCode: concept + 1, 0 for none; a power of two, at most three quarters full
	secDisplayAt            // by concept, into secDisplay
	secDisplay              // text
	secFlags                // a byte a concept
	secParentAt             // by concept, into secParent
	secParent               // concepts
	secChildAt              // by concept, into secChild
	secChild                // concepts
	secDesignationAt        // by concept, into secDesignation
	secDesignation          // by designation: language<<16 | use, strings
	secWordingAt            // by designation, into secWording
	secWording              // text
	secPropertyAt           // by concept, into secProperty
	secProperty             // pairs: property (index into Info.PropertyDefinitions), string
	secStringAt             // by string, into secString
	secString               // text: languages, uses (system|code|display), values of properties
	sectionCount
)

const (
	flagInactive = 1 << iota
	flagAbstract
)

const (
	magic      = "galen.terms.1\n\x00\x00" // 16 bytes; the version is part of it
	headerSize = len(magic) + 8 + 4*sectionCount
)

// AppendBinary appends the system in the form that Open reads. A grammar has none.
func (s *System) AppendBinary(dst []byte) ([]byte, error) {
	if s.grammar != nil {
		return dst, fault.New(fault.Unsupported, "%s is a grammar and has no concepts to write", s.URL)
	}
	return append(dst, s.data...), nil
}

// Open reads a System from what AppendBinary wrote, without a copy: data must not change while the System is used.
// All of it is checked; fault.Invalid says that it is not such a file, or is damaged.
func Open(data []byte) (*System, error) {
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		return nil, fault.New(fault.Invalid, "not a code system in galen's form, version 1: import it again")
	}
	s := &System{data: data}
	head := data[len(magic):headerSize]
	s.n = int(binary.LittleEndian.Uint32(head[4:]))
	at := headerSize
	for i := range s.sections {
		size := int(binary.LittleEndian.Uint32(head[8+4*i:]))
		if size > len(data)-at {
			return nil, damaged("a part is cut off")
		}
		s.sections[i] = data[at : at+size : at+size]
		at += size
	}
	if at != len(data) || crc32.Checksum(data[len(magic)+4:], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(head) {
		return nil, damaged("the checksum differs")
	}
	if err := json.Unmarshal(s.sections[secInfo], &s.Info); err != nil {
		return nil, damaged("its description cannot be read")
	}
	return s, s.check()
}

func damaged(why string) error {
	return fault.New(fault.Invalid, "this code system's file is damaged (%s): import it again", why)
}

// check makes sure that no later access can fall outside a section.
func (s *System) check() error {
	words := func(section int) int { return len(s.sections[section]) / 4 }
	designations := words(secDesignation)
	for _, t := range []struct{ table, entries, limit int }{
		{secCodeAt, s.n, len(s.sections[secCode])},
		{secDisplayAt, s.n, len(s.sections[secDisplay])},
		{secParentAt, s.n, words(secParent)},
		{secChildAt, s.n, words(secChild)},
		{secDesignationAt, s.n, designations},
		{secWordingAt, designations, len(s.sections[secWording])},
		{secPropertyAt, s.n, words(secProperty) / 2},
		{secStringAt, max(words(secStringAt)-1, 0), len(s.sections[secString])},
	} {
		if len(s.sections[t.table]) != 4*(t.entries+1) || !s.ascending(t.table, t.limit) {
			return damaged("a table is out of order")
		}
	}
	strings := words(secStringAt) - 1
	slots := words(secHash)
	free := false
	for i := range slots {
		slot := int(s.u32(secHash, i))
		free = free || slot == 0
		if slot > s.n {
			return damaged("the index points nowhere")
		}
	}
	if len(s.sections[secFlags]) != s.n || !free || slots&(slots-1) != 0 ||
		!s.below(secParent, s.n) || !s.below(secChild, s.n) || len(s.sections[secProperty])%8 != 0 {
		return damaged("a table points nowhere")
	}
	for i := range designations {
		if d := s.u32(secDesignation, i); int(d>>16) >= strings || int(d&0xffff) >= strings {
			return damaged("a designation points nowhere")
		}
	}
	for i := 0; i < words(secProperty); i += 2 {
		if int(s.u32(secProperty, i)) >= len(s.PropertyDefinitions) || int(s.u32(secProperty, i+1)) >= strings {
			return damaged("a property points nowhere")
		}
	}
	return nil
}

func (s *System) ascending(table, limit int) bool {
	last := uint32(0)
	for i := range len(s.sections[table]) / 4 {
		v := s.u32(table, i)
		if v < last {
			return false
		}
		last = v
	}
	return int(last) == limit
}

func (s *System) below(section, limit int) bool {
	if len(s.sections[section])%4 != 0 {
		return false
	}
	for i := range len(s.sections[section]) / 4 {
		if int(s.u32(section, i)) >= limit {
			return false
		}
	}
	return true
}
