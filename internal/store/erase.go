// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"sort"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/record"
	"galen/internal/search/index"
)

// Erasure names a resource that is to be removed with its whole history, or one version of it.
type Erasure struct {
	Type, ID  string
	VersionID uint32 // 0: the resource; else a version, which must not be the current one
}

// Bounds of one erasure.
const (
	maxErasures       = 1000
	maxErasedVersions = 10_000
)

// Erase removes resources for good: bodies, ids, terms and history. Only their numbers stay, dead at every position. It gives how
// many of the resources or versions there were. It fails with fault.Unprocessable for a version that is the current one, with
// fault.TooCostly for a resource with too many versions, and else as Commit does; then nothing was removed.
//
// What was removed is no longer found or read by anybody; it leaves the disk when the engine next rewrites the tables that held it
// (Stores.Compact).
func (s *Store) Erase(ctx context.Context, list ...Erasure) (int, error) {
	if len(list) > maxErasures {
		return 0, fault.New(fault.TooLarge, "more than %d resources at once", maxErasures)
	}
	if len(list) == 0 {
		return 0, nil
	}
	results, err := s.Commit(ctx, Group{Erase: list})
	n := 0
	for _, r := range results {
		if r.Changed {
			n++
		}
	}
	return n, err
}

// eraser makes the batch of one group of erasures.
type eraser struct {
	store    *Store
	view     *record.View
	plan     *plan
	batch    *engine.Batch
	terms    index.Terms
	tape     fhir.Tape
	key      []byte
	versions int
}

// tryErase carries out a group of erasures. It fails with fault.Precondition if another process committed meanwhile. What refuses the
// group is its request's error.
func (s *Store) tryErase(ctx context.Context, r *request, p *plan) error {
	view, err := record.Open(ctx, s.engine, s.tenant)
	if err != nil {
		return err
	}
	defer view.Close()
	s.writer.batch.Reset()
	e := &eraser{store: s, view: view, plan: p, batch: &s.writer.batch}
	r.results = make([]Result, len(r.group.Erase))
	r.err = nil
	for i, one := range r.group.Erase {
		if r.results[i].Changed, r.err = e.erase(ctx, one); r.err != nil {
			r.results = nil
			return nil
		}
	}
	if e.versions == 0 {
		return nil
	}
	return s.applyErase(ctx, p)
}

// applyErase commits what was removed. With a SearchParameter goes what is posted for it.
func (s *Store) applyErase(ctx context.Context, p *plan) error {
	before := s.terms.Load()
	after := before
	if p.schema.Generation != before.schema.Generation {
		var err error
		if after, err = s.of.compile(p.schema.Row(), p.schema); err != nil {
			return err
		}
	}
	if before.index != nil {
		s.writeTerms(after)
	}
	s.writer.states(p)
	if err := s.engine.Apply(ctx, &s.writer.batch); err != nil {
		return err
	}
	if after != before {
		s.setTerms(after)
	}
	return nil
}

// erase removes one resource or version; false if there is none.
func (e *eraser) erase(ctx context.Context, one Erasure) (bool, error) {
	t, err := storable(one.Type)
	if err != nil {
		return false, err
	}
	typ := uint16(t.ID)
	found, err := e.view.Find(ctx, typ, one.ID)
	if err != nil || !found[0].Exists {
		return false, err
	}
	history, err := e.view.History(ctx, typ, one.ID, 0, maxErasedVersions+1)
	if err != nil {
		return false, err
	}
	if e.versions += len(history); e.versions > maxErasedVersions {
		return false, fault.New(fault.TooCostly, "more than %d versions would be erased at once", maxErasedVersions)
	}
	if one.VersionID == found[0].Version {
		return false, fault.New(fault.Unprocessable, "the version is the current one: erase the resource, or store another version first").WithCode("business-rule")
	}
	done := false
	for i := range history {
		if one.VersionID != 0 && history[i].VersionID != one.VersionID {
			continue
		}
		done = true
		after := record.None
		if i > 0 {
			after = history[i-1].Number
		}
		if err := e.version(ctx, &history[i], after); err != nil {
			return false, err
		}
	}
	if one.VersionID != 0 {
		return done, nil
	}
	if typ == searchParameterType() {
		e.plan.schema = e.plan.schema.Remove(one.ID)
	}
	e.key = record.AppendIdentityKey(e.key[:0], e.store.tenant, typ, one.ID)
	e.batch.Delete(e.key)
	if found[0].Live() {
		counter := e.plan.state.Counter(typ)
		counter.Live--
		e.plan.state.Set(counter)
	}
	return true, nil
}

// version removes one version. after is the number of the version that superseded it; None for the newest.
func (e *eraser) version(ctx context.Context, v *record.Version, after uint32) error {
	tenant := e.store.tenant
	left := record.Version{VersionID: v.VersionID, Previous: v.Previous, Time: v.Time, Method: record.Erased}
	e.key = record.AppendBodyKey(e.key[:0], tenant, v.Type, v.Number)
	e.batch.Put(e.key, record.AppendBodyHeader(nil, &left))
	e.key = record.AppendDeadTerm(e.key[:0], tenant, v.Type)
	e.batch.Post(e.key, v.Number)
	if err := e.unindex(v); err != nil {
		return err
	}
	if after == record.None {
		return nil
	}
	e.key = record.AppendOlderKey(e.key[:0], tenant, v.Type, v.ID, v.VersionID)
	e.batch.Delete(e.key)
	if v.Deleted() {
		return nil
	}
	seq, err := e.born(ctx, v.Type, after)
	if err != nil {
		return err
	}
	e.key = record.AppendDiedTerm(e.key[:0], tenant, v.Type, seq)
	e.batch.Unpost(e.key, v.Number)
	return nil
}

// unindex takes the number of a version out of what is posted for it.
func (e *eraser) unindex(v *record.Version) error {
	if v.Deleted() || e.store.index() == nil {
		return nil
	}
	if err := e.tape.Parse(v.Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	e.terms.Reset()
	if err := e.store.index().AppendTerms(&e.terms, e.tape.Root()); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	for i := range e.terms.Len() {
		e.key = append(record.AppendTenant(e.key[:0], e.store.tenant), e.terms.Key(i)...)
		e.batch.Unpost(e.key, v.Number)
	}
	return nil
}

// born finds the commit that made a number: the first after which the type's next number is above it.
func (e *eraser) born(ctx context.Context, typ uint16, number uint32) (seq uint64, err error) {
	n := sort.Search(int(e.view.Seq()), func(i int) bool {
		if err != nil {
			return true
		}
		var at *record.View
		if at, err = e.view.At(ctx, uint64(i)+1); err != nil {
			return true
		}
		return at.Next(typ) > number
	})
	return uint64(n) + 1, err
}

// Compact has the engine rewrite what it holds, if it can, so that nothing of what was removed is left on disk.
func (s *Stores) Compact(ctx context.Context) error {
	if c, ok := s.engine.(interface{ Compact(context.Context) error }); ok {
		return c.Compact(ctx)
	}
	return nil
}
