// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"galen/internal/blob"
	"galen/internal/fault"
)

// publish moves the finished file temp to u.
func (s *Store) publish(temp string, u blob.URI, cond Condition) (blob.Object, error) {
	b, err := s.bucket(u.Bucket)
	if err != nil {
		return blob.Object{}, err
	}
	defer b.Close()
	if cond != nil {
		s.commits.Lock()
		defer s.commits.Unlock()
		if err := holdsFor(b, u, cond); err != nil {
			return blob.Object{}, err
		}
	} else {
		s.commits.RLock()
		defer s.commits.RUnlock()
	}
	made, err := s.move(b, temp, u)
	if err != nil {
		return blob.Object{}, err
	}
	fi, err := lookup(b, u.Key)
	if err != nil {
		return blob.Object{}, err
	}
	for _, dir := range append(made, path.Dir(u.Key)) {
		if err := syncFolder(b, dir); err != nil {
			return blob.Object{}, err
		}
	}
	return describe(u, fi), nil
}

func holdsFor(b *os.Root, u blob.URI, cond Condition) error {
	fi, err := lookup(b, u.Key)
	switch {
	case errors.Is(err, fault.NotFound):
		return cond(blob.Object{}, false)
	case err != nil:
		return err
	}
	return cond(describe(u, fi), true)
}

// move renames temp to u, making the folders it needs, and returns the folders in which it made others.
// A Delete beside it may remove a folder as empty before the rename: then it makes it again.
func (s *Store) move(b *os.Root, temp string, u blob.URI) (made []string, err error) {
	for range 100 {
		var dirs []string
		if dirs, err = makeFolders(b, u.Key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, failed(err, theObject)
		}
		made = append(made, dirs...)
		if err != nil {
			continue
		}
		if err = s.root.Rename(temp, u.Bucket+"/"+u.Key); err == nil {
			return made, nil
		}
		if fi, e := b.Lstat(u.Key); e == nil && fi.IsDir() {
			removeEmpty(b, u.Key)
			if e := b.Remove(u.Key); e != nil && !errors.Is(e, fs.ErrNotExist) {
				return nil, fault.Wrap(fault.Conflict, err, "other objects have this key as their folder")
			}
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if ok, e := s.Exists(context.Background(), u.Bucket); e == nil && !ok {
			return nil, failed(fs.ErrNotExist, "the bucket")
		}
	}
	return nil, failed(err, theObject)
}

// makeFolders makes the folders above key and returns those in which it made one, outermost first.
func makeFolders(b *os.Root, key string) (made []string, err error) {
	for i := range len(key) {
		if key[i] != '/' {
			continue
		}
		dir := key[:i]
		fi, err := b.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			if err = b.Mkdir(dir, folderMode); err == nil {
				made = append(made, path.Dir(dir))
				continue
			}
			if errors.Is(err, fs.ErrExist) {
				fi, err = b.Lstat(dir)
			}
		}
		if err == nil && !fi.IsDir() {
			return made, fault.New(fault.Conflict, "the key needs a folder where an object stands")
		}
		if err != nil {
			return made, err
		}
	}
	return made, nil
}
