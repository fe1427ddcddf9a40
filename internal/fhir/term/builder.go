// SPDX-License-Identifier: Apache-2.0

package term

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"strings"

	"galen/internal/fault"
)

// Builder makes a System from concepts in any order. Numbers of concepts are given in the order of the calls of Concept.
type Builder struct {
	info         Info
	code         arena
	slots        []uint32
	display      []span // by concept
	texts        []byte // displays, as they came
	flags        []byte
	parents      []edge // child, parent
	designations []designation
	wording      []byte
	tags, values interner
	properties   []propertyOf
	propertyAt   map[string]uint32
}

type (
	span        struct{ from, to uint32 }
	edge        struct{ from, to uint32 }
	designation struct {
		concept, tag uint32
		text         span
	}
	propertyOf struct{ concept, property, value uint32 }
)

// arena is texts one after the other, and where each begins.
type arena struct {
	at   []uint32
	text []byte
}

func (a *arena) add(s string) {
	if len(a.at) == 0 {
		a.at = append(a.at, 0)
	}
	a.text = append(a.text, s...)
	a.at = append(a.at, uint32(len(a.text)))
}

// interner numbers distinct strings.
type interner struct {
	arena
	known map[string]uint32
}

func (in *interner) intern(s string) uint32 {
	if i, ok := in.known[s]; ok {
		return i
	}
	if in.known == nil {
		in.known = map[string]uint32{}
	}
	i := uint32(len(in.known))
	in.known[string(append([]byte(nil), s...))] = i
	in.add(s)
	return i
}

// NewBuilder starts a system.
func NewBuilder(info Info) *Builder {
	b := &Builder{info: info, slots: make([]uint32, 8), propertyAt: map[string]uint32{}}
	b.tags.intern("")
	for i, p := range info.PropertyDefinitions {
		b.propertyAt[p.Code] = uint32(i)
	}
	return b
}

// Len is the number of concepts so far.
func (b *Builder) Len() int { return len(b.flags) }

// Concept gives the number of a code, which it adds if it is new.
func (b *Builder) Concept(code string) uint32 {
	slot, found := b.seek(code)
	if found {
		return b.slots[slot] - 1
	}
	b.code.add(code)
	b.flags = append(b.flags, 0)
	b.display = append(b.display, span{})
	i := uint32(len(b.flags))
	b.slots[slot] = i
	if 4*int(i) > 3*len(b.slots) {
		b.grow()
	}
	return i - 1
}

// Find gives the number of a code; ok is false if it was not added.
func (b *Builder) Find(code string) (i uint32, ok bool) {
	slot, found := b.seek(code)
	if !found {
		return 0, false
	}
	return b.slots[slot] - 1, true
}

// seek gives the slot where the code is, or where it goes.
func (b *Builder) seek(code string) (slot uint32, found bool) {
	mask := uint32(len(b.slots) - 1)
	for at := hashCode(code) & mask; ; at = (at + 1) & mask {
		i := b.slots[at]
		if i == 0 || string(b.code.text[b.code.at[i-1]:b.code.at[i]]) == code {
			return at, i != 0
		}
	}
}

func (b *Builder) grow() {
	b.slots = make([]uint32, 2*len(b.slots))
	mask := uint32(len(b.slots) - 1)
	for i := range b.flags {
		at := hashCode(string(b.code.text[b.code.at[i]:b.code.at[i+1]])) & mask
		for b.slots[at] != 0 {
			at = (at + 1) & mask
		}
		b.slots[at] = uint32(i + 1)
	}
}

// Display sets the display of concept i.
func (b *Builder) Display(i uint32, text string) {
	from := uint32(len(b.texts))
	b.texts = append(b.texts, text...)
	b.display[i] = span{from, uint32(len(b.texts))}
}

// HasDisplay reports whether concept i has a display.
func (b *Builder) HasDisplay(i uint32) bool { return b.display[i].to > b.display[i].from }

// Inactive says that concept i is out of use.
func (b *Builder) Inactive(i uint32) { b.flags[i] |= flagInactive }

