// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"galen/internal/engine"
)

// snapshot implements engine.Snapshot.
type snapshot struct {
	e    *Engine
	db   *sharedView
	once sync.Once
}

// Close implements engine.Snapshot.
func (s *snapshot) Close() error {
	s.once.Do(func() {
		if s.e.enter(context.Background()) != nil {
			return // the engine was closed, and everything with it
		}
		defer s.e.calls.Done()
		s.e.views.release(s.db)
	})
	return nil
}

// Get implements engine.Snapshot.
func (s *snapshot) Get(ctx context.Context, keys ...[]byte) ([][]byte, error) {
	if err := s.e.enter(ctx); err != nil {
		return nil, err
	}
	defer s.e.calls.Done()
	if len(keys) >= manyKeys {
		return s.getMany(ctx, keys)
	}
	values := make([][]byte, len(keys))
	var key []byte
	for i, k := range keys {
		key = appendKey(key[:0], spaceRow, k)
		value, err := s.get(key)
		if err != nil {
			return nil, unreadable(err)
		}
		values[i] = value
	}
	return values, nil
}

// get looks up a key on disk, and returns a value of the caller's own; nil if there is none.
func (s *snapshot) get(key []byte) ([]byte, error) {
	value, kept, room := s.db.kept.find(key)
	if kept {
		return value, nil
	}
	found, closer, err := s.db.Get(key)
	switch {
	case err == nil:
		value = append(make([]byte, 0, len(found)), found...)
		err = closer.Close()
	case errors.Is(err, pebble.ErrNotFound):
		err = nil
	}
	if err == nil && room {
		s.db.kept.keep(key, value)
	}
	return value, err
}

// manyKeys is how many keys are looked up by one iterator that goes on from each to the next, rather than one by one.
const manyKeys = 4

// getMany looks up keys in ascending order with one iterator.
func (s *snapshot) getMany(ctx context.Context, keys [][]byte) ([][]byte, error) {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	byKey := func(a, b int) int { return bytes.Compare(keys[a], keys[b]) }
	if !slices.IsSortedFunc(order, byKey) {
		slices.SortFunc(order, byKey)
	}
	lower := appendKey(nil, spaceRow, keys[order[0]])
	upper := appendKey(nil, spaceRow, append(bytes.Clone(keys[order[len(order)-1]]), 0))
	it, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, unreadable(err)
	}
	values := make([][]byte, len(keys))
	var key []byte
	valid := it.First()
	for _, i := range order {
		key = appendKey(key[:0], spaceRow, keys[i])
		if valid && bytes.Compare(it.Key(), key) < 0 {
			valid = it.SeekGE(key)
		}
		if !valid {
			break
		}
		if !bytes.Equal(it.Key(), key) {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, errors.Join(unreadable(err), it.Close())
		}
		values[i] = append(make([]byte, 0, len(value)), value...)
	}
	err = errors.Join(it.Error(), it.Close())
	if err != nil {
		return nil, unreadable(err)
	}
	return values, ctx.Err()
}

// iterate returns an iterator over a range of a space, to be closed; it holds a call of the engine until then.
func (s *snapshot) iterate(ctx context.Context, space byte, r engine.Range) (*cursor, error) {
	if err := s.e.enter(ctx); err != nil {
		return nil, err
	}
	lower, upper := bounds(space, r)
	if bytes.Compare(lower, upper) > 0 {
		upper = lower
	}
	it, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		s.e.calls.Done()
		return nil, unreadable(err)
	}
	return &cursor{ctx: ctx, it: it, done: s.e.calls.Done}, nil
}

// cursor goes through keys on disk in one direction.
type cursor struct {
	ctx   context.Context // that of the one call the cursor lives in
	it    *pebble.Iterator
	done  func()
	order engine.Order
	steps int
	seek  []byte // used again
	err   error
}

// first goes to the first key in an order, and reports whether there is one.
func (c *cursor) first(o engine.Order) bool {
	c.order = o
	if o == engine.Descending {
		return c.ok(c.it.Last())
	}
	return c.ok(c.it.First())
}

// next goes to the next key in the order of first.
func (c *cursor) next() bool {
	if c.steps++; c.steps%64 == 0 {
		if c.err = c.ctx.Err(); c.err != nil {
			return false
		}
	}
	if c.order == engine.Descending {
		return c.ok(c.it.Prev())
	}
	return c.ok(c.it.Next())
}

func (c *cursor) ok(valid bool) bool {
	if !valid {
		if err := c.it.Error(); err != nil {
			c.err = unreadable(err)
		}
	}
	return valid
}

func (c *cursor) value() []byte {
	v, err := c.it.ValueAndErr()
	if err != nil {
		c.err = unreadable(err)
	}
	return v
}

// close frees the cursor and returns the error it ended with.
func (c *cursor) close() error {
	if err := c.it.Close(); err != nil && c.err == nil {
		c.err = unreadable(err)
	}
	c.done()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.err
}

// Scan implements engine.Snapshot.
func (s *snapshot) Scan(ctx context.Context, r engine.Range, o engine.Order) iter.Seq2[engine.Row, error] {
	return func(yield func(engine.Row, error) bool) {
		c, err := s.iterate(ctx, spaceRow, r)
		if err != nil {
			yield(engine.Row{}, err)
			return
		}
		for valid := c.first(o); valid; valid = c.next() {
			_, key, _ := logical(c.it.Key())
			value := c.value()
			if c.err != nil {
				break
			}
			if !yield(engine.Row{Key: key, Value: value}, nil) {
				_ = c.close()
				return
			}
		}
		if err := c.close(); err != nil {
			yield(engine.Row{}, err)
		}
	}
}
