// SPDX-License-Identifier: Apache-2.0

package docset_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"galen/internal/docset"
)

// randomDocs returns distinct ascending numbers below limit, sometimes scattered, sometimes in runs.
func randomDocs(r *rand.Rand, limit uint32) []uint32 {
	var docs []uint32
	switch r.IntN(4) {
	case 0:
		for range r.IntN(20) {
			docs = append(docs, r.Uint32N(limit))
		}
	case 1:
		for range r.IntN(20000) {
			docs = append(docs, r.Uint32N(limit))
		}
	case 2:
		for range r.IntN(30) {
			from := r.Uint32N(limit)
			for d := from; d < min(limit, from+r.Uint32N(3000)); d++ {
				docs = append(docs, d)
			}
		}
	case 3:
		for d := r.Uint32N(limit); d < limit; d += 1 + r.Uint32N(5) {
			docs = append(docs, d)
		}
	}
	slices.Sort(docs)
	return slices.Compact(docs)
}

func TestSetAgainstSlices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		a, b := randomDocs(r, 300000), randomDocs(r, 300000)
		sa, sb := docset.Of(a...), docset.Of(b...)
		var and, or, not []uint32
		inB := map[uint32]bool{}
		for _, d := range b {
			inB[d] = true
		}
		for _, d := range a {
			if inB[d] {
				and = append(and, d)
			} else {
				not = append(not, d)
			}
		}
		or = append(append(or, a...), b...)
		slices.Sort(or)
		or = slices.Compact(or)

		same(t, "And", docset.And(sa, sb), and)
		same(t, "Or", docset.Or(sa, sb), or)
		same(t, "Or of four", docset.Or(sa, docset.Set{}, sb, sa), or)
		same(t, "AndNot", docset.AndNot(sa, sb), not)
		if got := docset.AndLen(sa, sb); got != len(and) {
			t.Errorf("AndLen: got %d, want %d", got, len(and))
		}
		if got := docset.Intersects(sa, sb); got != (len(and) > 0) {
			t.Errorf("Intersects: got %v", got)
		}
		for name, change := range map[string]func(*docset.Set, docset.Set){
			"And": (*docset.Set).And, "Or": (*docset.Set).Or, "AndNot": (*docset.Set).AndNot} {
			c := sa.Clone()
			change(&c, sb)
			same(t, name+" in place", c, map[string][]uint32{"And": and, "Or": or, "AndNot": not}[name])
		}
		same(t, "after all", sa, a)
		cut := r.Uint32N(300000)
		at, _ := slices.BinarySearch(a, cut)
		below, above := sa.Clone(), sa.Clone()
		below.KeepBelow(cut)
		above.RemoveBelow(cut)
		same(t, "KeepBelow", below, a[:at])
		same(t, "RemoveBelow", above, a[at:])
		if got := sa.Rank(cut); got != at {
			t.Errorf("Rank: got %d, want %d", got, at)
		}
		if got, ok := sa.Select(at); ok != (at < len(a)) || (ok && got != a[at]) {
			t.Errorf("Select(%d): got %d, %v", at, got, ok)
		}
		iterations(t, sa, a, cut, at)
		back, err := docset.FromBytes(sa.Bytes())
		if err != nil || !back.Equal(sa) {
			t.Errorf("FromBytes: %v, %v", back, err)
		}
	}
}

func iterations(t *testing.T, s docset.Set, docs []uint32, cut uint32, at int) {
	t.Helper()
	after := docs[at:]
	if len(after) > 0 && after[0] == cut {
		after = after[1:]
	}
	reversed := func(d []uint32) []uint32 {
		d = slices.Clone(d)
		slices.Reverse(d)
		return d
	}
	for name, c := range map[string]struct{ got, want []uint32 }{
		"All":      {slices.Collect(s.All()), docs},
		"Backward": {slices.Collect(s.Backward()), reversed(docs)},
		"After":    {slices.Collect(s.After(cut)), after},
		"Before":   {slices.Collect(s.Before(cut)), reversed(docs[:at])},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %d documents, want %d", name, len(c.got), len(c.want))
		}
	}
	for range s.Before(cut) {
		break
	}
	c := s.Cursor()
	if got, ok := c.Seek(cut); ok != (at < len(docs)) || (ok && got != docs[at]) {
		t.Errorf("Seek: got %d, %v", got, ok)
	} else if ok {
		if got, ok := c.Next(); ok != (at+1 < len(docs)) || (ok && got != docs[at+1]) {
			t.Errorf("Next after Seek: got %d, %v", got, ok)
		}
	}
}

func same(t *testing.T, what string, s docset.Set, want []uint32) {
	t.Helper()
	if s.Len() != len(want) || s.IsEmpty() != (len(want) == 0) || !s.Equal(docset.Of(want...)) {
		t.Errorf("%s: got %v, want %d", what, s, len(want))
	}
	lo, ok := s.Min()
	hi, _ := s.Max()
	if ok != (len(want) > 0) || (ok && (lo != want[0] || hi != want[len(want)-1])) {
		t.Errorf("%s: got from %d to %d", what, lo, hi)
	}
}

func TestZeroSet(t *testing.T) {
	var s docset.Set
	s.Remove(1)
	s.KeepBelow(1)
	s.RemoveBelow(1)
	s.AddMany(nil)
	s.And(docset.Of(1))
	s.AndNot(docset.Of(1))
	same(t, "zero", s, nil)
	same(t, "clone", s.Clone(), nil)
	if s.Contains(0) || s.Rank(5) != 0 || len(s.Bytes()) != 0 {
		t.Error("the zero set has something in it")
	}
	if _, ok := s.Select(0); ok {
		t.Error("Select of the zero set")
	}
	for range s.All() {
		t.Error("All of the zero set")
	}
	for range s.Before(9) {
		t.Error("Before of the zero set")
	}
	s.Add(7)
	s.Or(docset.Of(^uint32(0)))
	same(t, "two", s, []uint32{7, ^uint32(0)})
	for range s.After(^uint32(0)) {
		t.Error("after the last")
	}
	same(t, "span", docset.Span(3, 6), []uint32{3, 4, 5})
	same(t, "no span", docset.Span(6, 3), nil)
}

func FuzzFromBytes(f *testing.F) {
	f.Add([]byte{})
	f.Add(docset.Of(1, 2, 3, 70000).Bytes())
	f.Add(docset.Span(0, 200000).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := docset.FromBytes(b)
		if err != nil {
			return
		}
		if got := docset.Of(slices.Collect(s.All())...); !got.Equal(s) {
			t.Error("iteration and set differ")
		}
	})
}
