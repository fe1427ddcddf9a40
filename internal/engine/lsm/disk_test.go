// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"galen/internal/engine/enginetest"
	"galen/internal/engine/lsm"
	"galen/internal/fault"
)

// TestSmallDisk fills a real file system, which the environment names, such as a tmpfs of 150 MiB:
// GALEN_TEST_SMALL_DISK=/mnt/small. It leaves the file system empty.
func TestSmallDisk(t *testing.T) {
	root := os.Getenv("GALEN_TEST_SMALL_DISK")
	if root == "" {
		t.Skip("GALEN_TEST_SMALL_DISK names no small file system")
	}
	for name, o := range map[string]lsm.Options{
		"with a reserve":    {},
		"without a reserve": {ReserveBytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			dir, ballast := filepath.Join(root, "data"), filepath.Join(root, "ballast")
			defer os.RemoveAll(dir)
			defer os.Remove(ballast)
			if err := os.WriteFile(ballast, make([]byte, 60<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			e, err := lsm.Open(dir, o)
			if err != nil {
				t.Fatal(err)
			}
			s := enginetest.Sequence{Name: "s", Rows: 100, Padding: 2000}
			for err == nil && s.Tried < 5000 {
				err = s.Next(ctx, e)
			}
			if !errors.Is(err, fault.Unavailable) {
				t.Fatalf("after %d batches: got %v, want %v", s.Tried, err, fault.Unavailable)
			}
			t.Logf("full after %d batches: %v", s.Tried, err)
			if err := s.Check(ctx, e); err != nil {
				t.Errorf("reading with a full disk: %v", err)
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			more := enginetest.Sequence{Name: "more", Rows: 10}
			for err = more.Next(ctx, e); err != nil; err = more.Next(ctx, e) {
				if !errors.Is(err, fault.Unavailable) {
					t.Fatalf("with room again: %v", err)
				}
				more.Tried = 0
			}
			if err := errors.Join(s.Check(ctx, e), more.Check(ctx, e), e.Close()); err != nil {
				t.Errorf("with room again: %v", err)
			}
			if e, err = lsm.Open(dir, o); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(s.Check(ctx, e), more.Check(ctx, e), e.Close()); err != nil {
				t.Errorf("opened again: %v", err)
			}
		})
	}
}
