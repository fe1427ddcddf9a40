// SPDX-License-Identifier: Apache-2.0

package recording_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"galen/internal/fault"
	"galen/internal/scribe/recording"
)

var key = bytes.Repeat([]byte{7}, recording.KeySize)

func write(t *testing.T, path string, from, to int) {
	t.Helper()
	l, err := recording.Open(path, key, "s1")
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if err := l.Append(recording.Entry{Kind: 'a', Data: fmt.Appendf(nil, "patient says %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(path string, key []byte, id string) (n int, err error) {
	err = recording.Read(path, key, id, func(e recording.Entry) error {
		if e.Kind != 'a' || string(e.Data) != fmt.Sprintf("patient says %d", n) {
			return fmt.Errorf("entry %d is %c %q", n, e.Kind, e.Data)
		}
		n++
		return nil
	})
	return n, err
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	if n, err := read(path, key, "s1"); n != 0 || err != nil {
		t.Errorf("no recording: %d entries, %v", n, err)
	}
	write(t, path, 0, 100)
	write(t, path, 100, 150)
	if n, err := read(path, key, "s1"); n != 150 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	file, err := os.ReadFile(path)
	if err != nil || bytes.Contains(file, []byte("patient")) {
		t.Errorf("the file is in clear, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if n, err := read(path, bytes.Repeat([]byte{8}, recording.KeySize), "s1"); n != 0 || !errors.Is(err, fault.Internal) {
		t.Errorf("with another key: %d entries, %v", n, err)
	}
	if n, err := read(path, key, "s2"); n != 0 || !errors.Is(err, fault.Internal) {
		t.Errorf("as another session's: %d entries, %v", n, err)
	}
}

// TestCutAnywhere cuts a recording at every byte: what is whole is read, and writing goes on after it.
func TestCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	write(t, path, 0, 3)
	write(t, path, 3, 5)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := read(path, key, "s1")
		if err != nil || n < last || n > 5 {
			t.Fatalf("cut at byte %d: %d entries after %d, %v", cut, n, last, err)
		}
		last = n
		write(t, path, n, n+2)
		if again, err := read(path, key, "s1"); again != n+2 || err != nil {
			t.Fatalf("cut at byte %d and written to: %d entries, %v; want %d", cut, again, err, n+2)
		}
	}
	if last != 5 {
		t.Errorf("the whole has %d entries", last)
	}
}

func TestDamageIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	write(t, path, 0, 5)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		broken := bytes.Clone(whole)
		broken[i] ^= 0x10
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := read(path, key, "s1"); err == nil && n == 5 {
			t.Fatalf("a changed byte %d is not noticed", i)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("galenrec1\n\xff\xff\xff\xff0123456789abcdef\x00\x00\x00\x11abcdefghijklmnopq"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "r")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, _ := read(path, key, "s1"); n > 0 {
			t.Errorf("%d entries in a file that nobody wrote", n)
		}
	})
}
