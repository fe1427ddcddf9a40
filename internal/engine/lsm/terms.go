// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"

	"galen/internal/docset"
	"galen/internal/engine"
)

// Docs implements engine.Snapshot.
func (s *snapshot) Docs(ctx context.Context, ranges ...engine.Range) (docset.Set, error) {
	var b docset.Builder
	if len(ranges) == 0 {
		return docset.Set{}, ctx.Err()
	}
	c, err := s.iterate(ctx, spaceTerm, ranges[0])
	if err != nil {
		return docset.Set{}, err
	}
	for i, r := range ranges {
		if r.IsEmpty() {
			continue
		}
		if i > 0 {
			c.it.SetBounds(bounds(spaceTerm, r))
		}
		for valid := c.first(engine.Ascending); valid && c.err == nil; valid = c.past(c.collect(&b)) {
		}
		if c.err != nil {
			break
		}
	}
	if err := c.close(); err != nil {
		return docset.Set{}, err
	}
	return b.Set()
}

// collect adds the block the cursor is at, and returns its size in bytes.
func (c *cursor) collect(b *docset.Builder) int {
	_, _, block := logical(c.it.Key())
	value := c.value()
	if c.err == nil {
		c.err = b.Append(block, value)
	}
	return len(value)
}

// leapFrom is the size in bytes from which a block may have gathered so many operands that a step over them, which goes
// through all, costs more than a seek.
const leapFrom = 128

// past goes on from a block of that size to the next key in the order of first.
func (c *cursor) past(size int) bool {
	if size < leapFrom || c.order == engine.Descending {
		return c.next()
	}
	key := c.it.Key()
	n := split(key)
	block := binary.BigEndian.Uint16(key[n:])
	c.seek = append(c.seek[:0], key[:n]...)
	if block == 1<<16-1 {
		c.seek = append(c.seek, 0xFF, 0xFF, 0xFF, 4) // a suffix behind that of every block
	} else {
		c.seek = append(binary.BigEndian.AppendUint16(c.seek, block+1), blockSuffix)
	}
	if c.err = c.ctx.Err(); c.err != nil {
		return false
	}
	return c.ok(c.it.SeekGE(c.seek))
}

// blockLen returns the number of documents in the block the cursor is at: none in one whose postings were all removed.
func (c *cursor) blockLen() int {
	value := c.value()
	if c.err != nil {
		return 0
	}
	n, err := docset.BlockLen(value)
	if err != nil {
		c.err = unreadable(err)
	}
	return n
}

// Terms implements engine.Snapshot.
func (s *snapshot) Terms(ctx context.Context, r engine.Range, o engine.Order) iter.Seq2[engine.Term, error] {
	return func(yield func(engine.Term, error) bool) {
		c, err := s.iterate(ctx, spaceTerm, r)
		if err != nil {
			yield(engine.Term{}, err)
			return
		}
		var prefix []byte // of the term's keys on disk
		for valid := c.first(o); valid && c.err == nil; {
			var b docset.Builder
			prefix = append(prefix[:0], c.it.Key()[:split(c.it.Key())]...)
			for valid && c.err == nil && bytes.Equal(prefix, c.it.Key()[:split(c.it.Key())]) {
				valid = c.past(c.collect(&b))
			}
			if c.err != nil {
				break
			}
			docs, err := b.Set()
			if err != nil {
				c.err = err
				break
			}
			if docs.IsEmpty() {
				continue
			}
			if !yield(engine.Term{Key: prefix[1 : len(prefix)-1], Docs: docs}, nil) {
				_ = c.close()
				return
			}
		}
		if err := c.close(); err != nil {
			yield(engine.Term{}, err)
		}
	}
}

// FirstTerm implements engine.Snapshot.
func (s *snapshot) FirstTerm(ctx context.Context, r engine.Range, o engine.Order) (term []byte, ok bool, err error) {
	c, err := s.iterate(ctx, spaceTerm, r)
	if err != nil {
		return nil, false, err
	}
	for valid := c.first(o); valid && c.err == nil; valid = c.next() {
		if c.blockLen() > 0 {
			_, inner, _ := logical(c.it.Key())
			term, ok = bytes.Clone(inner), true
			break
		}
	}
	if err := c.close(); err != nil {
		return nil, false, err
	}
	return term, ok, nil
}

// Estimate implements engine.Snapshot.
func (s *snapshot) Estimate(ctx context.Context, ranges ...engine.Range) (int, error) {
	sum := 0
	for _, r := range ranges {
		n, err := s.estimate(ctx, r)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// countKeys is how many keys estimate reads before it guesses. It is more than ExactEstimate, and each key has a document.
const countKeys = 2 * engine.ExactEstimate

// estimate counts up to countKeys blocks, and takes the rest of the range for as dense on disk.
func (s *snapshot) estimate(ctx context.Context, r engine.Range) (int, error) {
	c, err := s.iterate(ctx, spaceTerm, r)
	if err != nil {
		return 0, err
	}
	count, bytesRead, keys := 0, 0, 0
	valid := c.first(engine.Ascending)
	for ; valid && c.err == nil && (keys < 32 || count <= engine.ExactEstimate && keys < countKeys); keys++ {
		count += c.blockLen()
		size := len(c.value())
		bytesRead += size + len(c.it.Key())
		valid = c.err == nil && c.past(size)
	}
	var rest []byte
	if valid && c.err == nil {
		rest = bytes.Clone(c.it.Key())
	}
	if err := c.close(); err != nil || rest == nil {
		return count, err
	}
	if err := s.e.enter(ctx); err != nil {
		return 0, err
	}
	defer s.e.calls.Done()
	_, upper := bounds(spaceTerm, r)
	onDisk, err := s.e.db.EstimateDiskUsage(rest, upper)
	if err != nil {
		return 0, unreadable(err)
	}
	const compression = 2 // tables take about half of what keys and blocks have
	return count + int(float64(onDisk)*compression*float64(count)/float64(bytesRead)), nil
}
