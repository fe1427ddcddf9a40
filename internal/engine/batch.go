// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"hash/maphash"
	"iter"
	"math/bits"

	"galen/internal/fault"
)

// Batch is changes to be applied together, with conditions. The zero value is empty and ready. It copies what it is
// given, into memory that Reset keeps. The order of operations counts only among those on the same row or posting, and
// against DeletePrefix. A batch may be applied again after a failure.
type Batch struct {
	arena    []byte // keys and values, one after the other
	rows     []rowOp
	posts    []postOp
	sections []section // one for each DeletePrefix
	requires []rowOp
	err      error

	terms []span   // each distinct term since the last DeletePrefix and before, by number
	table []uint32 // open-addressing hash table: number of a term plus one, 0 for free
	hash  []uint32 // hash of each term
	seed  maphash.Seed
	group grouping
}

// span is a piece of the arena.
type span struct{ from, to int }

type rowOp struct {
	key, value span
	kind       rowKind
}

type rowKind uint8

const (
	rowPut rowKind = iota
	rowDelete
	rowAbsent // only in requires
)

type postOp struct {
	term uint32
	doc  uint32
	kind uint32 // 0 posts, 1 removes
}

// section is what comes after one DeletePrefix: rows and posts from these indexes on.
type section struct {
	prefix      span
	rows, posts int
}

// Put sets the value of a row.
func (b *Batch) Put(key, value []byte) {
	if b.check(key, value) {
		b.rows = append(b.rows, rowOp{b.keep(key), b.keep(value), rowPut})
	}
}

// Delete removes a row, if there is one.
func (b *Batch) Delete(key []byte) {
	if b.check(key, nil) {
		b.rows = append(b.rows, rowOp{key: b.keep(key), kind: rowDelete})
	}
}

// Post posts doc under term.
func (b *Batch) Post(term []byte, doc uint32) {
	if b.check(term, nil) {
		b.posts = append(b.posts, postOp{b.intern(term), doc, 0})
	}
}

// Unpost removes doc from under term, if it is there.
func (b *Batch) Unpost(term []byte, doc uint32) {
	if b.check(term, nil) {
		b.posts = append(b.posts, postOp{b.intern(term), doc, 1})
	}
}

// DeletePrefix removes the rows and the terms that begin with prefix: all of them if it is empty.
func (b *Batch) DeletePrefix(prefix []byte) {
	if len(prefix) == 0 || b.check(prefix, nil) {
		b.sections = append(b.sections, section{b.keep(prefix), len(b.rows), len(b.posts)})
	}
}

// Require makes the batch apply only if the row has exactly this value.
func (b *Batch) Require(key, value []byte) {
	if b.check(key, value) {
		b.requires = append(b.requires, rowOp{b.keep(key), b.keep(value), rowPut})
	}
}

// RequireAbsent makes the batch apply only if there is no such row.
func (b *Batch) RequireAbsent(key []byte) {
	if b.check(key, nil) {
		b.requires = append(b.requires, rowOp{key: b.keep(key), kind: rowAbsent})
	}
}

// Size returns about how many bytes the batch takes in memory.
func (b *Batch) Size() int {
	return len(b.arena) + 40*(len(b.rows)+len(b.requires)+len(b.sections)) + 12*len(b.posts) + 24*len(b.terms)
}

// IsEmpty reports whether the batch changes nothing. It may still have conditions.
func (b *Batch) IsEmpty() bool { return len(b.rows)+len(b.posts)+len(b.sections) == 0 }

// Reset makes the batch empty and keeps its memory.
func (b *Batch) Reset() {
	b.arena, b.rows, b.posts = b.arena[:0], b.rows[:0], b.posts[:0]
	b.sections, b.requires, b.err = b.sections[:0], b.requires[:0], nil
	if len(b.table) > 1<<12 && len(b.table) > 16*len(b.terms) {
		b.table = nil // a large batch once must not make every small one after it pay for clearing its table
	}
	b.terms, b.hash = b.terms[:0], b.hash[:0]
	clear(b.table)
}

// Err returns why no engine can apply the batch: fault.Invalid for an empty key, fault.TooLarge for what is over a bound.
func (b *Batch) Err() error { return b.err }

func (b *Batch) check(key, value []byte) bool {
	switch {
	case b.err != nil:
	case len(key) == 0:
		b.err = fault.New(fault.Invalid, "a key is empty")
	case len(key) > MaxKey:
		b.err = fault.New(fault.TooLarge, "a key of %d bytes is longer than %d", len(key), MaxKey)
	case len(value) > MaxValue:
		b.err = fault.New(fault.TooLarge, "a value of %d bytes is longer than %d", len(value), MaxValue)
	case len(b.arena)+len(value) > MaxBatch:
		b.err = fault.New(fault.TooLarge, "a batch is larger than %d bytes", MaxBatch)
	}
	return b.err == nil
}

func (b *Batch) keep(p []byte) span {
	from := len(b.arena)
	b.arena = append(b.arena, p...)
	return span{from, len(b.arena)}
}

func (b *Batch) at(s span) []byte { return b.arena[s.from:s.to:s.to] }

// intern returns the number of a term, a new one if it was not posted before.
func (b *Batch) intern(term []byte) uint32 {
	if len(b.table) < 2*(len(b.terms)+1) {
		b.grow()
	}
	h := uint32(maphash.Bytes(b.seed, term))
	mask := uint32(len(b.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := b.table[i]
		if n == 0 {
			b.terms = append(b.terms, b.keep(term))
			b.hash = append(b.hash, h)
			b.table[i] = uint32(len(b.terms))
			return uint32(len(b.terms) - 1)
		}
		if b.hash[n-1] == h && bytes.Equal(b.at(b.terms[n-1]), term) {
			return n - 1
		}
	}
}

func (b *Batch) grow() {
	if b.table == nil {
		b.seed = maphash.MakeSeed()
	}
	size := max(256, 1<<bits.Len(uint(4*len(b.terms))))
	b.table = make([]uint32, size)
	mask := uint32(size - 1)
	for n, h := range b.hash {
		i := h & mask
		for b.table[i] != 0 {
			i = (i + 1) & mask
		}
		b.table[i] = uint32(n + 1)
	}
}

// Condition is one Require or RequireAbsent. Its memory is the batch's.
type Condition struct {
	Key, Value []byte // Value is not nil unless Absent
	Absent     bool
}

// Holds reports whether a row's value, nil if there is no row, is what the condition asks for.
func (c Condition) Holds(value []byte) bool {
	if c.Absent {
		return value == nil
	}
	return value != nil && bytes.Equal(value, c.Value)
}

// Conditions returns the conditions, for engines.
func (b *Batch) Conditions() iter.Seq[Condition] {
	return func(yield func(Condition) bool) {
		for _, r := range b.requires {
			if !yield(Condition{b.at(r.key), b.at(r.value), r.kind == rowAbsent}) {
				return
			}
		}
	}
}
