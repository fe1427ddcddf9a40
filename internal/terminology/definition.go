// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"context"

	"galen/internal/fhir"
	"galen/internal/store"
)

// Definition gives the resource of a type that the data store holds under a canonical, |version may follow: of several the one in
// use, then the newest. It is nil if there is none. It answers as of now.
func (s *Service) Definition(ctx context.Context, st *store.Store, kind, canonical string) ([]byte, error) {
	c := fhir.ParseCanonical(canonical)
	if c.URL == "" || len(c.URL) > maxURL {
		return nil, nil
	}
	v, err := st.View(ctx)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	of := stored{search: s.search}
	return of.byURL(ctx, v, kind, c.URL, c.Version)
}
