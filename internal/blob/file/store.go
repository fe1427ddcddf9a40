// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
)

const (
	tempFolder   = ".galen/tmp"
	uploadFolder = ".galen/uploads"
	folderMode   = 0o700
	fileMode     = 0o600
)

// UploadAge is how long a multipart upload that nobody completes or aborts is kept. Open removes older ones.
const UploadAge = 7 * 24 * time.Hour

// Store is a folder of buckets. It is a blob.Store, and it offers what an S3 server needs beyond that: buckets,
// listings by page, multipart uploads.
type Store struct {
	root *os.Root

	// commits orders the moment at which objects appear: a commit with a condition has it alone, between looking and
	// renaming; the others share it.
	commits sync.RWMutex

	mu   sync.Mutex // guards last
	last time.Time  // the newest time given to an object
}

var _ blob.Store = (*Store)(nil)

// Open makes the folder root if it is not there, removes what an earlier process left unfinished, and returns its store.
// The caller closes it.
func Open(root string) (*Store, error) {
	if err := os.MkdirAll(root, folderMode); err != nil {
		return nil, fmt.Errorf("object folder: %w", err)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("object folder: %w", err)
	}
	s := &Store{root: r}
	if err := s.clean(); err != nil {
		return nil, errors.Join(fmt.Errorf("object folder: clean: %w", err), r.Close())
	}
	return s, nil
}

// clean empties the temporary folder and drops uploads past UploadAge.
func (s *Store) clean() error {
	if err := s.root.RemoveAll(tempFolder); err != nil {
		return err
	}
	for _, dir := range []string{tempFolder, uploadFolder} {
		if err := s.root.MkdirAll(dir, folderMode); err != nil {
			return err
		}
	}
	ids, err := fs.ReadDir(s.root.FS(), uploadFolder)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if fi, err := id.Info(); err == nil && time.Since(fi.ModTime()) > UploadAge {
			if err := s.root.RemoveAll(uploadFolder + "/" + id.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close gives the folder free. Readers and writers still open fail or finish on their own.
func (s *Store) Close() error { return s.root.Close() }

// Bucket is a bucket and when its folder last changed.
type Bucket struct {
	Name    string
	ModTime time.Time // UTC
}

// Buckets lists the buckets by name: the folders whose names are bucket names.
func (s *Store) Buckets(ctx context.Context) ([]Bucket, error) {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return nil, failed(err, "the buckets")
	}
	var list []Bucket
	for _, e := range entries {
		if !e.IsDir() || blob.CheckBucket(e.Name()) != nil {
			continue
		}
		if fi, err := e.Info(); err == nil {
			list = append(list, Bucket{Name: e.Name(), ModTime: fi.ModTime().UTC()})
		}
	}
	slices.SortFunc(list, func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) })
	return list, ctx.Err()
}

// CreateBucket makes a bucket. It fails with fault.Conflict if it is there.
func (s *Store) CreateBucket(_ context.Context, name string) error {
	if err := blob.CheckBucket(name); err != nil {
		return err
	}
	if err := s.root.Mkdir(name, folderMode); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fault.New(fault.Conflict, "the bucket exists")
		}
		return failed(err, "the bucket")
	}
	return syncFolder(s.root, ".")
}

// DeleteBucket removes a bucket and its unfinished uploads. It fails with fault.Conflict if the bucket holds anything
// but empty folders.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	b, err := s.bucket(name)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, err := range s.Scan(ctx, name, Scan{}) {
		if err != nil {
			return err
		}
		return fault.New(fault.Conflict, "the bucket is not empty")
	}
	removeEmpty(b, ".")
	if err := s.root.Remove(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return failed(err, "the bucket")
		}
		return fault.Wrap(fault.Conflict, err, "the bucket is not empty")
	}
	for u, err := range s.Uploads(ctx, name) {
		if err != nil {
			return err
		}
		if err := s.AbortUpload(ctx, u.ID); err != nil {
			return err
		}
	}
	return syncFolder(s.root, ".")
}

// removeEmpty removes the folders below dir that hold no file, leaves first. What cannot be removed stays.
func removeEmpty(b *os.Root, dir string) {
	entries, err := fs.ReadDir(b.FS(), dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		sub := e.Name()
		if dir != "." {
			sub = dir + "/" + sub
		}
		removeEmpty(b, sub)
		_ = b.Remove(sub) // a folder that is not empty stays, which the caller sees
	}
}

// Exists implements blob.Store.
func (s *Store) Exists(_ context.Context, name string) (bool, error) {
	b, err := s.bucket(name)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, b.Close()
}

// bucket opens the folder of a bucket. Nothing reached through it lies outside of it.
func (s *Store) bucket(name string) (*os.Root, error) {
	if err := blob.CheckBucket(name); err != nil {
		return nil, err
	}
	fi, err := s.root.Lstat(name)
	if err != nil {
		return nil, failed(err, "the bucket")
	}
	if !fi.IsDir() {
		return nil, failed(fs.ErrNotExist, "the bucket")
	}
	b, err := s.root.OpenRoot(name)
	if err != nil {
		return nil, failed(err, "the bucket")
	}
	return b, nil
}

// stamp returns the time for a new object: now, and later than every one before it.
func (s *Store) stamp() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.After(s.last) {
		now = s.last.Add(1)
	}
	s.last = now
	return now
}

// newName returns a name that no other call returns: 32 hexadecimal digits.
func newName() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x", b)
}

// syncFolder makes the names in dir durable.
func syncFolder(r *os.Root, dir string) error {
	f, err := r.Open(dir)
	if err != nil {
		return failed(err, "the folder")
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return failed(err, "the folder")
	}
	return nil
}
