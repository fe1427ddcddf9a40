// SPDX-License-Identifier: Apache-2.0

package docset

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
)

// All returns the documents, smallest first. s must not change meanwhile; this holds for every iteration.
func (s Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if s.b != nil {
			s.b.Iterate(yield)
		}
	}
}

// Backward returns the documents, largest first.
func (s Set) Backward() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if s.b == nil {
			return
		}
		for it := s.b.ReverseIterator(); it.HasNext(); {
			if !yield(it.Next()) {
				return
			}
		}
	}
}

// After returns the documents larger than doc, smallest first.
func (s Set) After(doc uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if doc == ^uint32(0) {
			return
		}
		c := s.Cursor()
		for d, ok := c.Seek(doc + 1); ok; d, ok = c.Next() {
			if !yield(d) {
				return
			}
		}
	}
}

// Before returns the documents smaller than doc, largest first.
func (s Set) Before(doc uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if s.b == nil {
			return
		}
		// Most callers want a page: single steps need no memory. Who goes on gets an iterator over a cut copy.
		const page = 256
		for range page {
			if doc == 0 {
				return
			}
			d := s.b.PreviousValue(doc - 1)
			if d < 0 || !yield(uint32(d)) {
				return
			}
			doc = uint32(d)
		}
		rest := s.Clone()
		rest.KeepBelow(doc)
		rest.Backward()(yield)
	}
}

// Cursor steps through the documents of a set, smallest first. Its methods return false once there is none left.
type Cursor struct{ it roaring.IntPeekable }

// Cursor returns a cursor before the first document.
func (s Set) Cursor() Cursor {
	if s.b == nil {
		return Cursor{}
	}
	return Cursor{s.b.Iterator()}
}

// Next returns the next document.
func (c Cursor) Next() (uint32, bool) {
	if c.it == nil || !c.it.HasNext() {
		return 0, false
	}
	return c.it.Next(), true
}

// Seek returns the first document, of those not returned yet, that is doc or larger.
func (c Cursor) Seek(doc uint32) (uint32, bool) {
	if c.it == nil {
		return 0, false
	}
	c.it.AdvanceIfNeeded(doc)
	return c.Next()
}
