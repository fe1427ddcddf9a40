// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"encoding/base64"
	"errors"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/patch"
	"galen/internal/record"
	"galen/internal/store"
)

// Patch changes a resource as in.Body says, a JSON Patch or the Parameters of a FHIRPath Patch, and stores the outcome as Update does. Nobody's change in between is
// lost: the patch is applied to the version that is current when its outcome is stored. It fails with fault.NotFound or fault.Gone
// if there is no resource, and with fault.Unprocessable if the patch cannot be applied.
//
// http://hl7.org/fhir/R4/http.html#patch
func (s *Service) Patch(ctx context.Context, c Caller, key fhir.Key, match Match, in Input) (w Written, err error) {
	st, err := s.enter(ctx, c, authz.Update, key.Type, key.ID)
	if err != nil {
		return w, err
	}
	return s.patch(ctx, st, key.Type, match, in, func(cond *conditions) (*record.Version, error) { return cond.read(ctx, key) })
}

// PatchWhere patches the one resource that a search finds. It fails with fault.NotFound if it finds none, and with
// fault.Precondition if it finds more.
func (s *Service) PatchWhere(ctx context.Context, c Caller, typ, query string, match Match, in Input) (w Written, err error) {
	st, err := s.enterWhere(ctx, c, authz.Update, typ)
	if err != nil {
		return w, err
	}
	q, err := s.condition(c, st, typ, query)
	if err != nil {
		return w, err
	}
	return s.patch(ctx, st, typ, match, in, func(cond *conditions) (*record.Version, error) {
		found, err := cond.one(ctx, q)
		if err == nil && found == nil {
			err = fault.New(fault.NotFound, "the criteria find no resource")
		}
		return found, err
	})
}

// patch patches what find finds, until nobody wrote it meanwhile.
func (s *Service) patch(ctx context.Context, st *store.Store, typ string, match Match, in Input,
	find func(*conditions) (*record.Version, error)) (w Written, err error) {
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		found, err := find(cond)
		if err != nil {
			return match.missed(err)
		}
		if err := match.holds(found); err != nil {
			return err
		}
		body, err := s.patched(found, in.Body)
		if err != nil {
			return err
		}
		put := store.Put{Type: typ, ID: found.ID, If: store.If{Version: found.VersionID}}
		change, warnings, err := s.prepare(ctx, st, Input{Body: body, Level: in.Level}, put)
		if err != nil {
			return err
		}
		w, err = s.commit(ctx, st, change, cond.checker())
		w.Warnings = warnings
		return moved(err)
	})
	return w, err
}

// moved says what it means that the version that was patched is no longer the current one.
func moved(err error) error {
	if errors.Is(err, fault.Precondition) {
		return errMoved
	}
	return err
}

// holds checks the condition on the version that is to be patched.
func (m Match) holds(v *record.Version) error {
	cond, err := m.condition()
	switch {
	case err != nil:
		return err
	case cond.None:
		return fault.New(fault.Precondition, "the resource exists already").WithCode("conflict")
	case cond.Version != 0 && cond.Version != v.VersionID:
		return fault.New(fault.Precondition, "the current version is not version %d", cond.Version).WithCode("conflict")
	}
	return nil
}

// read gives the current version of a resource at the position of the view.
func (c *conditions) read(ctx context.Context, key fhir.Key) (*record.Version, error) {
	typ, err := typeID(key.Type)
	if err != nil {
		return nil, err
	}
	if !fhir.ValidID(key.ID) {
		return nil, errNever
	}
	found, err := c.view.Find(ctx, typ, key.ID)
	switch {
	case err != nil:
		return nil, err
	case !found[0].Exists:
		return nil, errNever
	case found[0].Deleted:
		return nil, gone(found[0].Version)
	}
	versions, err := c.view.Bodies(ctx, typ, found[0].Number)
	if err != nil {
		return nil, err
	}
	return &versions[0], nil
}

// patched is the body of a version with a patch applied: a FHIRPath Patch is a resource, a JSON Patch an array.
func (s *Service) patched(v *record.Version, ops []byte) ([]byte, error) {
	doc, done := s.tape()
	defer done()
	if err := doc.Parse(v.Body, stored); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	operations, done := s.tape()
	defer done()
	if err := operations.Parse(ops, s.opt.Limits); err != nil {
		return nil, err
	}
	if fhir.Type(operations.Root()) != "" {
		return patch.FHIRPath(nil, doc.Root(), operations.Root())
	}
	return patch.JSON(nil, doc.Root(), operations.Root())
}

// JSONPatch is the media type of a JSON Patch.
const JSONPatch = "application/json-patch+json"

// patchOf is the patch of an entry of a Bundle: the data of a Binary, or Parameters themselves.
//
// http://hl7.org/fhir/R4/http.html#jsonpatch
func patchOf(resource fhir.Node) ([]byte, error) {
	if fhir.Type(resource) == "Parameters" {
		return resource.Raw(), nil
	}
	if fhir.Type(resource) != "Binary" || !resource.Field("contentType").Is(JSONPatch) {
		return nil, fault.New(fault.Unsupported, "the resource of a PATCH is a Binary of contentType %s, or Parameters", JSONPatch)
	}
	ops, err := base64.StdEncoding.DecodeString(resource.Field("data").Text())
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the data of the Binary is not base64").WithCode("value")
	}
	return ops, nil
}
