// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/docset"
	"galen/internal/engine"
)

// Compact removes what is left of terms whose documents were all removed, and merges all sorted tables into one level. It
// reads and writes everything, so that no table holds what was deleted before, not even its keys. The log of writes and the
// list of tables may hold some of it until they are used again, or the engine is opened anew.
func (e *Engine) Compact(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.calls.Done()
	s := &snapshot{e: e, db: e.views.open()}
	err := e.dropEmpty(ctx, s)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	e.views.close() // what an old view shows cannot be dropped
	first, last := []byte{0, keyEnd}, []byte{0xFF, keyEnd}
	if err := e.db.Compact(ctx, first, last, true); err != nil {
		return err
	}
	// A table that overlaps no other is moved as it is, with the tombstones in it. One more that spans all has all of them written anew.
	if err := errors.Join(e.db.Delete(first, pebble.Sync), e.db.Delete(last, pebble.Sync)); err != nil {
		return err
	}
	return e.db.Compact(ctx, first, append(last, 0xFF), true)
}

// dropEmpty deletes the empty blocks that s shows, a few at a time, if they are still empty.
func (e *Engine) dropEmpty(ctx context.Context, s *snapshot) error {
	const atOnce = 1000
	c, err := s.iterate(ctx, spaceTerm, engine.Range{})
	if err != nil {
		return err
	}
	var keys [][]byte
	for valid := c.first(engine.Ascending); valid && c.err == nil; valid = c.err == nil && c.next() {
		if c.blockLen() == 0 && c.err == nil {
			keys = append(keys, bytes.Clone(c.it.Key()))
		}
		if len(keys) == atOnce {
			c.err = e.deleteEmpty(ctx, keys)
			keys = keys[:0]
		}
	}
	if err := c.close(); err != nil {
		return err
	}
	return e.deleteEmpty(ctx, keys)
}

func (e *Engine) deleteEmpty(ctx context.Context, keys [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	down, err := e.guard.admit(0)
	if err != nil {
		return err
	}
	select {
	case e.slot <- struct{}{}:
	case <-down:
		return e.guard.why()
	case <-ctx.Done():
		return ctx.Err()
	}
	pb := e.db.NewBatch()
	for _, key := range keys {
		if err := e.deleteIfEmpty(pb, key); err != nil {
			<-e.slot
			return errors.Join(err, pb.Close())
		}
	}
	return e.commit(pb, func() { <-e.slot })
}

// deleteIfEmpty has the slot, so that no posting comes in between.
func (e *Engine) deleteIfEmpty(pb *pebble.Batch, key []byte) error {
	value, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return unreadable(err)
	}
	defer closer.Close()
	if n, err := docset.BlockLen(value); err != nil || n > 0 {
		return err
	}
	return pb.Delete(key, nil)
}
