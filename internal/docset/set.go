// SPDX-License-Identifier: Apache-2.0

// Package docset holds sets of document numbers, and the packed form in which an engine stores the postings of a term.
//
// A Set is a compressed set of uint32. Its zero value is the empty set. A Set is a small handle: a copy of it (s2 := s1)
// shares its documents, and changing either then changes or breaks the other, so Clone what you keep. Methods with a
// pointer receiver change the set; all others, and all functions, leave their arguments as they are. A Set may be read
// from many goroutines as long as none changes it.
//
// A Block is the postings of one term within one block of 65,536 documents, those with the same high 16 bits, as one
// value; see Block for its form. Builder makes a Set of many blocks, Merger brings blocks and operands of one key together.
package docset

import (
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
)

// Set is a set of document numbers.
type Set struct{ b *roaring.Bitmap }

// Of returns the set of docs, in any order.
func Of(docs ...uint32) Set {
	if len(docs) == 0 {
		return Set{}
	}
	return Set{roaring.BitmapOf(docs...)}
}

// Span returns the set of all numbers from lo up to but not including hi.
func Span(lo, hi uint32) Set {
	if lo >= hi {
		return Set{}
	}
	b := roaring.New()
	b.AddRange(uint64(lo), uint64(hi))
	return Set{b}
}

// And returns the documents in both a and b.
func And(a, b Set) Set {
	if a.b == nil || b.b == nil {
		return Set{}
	}
	return Set{roaring.And(a.b, b.b)}
}

// Or returns the documents in any of sets.
func Or(sets ...Set) Set {
	bitmaps := make([]*roaring.Bitmap, 0, len(sets))
	for _, s := range sets {
		if s.b != nil {
			bitmaps = append(bitmaps, s.b)
		}
	}
	switch len(bitmaps) {
	case 0:
		return Set{}
	case 1:
		return Set{bitmaps[0].Clone()}
	case 2:
		return Set{roaring.Or(bitmaps[0], bitmaps[1])}
	}
	return Set{roaring.FastOr(bitmaps...)}
}

// AndNot returns the documents in a and not in b.
func AndNot(a, b Set) Set {
	switch {
	case a.b == nil:
		return Set{}
	case b.b == nil:
		return a.Clone()
	}
	return Set{roaring.AndNot(a.b, b.b)}
}

// AndLen returns the number of documents in both a and b, without making their intersection.
func AndLen(a, b Set) int {
	if a.b == nil || b.b == nil {
		return 0
	}
	return int(a.b.AndCardinality(b.b))
}

// Intersects reports whether a document is in both a and b. It stops at the first.
func Intersects(a, b Set) bool {
	if a.b == nil || b.b == nil {
		return false
	}
	if min(a.Len(), b.Len()) > leapBelow {
		return a.b.Intersects(b.b)
	}
	x, y := a.b.Iterator(), b.b.Iterator()
	for x.HasNext() && y.HasNext() {
		switch p, q := x.PeekNext(), y.PeekNext(); {
		case p == q:
			return true
		case p < q:
			x.AdvanceIfNeeded(q)
		default:
			y.AdvanceIfNeeded(p)
		}
	}
	return false
}

// leapBelow is how many documents the smaller of two sets has at most for leaping from one to the other to cost less than to compare
// whole blocks, of which roaring makes the intersection where one of them is of runs.
const leapBelow = 2048

// And keeps in s only what is in t too.
func (s *Set) And(t Set) {
	switch {
	case s.b == nil:
	case t.b == nil:
		s.b = nil
	default:
		s.b.And(t.b)
	}
}

// Or adds to s what is in t.
func (s *Set) Or(t Set) {
	if t.b != nil {
		s.make().Or(t.b)
	}
}

// AndNot removes from s what is in t.
func (s *Set) AndNot(t Set) {
	if s.b != nil && t.b != nil {
		s.b.AndNot(t.b)
	}
}

