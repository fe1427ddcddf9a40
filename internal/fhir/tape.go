// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"fmt"
	"unsafe"

	"galen/internal/fault"
)

// Limits bounds what Tape.Parse accepts. A zero field takes the default.
type Limits struct {
	Size  int // bytes of one document; DefaultSize if zero, never more than MaxSize
	Depth int // nested objects and arrays; DefaultDepth if zero, never more than MaxDepth
}

// The defaults and the ends of Limits.
const (
	DefaultSize  = 64 << 20  // bytes; a Bundle with documents inside passes
	MaxSize      = 1 << 30   // bytes; offsets are 32 bits
	DefaultDepth = 128       // one nested Questionnaire item costs two
	MaxDepth     = 10_000    // as encoding/json
	MaxName      = 1<<16 - 1 // bytes of a member's name as written
	MaxValues    = 4 << 20   // values in one document; a tape takes 24 bytes for each
)

// Tape is the parsed form of one JSON document. The zero Tape is ready; one Tape parses any number of documents, one after
// the other, and keeps its memory.
type Tape struct {
	src     []byte
	entries []entry
	spaced  bool

	depth   int    // levels left while parsing
	problem string // what is wrong, once a step has returned a negative offset
	at      int    // and where
	order   []uint32
}

// entry is one value. The members of an object and the elements of an array follow their container; next is the index
// after the whole subtree. 24 bytes.
type entry struct {
	start, end uint32 // of the value in src
	next       uint32
	key        uint32 // start of the name in src, after its quote
	sig        uint32 // signature of the decoded name
	keyLen     uint16 // as written, escapes included
	kind       Kind
	flags      uint8
}

const (
	flagLast      = 1 << iota // last in its container
	flagMember                // has a name
	flagEscape                // a string with an escape
	flagKeyEscape             // its name has an escape
)

// Parse reads src whole and replaces what the tape held. The tape keeps src: see F2. It fails with a *SyntaxError, which
// wraps a fault of kind Invalid (TooLarge for Limits.Size and MaxValues) and leaves the tape empty.
func (t *Tape) Parse(src []byte, lim Limits) error {
	t.src, t.entries, t.spaced = src, t.entries[:0], false
	size, depth := lim.Size, lim.Depth
	if size <= 0 {
		size = DefaultSize
	}
	if depth <= 0 {
		depth = DefaultDepth
	}
	t.depth = min(depth, MaxDepth)
	if size = min(size, MaxSize); len(src) > size {
		return t.failed(fault.TooLarge, size, fmt.Sprintf("the document is longer than %d bytes", size))
	}
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		return t.failed(fault.Invalid, 0, "a byte order mark")
	}
	i := skipSpace(src, 0)
	t.begin(entry{start: uint32(i), flags: flagLast})
	if i = t.value(i); i < 0 {
		kind := fault.Invalid
		if t.problem == msgMany {
			kind = fault.TooLarge
		}
		return t.failed(kind, t.at, t.problem)
	}
	if i = skipSpace(src, i); i < len(src) {
		return t.failed(fault.Invalid, i, "more after the end of the value")
	}
	return nil
}

// Root is the document's value; absent before the first Parse and after one that failed.
func (t *Tape) Root() Node {
	if len(t.entries) == 0 {
		return Node{}
	}
	return Node{t: t}
}

// Source is the bytes given to Parse.
func (t *Tape) Source() []byte { return t.src }

// Spaced reports whether the root value has white space between its tokens, so that Compact would change it.
func (t *Tape) Spaced() bool { return t.spaced }

// Memory is the bytes that the tape keeps for its next document: what a pool of tapes bounds.
func (t *Tape) Memory() int {
	return cap(t.entries)*int(unsafe.Sizeof(entry{})) + cap(t.order)*int(unsafe.Sizeof(uint32(0)))
}

// SyntaxError says what is wrong with a document and where. Its text has no part of the document.
type SyntaxError struct {
	Offset, Line, Column int // Offset from 0; Line and Column (in bytes) from 1

	fault *fault.Fault
}

// NewSyntaxError is the error of a document that is not of the form named ("JSON", "XML"), at an offset into its source.
func NewSyntaxError(kind fault.Kind, form, problem string, src []byte, offset int) *SyntaxError {
	e := &SyntaxError{Offset: offset}
	e.Line, e.Column = Position(src, offset)
	e.fault = fault.New(kind, "%s: %s, line %d column %d", form, problem, e.Line, e.Column)
	return e
}

// Error gives the text for the caller.
func (e *SyntaxError) Error() string { return e.fault.Error() }

// Unwrap gives the fault.
func (e *SyntaxError) Unwrap() error { return e.fault }

// Position gives the 1-based line and column (in bytes) of an offset into src.
func Position(src []byte, offset int) (line, column int) {
	before := src[:min(max(offset, 0), len(src))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// begin adds an entry; false if there are too many.
func (t *Tape) begin(e entry) bool {
	n := len(t.entries)
	if n == cap(t.entries) && !t.grow() {
		return false
	}
	t.entries = t.entries[:n+1]
	t.entries[n] = e
	return true
}

// grow makes room for more entries, up to MaxValues.
func (t *Tape) grow() bool {
	n := len(t.entries)
	if n >= MaxValues {
		return false
	}
	entries := make([]entry, n, min(max(2*n, 64), MaxValues))
	copy(entries, t.entries)
	t.entries = entries
	return true
}

func (t *Tape) failed(kind fault.Kind, offset int, problem string) error {
	t.entries = t.entries[:0]
	return NewSyntaxError(kind, "JSON", problem, t.src, offset)
}

// fail notes what is wrong and returns the negative offset that stops the parse.
func (t *Tape) fail(at int, problem string) int {
	t.at, t.problem = at, problem
	return -1
}
