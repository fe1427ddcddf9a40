// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"math/bits"
	"slices"
)

// The steps of the parser take the offset to read from and return the offset after what they read, or a negative one
// after fail. A step that reads a value fills the tape's newest entry, which its caller has begun with start and name.

const (
	msgEnds   = "the document ends too early"
	msgDeep   = "too many levels"
	msgMany   = "too many values"
	msgSecond = "the same name twice in one object"
)

// manyMembers is the number of members from which duplicate names are sought once, by sorting, at the object's end.
const manyMembers = 32

// value reads the value at i.
func (t *Tape) value(i int) int {
	if i >= len(t.src) {
		return t.fail(i, msgEnds)
	}
	self := len(t.entries) - 1
	kind, end := Null, 0
	switch c := t.src[i]; c {
	case '"':
		kind, end = String, plainEnd(t.src, i+1)
		if end < len(t.src) && t.src[end] == '"' {
			end++
		} else {
			end = t.text(i + 1)
		}
	case '{':
		return t.object(i+1, self)
	case '[':
		return t.array(i+1, self)
	case 't':
		kind, end = True, t.literal(i, "true")
	case 'f':
		kind, end = False, t.literal(i, "false")
	case 'n':
		end = t.literal(i, "null")
	default:
		kind, end = Number, t.number(i)
	}
	if end < 0 {
		return end
	}
	e := &t.entries[self]
	e.kind, e.end, e.next = kind, uint32(end), uint32(self+1)
	return end
}

// object reads an object's members from i, after its brace.
func (t *Tape) object(i, self int) int {
	src := t.src
	if i = t.open(i, self, Object); i >= 0 && i < len(src) && src[i] == '}' {
		return t.close(i+1, self, self)
	}
	var seen uint64 // a bit for each signature met
	for count := 1; i >= 0; count++ {
		member := len(t.entries)
		sig, after := t.name(i)
		if after < 0 {
			return after
		}
		if bit := uint64(1) << (sig * 0x9e3779b1 >> 26); seen&bit == 0 {
			seen |= bit
		} else if count < manyMembers && t.repeated(self, member) {
			return t.fail(i, msgSecond)
		}
		if i = t.value(after); i < 0 {
			return i
		}
		if i < len(src) && src[i] <= ' ' {
			i = t.space(i)
		}
		switch {
		case i >= len(src):
			return t.fail(i, msgEnds)
		case src[i] == ',':
			if i++; i < len(src) && src[i] <= ' ' {
				i = t.space(i)
			}
		case src[i] == '}':
			if count >= manyMembers {
				if at := t.sortedRepeat(self); at >= 0 {
					return t.fail(at, msgSecond)
				}
			}
			return t.close(i+1, self, member)
		default:
			return t.fail(i, "a comma or } is missing")
		}
	}
	return i
}

// array reads an array's elements from i, after its bracket.
func (t *Tape) array(i, self int) int {
	src := t.src
	if i = t.open(i, self, Array); i >= 0 && i < len(src) && src[i] == ']' {
		return t.close(i+1, self, self)
	}
	for i >= 0 {
		element := len(t.entries)
		if !t.begin(entry{start: uint32(i)}) {
			return t.fail(i, msgMany)
		}
		if i = t.value(i); i < 0 {
			return i
		}
		if i < len(src) && src[i] <= ' ' {
			i = t.space(i)
		}
		switch {
		case i >= len(src):
			return t.fail(i, msgEnds)
		case src[i] == ',':
			if i++; i < len(src) && src[i] <= ' ' {
				i = t.space(i)
			}
		case src[i] == ']':
			return t.close(i+1, self, element)
		default:
			return t.fail(i, "a comma or ] is missing")
		}
	}
	return i
}

func (t *Tape) open(i, self int, kind Kind) int {
	t.entries[self].kind = kind
	if t.depth--; t.depth < 0 {
		return t.fail(i-1, msgDeep)
	}
	if i < len(t.src) && t.src[i] <= ' ' {
		i = t.space(i)
	}
	return i
}

// close ends the container self, whose last member or element is last (self if it has none).
func (t *Tape) close(i, self, last int) int {
	t.depth++
	if last != self {
		t.entries[last].flags |= flagLast
	}
	e := &t.entries[self]
	e.end, e.next = uint32(i), uint32(len(t.entries))
	return i
}

// name reads a member's name and the colon from i, begins the member's entry, and returns the name's signature and the
// offset of the value. It does the common case itself: no escape, nothing but ASCII, no white space.
func (t *Tape) name(i int) (sig uint32, after int) {
	src, key := t.src, i+1
	if i < len(src) && src[i] == '"' {
		end := plainEnd(src, key)
		if end+2 < len(src) && src[end] == '"' && src[end+1] == ':' && src[end+2] > ' ' && end-key <= MaxName {
			sig = signature(src[key:end])
			if t.begin(entry{start: uint32(end + 2), key: uint32(key), keyLen: uint16(end - key), sig: sig, flags: flagMember}) {
				return sig, end + 2
			}
		}
	}
	return t.anyName(i)
}