// Abstract says that concept i only groups others.
func (b *Builder) Abstract(i uint32) { b.flags[i] |= flagAbstract }

// Parent puts child right below parent. A concept is not its own parent: that is ignored.
func (b *Builder) Parent(child, parent uint32) {
	if child != parent {
		b.parents = append(b.parents, edge{child, parent})
	}
}

// Designate adds a text to concept i.
func (b *Builder) Designate(i uint32, d Designation) {
	language, use := b.tags.intern(d.Language), uint32(0)
	if d.Use != (Coding{}) {
		use = b.tags.intern(d.Use.System + "|" + d.Use.Code + "|" + d.Use.Display)
	}
	from := uint32(len(b.wording))
	b.wording = append(b.wording, d.Value...)
	b.designations = append(b.designations, designation{i, language<<16 | use, span{from, uint32(len(b.wording))}})
}

// Property adds a property to concept i. One that Info.PropertyDefinitions does not define is defined as a string.
func (b *Builder) Property(i uint32, code, value string) {
	b.Define(PropertyDefinition{Code: code, Type: PropertyString})
	b.properties = append(b.properties, propertyOf{i, b.propertyAt[code], b.values.intern(value)})
}

// Define defines a property, unless one of its code is defined.
func (b *Builder) Define(p PropertyDefinition) {
	if _, ok := b.propertyAt[p.Code]; !ok {
		p.Code = strings.Clone(p.Code)
		b.propertyAt[p.Code] = uint32(len(b.info.PropertyDefinitions))
		b.info.PropertyDefinitions = append(b.info.PropertyDefinitions, p)
	}
}

// Build makes the system. It fails with fault.TooLarge if a table would pass 4 GiB, and with fault.Invalid if there are too
// many kinds of designations. The Builder must not be used afterwards.
func (b *Builder) Build() (*System, error) {
	if len(b.texts) > math.MaxInt32 || len(b.wording) > math.MaxInt32 || len(b.code.text) > math.MaxInt32 ||
		len(b.values.text) > math.MaxInt32 {
		return nil, fault.New(fault.TooLarge, "the code system %s has more than 2 GiB of text: import a part of it", b.info.URL)
	}
	if len(b.tags.known) > math.MaxUint16 {
		return nil, fault.New(fault.Invalid, "the code system %s has more than %d languages and uses of designations", b.info.URL, math.MaxUint16)
	}
	var s [sectionCount][]byte
	info, err := json.Marshal(b.info)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the description of %s", b.info.URL)
	}
	s[secInfo] = info
	s[secCodeAt], s[secCode] = words(nil, withZero(b.code.at)), b.code.text
	s[secHash] = words(nil, b.slots)
	s[secFlags] = b.flags
	b.displays(&s)
	s[secParentAt], s[secParent] = adjacency(b.parents, len(b.flags))
	for i, e := range b.parents {
		b.parents[i] = edge{e.to, e.from}
	}
	s[secChildAt], s[secChild] = adjacency(b.parents, len(b.flags))
	b.designated(&s)
	b.propertied(&s)
	out := &System{Info: b.info, n: len(b.flags)}
	out.assemble(s)
	return out, nil
}

func withZero(at []uint32) []uint32 {
	if len(at) == 0 {
		return []uint32{0}
	}
	return at
}

