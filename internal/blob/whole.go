// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"io"
	"time"
)

// Put writes an object that is small enough to be in memory. It fails as Store.Create and Writer.Commit do.
func Put(ctx context.Context, s Store, u URI, content []byte) error {
	w, err := s.Create(ctx, u)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(content); err != nil {
		return err
	}
	_, err = w.Commit()
	return err
}

// Get reads an object whole: one that Put wrote. It fails as Store.Open does.
func Get(ctx context.Context, s Store, u URI) ([]byte, error) {
	r, _, err := s.Open(ctx, u, 0, "")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// DeleteBefore deletes the objects below prefix that were written before a time.
func DeleteBefore(ctx context.Context, s Store, prefix URI, before time.Time) error {
	for o, err := range s.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if o.ModTime.Before(before) {
			if err := s.Delete(ctx, o.URI); err != nil {
				return err
			}
		}
	}
	return nil
}
