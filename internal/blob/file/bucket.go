// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
)

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
