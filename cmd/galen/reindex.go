// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"iter"

	"galen/internal/store"
)

// openTenant opens a data store by number.
func (h *house) openTenant(tenant uint32) (*store.Store, error) { return h.stores.Store(tenant) }

// tenants are the numbers of the data stores that are in use.
func (h *house) tenants(ctx context.Context) iter.Seq2[uint32, error] {
	return func(yield func(uint32, error) bool) {
		for p, err := range h.places(ctx) {
			if !yield(p.Tenant, err) {
				return
			}
		}
	}
}
