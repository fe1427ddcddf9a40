// SPDX-License-Identifier: Apache-2.0

package fhir

// Limits bounds what Tape.Parse accepts. A zero field takes the default.
type Limits struct {
	Size  int // bytes of one document; DefaultSize if zero, never more than MaxSize
	Depth int // nested objects and arrays; DefaultDepth if zero
}

const (
	DefaultSize  = 64 << 20 // bytes; a Bundle with documents inside passes
	MaxSize      = 1 << 30  // bytes; offsets are 32 bits
	DefaultDepth = 128      // one nested Questionnaire item costs two
)

// Tape is the parsed form of one JSON document. The zero Tape is ready; one Tape parses any number of documents, one after
// the other, and keeps its memory.
type Tape struct{ src []byte }

// Parse reads src whole and replaces what the tape held. The tape keeps src: see F2. It fails with a *SyntaxError, which
// wraps a fault of kind Invalid (TooLarge for Limits.Size) and leaves the tape empty.
func (t *Tape) Parse(src []byte, lim Limits) error { panic("todo") }

// Root is the document's value; absent before the first Parse and after one that failed.
func (t *Tape) Root() Node { panic("todo") }

// Source is the bytes given to Parse.
func (t *Tape) Source() []byte { return t.src }

// Spaced reports whether the root value has white space between its tokens, so that Compact would change it.
func (t *Tape) Spaced() bool { panic("todo") }

// Position gives the 1-based line and column (in bytes) of an offset into src.
func Position(src []byte, offset int) (line, column int) { panic("todo") }

// SyntaxError says what is wrong with a document and where. Its text has no part of the document.
type SyntaxError struct {
	Offset, Line, Column int // Offset from 0; Line and Column (in bytes) from 1
}

func (e *SyntaxError) Error() string { panic("todo") }

// Unwrap gives the fault.
func (e *SyntaxError) Unwrap() error { panic("todo") }

// Compact appends the JSON value src to dst without insignificant white space. src must be valid JSON, such as Node.Raw.
func Compact(dst, src []byte) []byte { panic("todo") }
