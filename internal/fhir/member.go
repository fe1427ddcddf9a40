// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"slices"
)

// manyMembers is the number of members from which duplicate names are sought once, by sorting, at the object's end.
const manyMembers = 32

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
