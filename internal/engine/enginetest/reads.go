// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"slices"
	"testing"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/ordkey"
)

func postingsAreSets(t *testing.T, f *fixture) {
	post := func(docs ...uint32) {
		f.do(func(b *engine.Batch) {
			for _, d := range docs {
				b.Post([]byte("t"), d)
			}
		})
	}
	unpost := func(docs ...uint32) {
		f.do(func(b *engine.Batch) {
			for _, d := range docs {
				b.Unpost([]byte("t"), d)
			}
		})
	}
	check := func(want ...uint32) {
		t.Helper()
		f.look(func(v view) {
			if got := v.docs(term("t")); !got.Equal(docset.Of(want...)) {
				t.Errorf("got %v, want %v", slices.Collect(got.All()), want)
			}
			_, ok, err := v.FirstTerm(f.ctx, prefix(""), engine.Ascending)
			if keys, _ := v.terms(prefix(""), engine.Ascending); ok != (len(want) > 0) || len(keys) != min(1, len(want)) || err != nil {
				t.Errorf("with %d documents: FirstTerm %v, %v; Terms %q", len(want), ok, err, keys)
			}
		})
	}
	unpost(4)
	check()
	post(5, 4, 5)
	check(4, 5)
	post(5, 70000)
	check(4, 5, 70000)
	unpost(5, 6, 1<<31)
	check(4, 70000)
	f.reopen()
	check(4, 70000)
	unpost(4, 70000)
	check()
	f.reopen()
	check()
	post(1)
	check(1)
}

func get(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		b.Put([]byte("a"), []byte("1"))
		b.Put([]byte("b"), []byte{})
		b.Put([]byte("a\x00"), []byte("3"))
	})
	f.look(func(v view) {
		got, err := v.Get(f.ctx, []byte("b"), []byte("zz"), []byte("a"), []byte("a\x00"), []byte("a"), []byte(""))
		if err != nil || len(got) != 6 {
			t.Fatalf("got %d values, %v", len(got), err)
		}
		if got[0] == nil || len(got[0]) != 0 || got[1] != nil || got[5] != nil ||
			string(got[2]) != "1" || string(got[3]) != "3" || string(got[4]) != "1" {
			t.Errorf("got %q", got)
		}
		if none, err := v.Get(f.ctx); len(none) != 0 || err != nil {
			t.Errorf("no keys: got %q, %v", none, err)
		}
	})
}

func scans(t *testing.T, f *fixture) {
	keys := []string{"a", "a\x00", "a\x00\x01", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}
	f.do(func(b *engine.Batch) {
		for _, k := range keys {
			b.Put([]byte(k), []byte("v"))
			b.Post([]byte(k), 1)
		}
	})
	ranges := []engine.Range{{}, prefix("a"), prefix("b"), prefix("\xff"), prefix("nothing"), term("a"), term("b"),
		{Lo: []byte("a\x00")}, {Hi: []byte("b")}, {Lo: []byte("b"), Hi: []byte("b")}, {Lo: []byte("c"), Hi: []byte("a")},
		{Lo: []byte("ab"), Hi: []byte("b\xff\xff")}}
	f.look(func(v view) {
		for _, r := range ranges {
			var want []string
			for _, k := range keys {
				if r.Contains([]byte(k)) {
					want = append(want, k)
				}
			}
			for _, o := range []engine.Order{engine.Ascending, engine.Descending} {
				var got []string
				for row, err := range v.Scan(f.ctx, r, o) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(row.Key))
				}
				gotTerms, _ := v.terms(r, o)
				first, ok, err := v.FirstTerm(f.ctx, r, o)
				if !slices.Equal(got, want) || !slices.Equal(gotTerms, want) {
					t.Errorf("%q, order %d: rows %q, terms %q, want %q", r, o, got, gotTerms, want)
				}
				if err != nil || ok != (len(want) > 0) || (ok && string(first) != want[0]) {
					t.Errorf("%q, order %d: FirstTerm %q, %v, %v; want %q", r, o, first, ok, err, want)
				}
				slices.Reverse(want)
			}
		}
		for range v.Scan(f.ctx, engine.Range{}, engine.Ascending) {
			break
		}
		for range v.Terms(f.ctx, engine.Range{}, engine.Descending) {
			break
		}
	})
}

