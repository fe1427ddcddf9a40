// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"fmt"

	"galen/internal/docset"
	"galen/internal/engine"
)

// Sequence is batches of which each builds on the one before, such that after any failure one can tell which were applied
// and whether they are whole. Several sequences of different names may share an engine; one is for one goroutine.
type Sequence struct {
	Name     string
	Rows     int // rows of each batch
	Padding  int // bytes of each value
	Answered int // batches that Apply answered with nil
	Tried    int // batches given to Apply
}

// Next applies the next batch.
func (s *Sequence) Next(ctx context.Context, e engine.Engine) error {
	n := s.Tried
	var b engine.Batch
	if n == 0 {
		b.RequireAbsent(s.key("count"))
	} else {
		b.Require(s.key("count"), fmt.Append(nil, n))
		b.DeletePrefix(s.key("last/"))
	}
	b.Put(s.key("count"), fmt.Append(nil, n+1))
	for i := range s.Rows {
		b.Put(s.row(n, i), append(fmt.Append(nil, n, " "), make([]byte, s.Padding)...))
		b.Post(s.key("all"), s.doc(n, i))
		b.Post(s.row(n, i), s.doc(n, i))
		b.Post(s.key("last/"), s.doc(n, i))
		if n > 0 {
			b.Unpost(s.key("newest"), s.doc(n-1, i))
		}
		b.Post(s.key("newest"), s.doc(n, i))
	}
	s.Tried++
	if err := e.Apply(ctx, &b); err != nil {
		return err
	}
	s.Answered = s.Tried
	return nil
}

// Check reads everything and returns an error unless every answered batch is there, and every batch whole or not at all.
func (s *Sequence) Check(ctx context.Context, e engine.Engine) error {
	v, err := e.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	counts, err := v.Get(ctx, s.key("count"))
	if err != nil {
		return err
	}
	n := 0
	if counts[0] != nil {
		if _, err := fmt.Sscan(string(counts[0]), &n); err != nil {
			return err
		}
	}
	if n < s.Answered || n > s.Tried {
		return fmt.Errorf("%s: %d batches are there, %d were answered, %d tried", s.Name, n, s.Answered, s.Tried)
	}
	rows := 0
	for row, err := range v.Scan(ctx, engine.Prefix(s.key("row/")), engine.Ascending) {
		if err != nil {
			return err
		}
		if want := s.row(rows/s.Rows, rows%s.Rows); string(row.Key) != string(want) {
			return fmt.Errorf("%s: row %q where %q belongs, of %d batches", s.Name, row.Key, want, n)
		}
		rows++
	}
	if rows != n*s.Rows {
		return fmt.Errorf("%s: %d rows of %d batches", s.Name, rows, n)
	}
	var all, newest docset.Set
	for b := range n {
		for i := range s.Rows {
			all.Add(s.doc(b, i))
			if b == n-1 {
				newest.Add(s.doc(b, i))
			}
		}
	}
	for what, want := range map[string]struct {
		r    engine.Range
		docs docset.Set
	}{
		"all":    {engine.Exactly(s.key("all")), all},
		"rows":   {engine.Prefix(s.key("row/")), all},
		"newest": {engine.Exactly(s.key("newest")), newest},
		"last":   {engine.Prefix(s.key("last/")), newest},
	} {
		got, err := v.Docs(ctx, want.r)
		if err != nil {
			return err
		}
		if !got.Equal(want.docs) {
			return fmt.Errorf("%s: postings of %s: %v where %v belong, of %d batches", s.Name, what, got, want.docs, n)
		}
	}
	return nil
}

func (s *Sequence) key(part string) []byte { return []byte(s.Name + "/" + part) }

func (s *Sequence) row(batch, i int) []byte { return fmt.Appendf(s.key("row/"), "%06d/%03d", batch, i) }

func (s *Sequence) doc(batch, i int) uint32 { return uint32(batch*s.Rows+i) * 1009 }
