// SPDX-License-Identifier: Apache-2.0

package file

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"galen/internal/blob"
	"galen/internal/fault"
)

const writeBuffer = 64 << 10

// Condition looks at the object that a commit is about to replace, if one is there, and returns an error to refuse it.
type Condition func(current blob.Object, there bool) error

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, u blob.URI) (blob.Writer, error) {
	return s.CreateIf(ctx, u, nil)
}

// CreateIf is Create with a condition, which Commit tests and acts on in one step. A nil condition always holds.
func (s *Store) CreateIf(ctx context.Context, u blob.URI, cond Condition) (blob.Writer, error) {
	b, err := s.place(u)
	if err != nil {
		return nil, err
	}
	b.Close()
	w := &writer{}
	w.commit = func() (blob.Object, error) { return s.publish(w.temp, u, cond) }
	if err := w.open(ctx, s); err != nil {
		return nil, err
	}
	return w, nil
}

// writer fills a temporary file and hands it to commit.
type writer struct {
	ctx    context.Context // the call that opened it
	s      *Store
	f      *os.File
	buf    *bufio.Writer
	temp   string                      // path of f below the root
	commit func() (blob.Object, error) // moves temp to its place
	done   bool
}

func (w *writer) open(ctx context.Context, s *Store) error {
	w.ctx, w.s, w.temp = ctx, s, tempFolder+"/"+newName()
	f, err := s.root.OpenFile(w.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return failed(err, theObject)
	}
	w.f, w.buf = f, bufio.NewWriterSize(f, writeBuffer)
	return nil
}

func (w *writer) Write(p []byte) (int, error) {
	if w.done {
		return 0, fs.ErrClosed
	}
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.buf.Write(p)
	return n, failed(err, theObject)
}

func (w *writer) Commit() (blob.Object, error) {
	if w.done {
		return blob.Object{}, fs.ErrClosed
	}
	defer w.Abort() // removes the temporary file where it was not moved
	if err := w.ctx.Err(); err != nil {
		return blob.Object{}, err
	}
	if err := w.finish(); err != nil {
		return blob.Object{}, failed(err, theObject)
	}
	return w.commit()
}

// finish brings all bytes and the object's time to disk.
func (w *writer) finish() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	t := w.s.stamp()
	if err := w.s.root.Chtimes(w.temp, t, t); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	return w.f.Close()
}

func (w *writer) Abort() {
	if w.done {
		return
	}
	w.done = true
	w.f.Close()
	w.s.root.Remove(w.temp) // is not there after a commit; Open removes what stays
}

// Delete implements blob.Store. It removes the folders that are left empty.
func (s *Store) Delete(_ context.Context, u blob.URI) error {
	b, err := s.place(u)
	if err != nil {
		return err
	}
	defer b.Close()
	if _, err := lookup(b, u.Key); err != nil {
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	if err := b.Remove(u.Key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err, theObject)
	}
	dir := path.Dir(u.Key)
	for ; dir != "."; dir = path.Dir(dir) {
		if fi, err := b.Lstat(dir); err != nil || !fi.IsDir() {
			continue // another Delete removed it, or it is not ours to remove
		}
		if b.Remove(dir) != nil {
			break
		}
	}
	if err := syncFolder(b, dir); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return nil
}
