// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
)

func allOrNothing(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) { b.Put([]byte("a"), []byte("1")) })
	var b engine.Batch
	b.Put([]byte("a"), []byte("2"))
	b.Post([]byte("t"), 7)
	b.DeletePrefix([]byte("x"))
	b.Require([]byte("a"), []byte("9"))
	if err := f.Apply(f.ctx, &b); !errors.Is(err, fault.Precondition) {
		t.Fatalf("got %v, want %v", err, fault.Precondition)
	}
	f.look(func(v view) {
		if got := v.row("a"); got != "1" {
			t.Errorf("a row of a refused batch: got %q, want 1", got)
		}
		if got := v.docs(prefix("")); !got.IsEmpty() {
			t.Errorf("postings of a refused batch: %v", got)
		}
	})
}

func durable(t *testing.T, f *fixture) {
	for i := range 20 {
		f.do(func(b *engine.Batch) {
			b.Put(fmt.Appendf(nil, "k%02d", i), []byte("v"))
			b.Post([]byte("t"), uint32(i*50000))
		})
		f.look(func(v view) {
			if got := v.row(fmt.Sprintf("k%02d", i)); got != "v" {
				t.Errorf("right after Apply: got %q, want v", got)
			}
		})
	}
	f.reopen()
	f.look(func(v view) {
		if got := len(v.rows(prefix("k"), engine.Ascending)); got != 20 {
			t.Errorf("rows after reopening: got %d, want 20", got)
		}
		if got := v.docs(term("t")).Len(); got != 20 {
			t.Errorf("postings after reopening: got %d, want 20", got)
		}
	})
}

func isolated(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		b.Put([]byte("a"), []byte("1"))
		b.Post([]byte("t"), 1)
	})
	v := f.view()
	defer v.close()
	f.do(func(b *engine.Batch) {
		b.Put([]byte("a"), []byte("2"))
		b.Put([]byte("b"), []byte("2"))
		b.Unpost([]byte("t"), 1)
		b.Post([]byte("t"), 2)
		b.Post([]byte("u"), 2)
	})
	f.do(func(b *engine.Batch) { b.DeletePrefix(nil) })
	for range 2 {
		if got := v.rows(prefix(""), engine.Ascending); !slices.Equal(got, []string{"a=1"}) {
			t.Errorf("rows: got %q", got)
		}
		if keys, docs := v.terms(prefix(""), engine.Ascending); !slices.Equal(keys, []string{"t"}) || !docs[0].Equal(docset.Of(1)) {
			t.Errorf("terms: got %q", keys)
		}
	}
	f.look(func(v view) {
		if got := v.rows(prefix(""), engine.Ascending); len(got) != 0 {
			t.Errorf("rows of the new view: got %q", got)
		}
	})
}

func conditions(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		b.Put([]byte("full"), []byte("1"))
		b.Put([]byte("empty"), nil)
	})
	for _, c := range []struct {
		name  string
		set   func(*engine.Batch)
		holds bool
	}{
		{"exact value", func(b *engine.Batch) { b.Require([]byte("full"), []byte("1")) }, true},
		{"other value", func(b *engine.Batch) { b.Require([]byte("full"), []byte("12")) }, false},
		{"no row", func(b *engine.Batch) { b.Require([]byte("none"), []byte("1")) }, false},
		{"empty value", func(b *engine.Batch) { b.Require([]byte("empty"), nil) }, true},
		{"empty value, no row", func(b *engine.Batch) { b.Require([]byte("none"), nil) }, false},
		{"absent", func(b *engine.Batch) { b.RequireAbsent([]byte("none")) }, true},
		{"absent, there", func(b *engine.Batch) { b.RequireAbsent([]byte("empty")) }, false},
		{"one of two", func(b *engine.Batch) {
			b.RequireAbsent([]byte("none"))
			b.Require([]byte("full"), []byte("2"))
		}, false},
	} {
		var b engine.Batch
		c.set(&b)
		for _, what := range []string{"alone", "with changes"} {
			if what == "with changes" {
				b.Put([]byte("none"), []byte("x")) // conditions see the state before the batch
				b.Delete([]byte("none"))
			}
			if err := f.Apply(f.ctx, &b); (err == nil) != c.holds || (err != nil && !errors.Is(err, fault.Precondition)) {
				t.Errorf("%s, %s: got %v, want it to hold: %v", c.name, what, err, c.holds)
			}
		}
	}
}

