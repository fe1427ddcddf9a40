// SPDX-License-Identifier: Apache-2.0

package mem

import (
	"hash/maphash"

	"galen/internal/engine"
)

// tree is an immutable map ordered by key, nil when empty: a treap whose priorities are hashes of the keys, so that its
// shape, and with it the cost of every operation, depends only on its keys. Changing it makes a new tree that shares most
// of the old one.
type tree[V any] struct {
	key         string
	value       V
	priority    uint64
	left, right *tree[V]
}

var seed = maphash.MakeSeed()

func (t *tree[V]) get(key string) (v V, ok bool) {
	for t != nil {
		switch {
		case key < t.key:
			t = t.left
		case key > t.key:
			t = t.right
		default:
			return t.value, true
		}
	}
	return v, false
}

func (t *tree[V]) put(key string, value V) *tree[V] {
	below, _, above := t.cut(key)
	return join(join(below, &tree[V]{key: key, value: value, priority: maphash.String(seed, key)}), above)
}

func (t *tree[V]) remove(key string) *tree[V] {
	below, at, above := t.cut(key)
	if at == nil {
		return t
	}
	return join(below, above)
}

// removeRange returns t without the keys in r.
func (t *tree[V]) removeRange(r engine.Range) *tree[V] {
	below, at, above := t.cut(string(r.Lo))
	if at != nil {
		above = join(&tree[V]{key: at.key, value: at.value, priority: at.priority}, above)
	}
	if r.Hi == nil {
		return below
	}
	_, at, above = above.cut(string(r.Hi))
	if at != nil {
		above = join(&tree[V]{key: at.key, value: at.value, priority: at.priority}, above)
	}
	return join(below, above)
}

// cut returns the keys below key, the node with key or nil, and the keys above.
func (t *tree[V]) cut(key string) (below, at, above *tree[V]) {
	if t == nil {
		return nil, nil, nil
	}
	switch n := *t; {
	case key < t.key:
		below, at, n.left = t.left.cut(key)
		return below, at, &n
	case key > t.key:
		n.right, at, above = t.right.cut(key)
		return &n, at, above
	}
	return t.left, t, t.right
}

// join returns all of a and b; every key of a is below every key of b.
func join[V any](a, b *tree[V]) *tree[V] {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority > b.priority:
		n := *a
		n.right = join(a.right, b)
		return &n
	}
	n := *b
	n.left = join(a, b.left)
	return &n
}

// walk yields the nodes of r in order, and returns false if yield did.
func (t *tree[V]) walk(r engine.Range, o engine.Order, yield func(*tree[V]) bool) bool {
	if t == nil {
		return true
	}
	low := t.key >= string(r.Lo)
	high := r.Hi == nil || t.key < string(r.Hi)
	left := func() bool { return !low || t.left.walk(r, o, yield) }
	right := func() bool { return !high || t.right.walk(r, o, yield) }
	here := func() bool { return !low || !high || yield(t) }
	if o == engine.Descending {
		return right() && here() && left()
	}
	return left() && here() && right()
}
