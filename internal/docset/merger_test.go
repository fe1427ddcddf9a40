// SPDX-License-Identifier: Apache-2.0

package docset_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"galen/internal/docset"
)

// TestManySmallChangesMergeToTheirUnion merges what small writes post, single numbers and short runs, from either end of time.
func TestManySmallChangesMergeToTheirUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, changes := range []int{1, 3, 40, 400} {
		var ops [][]byte
		all := map[uint16]bool{}
		for range changes {
			from := r.Uint32N(docset.BlockSize)
			var added []uint16
			for v := from; v < min(docset.BlockSize, from+1+r.Uint32N(200)); v += 1 + r.Uint32N(2) {
				added = append(added, uint16(v))
				all[uint16(v)] = true
			}
			ops = append(ops, docset.AppendChange(nil, added, nil))
		}
		var newer, older docset.Merger
		for i := range ops {
			if err := newer.Newer(ops[i]); err != nil {
				t.Fatal(err)
			}
			if err := older.Older(ops[len(ops)-1-i]); err != nil {
				t.Fatal(err)
			}
		}
		var union []uint16
		for v := range all {
			union = append(union, v)
		}
		slices.Sort(union)
		want := docset.AppendChange(nil, union, nil)
		if got := newer.Append(nil, false); !bytes.Equal(got, want) {
			t.Errorf("%d changes, oldest first: %d bytes, want %d", changes, len(got), len(want))
		}
		if got := older.Append(nil, true); !bytes.Equal(got, want) {
			t.Errorf("%d changes, newest first: %d bytes, want %d", changes, len(got), len(want))
		}
	}
}

// BenchmarkMerger brings together what a hundred writes posted under one term: a number each, or a run of a hundred.
func BenchmarkMerger(b *testing.B) {
	for _, c := range []struct {
		name string
		run  uint16
	}{{"numbers", 1}, {"runs", 100}} {
		b.Run(c.name, func(b *testing.B) {
			ops := make([][]byte, 100)
			for i := range ops {
				var added []uint16
				for n := range c.run {
					added = append(added, uint16(i)*2*c.run+n)
				}
				ops[i] = docset.AppendChange(nil, added, nil)
			}
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				var m docset.Merger
				for i := range ops {
					if err := m.Older(ops[len(ops)-1-i]); err != nil {
						b.Fatal(err)
					}
				}
				out = m.Append(out[:0], true)
			}
		})
	}
}
