// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"sync"
)

// Every request reads the same few rows before any of its own: its data store's, and where that stands. Between two writes all
// requests share one view of pebble's, so that the view can keep those rows. It keeps the ones that were read first.
const (
	keptRows  = 64   // rows that a view keeps at most
	keptBytes = 1024 // bytes of a value up to which it is kept
)

// keptValues are rows of one view.
type keptValues struct {
	mu     sync.RWMutex
	values map[string][]byte // guarded by mu: by key on disk; nil: there is no such row.
}

// find returns a copy of the value of a row that is kept, nil if there is no such row; and whether there is room for one that is not.
func (k *keptValues) find(key []byte) (value []byte, kept, room bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	value, kept = k.values[string(key)]
	return bytes.Clone(value), kept, len(k.values) < keptRows
}

// keep keeps a row, if there is room.
func (k *keptValues) keep(key, value []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(value) > keptBytes || len(k.values) >= keptRows {
		return
	}
	if k.values == nil {
		k.values = map[string][]byte{}
	}
	k.values[string(key)] = bytes.Clone(value)
}
