// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"errors"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/store"
)

// Match is what a caller asks of the current version (If-Match, If-None-Match). The zero Match asks nothing.
type Match struct {
	Version string // the current version's id; "*": there must be one; empty: any
	None    bool   // there must be no such resource, or it must be deleted
}

// condition is what the store has to check.
func (m Match) condition() (store.If, error) {
	switch m.Version {
	case "":
		return store.If{None: m.None}, nil
	case "*":
		return store.If{Exists: true, None: m.None}, nil
	}
	n, ok := parseVersion(m.Version)
	if !ok { // no version has such an id
		return store.If{}, fault.New(fault.Precondition, "the version asked for is not the current one").WithCode("conflict")
	}
	return store.If{Version: n, None: m.None}, nil
}

// Update stores a new version of a resource, or the first one under an id of the caller's. It fails with fault.Precondition
// if match does not hold, and with fault.Invalid if the id in the body is not that of key.
//
// http://hl7.org/fhir/R4/http.html#update
func (s *Service) Update(ctx context.Context, c Caller, key fhir.Key, match Match, in Input) (Written, error) {
	cond, err := match.condition()
	if err != nil {
		return Written{}, err
	}
	if !fhir.ValidID(key.ID) {
		return Written{}, fault.New(fault.Invalid, "the id is not 1 to 64 of A-Z a-z 0-9 - and dot").WithCode("value")
	}
	w, err := s.write(ctx, c, authz.Update, key, in, store.Put{Type: key.Type, ID: key.ID, If: cond})
	return w, match.missed(err)
}

// missed turns the absence of what "*" asks for into what it is for the caller: a condition that does not hold.
func (m Match) missed(err error) error {
	if m.Version == "*" && (errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone)) {
		return fault.Wrap(fault.Precondition, err, "there is no current version").WithCode("conflict")
	}
	return err
}

// Delete deletes a resource. One that is deleted already, or never was, is no failure (Written.Changed says so) unless
// match asks for a version; then it fails with fault.Precondition.
//
// http://hl7.org/fhir/R4/http.html#delete
func (s *Service) Delete(ctx context.Context, c Caller, key fhir.Key, match Match) (Written, error) {
	st, err := s.enter(ctx, c, authz.Delete, key.Type, key.ID)
	if err != nil {
		return Written{}, err
	}
	if _, err := typeID(key.Type); err != nil {
		return Written{}, err
	}
	cond, err := match.condition()
	if err != nil {
		return Written{}, err
	}
	if !fhir.ValidID(key.ID) {
		return Written{}, nil // there is none, so it is deleted
	}
	change, err := st.Delete(key.Type, key.ID, cond)
	if err != nil {
		return Written{}, err
	}
	w, err := s.commit(ctx, st, change, nil)
	return w, match.missed(err)
}
