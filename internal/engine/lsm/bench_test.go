// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/engine/lsm"
)

// resources returns the lines of real resources of all types, mixed.
func resources(b *testing.B) [][]byte {
	b.Helper()
	root, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			b.Fatal("no go.mod above")
		}
		root = filepath.Dir(root)
	}
	names, _ := filepath.Glob(filepath.Join(root, "../shared/data/synthea-100/*.ndjson"))
	if len(names) == 0 {
		b.Skip("the sample data is not there")
	}
	var lines [][]byte
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		in := bufio.NewScanner(f)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			lines = append(lines, append([]byte(nil), in.Bytes()...))
		}
		f.Close()
	}
	return lines
}

// post writes twenty postings like those of search parameters: from very frequent terms to terms of one document.
func post(b *engine.Batch, r *rand.Rand, doc uint32) {
	var key []byte
	for param := range 20 {
		values := []uint32{2, 5, 5, 30, 100, 100, 1000, 1000, 5000, 20000, 20000, 100000, 1 << 30, 1 << 30}[param%14]
		key = append(key[:0], "store1/t/Observation/"...)
		key = append(key, byte('a'+param), '/')
		key = binary.BigEndian.AppendUint64(key, uint64(r.Uint32N(values))*0x9E3779B97F4A7C15)
		b.Post(key, doc)
	}
}

func rowKey(dst []byte, doc uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, "store1/v/Observation/"...), doc)
}

func openBench(b *testing.B) *lsm.Engine {
	b.Helper()
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close() })
	return e
}

// cpu returns the processor time that the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// maxResident returns the most memory the process had so far, in megabytes. The sample data is 50 of them.
func maxResident() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}

// BenchmarkApplyLarge applies batches of 1,000 resources, each a row and twenty postings, from two goroutines.
func BenchmarkApplyLarge(b *testing.B) {
	const perBatch = 1000
	lines := resources(b)
	e := openBench(b)
	ctx := context.Background()
	var next atomic.Uint32
	before := cpu()
	b.RunParallel(func(p *testing.PB) {
		var batch engine.Batch
		var key []byte
		r := rand.New(rand.NewPCG(1, uint64(next.Load())))
		for p.Next() {
			batch.Reset()
			first := next.Add(perBatch) - perBatch
			for doc := first; doc < first+perBatch; doc++ {
				key = rowKey(key[:0], doc)
				batch.Put(key, lines[int(doc)%len(lines)])
				post(&batch, r, doc)
			}
			if err := e.Apply(ctx, &batch); err != nil {
				b.Fatal(err)
			}
		}
	})
	n := float64(next.Load())
	b.ReportMetric(n/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64((cpu()-before).Microseconds())/n, "cpu-µs/resource")
	b.ReportMetric(float64(diskBytes(b, e))/n, "tablebytes/resource")
	b.ReportMetric(maxResident(), "MB-max")
	if os.Getenv("GALEN_BENCH_COMPACT") != "" {
		if err := e.Compact(ctx); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(diskBytes(b, e))/n, "compacted/resource")
	}
}

