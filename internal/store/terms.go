// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
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

// termsOf reads a search row and that of the own parameters. empty: the data store was never written.
func (s *Stores) termsOf(row, params []byte, empty bool) (*terms, error) {
	if row == nil && empty {
		return &terms{schema: schema.First(), index: s.index}, nil
	}
	of, err := schema.Parse(row, params)
	if err != nil {
		return nil, err
	}
	return s.compile(row, of)
}

// compile makes the terms of a schema, whose row is or will be stored.
func (s *Stores) compile(row []byte, of schema.Schema) (*terms, error) {
	t := &terms{row, of, s.index}
	if s.index == nil || len(of.Params) == 0 {
		return t, nil
	}
	x, err := s.index.With(of.Definitions())
	if err != nil {
		return nil, fmt.Errorf("the search parameters of a data store: %w", err)
	}
	t.index = x
	return t, nil
}

// read reads what the terms of a snapshot are made of.
func (s *Stores) read(ctx context.Context, snap engine.Snapshot, tenant uint32) (*terms, error) {
	rows, err := snap.Get(ctx, record.AppendHeadKey(nil, tenant), record.AppendSearchKey(nil, tenant), record.AppendParamsKey(nil, tenant))
	if err != nil {
		return nil, fmt.Errorf("read what is indexed: %w", err)
	}
	return s.termsOf(rows[1], rows[2], rows[0] == nil)
}

// load reads what the terms are made of, and how far they are, when the data store is opened.
func (s *Store) load(ctx context.Context) error {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("open a data store: %w", err)
	}
	defer snap.Close()
	t, err := s.of.read(ctx, snap, s.tenant)
	if err != nil {
		return err
	}
	rows, err := snap.Get(ctx, record.AppendPassKey(nil, s.tenant))
	if err != nil {
		return fmt.Errorf("open a data store: %w", err)
	}
	pass, err := schema.ParsePass(rows[0])
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
	if s.index() != nil && (t.schema.Due() || s.pass.Load().Running()) && s.opt.Due != nil {
		s.opt.Due(s.tenant)
	}
}

// refresh is told what the search row is right before a commit, which another process may have changed.
func (s *Store) refresh(ctx context.Context, p *plan) error {
	if s.index() != nil && !bytes.Equal(p.search, s.terms.Load().row) {
		snap, err := s.engine.Snapshot(ctx)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		defer snap.Close()
		t, err := s.of.read(ctx, snap, s.tenant)
		if err != nil {
			return err
		}
		s.setTerms(t)
	}
	p.schema = s.terms.Load().schema
	return nil
}

// index is what makes the terms of changes; nil if there are none.
func (s *Store) index() *index.Index { return s.terms.Load().index }

// Indexing says what the terms of the data store are made of, and how far the last reindex is, which may be under way.
func (s *Store) Indexing() (schema.Schema, schema.Pass) { return s.terms.Load().schema, *s.pass.Load() }

// Indexed says how far a reindex is, for people.
func (s *Store) Indexed() string {
	pass := s.pass.Load()
	if !pass.Running() {
		return "indexing begins in a moment"
	}
	return fmt.Sprintf("%d of %d versions are done", pass.Done, pass.Total)
}

// Definitions are those of R4 with the search parameters that the data store has of its own. What is parsed with them is asked of a view that is
// opened afterwards.
func (s *Store) Definitions() *def.Definitions {
	if x := s.index(); x != nil {
		return x.Definitions()
	}
	return def.R4()
}

// Index gives what the terms of a view are made of. It fails with fault.Unavailable while they are being made anew.
func (s *Stores) Index(ctx context.Context, v *record.View) (*index.Index, error) {
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
		if t, err = s.read(ctx, v.Snapshot(), v.Tenant()); err != nil {
			return nil, err
		}
	}
	switch {
	case t.schema.Stands():
		return t.index, nil
	case pass.Running():
		return nil, fault.Wrap(fault.Unavailable, index.ErrPending, "the search index of the data store is being made anew: %d of %d versions are done", pass.Done, pass.Total)
	}
	return nil, fault.Wrap(fault.Unavailable, index.ErrPending, "the search index of the data store is about to be made anew")
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

// settle gives the changes of a plan the terms of the schema as it is after it, those that were prepared for another one. It gives what the
// terms are made of from then on.
func (s *Store) settle(p *plan) (after *terms, err error) {
	before := s.terms.Load()
	if before.index == nil || len(p.made) == 0 {
		return nil, nil
	}
	after = before
	if p.head == nil || p.schema.Generation != before.schema.Generation {
		if after, err = s.of.compile(p.schema.Row(), p.schema); err != nil {
			return nil, err
		}
	}
	for i := range p.made {
		if c := p.made[i].change; !p.made[i].identity.Deleted && c.generation != p.schema.Generation {
			if err := s.termAgain(c, after); err != nil {
				return nil, err
			}
		}
	}
	return after, nil
}

// termAgain makes the terms of a change anew, from what will be stored of it.
func (s *Store) termAgain(c *Change, t *terms) error {
	var tape fhir.Tape
	if err := tape.Parse(c.prepared.AppendStored(nil, 1, time.UnixMilli(0)), fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fault.Wrap(fault.Internal, err, "a prepared resource cannot be read")
	}
	return s.addTerms(c, tape.Root(), t)
}

// writeTerms adds to the batch of a plan what it says of the rows of search: that they are those the terms were made for, and, if the terms are
// made of something else from now on, what.
func (s *Store) writeTerms(after *terms) {
	w, before := &s.writer, s.terms.Load()
	w.requireTerms(before.row)
	if after == before {
		return
	}
	w.putTerms(after)
	for _, p := range before.schema.Removed(&after.schema) {
		for _, t := range schema.Types(p.Bases) {
			w.batch.DeletePrefix(append(record.AppendTenant(nil, w.tenant), index.TermsOf(t.ID, p.Number)...))
		}
	}
}

// putTerms puts the rows of search.
func (w *writer) putTerms(t *terms) {
	w.key = record.AppendSearchKey(w.key[:0], w.tenant)
	w.batch.Put(w.key, t.row)
	w.key = record.AppendParamsKey(w.key[:0], w.tenant)
	if params := t.schema.ParamsRow(); params != nil {
		w.batch.Put(w.key, params)
	} else {
		w.batch.Delete(w.key)
	}
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
