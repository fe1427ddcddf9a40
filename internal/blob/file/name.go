// SPDX-License-Identifier: Apache-2.0

package file

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"galen/internal/blob"
	"galen/internal/fault"
)

// maxSegment is the longest name that common file systems hold, in bytes.
const maxSegment = 255

// checkKey fails with fault.Invalid if the key of u cannot be a path below its bucket.
func checkKey(u blob.URI) error {
	if err := u.Check(); err != nil {
		return err
	}
	switch {
	case u.Key == "":
		return fault.New(fault.Invalid, "the key is empty")
	case strings.HasSuffix(u.Key, "/"):
		return fault.New(fault.Invalid, "the key ends in '/': a folder cannot be an object here")
	case !holds(u.Key):
		return fault.New(fault.Invalid, "the key has a segment that is empty, '.' or '..', which a folder cannot hold")
	}
	for seg := range strings.SplitSeq(u.Key, "/") {
		if len(seg) > maxSegment {
			return fault.New(fault.Invalid, "the key has a segment longer than %d bytes", maxSegment)
		}
	}
	return nil
}

// holds reports whether path has only segments that can be names.
func holds(path string) bool { return path != "." && fs.ValidPath(path) }

// failed turns an error of the file system about what into a fault. A fault stays as it is.
func failed(err error, what string) error {
	var f *fault.Fault
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		return fault.Wrap(fault.NotFound, err, "%s does not exist", what)
	case errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Forbidden, err, "%s: access is denied by the file system", what)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written: no space is left for objects", what)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fault.Wrap(fault.Invalid, err, "%s has a name longer than the file system holds", what)
	case errors.As(err, &errno):
		return fault.Wrap(fault.Unavailable, err, "%s: the file system failed", what)
	}
	// What is left comes from os.Root, which refuses a path whose links lead outside: it is as good as not there.
	return fault.Wrap(fault.NotFound, err, "%s does not exist", what)
}
