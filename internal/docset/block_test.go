// SPDX-License-Identifier: Apache-2.0

package docset_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"galen/internal/docset"
)

func low(docs []uint32) []uint16 {
	out := make([]uint16, len(docs))
	for i, d := range docs {
		out[i] = uint16(d)
	}
	return out
}

// change is the model of a block: what happens to each number.
type change map[uint16]bool

func randomChange(r *rand.Rand) (change, []byte) {
	added, removed := randomDocs(r, docset.BlockSize), randomDocs(r, docset.BlockSize)
	if r.IntN(2) == 0 {
		removed = nil
	}
	c := change{}
	for _, d := range added {
		c[uint16(d)] = true
	}
	removed = slices.DeleteFunc(removed, func(d uint32) bool { return c[uint16(d)] })
	for _, d := range removed {
		c[uint16(d)] = false
	}
	return c, docset.AppendChange(nil, low(added), low(removed))
}

func (c change) bytes(whole bool) []byte {
	var added, removed []uint16
	for v, in := range c {
		switch {
		case in:
			added = append(added, v)
		case !whole:
			removed = append(removed, v)
		}
	}
	slices.Sort(added)
	slices.Sort(removed)
	return docset.AppendChange(nil, added, removed)
}

func TestMergeFollowsTheModelAndIsAssociative(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		n := 2 + r.IntN(5)
		model, ops := change{}, make([][]byte, n)
		for i := range ops {
			var c change
			c, ops[i] = randomChange(r)
			for v, in := range c {
				model[v] = in
			}
		}
		var newer, older docset.Merger
		for i := range ops {
			if err := errors.Join(newer.Newer(ops[i]), older.Older(ops[n-1-i])); err != nil {
				t.Fatal(err)
			}
		}
		pair := slices.Clone(ops)
		for len(pair) > 1 {
			i := r.IntN(len(pair) - 1)
			m, err := docset.MergeBlocks(nil, pair[i], pair[i+1])
			if err != nil {
				t.Fatal(err)
			}
			pair = slices.Replace(pair, i, i+2, m)
		}
		want := model.bytes(false)
		for name, got := range map[string][]byte{
			"Newer": newer.Append(nil, false), "Older": older.Append(nil, false), "MergeBlocks": pair[0]} {
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %d changes: got %d bytes, want %d", name, n, len(got), len(want))
			}
		}
		if got, want := newer.Append(nil, true), model.bytes(true); !bytes.Equal(got, want) {
			t.Errorf("whole: got %d bytes, want %d", len(got), len(want))
		}
	}
}

func TestBlocksTakeTheShortestForm(t *testing.T) {
	span := func(from, to, step int) []uint16 {
		var v []uint16
		for i := from; i < to; i += step {
			v = append(v, uint16(i))
		}
		return v
	}
	for _, c := range []struct {
		name  string
		added []uint16
		size  int
	}{
		{"nothing", nil, 1}, {"one", span(9, 10, 1), 3}, {"array", span(0, 8192, 2), 1 + 8192},
		{"bitmap", span(0, 65536, 2), 1 + 8192}, {"run", span(5, 60000, 1), 5}, {"all", span(0, 65536, 1), 5},
		{"just a bitmap", span(0, 8194, 2), 1 + 8192},
	} {
		got := docset.AppendChange(nil, c.added, nil)
		if len(got) != c.size {
			t.Errorf("%s: got %d bytes, want %d", c.name, len(got), c.size)
		}
		if n, err := docset.BlockLen(got); n != len(c.added) || err != nil {
			t.Errorf("%s: length %d, %v; want %d", c.name, n, err, len(c.added))
		}
	}
}

func TestBuilderIsTheUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 80 {
		var b docset.Builder
		var want docset.Set
		for range r.IntN(12) {
			high := uint16(r.IntN(6))
			docs := randomDocs(r, docset.BlockSize)
			if err := b.Append(high, docset.AppendChange(nil, low(docs), nil)); err != nil {
				t.Fatal(err)
			}
			for i := range docs {
				docs[i] |= uint32(high) << 16
			}
			want.AddMany(docs)
		}
		got, err := b.Set()
		if err != nil || !got.Equal(want) {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
		if _, err := docset.FromBytes(got.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBuiltSetCanBeChanged(t *testing.T) {
	var b docset.Builder
	_ = b.Append(0, docset.AppendChange(nil, []uint16{1, 2, 3, 9}, nil))
	_ = b.Append(1, docset.AppendChange(nil, []uint16{1}, nil))
	s, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	s.Remove(2)
	s.Add(70000)
	s.KeepBelow(70000)
	same(t, "changed", s, []uint32{1, 3, 9, 65537})
}

func TestMalformedBlocks(t *testing.T) {
	for name, block := range map[string][]byte{
		"empty": {}, "form": {9, 1, 1}, "odd array": {1, 1}, "descending": {1, 2, 0, 1, 0}, "repeat": {1, 2, 0, 2, 0},
		"short bitmap": {2, 1}, "sparse bitmap": append([]byte{2}, make([]byte, 8192)...), "no runs": {3},
		"touching runs": {3, 0, 0, 0, 0, 1, 0, 0, 0}, "run over the end": {3, 0xFF, 0xFF, 1, 0},
		"short change": {4, 1, 0}, "nothing removed": {4, 1, 0, 0, 0, 1, 1},
		"in both": {4, 3, 0, 0, 0, 1, 5, 0, 1, 5, 0}, "nested": {4, 1, 0, 0, 0, 1, 4, 1, 0, 0, 0, 1, 1, 0, 0},
	} {
		if _, err := docset.MergeBlocks(nil, block, []byte{1}); !errors.Is(err, docset.ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, docset.ErrMalformed)
		}
	}
}

func FuzzMergeBlocks(f *testing.F) {
	f.Add([]byte{1, 1, 0}, []byte{1}, []byte{3, 0, 0, 9, 0})
	f.Add([]byte{4, 3, 0, 0, 0, 1, 5, 0, 1, 6, 0}, []byte{4, 1, 0, 0, 0, 1, 1, 5, 0}, []byte{1, 5, 0})
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var set docset.Builder
		if err := set.Append(3, a); err == nil {
			_, _ = set.Set()
		}
		_, _ = docset.BlockLen(a)
		ab, err1 := docset.MergeBlocks(nil, a, b)
		bc, err2 := docset.MergeBlocks(nil, b, c)
		if err1 != nil || err2 != nil {
			return
		}
		left, err1 := docset.MergeBlocks(nil, ab, c)
		right, err2 := docset.MergeBlocks(nil, a, bc)
		if err1 != nil || err2 != nil || !bytes.Equal(left, right) {
			t.Errorf("not associative: %x, %v; %x, %v", left, err1, right, err2)
		}
	})
}
