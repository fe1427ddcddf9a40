// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"strconv"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/record"
)

// Version is a version of a resource, as it is stored.
type Version = record.Version

// Read gives the current version of a resource. It fails with fault.NotFound if there never was one, and with fault.Gone if
// it was deleted.
//
// http://hl7.org/fhir/R4/http.html#read
func (s *Service) Read(ctx context.Context, c Caller, key fhir.Key) (Version, error) {
	view, typ, err := s.look(ctx, c, key)
	if err != nil {
		return Version{}, err
	}
	defer view.Close()
	found, err := view.Find(ctx, typ, key.ID)
	if err != nil {
		return Version{}, err
	}
	switch f := found[0]; {
	case !f.Exists:
		return Version{}, errNever
	case f.Deleted:
		return Version{VersionID: f.Version}, gone(f.Version)
	}
	versions, err := view.Bodies(ctx, typ, found[0].Number)
	if err != nil {
		return Version{}, err
	}
	return versions[0], nil
}

// VRead gives one version of a resource. It fails with fault.NotFound if there is no such version, and with fault.Gone if it
// is a deletion.
//
// http://hl7.org/fhir/R4/http.html#vread
func (s *Service) VRead(ctx context.Context, c Caller, key fhir.Key, versionID string) (Version, error) {
	view, typ, err := s.look(ctx, c, key)
	if err != nil {
		return Version{}, err
	}
	defer view.Close()
	n, ok := parseVersion(versionID)
	if !ok {
		return Version{}, errNoVersion
	}
	v, err := view.Version(ctx, typ, key.ID, n)
	if err != nil {
		return Version{}, err
	}
	if v.Deleted() {
		return Version{VersionID: n}, gone(n)
	}
	return v, nil
}

var (
	errNever     = fault.New(fault.NotFound, "there is no such resource")
	errNoVersion = fault.New(fault.NotFound, "there is no such version of the resource")
)

func gone(version uint32) error {
	return fault.New(fault.Gone, "the resource was deleted in version %d", version)
}

// parseVersion reads a version id as this server writes them: 1, 2, ….
func parseVersion(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}

// look opens a view for reading a resource.
func (s *Service) look(ctx context.Context, c Caller, key fhir.Key) (*record.View, uint16, error) {
	st, err := s.enter(ctx, c, authz.Read, key.Type, key.ID)
	if err != nil {
		return nil, 0, err
	}
	typ, err := typeID(key.Type)
	if err != nil {
		return nil, 0, err
	}
	if !fhir.ValidID(key.ID) {
		return nil, 0, errNever
	}
	view, err := c.View(ctx, st)
	return view, typ, err
}
