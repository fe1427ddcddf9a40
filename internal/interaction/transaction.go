// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/record"
	"galen/internal/store"
)

// transaction carries out all entries or none. Conditions and conditional references are resolved in the state before the
// transaction, which no other write can change until it is stored; reads are to see the state after it and nothing later, which is that of
// the position seq (0 if that is not known any more).
//
// http://hl7.org/fhir/R4/http.html#transaction
func (s *Service) transaction(ctx context.Context, c Caller, st *store.Store, entries []*entry, opt Bundling) (at time.Time, seq uint64, err error) {
	at, repeated, err := repeat(ctx, st, entries, opt)
	if err != nil || repeated {
		return at, 0, err
	}
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		at, seq = cond.view.Time(), cond.view.Seq()
		l, err := s.resolve(ctx, c, st, cond, entries)
		if err != nil {
			return err
		}
		if err := s.prepareAll(ctx, st, entries, l, opt); err != nil {
			return err
		}
		made, err := s.commitAll(ctx, st, entries, cond, opt)
		if err != nil || made == 0 {
			return err
		}
		seq = made
		return s.found(ctx, st, entries, seq)
	})
	for _, e := range entries {
		if err == nil && e.writes() && e.made.Version.Time.After(at) {
			at = e.made.Version.Time
		}
	}
	return at, seq, err
}

// found brings what conditional creates found up to the position seq: others may have changed it since it was looked for.
func (s *Service) found(ctx context.Context, st *store.Store, entries []*entry, seq uint64) error {
	if !slices.ContainsFunc(entries, func(e *entry) bool { return e.found != nil }) {
		return nil
	}
	view, err := st.ViewAt(ctx, seq)
	if err != nil {
		return err
	}
	defer view.Close()
	for _, e := range entries {
		if e.found == nil {
			continue
		}
		now, err := view.Find(ctx, e.found.Type, e.found.ID)
		if err != nil {
			return err
		}
		versions, err := view.Bodies(ctx, e.found.Type, now[0].Number)
		if err != nil {
			return err
		}
		e.made.Version = versions[0]
	}
	return nil
}

// resolve finds out which resource each write is about, and what the resources' links lead to.
func (s *Service) resolve(ctx context.Context, c Caller, st *store.Store, cond *conditions, entries []*entry) (*links, error) {
	l := &links{targets: map[string]string{}, found: map[string]string{}}
	about, unless := map[fhir.Key]bool{}, map[string]bool{}
	for _, e := range entries {
		if !e.writes() {
			continue
		}
		if err := s.identify(ctx, cond, e); err != nil {
			return nil, e.refused(err)
		}
		if e.unless != "" && unless[e.key.Type+"?"+e.unless] || e.key.ID != "" && about[e.key] {
			return nil, e.refused(fault.New(fault.Invalid, "another entry of the transaction is about the same resource").WithCode("duplicate"))
		}
		about[e.key], unless[e.key.Type+"?"+e.unless] = true, true
		if e.fullURL == "" || e.key.ID == "" || !e.resource.Ok() {
			continue
		}
		if l.targets[e.fullURL] != "" {
			return nil, e.refused(fault.New(fault.Invalid, "another entry of the transaction has the same fullUrl").WithCode("duplicate"))
		}
		l.targets[e.fullURL] = e.key.String()
	}
	for _, e := range entries {
		if err := s.resolveReferences(ctx, c, st, cond, e, l); err != nil {
			return nil, e.refused(err)
		}
	}
	return l, nil
}

// identify finds out what a write is about.
func (s *Service) identify(ctx context.Context, cond *conditions, e *entry) (err error) {
	e.found, e.change, e.made = nil, nil, Written{}
	var found *record.Version
	if e.condition != nil {
		if found, err = cond.one(ctx, e.condition); err != nil {
			return err
		}
	}
	switch {
	case e.method == "POST" && found != nil:
		e.found, e.key.ID = found, found.ID
		e.made = Written{Version: *found}
	case e.method == "POST":
		e.key.ID = store.NewID()
		e.put = store.Put{Type: e.key.Type, ID: e.key.ID, Assign: true}
	case e.method == "PUT" && e.condition != nil:
		e.put, err = updateOf(e.key.Type, e.resource.Field("id").Text(), found, e.match)
		if err == nil && e.put.Assign {
			e.put.ID = store.NewID()
		}
		e.key.ID = e.put.ID
	case e.method == "PATCH":
		return s.identifyPatch(ctx, cond, e, found)
	case e.condition != nil && found == nil:
		e.key.ID = ""
		return s.absent(ctx, cond.view, e.key.Type, e.query)
	default:
		if found != nil {
			e.key.ID = found.ID
		}
		e.put = store.Put{Type: e.key.Type, ID: e.key.ID}
		e.put.If, err = e.match.condition()
	}
	return err
}

