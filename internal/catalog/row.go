// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// rows reads rows as they are at one moment; nil stands for one that is not there.
func (c *Catalog) rows(ctx context.Context, keys ...[]byte) ([][]byte, error) {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	return snap.Get(ctx, keys...)
}

// decodeRow reads a row as T.
func decodeRow[T any](row []byte) (T, error) {
	var v T
	if err := json.Unmarshal(row, &v); err != nil {
		return v, fault.Wrap(fault.Internal, err, "a row of the catalog cannot be read")
	}
	return v, nil
}

// encodeRow writes v as a row. The catalog's values hold nothing that JSON cannot.
func encodeRow(v any) []byte {
	row, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("catalog: %v", err))
	}
	return row
}

// attempt does f, which applies a batch, until no other change was quicker.
func attempt(f func() error) error {
	for range maxRaces {
		if err := f(); err == nil || !errors.Is(err, fault.Precondition) {
			return err
		}
	}
	return errRaces
}

// requireRow makes b apply only if the row is still as it was read; nil: not there.
func requireRow(b *engine.Batch, key, row []byte) {
	if row == nil {
		b.RequireAbsent(key)
	} else {
		b.Require(key, row)
	}
}

// counted reads a row that counts; one that is not there counts 0.
func counted(row []byte) (uint32, error) {
	if row == nil {
		return 0, nil
	}
	n, _, err := ordkey.TakeUint32(row)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "a count of the catalog cannot be read")
	}
	return n, nil
}

// createdPage walks the things of owner in order of creation from behind cursor on (empty: from the first), until see says
// no, and gives the id of each and the cursor behind it.
func (c *Catalog) createdPage(ctx context.Context, kind byte, owner, cursor string, see func(snap engine.Snapshot, id, cursor string) (bool, error)) error {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	all := engine.Prefix(key(kind, owner))
	head := len(all.Lo)
	if cursor != "" {
		all.Lo = append(append([]byte{}, all.Lo...), cursor...)
		all.Lo = append(all.Lo, 0)
	}
	for row, err := range snap.Scan(ctx, all, engine.Ascending) {
		if err != nil {
			return err
		}
		at := string(row.Key[head:])
		_, rest, err := ordkey.TakeUint64(row.Key[head:])
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a key of the catalog cannot be read")
		}
		id, _, err := ordkey.TakeString(rest)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a key of the catalog cannot be read")
		}
		if more, err := see(snap, id, at); err != nil || !more {
			return err
		}
	}
	return nil
}
