// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"
	"fmt"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/store"
)

// Input is a resource that comes in.
type Input struct {
	Body  []byte         // JSON; not changed, not kept
	Level validate.Level // how much is asked of it
	Key   string         // idempotency key, a UUID; empty: none

	// Unless is a search, as it stands in a URL: a create makes nothing if it finds a resource (If-None-Exist). Empty: none.
	Unless string
}

// Written is what a write made.
type Written struct {
	Version  Version      // with its body, unless it is a deletion
	Created  bool         // there was no such resource before, or it was deleted
	Changed  bool         // a version was made; a delete may find nothing to do
	Warnings []fhir.Issue // what validation has to say of a resource that was stored
}

// Create stores a resource under a new id, a UUID; an id in the body is ignored. If the idempotency key was used before, it
// fails with fault.Conflict and gives the version that was made then, as stored. If in.Unless finds one resource, that is
// given and nothing is stored; if it finds more, Create fails with fault.Precondition.
//
// http://hl7.org/fhir/R4/http.html#create
func (s *Service) Create(ctx context.Context, c Caller, typ string, in Input) (Written, error) {
	if in.Key != "" && !isUUID(in.Key) {
		return Written{}, fault.New(fault.Invalid, "the idempotency key is not a UUID").WithCode("value")
	}
	put := store.Put{Type: typ, Assign: true, If: store.If{Key: in.Key}}
	if in.Unless != "" {
		return s.createUnless(ctx, c, typ, in, put)
	}
	return s.write(ctx, c, authz.Create, fhir.Key{Type: typ}, in, put)
}

// write checks a resource that comes in and commits it.
func (s *Service) write(ctx context.Context, c Caller, action authz.Action, key fhir.Key, in Input, put store.Put) (Written, error) {
	st, err := s.enter(ctx, c, action, key.Type, key.ID)
	if err != nil {
		return Written{}, err
	}
	if _, err := typeID(key.Type); err != nil {
		return Written{}, err
	}
	change, warnings, err := s.prepare(ctx, st, in, put)
	if err != nil {
		return Written{}, err
	}
	w, err := s.commit(ctx, st, change, nil)
	w.Warnings = warnings
	return w, err
}

// prepare parses and validates a resource and makes the change that stores it. What level minimal stores in spite of findings
// is marked with them.
func (s *Service) prepare(ctx context.Context, st *store.Store, in Input, put store.Put) (*store.Change, []fhir.Issue, error) {
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(in.Body, s.opt.Limits); err != nil {
		return nil, nil, err
	}
	if name := fhir.Type(tape.Root()); name != "" && name != put.Type {
		return nil, nil, fault.New(fault.Invalid, "the resourceType is not %s", put.Type).At("resourceType")
	}
	findings := s.validate.Choosing(st.Profiles()).ResourceIn(tape.Root(), in.Level, s.opt.Members(st))
	if s.opt.Admit != nil {
		body, left, err := s.opt.Admit(ctx, st, tape.Root(), findings)
		if err != nil {
			return nil, nil, err
		}
		if findings = left; body != nil {
			admitted, done := s.tape()
			defer done()
			if err := admitted.Parse(body, s.opt.Limits); err != nil {
				return nil, nil, err
			}
			tape = admitted
		}
	}
	if validate.Failed(findings) {
		return nil, nil, refused(findings)
	}
	if len(findings) == 0 {
		change, err := st.Prepare(tape, put)
		return change, nil, err
	}
	if in.Level == validate.Minimal {
		marked, done := s.tape()
		defer done()
		if err := marked.Parse(validate.Mark(nil, tape.Root(), findings), s.opt.Limits); err != nil {
			return nil, nil, err
		}
		tape = marked
	}
	change, err := st.Prepare(tape, put)
	return change, validate.Issues(findings), err
}

// refused are the errors of a resource that the base definitions do not allow. They are of kind Invalid: the status FHIR
// gives for that is 400, while 422 is for profiles and business rules.
func refused(findings []validate.Finding) error {
	all := fault.List{fault.New(fault.Invalid, "FHIR resource in payload failed FHIR validation rules.").WithCode("processing")}
	for _, f := range validate.Faults(findings) {
		f.Kind = fault.Invalid
		all = append(all, f)
	}
	return all
}

// commit stores one change, if check (nil: none) lets it.
func (s *Service) commit(ctx context.Context, st *store.Store, change *store.Change, check checker) (Written, error) {
	results, err := st.Commit(ctx, store.Group{Changes: []*store.Change{change}, Bodies: true, Check: check})
	if err != nil {
		return Written{}, err
	}
	r := results[0]
	if !r.Repeated {
		return Written{Version: r.Version, Created: r.Created, Changed: r.Changed}, r.Err
	}
	earlier, err := s.earlier(ctx, st, r.Version)
	if err != nil {
		return Written{}, errors.Join(r.Err, err)
	}
	return Written{Version: earlier}, r.Err
}

// earlier reads the version that an idempotency key made before.
func (s *Service) earlier(ctx context.Context, st *store.Store, v Version) (Version, error) {
	view, err := st.View(ctx)
	if err != nil {
		return Version{}, err
	}
	defer view.Close()
	versions, err := view.Bodies(ctx, v.Type, v.Number)
	if err != nil {
		return Version{}, fmt.Errorf("read what the key made: %w", err)
	}
	if versions[0].Erased() {
		return Version{}, fault.New(fault.Gone, "what the key made was erased")
	}
	return versions[0], nil
}

// isUUID reports whether s has the form of a UUID.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
	}
	return true
}