// identifyPatch finds the resource that an entry patches, and patches it.
func (s *Service) identifyPatch(ctx context.Context, cond *conditions, e *entry, found *record.Version) (err error) {
	if e.condition == nil {
		found, err = cond.read(ctx, e.key)
	} else if found == nil {
		err = fault.New(fault.NotFound, "the criteria find no resource")
	}
	if err != nil {
		return e.match.missed(err)
	}
	if err := e.match.holds(found); err != nil {
		return err
	}
	e.key.ID = found.ID
	e.put = store.Put{Type: e.key.Type, ID: found.ID, If: store.If{Version: found.VersionID}}
	e.patched, err = s.patched(found, e.patch)
	return err
}

// resolveReferences finds what the conditional references in an entry's resource lead to.
func (s *Service) resolveReferences(ctx context.Context, c Caller, st *store.Store, cond *conditions, e *entry, l *links) error {
	if !e.writes() || e.found != nil || e.method == "PATCH" || !bytes.ContainsRune(e.resource.Raw(), '?') {
		return nil
	}
	for _, text := range l.walk(e.resource, e.fullURL).conditional {
		if l.found[text] != "" {
			continue
		}
		r := fhir.ParseReference(text)
		q, err := s.condition(c, st, r.Key.Type, r.Rest)
		if err != nil {
			return err
		}
		found, err := cond.one(ctx, q)
		switch {
		case err != nil:
			return err
		case found == nil:
			return fault.New(fault.Precondition, "a conditional reference in the resource finds nothing").WithCode("not-found")
		}
		l.found[text] = r.Key.Type + "/" + found.ID
	}
	return nil
}

// prepareAll makes the changes. The first entry that is refused refuses the transaction.
func (s *Service) prepareAll(ctx context.Context, st *store.Store, entries []*entry, l *links, opt Bundling) error {
	err := parallel(ctx, entries, func(e *entry) {
		if e.writes() {
			e.err = s.rewritten(ctx, st, e, l, opt)
		}
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.err != nil {
			return e.refused(e.err)
		}
	}
	return nil
}

// rewritten makes the change of an entry, with its links resolved.
func (s *Service) rewritten(ctx context.Context, st *store.Store, e *entry, l *links, opt Bundling) error {
	if e.method != "PATCH" {
		return s.change(ctx, st, e, l.rewrite(e.resource, e.fullURL), opt.Level)
	}
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(e.patched, s.opt.Limits); err != nil {
		return err
	}
	return s.change(ctx, st, e, l.rewrite(tape.Root(), e.fullURL), opt.Level)
}

// commitAll stores the changes in the order of processing, and gives the position that they make; 0: they make none.
func (s *Service) commitAll(ctx context.Context, st *store.Store, entries []*entry, cond *conditions, opt Bundling) (seq uint64, err error) {
	changed := inOrder(entries)
	if len(changed) == 0 {
		return 0, nil
	}
	reads := slices.ContainsFunc(entries, func(e *entry) bool { return !e.writes() || e.found != nil })
	group := store.Group{Atomic: true, Last: reads, Bodies: opt.Return == "representation", Check: cond.checker(),
		Also: receiptRow(opt.Receipt, entries, changed)}
	for _, e := range changed {
		group.Changes = append(group.Changes, e.change)
	}
	results, err := st.Commit(ctx, group)
	var refusal *store.Refusal
	if errors.As(err, &refusal) {
		e := changed[refusal.Index]
		if e.method == "PATCH" {
			return 0, e.refused(moved(refusal.Err))
		}
		err := e.match.missed(refusal.Err)
		if e.condition != nil {
			err = taken(e.put, err)
		}
		return 0, e.refused(err)
	}
	if err != nil {
		return 0, err
	}
	for i, e := range changed {
		e.made.Version, e.made.Created, e.made.Changed = results[i].Version, results[i].Created, results[i].Changed
		if e.made.Changed {
			seq = results[i].Seq
		}
	}
	return seq, nil
}

// inOrder gives the entries that have a change, in the order of processing.
func inOrder(entries []*entry) []*entry {
	var list []*entry
	for _, e := range entries {
		if e.change != nil {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *entry) int { return a.rank() - b.rank() })
	return list
}
