// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/schema"
)

// terms is what the terms of a data store are made of, as one search row says. It is immutable.
type terms struct {
	row    []byte // as stored; nil if there is none
	schema schema.Schema
	index  *index.Index
}

// termsOf reads a search row. empty: the data store was never written.
func (s *Stores) termsOf(row []byte, empty bool) (*terms, error) {
	if row == nil && empty {
		return &terms{schema: schema.First(), index: s.index}, nil
	}
	of, err := schema.Parse(row)
	return &terms{row, of, s.index}, err
}

// load reads what the terms are made of, and how far they are, when the data store is opened.
func (s *Store) load(ctx context.Context) error {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("open a data store: %w", err)
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, record.AppendHeadKey(nil, s.tenant), record.AppendSearchKey(nil, s.tenant), record.AppendPassKey(nil, s.tenant))
	if err != nil {
		return fmt.Errorf("open a data store: %w", err)
	}
	t, err := s.of.termsOf(rows[1], rows[0] == nil)
	if err != nil {
		return err
	}
	pass, err := schema.ParsePass(rows[2])
	if err != nil {
		return err
	}
	s.pass.Store(&pass)
	s.setTerms(t)
	return nil
}

// setTerms makes later changes have the terms of t. After load it belongs to the committer.
func (s *Store) setTerms(t *terms) {
	s.terms.Store(t)
	if s.index() != nil && t.schema.Due() && s.opt.Due != nil {
		s.opt.Due(s.tenant)
	}
}

// refresh is told what the search row is right before a commit, which another process may have changed.
func (s *Store) refresh(p *plan) error {
	if s.index() == nil || bytes.Equal(p.search, s.terms.Load().row) {
		return nil
	}
	t, err := s.of.termsOf(p.search, p.head == nil)
	if err == nil {
		s.setTerms(t)
	}
	return err
}

// index is what makes the terms of changes; nil if there are none.
func (s *Store) index() *index.Index { return s.terms.Load().index }

// Indexing says what the terms of the data store are made of, and how far the last reindex is, which may be under way.
func (s *Store) Indexing() (schema.Schema, schema.Pass) { return s.terms.Load().schema, *s.pass.Load() }

// Index gives what the terms of a view are made of. It fails with fault.Unavailable while they are being made anew.
func (s *Stores) Index(v *record.View) (*index.Index, error) {
	s.mu.Lock()
	st := s.open[v.Tenant()]
	s.mu.Unlock()
	var t *terms
	var pass schema.Pass
	if st != nil {
		t, pass = st.terms.Load(), *st.pass.Load()
	}
	if t == nil || !bytes.Equal(t.row, v.Search()) {
		var err error
		if t, err = s.termsOf(v.Search(), v.Head() == 0); err != nil {
			return nil, err
		}
	}
	switch {
	case t.schema.Stands():
		return t.index, nil
	case pass.Running():
		return nil, fault.New(fault.Unavailable, "the search index of the data store is being made anew: %d of %d versions are done", pass.Done, pass.Total)
	}
	return nil, fault.New(fault.Unavailable, "the search index of the data store is about to be made anew")
}

// pack puts terms into one piece: each after its length as u16.
func pack(t *index.Terms) []byte {
	packed := make([]byte, 0, t.Bytes()+2*t.Len())
	for i := range t.Len() {
		key := t.Key(i)
		packed = append(binary.BigEndian.AppendUint16(packed, uint16(len(key))), key...)
	}
	return packed
}

// unpack iterates over packed terms.
func unpack(packed []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for b := packed; len(b) > 0; {
			end := 2 + int(binary.BigEndian.Uint16(b))
			if !yield(b[2:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// writeTerms adds to the batch of a plan what it says of the search row: that it is the one the terms were made for, or what it is from
// now on. Then it gives that.
func (s *Store) writeTerms(p *plan) (after *terms, err error) {
	t := s.terms.Load()
	if len(p.made) == 0 || t.index == nil {
		return nil, nil
	}
	s.writer.requireTerms(t.row)
	if p.head != nil {
		return nil, nil
	}
	row := t.schema.Row()
	s.writer.key = record.AppendSearchKey(s.writer.key[:0], s.tenant)
	s.writer.batch.Put(s.writer.key, row)
	return s.of.termsOf(row, false)
}

// requireTerms makes the batch apply only if the search row is still what the terms in it were made for.
func (w *writer) requireTerms(row []byte) {
	w.key = record.AppendSearchKey(w.key[:0], w.tenant)
	if row == nil {
		w.batch.RequireAbsent(w.key)
	} else {
		w.batch.Require(w.key, row)
	}
}
