// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Modes of what is made: nobody but the owner may look.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// dispensable reports whether a file is one that pebble writes anew if it could not be written: a sorted table.
func dispensable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// create runs an operation that makes a file.
func (g *guard) create(name string, op func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.do(dispensable(name), func() (err error) {
		f, err = op()
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := g.private(name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{f, g, dispensable(name)}, nil
}

// private gives a new file its mode. Until then the folder's mode keeps it from others.
func (g *guard) private(name string) error {
	if g.FS != vfs.Default {
		return nil
	}
	return os.Chmod(name, fileMode)
}

// Create implements vfs.FS.
func (g *guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create(name, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (g *guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return g.create(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, o...) })
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create(to, func() (vfs.File, error) { return g.FS.ReuseForWrite(from, to, c) })
}

// OpenDir implements vfs.FS.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{f, g, false}, nil
}

// Link implements vfs.FS.
func (g *guard) Link(from, to string) error {
	return g.do(dispensable(to), func() error { return g.FS.Link(from, to) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(from, to string) error {
	return g.do(false, func() error { return g.FS.Rename(from, to) })
}

// MkdirAll implements vfs.FS.
func (g *guard) MkdirAll(dir string, _ os.FileMode) error {
	return g.do(false, func() error { return g.FS.MkdirAll(dir, dirMode) })
}

// Remove implements vfs.FS. What cannot be removed does no harm.
func (g *guard) Remove(name string) error {
	g.stop()
	return g.FS.Remove(name)
}

// stop parks the caller if nothing is to be changed any more.
func (g *guard) stop() {
	g.mu.Lock()
	failed := g.failed
	g.mu.Unlock()
	if failed {
		park()
	}
}

// Lock implements vfs.FS. The lock can be closed twice, because pebble, left as it stands, does not let go of its own.
func (g *guard) Lock(name string) (io.Closer, error) {
	c, err := g.FS.Lock(name)
	if err != nil {
		g.lockErr = err
		return nil, err
	}
	g.held = &lock{c: c}
	if err := g.private(name); err != nil {
		return nil, errors.Join(err, g.held.Close())
	}
	return g.held, nil
}

type lock struct {
	c    io.Closer
	once sync.Once
}

// Close implements io.Closer.
func (l *lock) Close() (err error) {
	l.once.Do(func() { err = l.c.Close() })
	return err
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// file is an open file whose writes are guarded.
type file struct {
	vfs.File
	g     *guard
	brief bool
}

// Write implements vfs.File: it goes on after what was written when the disk was full.
func (f *file) Write(p []byte) (n int, err error) {
	err = f.g.do(f.brief, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	return n, err
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.g.do(f.brief, func() error {
		m, err := f.File.WriteAt(p[n:], at+int64(n))
		n += m
		return err
	})
	return n, err
}

// Sync implements vfs.File.
func (f *file) Sync() error { return f.g.do(f.brief, f.File.Sync) }

// SyncData implements vfs.File.
func (f *file) SyncData() error { return f.g.do(f.brief, f.File.SyncData) }

// SyncTo implements vfs.File.
func (f *file) SyncTo(length int64) (full bool, err error) {
	err = f.g.do(f.brief, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Preallocate implements vfs.File. It only makes later writes faster.
func (f *file) Preallocate(from, length int64) error {
	f.g.stop()
	_ = f.File.Preallocate(from, length)
	return nil
}

// Close implements vfs.File.
func (f *file) Close() error { return f.g.do(f.brief, f.File.Close) }
