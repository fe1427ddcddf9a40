// SPDX-License-Identifier: Apache-2.0

package models

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"

	"galen/internal/fault"
)

// maxFile bounds a file of a model, in bytes.
const maxFile = 4 << 30

// unpack writes the files that lie right in the folder within of an archive to folder, or the one that only names; others are left out.
// It fails with fault.Invalid for what is no archive, or has no such files.
func unpack(archive, within, only, folder string) error {
	z, err := zip.OpenReader(archive)
	if errors.Is(err, zip.ErrFormat) {
		return untar(archive, within, only, folder)
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the archive cannot be read")
	}
	defer z.Close()
	some := false
	for _, f := range z.File {
		if f.FileInfo().IsDir() || !wanted(f.Name, within, only) {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the archive cannot be read")
		}
		err = write(filepath.Join(folder, path.Base(f.Name)), in)
		in.Close()
		if err != nil {
			return err
		}
		some = true
	}
	return found(some)
}

func untar(archive, within, only, folder string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the archive cannot be read")
	}
	defer f.Close()
	some := false
	for t := tar.NewReader(bzip2.NewReader(f)); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return found(some)
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the archive cannot be read")
		}
		if h.Typeflag != tar.TypeReg || !wanted(path.Clean(h.Name), within, only) {
			continue
		}
		if err := write(filepath.Join(folder, path.Base(h.Name)), t); err != nil {
			return err
		}
		some = true
	}
}

func wanted(name, within, only string) bool {
	return path.Dir(name) == within && (only == "" || path.Base(name) == only)
}

func found(some bool) error {
	if !some {
		return fault.New(fault.Invalid, "the archive holds no such model")
	}
	return nil
}

func write(path string, in io.Reader) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "a file of the model cannot be kept")
	}
	defer out.Close()
	n, err := io.Copy(out, io.LimitReader(in, maxFile+1))
	if err != nil || n > maxFile {
		return fault.Wrap(fault.Invalid, err, "a file of the model cannot be kept")
	}
	return out.Close()
}
