// SPDX-License-Identifier: Apache-2.0

//go:build unix

package file

import (
	"io/fs"
	"syscall"
)

// inode tells files of one size and time apart.
func inode(fi fs.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
