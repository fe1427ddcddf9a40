// SPDX-License-Identifier: Apache-2.0

package fhir

import "iter"

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
func (n Node) Kind() Kind { panic("todo") }

// Ok reports whether the value is there (null is there).
func (n Node) Ok() bool { return n.t != nil }

// Field is the member of an object with that name; absent if there is none or n is no object. It does not allocate.
func (n Node) Field(name string) Node { panic("todo") }

// First is the first member of an object or the first element of an array; absent if n is empty or neither.
//
//	for m := n.First(); m.Ok(); m = m.Next() { … m.Name() … }
func (n Node) First() Node { panic("todo") }

// Next is the member or element after n in the object or array that holds n, in constant time; absent after the last.
func (n Node) Next() Node { panic("todo") }

// Name is the name of n as a member of an object; empty for elements and the root. No copy unless the name has an escape.
func (n Node) Name() string { panic("todo") }

// Is reports whether n is a string equal to text. It does not allocate.
func (n Node) Is(text string) bool { panic("todo") }

// Members iterates over an object's members in order; over nothing for other kinds.
func (n Node) Members() iter.Seq2[string, Node] { panic("todo") }

// Elements iterates over an array's elements in order; over nothing for other kinds.
func (n Node) Elements() iter.Seq2[int, Node] { panic("todo") }

// Len counts the members or elements, in time linear in their number; 0 for other kinds.
func (n Node) Len() int { panic("todo") }

// Raw is the exact bytes of the value in the source, quotes included; nil if absent. Callers must not change them.
func (n Node) Raw() []byte { panic("todo") }

// Text is a string's decoded text, empty for other kinds. Without escapes it shares the source's memory and is valid
// while the source is unchanged; strings.Clone it to keep it longer.
func (n Node) Text() string { panic("todo") }

// AppendText appends a string's decoded text to dst; nothing for other kinds.
func (n Node) AppendText(dst []byte) []byte { panic("todo") }

// Number is a number's text as it stands in the source (shared memory, as Text), empty for other kinds.
func (n Node) Number() string { panic("todo") }

// Bool is true only for true.
func (n Node) Bool() bool { panic("todo") }

// Offset is where the value begins in the source; 0 if absent.
func (n Node) Offset() int { panic("todo") }

// End is the offset after the value's last byte; 0 if absent.
func (n Node) End() int { panic("todo") }

// Position is the 1-based line and column of the value in the source; 0, 0 if absent.
func (n Node) Position() (line, column int) { panic("todo") }