// concurrentConditions counts up one row from many goroutines: each step must happen exactly once.
func concurrentConditions(t *testing.T, f *fixture) {
	const workers, steps = 8, 25
	f.do(func(b *engine.Batch) { b.Put([]byte("n"), []byte("0")) })
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var b engine.Batch
			for done := 0; done < steps; {
				now := readCounter(f)
				b.Reset()
				b.Require([]byte("n"), fmt.Appendf(nil, "%d", now))
				b.RequireAbsent(fmt.Appendf(nil, "step/%d", now))
				b.Put([]byte("n"), fmt.Appendf(nil, "%d", now+1))
				b.Put(fmt.Appendf(nil, "step/%d", now), fmt.Appendf(nil, "%d", w))
				b.Post([]byte("steps"), uint32(now))
				switch err := f.Apply(f.ctx, &b); {
				case err == nil:
					done++
				case !errors.Is(err, fault.Precondition):
					t.Errorf("apply: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.look(func(v view) {
		if got := readCounter(f); got != workers*steps {
			t.Errorf("counter: got %d, want %d", got, workers*steps)
		}
		if got := v.docs(term("steps")); !got.Equal(docset.Span(0, workers*steps)) {
			t.Errorf("steps: got %v", got)
		}
	})
}

func readCounter(f *fixture) (n int) {
	s, err := f.Snapshot(f.ctx)
	if err != nil {
		f.Errorf("snapshot: %v", err)
		return 0
	}
	defer s.Close()
	values, err := s.Get(f.ctx, []byte("n"))
	if err != nil {
		f.Errorf("get: %v", err)
		return 0
	}
	if _, err := fmt.Sscan(string(values[0]), &n); err != nil {
		f.Errorf("counter: %v", err)
	}
	return n
}

func lastCounts(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		b.Put([]byte("p/old"), []byte("1"))
		b.Post([]byte("p/old"), 1)
		b.Put([]byte("q"), []byte("1"))
	})
	f.do(func(b *engine.Batch) {
		b.Put([]byte("a"), []byte("1"))
		b.Put([]byte("a"), []byte("2"))
		b.Put([]byte("b"), []byte("1"))
		b.Delete([]byte("b"))
		b.Delete([]byte("q"))
		b.Put([]byte("q"), []byte("2"))
		b.Post([]byte("t"), 9)
		b.Post([]byte("t"), 5)
		b.Unpost([]byte("t"), 9)
		b.Unpost([]byte("t"), 6)
		b.Post([]byte("t"), 6)
		b.Put([]byte("p/before"), []byte("1"))
		b.Post([]byte("p/before"), 1)
		b.Post([]byte("p/both"), 1)
		b.DeletePrefix([]byte("p/"))
		b.Put([]byte("p/after"), []byte("1"))
		b.Post([]byte("p/both"), 2)
		b.DeletePrefix([]byte("z"))
		b.Post([]byte("p/both"), 3)
	})
	f.look(func(v view) {
		if got, want := v.rows(prefix(""), engine.Ascending), []string{"a=2", "p/after=1", "q=2"}; !slices.Equal(got, want) {
			t.Errorf("rows: got %q, want %q", got, want)
		}
		keys, docs := v.terms(prefix(""), engine.Ascending)
		if want := []string{"p/both", "t"}; !slices.Equal(keys, want) {
			t.Fatalf("terms: got %q, want %q", keys, want)
		}
		if !docs[0].Equal(docset.Of(2, 3)) || !docs[1].Equal(docset.Of(5, 6)) {
			t.Errorf("documents: got %v and %v", slices.Collect(docs[0].All()), slices.Collect(docs[1].All()))
		}
	})
}

