// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"galen/internal/engine"
	"galen/internal/engine/enginetest"
	"galen/internal/engine/lsm"
)

// small are options under which tests reach every level of the tree quickly.
func small(fs vfs.FS) lsm.Options {
	return lsm.Options{CacheBytes: 8 << 20, MemTableBytes: 256 << 10, FS: fs}
}

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) enginetest.Place {
		dir := t.TempDir()
		return enginetest.Place{Open: func() (engine.Engine, error) { return lsm.Open(dir, small(nil)) }}
	})
}
