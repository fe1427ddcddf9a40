// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/schema"
)

// What one step of a reindex takes together.
const (
	stepVersions  = 512
	stepBodyBytes = 8 << 20 // about, if the bodies are as long as those of the step before
	stepTermBytes = 8 << 20
)

// step is one commit of a pass.
type step struct {
	asks       bool // for a full pass
	begins     bool
	generation uint64 // of the schema that the terms were made for
	typ        uint16
	versions   []indexed
	after      schema.Pass
}

// indexed is the terms of one version.
type indexed struct {
	number uint32
	terms  []byte // packed
}

// ReindexAll asks for a pass that makes all terms again, while those that there are go on being used. It does nothing if they are being made
// anew already. It fails as Commit does.
func (s *Store) ReindexAll(ctx context.Context) error {
	_, err := s.Commit(ctx, Group{pass: &step{asks: true}})
	return err
}

// Reindex does one step of what the data store's terms still need: it begins a pass, or posts the terms of the next versions together
// with the place where the next step goes on. It gives the pass as it then is: if it is Running, there is more to do. Only current and
// older versions that a commit before the pass made are gone over: later ones have their terms from their own commit. It fails
// as Commit does. Calls wait for each other.
func (s *Store) Reindex(ctx context.Context) (schema.Pass, error) {
	s.stepping.Lock()
	defer s.stepping.Unlock()
	t, pass := s.terms.Load(), *s.pass.Load()
	if t.index == nil {
		return pass, nil
	}
	if !pass.Running() || t.schema.Version != index.Version || t.schema.Again {
		if !t.schema.Due() {
			return pass, nil
		}
		_, err := s.Commit(ctx, Group{pass: &step{begins: true}})
		return *s.pass.Load(), err
	}
	x, err := s.passIndex(t, pass)
	if err != nil {
		return pass, err
	}
	next, err := s.nextStep(ctx, t, x, pass)
	if err == nil {
		_, err = s.Commit(ctx, Group{pass: next})
	}
	return *s.pass.Load(), err
}

// passIndex is what makes the terms that a pass posts: all, or those of the parameters that it is for.
func (s *Store) passIndex(t *terms, pass schema.Pass) (*index.Index, error) {
	if pass.Full {
		return t.index, nil
	}
	if s.passFor != t {
		only, err := t.index.Only(t.schema.Pending(pass))
		if err != nil {
			return nil, fmt.Errorf("reindex: %w", err)
		}
		s.passOnly, s.passFor = only, t
	}
	return s.passOnly, nil
}

// nextStep makes the terms of the next versions of a pass.
func (s *Store) nextStep(ctx context.Context, t *terms, x *index.Index, pass schema.Pass) (*step, error) {
	view, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	typ, from, to, err := s.nextVersions(ctx, view, t, pass)
	if err != nil {
		return nil, err
	}
	next := &step{generation: t.schema.Generation, typ: typ, after: pass}
	if from == to {
		next.after.Ended = s.opt.Now().UnixMilli()
		return next, nil
	}
	numbers := make([]uint32, to-from)
	for i := range numbers {
		numbers[i] = from + uint32(i)
	}
	versions, err := view.Bodies(ctx, typ, numbers...)
	if err != nil {
		return nil, err
	}
	s.bodyBytes = 0
	for i := range versions {
		s.bodyBytes += len(versions[i].Body)
	}
	s.bodyBytes /= len(versions)
	return next, next.index(x, versions)
}

// nextVersions gives the versions that come next: of a type, from a number up to another; the same one if all are done.
func (s *Store) nextVersions(ctx context.Context, view *record.View, t *terms, pass schema.Pass) (typ uint16, from, to uint32, err error) {
	until, err := view.At(ctx, pass.Until)
	if err != nil {
		return 0, 0, 0, err
	}
	size := uint32(stepVersions / 8)
	if s.bodyBytes > 0 {
		size = uint32(min(max(stepBodyBytes/s.bodyBytes, 1), stepVersions))
	}
	for _, typ := range until.Types() {
		from := uint32(0)
		switch {
		case typ < pass.Type || !t.schema.Covers(pass, def.TypeID(typ)):
			continue
		case typ == pass.Type:
			from = pass.Number
		}
		if end := until.Next(typ); from < end {
			return typ, from, min(end, from+size), nil
		}
	}
	return 0, 0, 0, nil
}