func words(dst []byte, values []uint32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

// displays lays the displays in the order of the concepts.
func (b *Builder) displays(s *[sectionCount][]byte) {
	var a arena
	a.at = append(a.at, 0)
	for _, d := range b.display {
		a.text = append(a.text, b.texts[d.from:d.to]...)
		a.at = append(a.at, uint32(len(a.text)))
	}
	s[secDisplayAt], s[secDisplay] = words(nil, a.at), a.text
}

// adjacency makes the table and the lists of edges by where they come from, in the order given, without repeats.
func adjacency(edges []edge, n int) (at, lists []byte) {
	order, starts := byConcept(len(edges), n, func(i int) uint32 { return edges[i].from })
	table, list := make([]uint32, 1, n+1), make([]uint32, 0, len(edges))
	for c := range n {
		begin := len(list)
	next:
		for _, i := range order[starts[c]:starts[c+1]] {
			if to := edges[i].to; len(list)-begin < 64 { // repeats are looked for among a few only: they do no harm
				for _, had := range list[begin:] {
					if had == to {
						continue next
					}
				}
			}
			list = append(list, edges[i].to)
		}
		table = append(table, uint32(len(list)))
	}
	return words(nil, table), words(nil, list)
}

// byConcept sorts entries by concept, stably: order[starts[c]:starts[c+1]] are those of concept c.
func byConcept(entries, n int, concept func(i int) uint32) (order, starts []uint32) {
	starts = make([]uint32, n+1)
	for i := range entries {
		starts[concept(i)+1]++
	}
	for c := range n {
		starts[c+1] += starts[c]
	}
	next := append([]uint32(nil), starts...)
	order = make([]uint32, entries)
	for i := range entries {
		c := concept(i)
		order[next[c]] = uint32(i)
		next[c]++
	}
	return order, starts
}

func (b *Builder) designated(s *[sectionCount][]byte) {
	order, starts := byConcept(len(b.designations), len(b.flags), func(i int) uint32 { return b.designations[i].concept })
	var a arena
	a.at = append(a.at, 0)
	var tags []uint32
	for _, i := range order {
		d := b.designations[i]
		tags = append(tags, d.tag)
		a.text = append(a.text, b.wording[d.text.from:d.text.to]...)
		a.at = append(a.at, uint32(len(a.text)))
	}
	s[secDesignationAt], s[secDesignation] = words(nil, starts), words(nil, tags)
	s[secWordingAt], s[secWording] = words(nil, a.at), a.text
}

// propertied lays the properties, and the strings: tags first, so that their numbers fit 16 bits.
func (b *Builder) propertied(s *[sectionCount][]byte) {
	order, starts := byConcept(len(b.properties), len(b.flags), func(i int) uint32 { return b.properties[i].concept })
	tags := uint32(len(b.tags.known))
	pairs := make([]uint32, 0, 2*len(order))
	for c := range b.flags {
		from := len(pairs)
		for _, i := range order[starts[c]:starts[c+1]] {
			if p := b.properties[i]; !hasPair(pairs[from:], p.property, tags+p.value) {
				pairs = append(pairs, p.property, tags+p.value)
			}
		}
		starts[c] = uint32(from / 2)
	}
	starts[len(b.flags)] = uint32(len(pairs) / 2)
	s[secPropertyAt], s[secProperty] = words(nil, starts), words(nil, pairs)
	at := append([]uint32(nil), b.tags.at...)
	end := uint32(len(b.tags.text))
	for i := 1; i < len(b.values.at); i++ {
		at = append(at, end+b.values.at[i])
	}
	s[secStringAt] = words(nil, at)
	s[secString] = append(b.tags.text, b.values.text...)
}

// hasPair looks for a pair among the first ones: a concept that has more may have repeats.
func hasPair(pairs []uint32, property, value uint32) bool {
	for k := 0; k < min(len(pairs), 128); k += 2 {
		if pairs[k] == property && pairs[k+1] == value {
			return true
		}
	}
	return false
}

// assemble writes the sections one after the other and cuts them out of the whole.
func (s *System) assemble(sections [sectionCount][]byte) {
	size := headerSize
	for _, part := range sections {
		size += len(part)
	}
	data := make([]byte, 0, size)
	data = append(data, magic...)
	data = append(data, 0, 0, 0, 0)
	data = binary.LittleEndian.AppendUint32(data, uint32(s.n))
	for _, part := range sections {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(part)))
	}
	for i, part := range sections {
		from := len(data)
		data = append(data, part...)
		s.sections[i] = data[from:len(data):len(data)]
	}
	binary.LittleEndian.PutUint32(data[len(magic):], crc32.Checksum(data[len(magic)+4:], crc32.MakeTable(crc32.Castagnoli)))
	s.data = data
}
