// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"iter"
	"slices"

	"galen/internal/engine"
	"galen/internal/ordkey"
)

// Every gives all data stores of all accounts, deleted ones too, in no order that matters. It is for the server's own work.
func (c *Catalog) Every(ctx context.Context) iter.Seq2[DataStore, error] {
	return func(yield func(DataStore, error) bool) {
		snap, err := c.engine.Snapshot(ctx)
		if err != nil {
			yield(DataStore{}, err)
			return
		}
		defer snap.Close()
		all := append(slices.Clone(prefix), 'd')
		for row, err := range snap.Scan(ctx, engine.Prefix(all), engine.Ascending) {
			var d DataStore
			var id string
			if err == nil {
				id, _, err = ordkey.TakeString(row.Key[len(all):])
			}
			if err == nil {
				d, err = c.decode(id, row.Value)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
