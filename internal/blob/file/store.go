// SPDX-License-Identifier: Apache-2.0

package file

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"galen/internal/blob"
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
