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
// transaction, which no other write can change until it is stored; reads see the state after it.
//
// http://hl7.org/fhir/R4/http.html#transaction
func (s *Service) transaction(ctx context.Context, c Caller, st *store.Store, entries []*entry, opt Bundling) (time.Time, error) {
	at, repeated, err := repeat(ctx, st, entries, opt)
	if err != nil || repeated {
		return at, err
	}
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		at = cond.view.Time()
		l, err := s.resolve(ctx, c, st, cond, entries)
		if err != nil {
			return err
		}
		if err := s.prepareAll(ctx, st, entries, l, opt); err != nil {
			return err
		}
		return s.commitAll(ctx, st, entries, cond, opt)
	})
	for _, e := range entries {
		if err == nil && e.writes() && e.made.Version.Time.After(at) {
			at = e.made.Version.Time
		}
	}
	return at, err
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

// commitAll stores the changes in the order of processing.
func (s *Service) commitAll(ctx context.Context, st *store.Store, entries []*entry, cond *conditions, opt Bundling) error {
	changed := inOrder(entries)
	if len(changed) == 0 {
		return nil
	}
	group := store.Group{Atomic: true, Bodies: opt.Return == "representation", Check: cond.checker(),
		Also: receiptRow(opt.Receipt, entries, changed)}
	for _, e := range changed {
		group.Changes = append(group.Changes, e.change)
	}
	results, err := st.Commit(ctx, group)
	var refusal *store.Refusal
	if errors.As(err, &refusal) {
		e := changed[refusal.Index]
		if e.method == "PATCH" {
			return e.refused(moved(refusal.Err))
		}
		err := e.match.missed(refusal.Err)
		if e.condition != nil {
			err = taken(e.put, err)
		}
		return e.refused(err)
	}
	if err != nil {
		return err
	}
	for i, e := range changed {
		e.made.Version, e.made.Created, e.made.Changed = results[i].Version, results[i].Created, results[i].Changed
	}
	return nil
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
