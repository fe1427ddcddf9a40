// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
)

// histories applies random batches to the engine and to mem, and compares all that can be read.
func histories(t *testing.T, f *fixture) {
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		seed := rand.Uint64()
		h := &history{r: rand.New(rand.NewPCG(seed, 0)), f: f, model: &fixture{T: f.T, ctx: f.ctx, Engine: mem.New()}}
		t.Logf("seed %d", seed)
		h.run(60)
		if t.Failed() {
			t.Fatalf("failed with seed %d", seed)
		}
		f.do(func(b *engine.Batch) { b.DeletePrefix(nil) })
	}
}

type history struct {
	r     *rand.Rand
	f     *fixture
	model *fixture
	open  [][2]view // of the engine and of the model, at the same point
}

func (h *history) run(steps int) {
	for i := range steps {
		switch n := h.r.IntN(20); {
		case n == 0:
			h.closeViews()
			h.f.reopen()
		case n == 1:
			h.open = append(h.open, [2]view{h.f.view(), h.model.view()})
		case n < 5:
			h.compare(h.f.view(), h.model.view(), true)
		default:
			h.batch(i)
		}
	}
	h.closeViews()
	h.compare(h.f.view(), h.model.view(), true)
}

func (h *history) closeViews() {
	for _, v := range h.open {
		h.compare(v[0], v[1], true)
	}
	h.open = nil
}

// key is one of a few that are prefixes of each other and hold awkward bytes.
func (h *history) key() []byte {
	alphabet := []byte{0, 1, 3, 'a', 'b', 0xFE, 0xFF}
	k := make([]byte, 1+h.r.IntN(3))
	for i := range k {
		k[i] = alphabet[h.r.IntN(len(alphabet))]
	}
	return k
}

func (h *history) doc() uint32 {
	switch h.r.IntN(4) {
	case 0:
		return h.r.Uint32N(10)
	case 1:
		return 65530 + h.r.Uint32N(12)
	}
	return h.r.Uint32N(200000)
}

func (h *history) batch(step int) {
	var b engine.Batch
	for range h.r.IntN(30) {
		switch n := h.r.IntN(100); {
		case n < 30:
			b.Put(h.key(), fmt.Appendf(nil, "%d", step))
		case n < 40:
			b.Delete(h.key())
		case n < 70:
			b.Post(h.key(), h.doc())
		case n < 85:
			b.Unpost(h.key(), h.doc())
		case n < 90:
			term, from, del := h.key(), h.doc(), h.r.IntN(3) == 0
			for d := from; d < from+h.r.Uint32N(9000); d++ {
				if del {
					b.Unpost(term, d)
				} else {
					b.Post(term, d)
				}
			}
		case n < 92:
			b.DeletePrefix(h.key()[:1])
		case n < 96:
			b.RequireAbsent(h.key())
		default:
			b.Require(h.key(), fmt.Appendf(nil, "%d", h.r.IntN(step+1)))
		}
	}
	got, want := h.f.Apply(h.f.ctx, &b), h.model.Apply(h.f.ctx, &b)
	if (got == nil) != (want == nil) || (got != nil && !errors.Is(got, fault.Precondition)) {
		h.f.Fatalf("step %d: got %v, want %v", step, got, want)
	}
}

// compare reads the same from both and closes them if last.
func (h *history) compare(got, want view, last bool) {
	h.f.Helper()
	order := engine.Order(h.r.IntN(2))
	r := engine.Range{}
	if h.r.IntN(2) == 0 {
		r = engine.Range{Lo: h.key(), Hi: h.key()}
	}
	if g, w := got.rows(r, order), want.rows(r, order); !slices.Equal(g, w) {
		h.f.Errorf("rows of %q: got %q, want %q", r, g, w)
	}
	gk, gd := got.terms(r, order)
	wk, wd := want.terms(r, order)
	if !slices.Equal(gk, wk) || !slices.EqualFunc(gd, wd, docset.Set.Equal) {
		h.f.Errorf("terms of %q: got %q %v, want %q %v", r, gk, gd, wk, wd)
	}
	q := engine.Prefix(h.key()[:1])
	if g, w := got.docs(r, q), want.docs(r, q); !g.Equal(w) {
		h.f.Errorf("docs of %q and %q: got %v, want %v", r, q, g, w)
	}
	if g, w := got.estimate(q), want.estimate(q); w <= engine.ExactEstimate && g != w {
		h.f.Errorf("estimate of %q: got %d, want %d", q, g, w)
	}
	if k := h.key(); got.row(string(k)) != want.row(string(k)) {
		h.f.Errorf("row %q differs", k)
	}
	if last {
		got.close()
		want.close()
	}
}

// readersBesideWriters checks that every view holds whole batches only, while several goroutines write.
func readersBesideWriters(t *testing.T, f *fixture) {
	const writers, batches, rows = 4, 30, 5
	var wg, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			s := Sequence{Name: fmt.Sprintf("w%d", w), Rows: rows}
			for range batches {
				if err := s.Next(f.ctx, f.Engine); err != nil {
					t.Errorf("apply: %v", err)
					return
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for w := range writers {
					s := Sequence{Name: fmt.Sprintf("w%d", w), Rows: rows, Tried: batches}
					if err := s.Check(f.ctx, f.Engine); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
}
