// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"iter"

	"galen/internal/docset"
	"galen/internal/ordkey"
)

// Bounds on what a batch may hold, so that every engine can store it. Apply returns fault.TooLarge for more.
const (
	MaxKey   = 2 << 10  // bytes of a key or term, which also must not be empty (fault.Invalid)
	MaxValue = 64 << 20 // bytes of a value
	MaxBatch = 1 << 30  // bytes by Batch.Size
)

// ExactEstimate is the number up to which Estimate counts.
const ExactEstimate = 1000

// Engine is a place where data is kept.
type Engine interface {
	// Snapshot opens a view of everything applied so far. The caller closes it, soon: an old one keeps old data on disk.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Apply does what b says, all or nothing, and returns when that is durable. It keeps nothing of b's memory.
	// It fails with fault.Precondition if a condition of b does not hold, fault.Unavailable if the store cannot be
	// written, and fault.TooLarge or fault.Invalid for what no engine takes.
	Apply(ctx context.Context, b *Batch) error

	// Close ends all work and frees what the engine holds. Snapshots must be closed before.
	Close() error
}

// Snapshot is a consistent view. Sequences read from it as they are stepped through: they end with an error if ctx is
// done or the store fails, and all must have ended before Close.
type Snapshot interface {
	// Get returns the values of rows, in the order of keys, nil where there is none. One round trip for all of them.
	Get(ctx context.Context, keys ...[]byte) ([][]byte, error)

	// Scan returns the rows of a range.
	Scan(ctx context.Context, r Range, o Order) iter.Seq2[Row, error]

	// Docs returns the documents posted under any term in any of ranges. The set is the caller's.
	Docs(ctx context.Context, ranges ...Range) (docset.Set, error)

	// Terms returns the terms of a range with their documents.
	Terms(ctx context.Context, r Range, o Order) iter.Seq2[Term, error]

	// FirstTerm returns the first term of a range in the given order; false if there is none. It costs one seek, so that
	// "each distinct unit under this prefix" costs one for each: go on with r.After(ordkey.PrefixEnd(…)) or r.Before.
	FirstTerm(ctx context.Context, r Range, o Order) (term []byte, ok bool, err error)

	// Estimate returns about how many postings ranges have, counting a document once for each term: exactly if there
	// are at most ExactEstimate. It is cheap compared with Docs.
	Estimate(ctx context.Context, ranges ...Range) (int, error)

	// Close frees the view. It is idempotent.
	Close() error
}

// Row is a key and its value, both valid until the next step of the sequence.
type Row struct{ Key, Value []byte }

// Term is a term and the documents posted under it. Key is valid until the next step of the sequence, Docs is the caller's.
type Term struct {
	Key  []byte
	Docs docset.Set
}

// Order is the direction of a scan.
type Order uint8

// The orders.
const (
	Ascending Order = iota
	Descending
)

// Range is the keys from Lo up to but not including Hi. A nil Lo or Hi means no bound on that side.
type Range struct{ Lo, Hi []byte }

// Prefix returns the range of the keys that begin with p: all keys if p is empty. It keeps p.
func Prefix(p []byte) Range { return Range{p, ordkey.PrefixEnd(p)} }

// Exactly returns the range of one key. It keeps key only if its capacity is its length, and does not change it.
func Exactly(key []byte) Range {
	return Range{key, append(key[:len(key):len(key)], 0)}
}

// After returns r without the keys smaller than lo.
func (r Range) After(lo []byte) Range {
	if string(lo) > string(r.Lo) {
		r.Lo = lo
	}
	return r
}

// Before returns r without the keys that are hi or larger.
func (r Range) Before(hi []byte) Range {
	if r.Hi == nil || string(hi) < string(r.Hi) {
		r.Hi = hi
	}
	return r
}

// Contains reports whether key is in r.
func (r Range) Contains(key []byte) bool {
	return string(key) >= string(r.Lo) && (r.Hi == nil || string(key) < string(r.Hi))
}

// IsEmpty reports whether no key can be in r.
func (r Range) IsEmpty() bool { return r.Hi != nil && string(r.Lo) >= string(r.Hi) }

// Sized is an engine that can say how much room it takes.
type Sized interface {
	// DiskBytes returns the bytes that the data takes on disk, logs included.
	DiskBytes(ctx context.Context) (int64, error)
}