// anyName is name for every case.
func (t *Tape) anyName(i int) (sig uint32, after int) {
	src := t.src
	if i >= len(src) {
		return 0, t.fail(i, msgEnds)
	}
	if src[i] != '"' {
		return 0, t.fail(i, "a name in quotes is missing")
	}
	self, key := len(t.entries), i+1
	if !t.begin(entry{key: uint32(key), flags: flagMember}) {
		return 0, t.fail(i, msgMany)
	}
	end := t.text(key) - 1
	if end < 0 {
		return 0, end
	}
	if end-key > MaxName {
		return 0, t.fail(i, "a name that is too long")
	}
	if i = end + 1; i < len(src) && src[i] <= ' ' {
		i = t.space(i)
	}
	if i >= len(src) || src[i] != ':' {
		return 0, t.fail(i, "a colon is missing")
	}
	if i++; i < len(src) && src[i] <= ' ' {
		i = t.space(i)
	}
	e := &t.entries[self]
	if e.flags&flagEscape == 0 {
		sig = signature(src[key:end])
	} else {
		e.flags = flagMember | flagKeyEscape
		sig = signature(unescape(nil, src[key:end]))
	}
	e.start, e.keyLen, e.sig = uint32(i), uint16(end-key), sig
	return sig, i
}

// signature is a cheap digest of a name: its length and three of its bytes.
func signature[T Text](name T) uint32 {
	n := len(name)
	if n == 0 {
		return 0
	}
	return uint32(n)&0xff | uint32(name[0])<<8 | uint32(name[n>>1])<<16 | uint32(name[n-1])<<24
}

// repeated reports whether a member of self before the newest one has the newest one's name.
func (t *Tape) repeated(self, newest int) bool {
	for i := self + 1; i < newest; i = int(t.entries[i].next) {
		if t.entries[i].sig == t.entries[newest].sig && t.compareNames(uint32(i), uint32(newest)) == 0 {
			return true
		}
	}
	return false
}

// sortedRepeat looks for a duplicate among the members of self by sorting them, so that no choice of names makes it
// slow. It returns the offset of a second one, or -1.
func (t *Tape) sortedRepeat(self int) int {
	t.order = t.order[:0]
	for i := self + 1; i < len(t.entries); i = int(t.entries[i].next) {
		t.order = append(t.order, uint32(i))
	}
	slices.SortFunc(t.order, func(a, b uint32) int {
		if c := t.compareNames(a, b); c != 0 {
			return c
		}
		return int(a) - int(b)
	})
	for k := 1; k < len(t.order); k++ {
		if t.compareNames(t.order[k-1], t.order[k]) == 0 {
			return int(t.entries[t.order[k]].key) - 1
		}
	}
	return -1
}

// compareNames orders two members by signature and decoded name.
func (t *Tape) compareNames(a, b uint32) int {
	x, y := &t.entries[a], &t.entries[b]
	if x.sig != y.sig {
		if x.sig < y.sig {
			return -1
		}
		return 1
	}
	p, q := t.src[x.key:x.key+uint32(x.keyLen)], t.src[y.key:y.key+uint32(y.keyLen)]
	if x.flags&flagKeyEscape != 0 {
		p = unescape(nil, p)
	}
	if y.flags&flagKeyEscape != 0 {
		q = unescape(nil, q)
	}
	return bytes.Compare(p, q)
}

// space skips white space inside the root value.
func (t *Tape) space(i int) int {
	t.spaced = true
	return skipSpace(t.src, i)
}

func skipSpace(src []byte, i int) int {
	for i < len(src) {
		if i+8 <= len(src) && load64(src, i) == 0x2020202020202020 {
			i += 8
			continue
		}
		if c := src[i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		i++
	}
	return i
}

func (t *Tape) literal(i int, word string) int {
	if end := i + len(word); end <= len(t.src) && string(t.src[i:end]) == word {
		return end
	}
	return t.fail(i, "no value")
}

// number reads a number by the grammar of RFC 8259.
func (t *Tape) number(i int) int {
	src, start := t.src, i
	if src[i] == '-' {
		i++
	}
	whole := i
	if i = digits(src, i); i == whole {
		if whole > start {
			return t.fail(i, "a digit is missing")
		}
		return t.fail(i, "no value")
	}
	if src[whole] == '0' && i > whole+1 {
		return t.fail(whole, "a number with a leading zero")
	}
	if i < len(src) && src[i] == '.' {
		from := i + 1
		if i = digits(src, from); i == from {
			return t.fail(i, "a digit is missing")
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		if i++; i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		from := i
		if i = digits(src, from); i == from {
			return t.fail(i, "a digit is missing")
		}
	}
	return i
}

// digits returns the offset after the digits at i.
func digits(src []byte, i int) int {
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	return i
}

// plainEnd returns the offset of the first byte from i that is a quote, a backslash, a control character or not ASCII,
// or len(src).
func plainEnd(src []byte, i int) int {
	for i+8 <= len(src) {
		if stops := stopBytes(load64(src, i)); stops != 0 {
			return i + bits.TrailingZeros64(stops)>>3
		}
		i += 8
	}
	for i < len(src) && src[i] != '"' && src[i] != '\\' && src[i] >= ' ' && src[i] < 0x80 {
		i++
	}
	return i
}
