// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"galen/internal/blob"
	"galen/internal/fault"
)

const theObject = "the object"

// describe makes the Object of a file.
func describe(u blob.URI, fi fs.FileInfo) blob.Object {
	return blob.Object{URI: u, Size: fi.Size(), ModTime: fi.ModTime().UTC(), ETag: etag(fi)}
}

// etag names a version of a file. It does not look like an MD5 sum, which clients would compare with one.
func etag(fi fs.FileInfo) string {
	return fmt.Sprintf("%x-%x-%x", fi.ModTime().UnixNano(), fi.Size(), inode(fi))
}

// Stat implements blob.Store.
func (s *Store) Stat(_ context.Context, u blob.URI) (blob.Object, error) {
	b, err := s.place(u)
	if err != nil {
		return blob.Object{}, err
	}
	defer b.Close()
	fi, err := lookup(b, u.Key)
	if err != nil {
		return blob.Object{}, err
	}
	return describe(u, fi), nil
}

// place checks u and opens its bucket.
func (s *Store) place(u blob.URI) (*os.Root, error) {
	if err := checkKey(u); err != nil {
		return nil, err
	}
	return s.bucket(u.Bucket)
}

// lookup finds the regular file under key.
func lookup(b *os.Root, key string) (fs.FileInfo, error) {
	fi, err := b.Lstat(key)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	return fi, failed(err, theObject)
}

// Open implements blob.Store. A file that is edited in place while it is read fails with fault.Precondition too.
func (s *Store) Open(ctx context.Context, u blob.URI, offset int64, ifMatch string) (io.ReadCloser, blob.Object, error) {
	if offset < 0 {
		return nil, blob.Object{}, fault.New(fault.Invalid, "the offset is negative")
	}
	b, err := s.place(u)
	if err != nil {
		return nil, blob.Object{}, err
	}
	defer b.Close()
	if _, err := lookup(b, u.Key); err != nil { // a pipe would block, a folder would open
		return nil, blob.Object{}, err
	}
	f, err := b.Open(u.Key)
	if err != nil {
		return nil, blob.Object{}, failed(err, theObject)
	}
	r, obj, err := newReader(ctx, f, u, offset, ifMatch)
	if err != nil {
		f.Close()
		return nil, blob.Object{}, err
	}
	return r, obj, nil
}

func newReader(ctx context.Context, f *os.File, u blob.URI, offset int64, ifMatch string) (*reader, blob.Object, error) {
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, blob.Object{}, failed(err, theObject)
	}
	obj := describe(u, fi)
	if ifMatch != "" && ifMatch != obj.ETag {
		return nil, blob.Object{}, changed()
	}
	offset = min(offset, obj.Size)
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, blob.Object{}, failed(err, theObject)
	}
	return &reader{ctx: ctx, f: f, left: obj.Size - offset, etag: obj.ETag}, obj, nil
}

func changed() error {
	return fault.New(fault.Precondition, "the object has changed since it was listed")
}

// reader gives the bytes of one version of a file.
type reader struct {
	ctx  context.Context // the call that opened it
	f    *os.File
	left int64
	etag string
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.left == 0 {
		fi, err := r.f.Stat()
		if err != nil {
			return 0, failed(err, theObject)
		}
		if etag(fi) != r.etag {
			return 0, changed()
		}
		return 0, io.EOF
	}
	n, err := r.f.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case err == io.EOF:
		return n, changed() // it was cut short
	case err != nil:
		return n, failed(err, theObject)
	}
	return n, nil
}

func (r *reader) Close() error { return r.f.Close() }
