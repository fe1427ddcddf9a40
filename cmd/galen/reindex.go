// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"

	"galen/internal/engine"
	"galen/internal/reindex"
	"galen/internal/search/index"
	"galen/internal/store"
)

// openStores opens the data stores, and what reindexes them.
func (h *house) openStores(e engine.Engine, terms *index.Index) {
	h.reindex = reindex.New(reindex.Options{Open: h.openTenant, Every: h.tenants, Log: h.log})
	h.stores = store.New(e, terms, store.Options{Committed: h.committed, Due: h.reindex.Due})
	h.closeLater(h.stores.Close)
}

// failed logs a request that was answered with a status of 500 or more. That terms are still being made is no failure: the reindex logs how it gets on.
func (h *house) failed(ctx context.Context, err error) {
	level := slog.LevelError
	if errors.Is(err, index.ErrPending) {
		level = slog.LevelDebug
	}
	h.log.Log(ctx, level, "request failed", "error", err)
}

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