// nestedKeys has terms whose keys, with a block's number behind, would get into each other's way.
func nestedKeys(t *testing.T, f *fixture) {
	want := map[string]docset.Set{}
	f.do(func(b *engine.Batch) {
		for _, k := range []string{"a", "a\x00", "a\x00\x00", "a\x00\x00\x00", "a\x00\x01", "a\x00\x01\x03", "a\x01", "ab", "abc"} {
			docs := docset.Of(uint32(len(k)), 0x61<<16|5, 0x0001<<16, 0x6263<<16, ^uint32(0))
			for d := range docs.All() {
				b.Post([]byte(k), d)
			}
			want[k] = docs
		}
	})
	f.look(func(v view) {
		for _, o := range []engine.Order{engine.Ascending, engine.Descending} {
			keys, docs := v.terms(prefix(""), o)
			if len(keys) != len(want) {
				t.Errorf("got %q", keys)
			}
			for i, k := range keys {
				if !docs[i].Equal(want[k]) {
					t.Errorf("%q: got %x", k, slices.Collect(docs[i].All()))
				}
			}
		}
		for k, docs := range want {
			if got := v.docs(term(k)); !got.Equal(docs) {
				t.Errorf("docs of %q: got %x", k, slices.Collect(got.All()))
			}
		}
		if got := v.docs(engine.Range{Lo: []byte("a\x00\x00"), Hi: []byte("a\x00\x01")}); got.Len() != 6 {
			t.Errorf("docs of two: got %x", slices.Collect(got.All()))
		}
	})
}

// terms goes through distinct units as a planner does.
func terms(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		for unit := range 30 {
			for value := range 20 {
				key := ordkey.AppendUint16(ordkey.AppendString([]byte("q"), fmt.Sprintf("unit%02d", unit)), uint16(value))
				b.Post(key, uint32(unit*100+value))
			}
		}
	})
	f.look(func(v view) {
		r, units := prefix("q"), 0
		for {
			key, ok, err := v.FirstTerm(f.ctx, r, engine.Ascending)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			unit, _, err := ordkey.TakeString(key[1:])
			if want := fmt.Sprintf("unit%02d", units); unit != want || err != nil {
				t.Fatalf("got %q, %v; want %q", unit, err, want)
			}
			units++
			r = r.After(ordkey.PrefixEnd(ordkey.AppendString([]byte("q"), unit)))
		}
		if units != 30 {
			t.Errorf("got %d units, want 30", units)
		}
	})
}

func docsAndEstimates(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		for d := range uint32(150000) {
			b.Post([]byte("all"), d)
			if d%3 == 0 {
				b.Post([]byte("third"), d)
			}
			if d%1000 == 0 {
				b.Post(fmt.Appendf(nil, "few/%06d", d), d)
			}
		}
	})
	check := func() {
		t.Helper()
		f.look(func(v view) {
			for _, c := range []struct {
				name   string
				ranges []engine.Range
				want   int
				sum    int
			}{
				{"nothing", nil, 0, 0},
				{"no term", []engine.Range{term("none")}, 0, 0},
				{"one term", []engine.Range{term("all")}, 150000, 150000},
				{"small term", []engine.Range{term("few/003000")}, 1, 1},
				{"two terms", []engine.Range{term("third"), term("few/001000")}, 50001, 50001},
				{"the same twice", []engine.Range{term("third"), term("third")}, 50000, 100000},
				{"prefix", []engine.Range{prefix("few/")}, 150, 150},
				{"reversed and empty", []engine.Range{{Lo: []byte("z"), Hi: []byte("a")}, prefix("few/00"), prefix("zzz")}, 10, 10},
			} {
				if got := v.docs(c.ranges...).Len(); got != c.want {
					t.Errorf("%s: got %d documents, want %d", c.name, got, c.want)
				}
				got := v.estimate(c.ranges...)
				if (c.sum <= engine.ExactEstimate && got != c.sum) || got < c.sum/20 || got > c.sum*20 {
					t.Errorf("%s: estimate %d of %d", c.name, got, c.sum)
				}
			}
			mine := v.docs(term("third"))
			mine.KeepBelow(10)
			mine.Add(5)
			if again := v.docs(term("third")); again.Len() != 50000 {
				t.Errorf("changing a set changed the store: %v", again)
			}
		})
	}
	check()
	f.reopen()
	check()
}
