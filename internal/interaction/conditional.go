// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/record"
	"galen/internal/store"
)

// createUnless creates a resource unless a search finds one.
//
// http://hl7.org/fhir/R4/http.html#ccreate
func (s *Service) createUnless(ctx context.Context, c Caller, typ string, in Input, put store.Put) (w Written, err error) {
	st, err := s.enterWhere(ctx, c, authz.Create, typ)
	if err != nil {
		return w, err
	}
	q, err := s.condition(c, st, typ, in.Unless)
	if err != nil {
		return w, err
	}
	var change *store.Change
	var warnings []fhir.Issue
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		found, err := cond.one(ctx, q)
		if err != nil {
			return err
		}
		if found != nil {
			w = Written{Version: *found}
			return nil
		}
		if change == nil {
			if change, warnings, err = s.prepare(ctx, st, in, put); err != nil {
				return err
			}
		}
		w, err = s.commit(ctx, st, change, cond.checker())
		w.Warnings = warnings
		return err
	})
	return w, err
}

// enterWhere is enter for a conditional interaction, which also searches.
func (s *Service) enterWhere(ctx context.Context, c Caller, action authz.Action, typ string) (*store.Store, error) {
	if _, err := s.enter(ctx, c, authz.Search, typ, ""); err != nil {
		return nil, err
	}
	st, err := s.enter(ctx, c, action, typ, "")
	if err != nil {
		return nil, err
	}
	_, err = typeID(typ)
	return st, err
}

// UpdateWhere updates the one resource that a search finds. If it finds none, the resource is created, under its own id if it has
// one, which must be free then. It fails with fault.Conflict if the id in the body is that of another resource, and with
// fault.Precondition if more than one is found or match does not hold.
//
// http://hl7.org/fhir/R4/http.html#cond-update
func (s *Service) UpdateWhere(ctx context.Context, c Caller, typ, query string, match Match, in Input) (w Written, err error) {
	st, err := s.enterWhere(ctx, c, authz.Update, typ)
	if err != nil {
		return w, err
	}
	q, err := s.condition(c, st, typ, query)
	if err != nil {
		return w, err
	}
	id, err := s.bodyID(in.Body)
	if err != nil {
		return w, err
	}
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		found, err := cond.one(ctx, q)
		if err != nil {
			return err
		}
		put, err := updateOf(typ, id, found, match)
		if err != nil {
			return err
		}
		change, warnings, err := s.prepare(ctx, st, in, put)
		if err != nil {
			return err
		}
		w, err = s.commit(ctx, st, change, cond.checker())
		w.Warnings = warnings
		return taken(put, match.missed(err))
	})
	return w, err
}

// updateOf says how a conditional update stores a resource with that id (empty: none), given what the search found.
func updateOf(typ, id string, found *record.Version, match Match) (store.Put, error) {
	cond, err := match.condition()
	if err != nil {
		return store.Put{}, err
	}
	switch {
	case found != nil && id != "" && id != found.ID:
		return store.Put{}, fault.New(fault.Conflict, "the id of the resource is not that of the one that the criteria find").At("id")
	case found != nil:
		return store.Put{Type: typ, ID: found.ID, Adopt: true, If: cond}, nil
	case match.Version != "":
		return store.Put{}, fault.New(fault.Precondition, "the criteria find no resource").WithCode("conflict")
	case id == "":
		return store.Put{Type: typ, Assign: true}, nil
	}
	return store.Put{Type: typ, ID: id, If: store.If{None: true}}, nil
}

// taken says what it means that a conditional update that found nothing meets its own id: another resource has it.
func taken(put store.Put, err error) error {
	if put.If.None && !put.Adopt && errors.Is(err, fault.Precondition) {
		return fault.Wrap(fault.Conflict, err, "the criteria do not find the resource that has this id").At("id")
	}
	return err
}

// bodyID is the id of a resource that comes in; empty if it has none.
func (s *Service) bodyID(body []byte) (string, error) {
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(body, s.opt.Limits); err != nil {
		return "", err
	}
	return string(tape.Root().Field("id").AppendText(nil)), nil
}

// DeleteWhere deletes the one resource that a search finds. If it finds none, that is fault.NotFound, unless the search is for
// an _id that was deleted before (no failure; nothing is Changed), or for one that exists but is otherwise than asked
// for (fault.Conflict). It fails with fault.Precondition if more than one is found or match does not hold.
//
// http://hl7.org/fhir/R4/http.html#3.1.0.7.1
func (s *Service) DeleteWhere(ctx context.Context, c Caller, typ, query string, match Match) (w Written, err error) {
	st, err := s.enterWhere(ctx, c, authz.Delete, typ)
	if err != nil {
		return w, err
	}
	q, err := s.condition(c, st, typ, query)
	if err != nil {
		return w, err
	}
	ifs, err := match.condition()
	if err != nil {
		return w, err
	}
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		found, err := cond.one(ctx, q)
		if err != nil {
			return err
		}
		if found == nil {
			w = Written{}
			return s.absent(ctx, cond.view, typ, query)
		}
		change, err := st.Delete(typ, found.ID, ifs)
		if err != nil {
			return err
		}
		w, err = s.commit(ctx, st, change, cond.checker())
		return match.missed(err)
	})
	return w, err
}

// absent is the answer to a conditional delete that finds nothing.
func (s *Service) absent(ctx context.Context, view *record.View, typ, query string) error {
	none := fault.New(fault.NotFound, "the criteria find no resource")
	pairs, err := parsePairs(query)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if p.Name != "_id" || !fhir.ValidID(p.Value) {
			continue
		}
		number, err := typeID(typ)
		if err != nil {
			return err
		}
		found, err := view.Find(ctx, number, p.Value)
		switch {
		case err != nil:
			return err
		case !found[0].Exists:
			return none
		case found[0].Deleted:
			return nil
		}
		return fault.New(fault.Conflict, "the resource of this id does not fulfil the other criteria")
	}
	return none
}