func twoSpaces(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) {
		b.Put([]byte("k"), []byte("row"))
		b.Post([]byte("k"), 3)
	})
	f.do(func(b *engine.Batch) { b.Delete([]byte("k")) })
	f.look(func(v view) {
		if got := v.docs(term("k")); !got.Equal(docset.Of(3)) {
			t.Errorf("postings after the row was deleted: %v", got)
		}
	})
	f.do(func(b *engine.Batch) { b.Put([]byte("k"), []byte("row")) })
	f.do(func(b *engine.Batch) { b.Unpost([]byte("k"), 3) })
	f.look(func(v view) {
		if got := v.row("k"); got != "row" {
			t.Errorf("row after the posting was removed: %q", got)
		}
	})
	f.do(func(b *engine.Batch) {
		b.Post([]byte("k"), 3)
		b.Post([]byte("l"), 3)
		b.Put([]byte("\xff\xff"), []byte("last"))
	})
	f.do(func(b *engine.Batch) { b.DeletePrefix([]byte("k")) })
	f.do(func(b *engine.Batch) { b.DeletePrefix([]byte("\xff")) })
	f.look(func(v view) {
		keys, _ := v.terms(prefix(""), engine.Ascending)
		if rows := v.rows(prefix(""), engine.Ascending); len(rows) != 0 || !slices.Equal(keys, []string{"l"}) {
			t.Errorf("after DeletePrefix: rows %q, terms %q", rows, keys)
		}
	})
}

func limits(t *testing.T, f *fixture) {
	long := bytes.Repeat([]byte("x"), engine.MaxKey)
	value := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // 640 KiB
	f.do(func(b *engine.Batch) {
		b.Put(long, value)
		b.Post(long, 0)
		b.Post(long, ^uint32(0))
	})
	f.look(func(v view) {
		if got := v.row(string(long)); got != string(value) {
			t.Errorf("a long row: got %d bytes", len(got))
		}
		if got := v.docs(engine.Exactly(long)); !got.Equal(docset.Of(0, ^uint32(0))) {
			t.Errorf("a long term: got %v", got)
		}
	})
	for name, c := range map[string]struct {
		fill func(*engine.Batch)
		want fault.Kind
	}{
		"empty key":  {func(b *engine.Batch) { b.Put(nil, nil) }, fault.Invalid},
		"empty term": {func(b *engine.Batch) { b.Post(nil, 1) }, fault.Invalid},
		"long key":   {func(b *engine.Batch) { b.Delete(append(long, 1)) }, fault.TooLarge},
		"long value": {func(b *engine.Batch) { b.Put([]byte("a"), make([]byte, engine.MaxValue+1)) }, fault.TooLarge},
	} {
		var b engine.Batch
		c.fill(&b)
		if err := f.Apply(f.ctx, &b); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		b.Reset()
		if err := f.Apply(f.ctx, &b); err != nil {
			t.Errorf("%s: after Reset: %v", name, err)
		}
	}
}

func doneContexts(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) { b.Post([]byte("t"), 1) })
	v := f.view()
	defer v.close()
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	var b engine.Batch
	b.Put([]byte("a"), nil)
	_, get := v.Get(ctx, []byte("a"))
	_, docs := v.Docs(ctx, prefix(""))
	var terms error
	for _, err := range v.Terms(ctx, prefix(""), engine.Ascending) {
		terms = err
	}
	for name, err := range map[string]error{"Apply": f.Apply(ctx, &b), "Get": get, "Docs": docs, "Terms": terms} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	f.look(func(v view) {
		if got := v.row("a"); got != "-" {
			t.Error("a batch was applied though its context was done")
		}
	})
}

func afterClose(t *testing.T, f *fixture) {
	f.do(func(b *engine.Batch) { b.Put([]byte("a"), []byte("1")) })
	v := f.view()
	v.close()
	if err := v.Snapshot.Close(); err != nil {
		t.Errorf("second Close of a snapshot: %v", err)
	}
	e := f.Engine
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Errorf("Close twice: %v", err)
	}
	var b engine.Batch
	b.Put([]byte("b"), nil)
	if err := e.Apply(f.ctx, &b); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Apply: got %v, want %v", err, fault.Unavailable)
	}
	if _, err := e.Snapshot(f.ctx); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Snapshot: got %v, want %v", err, fault.Unavailable)
	}
	if _, err := v.Get(f.ctx, []byte("a")); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Get: got %v, want %v", err, fault.Unavailable)
	}
	f.open()
}