// Add puts doc into s.
func (s *Set) Add(doc uint32) { s.make().Add(doc) }

// AddMany puts docs, in any order, into s. Ascending ones are fastest.
func (s *Set) AddMany(docs []uint32) {
	if len(docs) > 0 {
		s.make().AddMany(docs)
	}
}

// Remove takes doc out of s, if it is there.
func (s *Set) Remove(doc uint32) {
	if s.b != nil {
		s.b.Remove(doc)
	}
}

// RemoveBelow takes out of s every document smaller than n.
func (s *Set) RemoveBelow(n uint32) {
	if s.b != nil {
		s.b.RemoveRange(0, uint64(n))
	}
}

// KeepBelow takes out of s every document that is n or larger.
func (s *Set) KeepBelow(n uint32) {
	if s.b != nil {
		s.b.RemoveRange(uint64(n), 1<<32)
	}
}

// Len returns the number of documents.
func (s Set) Len() int {
	if s.b == nil {
		return 0
	}
	return int(s.b.GetCardinality())
}

// IsEmpty reports whether there is no document; it is cheaper than Len.
func (s Set) IsEmpty() bool { return s.b == nil || s.b.IsEmpty() }

// Contains reports whether doc is in s.
func (s Set) Contains(doc uint32) bool { return s.b != nil && s.b.Contains(doc) }

// Min returns the smallest document; false if there is none.
func (s Set) Min() (uint32, bool) {
	if s.IsEmpty() {
		return 0, false
	}
	return s.b.Minimum(), true
}

// Max returns the largest document; false if there is none.
func (s Set) Max() (uint32, bool) {
	if s.IsEmpty() {
		return 0, false
	}
	return s.b.Maximum(), true
}

// Select returns the document that has exactly n smaller ones in s; false if s has no more than n.
func (s Set) Select(n int) (uint32, bool) {
	if n < 0 || n >= s.Len() {
		return 0, false
	}
	doc, err := s.b.Select(uint32(n))
	return doc, err == nil
}

// Rank returns the number of documents smaller than doc.
func (s Set) Rank(doc uint32) int {
	if s.b == nil || doc == 0 {
		return 0
	}
	return int(s.b.Rank(doc - 1))
}

// Equal reports whether s and t have the same documents.
func (s Set) Equal(t Set) bool {
	if s.b == nil || t.b == nil {
		return s.IsEmpty() && t.IsEmpty()
	}
	return s.b.Equals(t.b)
}

// Clone returns a set of its own with the documents of s.
func (s Set) Clone() Set {
	if s.b == nil {
		return Set{}
	}
	return Set{s.b.Clone()}
}

// String gives the number of documents, for logs and test failures.
func (s Set) String() string { return fmt.Sprintf("%d documents", s.Len()) }

// Bytes returns s in roaring's portable form, in new memory. The empty set is empty bytes.
func (s Set) Bytes() []byte {
	if s.IsEmpty() {
		return nil
	}
	c := s.b.Clone()
	c.RunOptimize()
	b, err := c.ToBytes()
	if err != nil {
		panic(err) // writing to memory does not fail
	}
	return b
}

// FromBytes reads what Bytes wrote. It checks the form wholly, and the set does not alias b.
func FromBytes(b []byte) (Set, error) {
	if len(b) == 0 {
		return Set{}, nil
	}
	r := roaring.New()
	n, err := r.FromBuffer(append([]byte(nil), b...))
	if err != nil {
		return Set{}, fmt.Errorf("docset: %w", err)
	}
	if n != int64(len(b)) {
		return Set{}, fmt.Errorf("docset: %d bytes after the set", int64(len(b))-n)
	}
	if err := r.Validate(); err != nil {
		return Set{}, fmt.Errorf("docset: %w", err)
	}
	return Set{r}, nil
}

func (s *Set) make() *roaring.Bitmap {
	if s.b == nil {
		s.b = roaring.New()
	}
	return s.b
}