// index makes the terms of versions, of as many as one commit may take.
func (st *step) index(x *index.Index, versions []record.Version) error {
	var made index.Terms
	var tape fhir.Tape
	size := 0
	for i := range versions {
		v := &versions[i]
		st.after.Done, st.after.Type, st.after.Number = st.after.Done+1, v.Type, v.Number+1
		if v.Deleted() || v.Erased() {
			continue
		}
		if err := tape.Parse(v.Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			return fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		made.Reset()
		if err := x.AppendTerms(&made, tape.Root()); err != nil {
			st.after.Failed++
			continue
		}
		if made.Skipped() > 0 {
			st.after.Failed++
		}
		packed := pack(&made)
		st.versions = append(st.versions, indexed{v.Number, packed})
		if size += len(packed); size >= stepTermBytes {
			break
		}
	}
	return nil
}

// tryPass carries out one step of a pass. It fails with fault.Precondition if another process committed meanwhile.
func (s *Store) tryPass(ctx context.Context, r *request, p *plan) error {
	t, st, w := s.terms.Load(), r.group.pass, &s.writer
	r.results, r.err = nil, nil
	w.batch.Reset()
	next, pass := t.schema, st.after
	switch {
	case st.asks:
		if t.index == nil || !t.schema.Stands() {
			return nil
		}
		next, pass = t.schema.Ask(), *s.pass.Load()
	case st.begins:
		var full, drop bool
		next, full, drop = t.schema.Begin()
		if t.row == nil {
			var err error
			if next, err = s.adopt(ctx, next); err != nil {
				return err
			}
		}
		pass = schema.Pass{Generation: next.Generation, Full: full, Until: p.last.Seq, Began: s.opt.Now().UnixMilli()}
		for _, c := range p.last.Types {
			if next.Covers(pass, def.TypeID(c.Type)) {
				pass.Total += uint64(c.Next)
			}
		}
		if drop {
			w.batch.DeletePrefix(append(record.AppendTenant(nil, s.tenant), index.PostingKind))
		}
	case st.generation != t.schema.Generation:
		return nil // what is posted has changed meanwhile: the step is made again
	case pass.Ended > 0:
		next = t.schema.Finish(pass)
	default:
		if err := s.post(ctx, st); err != nil {
			return err
		}
	}
	return s.applyPass(ctx, p, t, next, pass)
}

// adopt adds the parameters of the active SearchParameters of a data store of the first release, in which they did nothing. Those that cannot be served go on
// doing nothing.
func (s *Store) adopt(ctx context.Context, to schema.Schema) (schema.Schema, error) {
	view, err := record.Open(ctx, s.engine, s.tenant)
	if err != nil {
		return to, err
	}
	defer view.Close()
	var tape fhir.Tape
	for v, err := range view.Each(ctx, searchParameterType(), 0) {
		if err != nil {
			return to, fmt.Errorf("reindex: %w", err)
		}
		if err := tape.Parse(v.Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
			return to, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		p, err := schema.Read(tape.Root())
		if err != nil || p == nil {
			continue
		}
		p.ID = v.ID
		if next, err := to.Put(*p); err == nil {
			to = next
		}
	}
	return to, nil
}

// applyPass commits the batch of a step with the rows after it.
func (s *Store) applyPass(ctx context.Context, p *plan, t *terms, next schema.Schema, pass schema.Pass) error {
	w := &s.writer
	w.requireTerms(t.row)
	w.requireHead(p)
	after := t
	if pass.Ended > 0 || next.Revision != t.schema.Revision {
		var err error
		if after, err = s.of.compile(next.Row(), next); err != nil {
			return err
		}
		w.putTerms(after)
	}
	w.key = record.AppendPassKey(w.key[:0], s.tenant)
	w.batch.Put(w.key, pass.Row())
	if err := s.engine.Apply(ctx, &w.batch); err != nil {
		return err
	}
	s.pass.Store(&pass)
	if after != t {
		s.setTerms(after)
	}
	return nil
}

// post posts the terms of a step, but for versions that were erased since they were read.
func (s *Store) post(ctx context.Context, st *step) error {
	if len(st.versions) == 0 {
		return nil
	}
	view, err := record.Open(ctx, s.engine, s.tenant)
	if err != nil {
		return err
	}
	defer view.Close()
	numbers := make([]uint32, len(st.versions))
	for i := range st.versions {
		numbers[i] = st.versions[i].number
	}
	versions, err := view.Bodies(ctx, st.typ, numbers...)
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	w := &s.writer
	for i := range versions {
		if versions[i].Erased() {
			continue
		}
		for term := range unpack(st.versions[i].terms) {
			w.key = append(record.AppendTenant(w.key[:0], w.tenant), term...)
			w.batch.Post(w.key, versions[i].Number)
		}
	}
	return nil
}
