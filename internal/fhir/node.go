// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"iter"
	"unsafe"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds; Absent is that of the zero Node.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

// Node is a value on a Tape, 16 bytes, free to copy. The zero Node is absent; all methods are safe on it.
type Node struct {
	t *Tape
	i uint32
}

// Kind is the value's kind, Absent for the zero Node.
func (n Node) Kind() Kind {
	if n.t == nil {
		return Absent
	}
	return n.t.entries[n.i].kind
}

// Ok reports whether the value is there (null is there).
func (n Node) Ok() bool { return n.t != nil }

// Tape is the tape that n is on; nil for the zero Node.
func (n Node) Tape() *Tape { return n.t }

// Field is the member of an object with that name; absent if there is none or n is no object. It does not allocate.
func (n Node) Field(name string) Node {
	if n.Kind() != Object {
		return Node{}
	}
	sig := signature(name)
	entries := n.t.entries
	end := entries[n.i].next
	for i := n.i + 1; i < end; {
		e := &entries[i]
		if e.sig == sig && e.named(n.t.src, name) {
			return Node{n.t, i}
		}
		i = e.next
	}
	return Node{}
}

func (e *entry) named(src []byte, name string) bool {
	key := src[e.key : e.key+uint32(e.keyLen)]
	if e.flags&flagKeyEscape != 0 {
		key = unescape(make([]byte, 0, 64), key)
	}
	return string(key) == name
}

// First is the first member of an object or the first element of an array; absent if n is empty or neither.
//
//	for m := n.First(); m.Ok(); m = m.Next() { … m.Name() … }
func (n Node) First() Node {
	if n.t == nil || n.t.entries[n.i].next == n.i+1 {
		return Node{}
	}
	return Node{n.t, n.i + 1}
}

// Next is the member or element after n in the object or array that holds n, in constant time; absent after the last.
func (n Node) Next() Node {
	if n.t == nil {
		return Node{}
	}
	e := &n.t.entries[n.i]
	if e.flags&flagLast != 0 {
		return Node{}
	}
	return Node{n.t, e.next}
}

// Name is the name of n as a member of an object; empty for elements and the root. No copy unless the name has an escape.
func (n Node) Name() string {
	if n.t == nil {
		return ""
	}
	e := &n.t.entries[n.i]
	key := n.t.src[e.key : e.key+uint32(e.keyLen)]
	if e.flags&flagKeyEscape != 0 {
		return string(unescape(nil, key))
	}
	return view(key)
}

// Is reports whether n is a string equal to text. It does not allocate.
func (n Node) Is(text string) bool {
	if n.Kind() != String {
		return false
	}
	if e := &n.t.entries[n.i]; e.flags&flagEscape != 0 {
		return string(n.AppendText(make([]byte, 0, 64))) == text
	}
	return n.Text() == text
}

// Members iterates over an object's members in order; over nothing for other kinds.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.Kind() != Object {
			return
		}
		for m := n.First(); m.Ok() && yield(m.Name(), m); m = m.Next() {
		}
	}
}

// Elements iterates over an array's elements in order; over nothing for other kinds.
func (n Node) Elements() iter.Seq2[int, Node] {
	return func(yield func(int, Node) bool) {
		if n.Kind() != Array {
			return
		}
		i := 0
		for m := n.First(); m.Ok() && yield(i, m); m = m.Next() {
			i++
		}
	}
}

// Len counts the members or elements, in time linear in their number; 0 for other kinds.
func (n Node) Len() int {
	count := 0
	for m := n.First(); m.Ok(); m = m.Next() {
		count++
	}
	return count
}

// Raw is the exact bytes of the value in the source, quotes included; nil if absent. Callers must not change them.
func (n Node) Raw() []byte {
	if n.t == nil {
		return nil
	}
	e := &n.t.entries[n.i]
	return n.t.src[e.start:e.end:e.end]
}

// Text is a string's decoded text, empty for other kinds. Without escapes it shares the source's memory and is valid
// while the source is unchanged; strings.Clone it to keep it longer.
func (n Node) Text() string {
	if n.Kind() != String {
		return ""
	}
	e := &n.t.entries[n.i]
	inner := n.t.src[e.start+1 : e.end-1]
	if e.flags&flagEscape != 0 {
		return string(unescape(make([]byte, 0, len(inner)), inner))
	}
	return view(inner)
}

// AppendText appends a string's decoded text to dst; nothing for other kinds.
func (n Node) AppendText(dst []byte) []byte {
	if n.Kind() != String {
		return dst
	}
	e := &n.t.entries[n.i]
	inner := n.t.src[e.start+1 : e.end-1]
	if e.flags&flagEscape != 0 {
		return unescape(dst, inner)
	}
	return append(dst, inner...)
}

// Number is a number's text as it stands in the source (shared memory, as Text), empty for other kinds.
func (n Node) Number() string {
	if n.Kind() != Number {
		return ""
	}
	return view(n.Raw())
}

// Bool is true only for true.
func (n Node) Bool() bool { return n.Kind() == True }

// Offset is where the value begins in the source; 0 if absent.
func (n Node) Offset() int {
	if n.t == nil {
		return 0
	}
	return int(n.t.entries[n.i].start)
}

// End is the offset after the value's last byte; 0 if absent.
func (n Node) End() int {
	if n.t == nil {
		return 0
	}
	return int(n.t.entries[n.i].end)
}

// Position is the 1-based line and column of the value in the source; 0, 0 if absent.
func (n Node) Position() (line, column int) {
	if n.t == nil {
		return 0, 0
	}
	return Position(n.t.src, n.Offset())
}

// view is b as a string without a copy: valid while b is unchanged (F2).
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
