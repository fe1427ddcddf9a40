// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"galen/internal/engine"
	"galen/internal/engine/enginetest"
	"galen/internal/engine/lsm"
	"galen/internal/fault"
)

func TestOnlyTheOwnerCanRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	e, err := lsm.Open(dir, small(nil))
	if err != nil {
		t.Fatal(err)
	}
	s := enginetest.Sequence{Name: "s", Rows: 50, Padding: 10000}
	for range 4 {
		if err := s.Next(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // background work is done with it
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v, want %v", filepath.Base(path), info.Mode().Perm(), want)
		}
		files++
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files, %v", files, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	e, err := lsm.Open(dir, small(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lsm.Open(dir, small(nil)); !errors.Is(err, fault.Conflict) {
		t.Errorf("second Open: got %v, want %v", err, fault.Conflict)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = lsm.Open(dir, small(nil)); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenWhereNothingCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lsm.Open(filepath.Join(file, "data"), small(nil)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want %v", err, fault.Unavailable)
	}
}

func TestDamagedTable(t *testing.T) {
	disk := vfs.NewMem()
	e, err := lsm.Open("data", tiny(disk))
	if err != nil {
		t.Fatal(err)
	}
	s := sequence()
	if err := write(t, e, s, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := disk.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if filepath.Ext(name) == ".sst" {
			data, err := disk.UnsafeGetFileDataBuffer(disk.PathJoin("data", name))
			if err != nil {
				t.Fatal(err)
			}
			for i := 300; i < len(data)/2; i += 50 {
				data[i] ^= 0xFF
			}
		}
	}
	if e, err = lsm.Open("data", tiny(disk)); errors.Is(err, fault.Unavailable) {
		return // what Open reads was hit
	} else if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(context.Background(), e); !errors.Is(err, fault.Unavailable) {
		t.Errorf("reading damaged tables: got %v, want %v", err, fault.Unavailable)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestCompactDropsEmptyTerms(t *testing.T) {
	ctx := context.Background()
	e, err := lsm.Open(t.TempDir(), small(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var b engine.Batch
	for d := range uint32(30000) {
		b.Post(binary.BigEndian.AppendUint32([]byte("unique"), d*2654435761), d)
		b.Post([]byte("kept"), d)
	}
	if err := errors.Join(e.Apply(ctx, &b), e.Compact(ctx)); err != nil {
		t.Fatal(err)
	}
	full := diskBytes(t, e)
	b.Reset()
	for d := range uint32(30000) {
		b.Unpost(binary.BigEndian.AppendUint32([]byte("unique"), d*2654435761), d)
	}
	if err := errors.Join(e.Apply(ctx, &b), e.Compact(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := diskBytes(t, e); got > full/5 {
		t.Errorf("got %d bytes on disk after all was removed, %d before", got, full)
	}
	s, err := e.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if docs, err := s.Docs(ctx, engine.Range{}); err != nil || docs.Len() != 30000 {
		t.Errorf("got %v, %v", docs, err)
	}
}

// diskBytes returns what the sorted tables take.
func diskBytes(t testing.TB, e *lsm.Engine) int64 {
	t.Helper()
	n, err := e.TableBytes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
