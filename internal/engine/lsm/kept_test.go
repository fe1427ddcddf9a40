// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"bytes"
	"fmt"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
)

// TestRowsThatAViewKeeps reads rows again and again, more than a view keeps, small and large, there and not, across a write.
func TestRowsThatAViewKeeps(t *testing.T) {
	e, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const rows = 100
	key := func(i int) []byte { return fmt.Appendf(nil, "row %d", i) }
	value := func(i, version int) []byte {
		switch {
		case i%5 == version: // 0: missing at first; 1: deleted then
			return nil
		case i%7 == 0:
			return []byte{}
		}
		return bytes.Repeat(fmt.Appendf(nil, "%d.%d ", i, version), 1+i%3*200)
	}
	write := func(version int) {
		var b engine.Batch
		for i := range rows {
			if v := value(i, version); v == nil {
				b.Delete(key(i))
			} else {
				b.Put(key(i), v)
			}
		}
		if err := e.Apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	check := func(snap engine.Snapshot, version int) {
		t.Helper()
		for range 2 {
			for i := range rows {
				got, err := snap.Get(t.Context(), key(i))
				if err != nil {
					t.Fatal(err)
				}
				want := value(i, version)
				if !bytes.Equal(got[0], want) || (got[0] == nil) != (want == nil) {
					t.Fatalf("row %d of version %d: got %.20q, want %.20q", i, version, got[0], want)
				}
				for j := range got[0] {
					got[0][j] = 'x' // it is the caller's own
				}
			}
		}
	}
	var snaps [2]engine.Snapshot
	for version := range snaps {
		write(version)
		if snaps[version], err = e.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer snaps[version].Close()
	}
	for range 2 {
		check(snaps[0], 0)
		check(snaps[1], 1)
	}
}
