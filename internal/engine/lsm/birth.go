// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// unborn reports whether the folder is what is left of a store that died while it was being made: it has files of pebble's, but no
// table, and no log with anything in it. A store that ever answered a write has one or the other.
func unborn(fs vfs.FS, dir string) bool {
	names, err := fs.List(dir)
	if err != nil {
		return false
	}
	for _, name := range names {
		switch {
		case dispensable(name):
			return false
		case strings.HasSuffix(name, ".log"):
			info, err := fs.Stat(fs.PathJoin(dir, name))
			if err != nil || info.Size() > 0 {
				return false
			}
		}
	}
	return true
}

// removeAll removes what is left of a store that died while it was being made, but for its lock.
func removeAll(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == "LOCK" {
			continue
		}
		if err := fs.Remove(fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