// BenchmarkApplySmall applies batches of one resource from 32 goroutines, each durable.
func BenchmarkApplySmall(b *testing.B) {
	lines := resources(b)
	e := openBench(b)
	ctx := context.Background()
	var next atomic.Uint32
	b.SetParallelism(16)
	b.ReportAllocs()
	before := cpu()
	b.RunParallel(func(p *testing.PB) {
		var batch engine.Batch
		var key []byte
		r := rand.New(rand.NewPCG(1, uint64(next.Load())))
		for p.Next() {
			doc := next.Add(1)
			batch.Reset()
			key = rowKey(key[:0], doc)
			batch.RequireAbsent(key)
			batch.Put(key, lines[int(doc)%len(lines)])
			post(&batch, r, doc)
			if err := e.Apply(ctx, &batch); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(next.Load())/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(next.Load()), "cpu-µs/resource")
}

// BenchmarkApplyGroups applies batches of 32 resources from one goroutine, as a committer does that gathers what 32 wait for.
func BenchmarkApplyGroups(b *testing.B) {
	lines := resources(b)
	e := openBench(b)
	ctx := context.Background()
	var batch engine.Batch
	var key []byte
	r := rand.New(rand.NewPCG(1, 1))
	doc := uint32(0)
	before := cpu()
	for b.Loop() {
		batch.Reset()
		for range 32 {
			doc++
			key = rowKey(key[:0], doc)
			batch.Put(key, lines[int(doc)%len(lines)])
			post(&batch, r, doc)
		}
		if err := e.Apply(ctx, &batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(doc)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(doc), "cpu-µs/resource")
}

// BenchmarkBatch makes a batch of 1,000 resources, without applying it.
func BenchmarkBatch(b *testing.B) {
	lines := resources(b)
	var batch engine.Batch
	r := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset()
		var key []byte
		for doc := range uint32(1000) {
			key = rowKey(key[:0], doc)
			batch.Put(key, lines[int(doc)%len(lines)])
			post(&batch, r, doc)
		}
	}
}

// filled returns an engine with terms of known sizes, in many operands where scattered is true, and 100,000 rows.
func filled(b *testing.B, compact bool) *lsm.Engine {
	b.Helper()
	lines := resources(b)
	e := openBench(b)
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 1))
	var batch engine.Batch
	for first := uint32(0); first < 1_000_000; first += 10_000 {
		batch.Reset()
		for doc := first; doc < first+10_000; doc++ {
			batch.Post([]byte("half million"), doc&^1)
			batch.Post([]byte("million"), doc)
			if r.Uint32N(10) == 0 {
				batch.Post([]byte("100k"), doc)
			}
			if r.Uint32N(100) == 0 {
				batch.Post([]byte("10k"), doc)
			}
			if doc%10 == 0 {
				batch.Put(rowKey(nil, doc/10), lines[int(doc/10)%len(lines)])
				batch.Post(fmt.Appendf(nil, "date/%08x", r.Uint32()), doc)
			}
		}
		if err := e.Apply(ctx, &batch); err != nil {
			b.Fatal(err)
		}
	}
	if compact {
		if err := e.Compact(ctx); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

func BenchmarkRead(b *testing.B) {
	ctx := context.Background()
	for _, state := range []struct {
		name    string
		compact bool
	}{{"fresh", false}, {"compacted", true}} {
		e := filled(b, state.compact)
		s, err := e.Snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		docs := func(b *testing.B, want int, ranges ...engine.Range) docset.Set {
			set, err := s.Docs(ctx, ranges...)
			if err != nil || (want > 0 && set.Len() != want) {
				b.Fatalf("%v, %v", set, err)
			}
			return set
		}
		exactly := func(t string) engine.Range { return engine.Exactly([]byte(t)) }
		b.Run(state.name+"/docs of 1M", func(b *testing.B) {
			for b.Loop() {
				docs(b, 1_000_000, exactly("million"))
			}
		})
		b.Run(state.name+"/docs of 100k", func(b *testing.B) {
			for b.Loop() {
				docs(b, 0, exactly("100k"))
			}
		})
		b.Run(state.name+"/and 100k x 10k", func(b *testing.B) {
			for b.Loop() {
				if docset.And(docs(b, 0, exactly("100k")), docs(b, 0, exactly("10k"))).IsEmpty() {
					b.Fatal("empty")
				}
			}
		})
		b.Run(state.name+"/docs of a range of 100k terms", func(b *testing.B) {
			for b.Loop() {
				docs(b, 0, engine.Prefix([]byte("date/")))
			}
		})
		b.Run(state.name+"/docs of a range of 400 terms", func(b *testing.B) {
			for b.Loop() {
				docs(b, 0, engine.Prefix([]byte("date/01")))
			}
		})
		b.Run(state.name+"/estimate", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Estimate(ctx, exactly("100k"), engine.Prefix([]byte("date/01"))); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(state.name+"/first term", func(b *testing.B) {
			for b.Loop() {
				if _, ok, err := s.FirstTerm(ctx, engine.Prefix([]byte("date/7")), engine.Ascending); !ok || err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(state.name+"/get", func(b *testing.B) {
			var key []byte
			for b.Loop() {
				key = rowKey(key[:0], rand.Uint32N(100_000))
				if v, err := s.Get(ctx, key); err != nil || v[0] == nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(state.name+"/get 100", func(b *testing.B) {
			for b.Loop() {
				keys := make([][]byte, 100)
				for i := range keys {
					keys[i] = rowKey(nil, rand.Uint32N(100_000))
				}
				if _, err := s.Get(ctx, keys...); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(state.name+"/snapshot", func(b *testing.B) {
			for b.Loop() {
				v, err := e.Snapshot(ctx)
				if err != nil {
					b.Fatal(err)
				}
				v.Close()
			}
		})
		s.Close()
	}
}
