// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"fmt"
	"sync"
	"testing"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
)

// TestABlockOfManyOperandsKeepsEveryPosting reads a term while many small batches post under it, so that its block is folded
// again and again between them.
func TestABlockOfManyOperandsKeepsEveryPosting(t *testing.T) {
	dir := t.TempDir()
	e, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 800
	term := []byte("common")
	read := func(e engine.Engine) int {
		snap, err := e.Snapshot(t.Context())
		if err != nil {
			t.Error(err)
			return 0
		}
		defer snap.Close()
		docs, err := snap.Docs(t.Context(), engine.Exactly(term))
		if err != nil {
			t.Error(err)
		}
		return docs.Len()
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				var b engine.Batch
				b.Put(fmt.Appendf(nil, "row %d %d", w, i), []byte("x"))
				b.Post(term, uint32(w*each+i))
				if err := e.Apply(t.Context(), &b); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		last := 0
		for {
			select {
			case <-stop:
				return
			default:
			}
			n := read(e)
			if n < last {
				t.Errorf("%d documents after %d", n, last)
				return
			}
			last = n
		}
	})
	wg.Wait()
	close(stop)
	readers.Wait()
	if got := read(e); got != writers*each {
		t.Errorf("%d documents, want %d", got, writers*each)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = lsm.Open(dir, lsm.Options{}); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if got := read(e); got != writers*each {
		t.Errorf("%d documents after reopening, want %d", got, writers*each)
	}
}

// TestLargeBlocksAreLeaptOver reads terms whose blocks are large, the last possible one among them, beside others.
func TestLargeBlocksAreLeaptOver(t *testing.T) {
	e, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var b engine.Batch
	want := map[string]int{"a": 0, "b": 0, "b\x00": 0, "c": 0}
	for _, first := range []uint32{0, 65536, 3 << 16, 0xFFFF0000} {
		for i := range uint32(300) {
			for term := range want {
				b.Post([]byte(term), first+3*i)
				want[term]++
			}
		}
	}
	if err := e.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	snap, err := e.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	got := map[string]int{}
	for term, err := range snap.Terms(t.Context(), engine.Range{Lo: []byte("a"), Hi: []byte("d")}, engine.Ascending) {
		if err != nil {
			t.Fatal(err)
		}
		got[string(term.Key)] = term.Docs.Len()
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for term, n := range want {
		docs, err := snap.Docs(t.Context(), engine.Exactly([]byte(term)))
		if err != nil || docs.Len() != n {
			t.Errorf("%q: %d documents (%v), want %d", term, docs.Len(), err, n)
		}
	}
}
