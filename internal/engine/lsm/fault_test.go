// SPDX-License-Identifier: Apache-2.0

package lsm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"galen/internal/engine/enginetest"
	"galen/internal/engine/lsm"
	"galen/internal/fault"
)

// trap counts the writing operations on a file system and springs at one of them.
type trap struct {
	at     int64        // the operation it springs at, from 1; 0 for never
	spring func() error // called once, before the operation
	lasts  bool         // whether later operations fail too, with the same error
	count  atomic.Int64
	once   sync.Once
	err    error
}

func (p *trap) String() string { return "trap" }

func (p *trap) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	n := p.count.Add(1)
	if p.at == 0 || n < p.at || (n > p.at && !p.lasts) {
		return nil
	}
	p.once.Do(func() { p.err = p.spring() })
	return p.err
}

const faultBatches = 40

// write applies batches until one fails, and returns the error. before and after are told of each batch.
func write(t *testing.T, e *lsm.Engine, s *enginetest.Sequence, told func()) error {
	t.Helper()
	for range faultBatches {
		if err := s.Next(context.Background(), e); err != nil {
			return err
		}
		told()
	}
	return nil
}

func sequence() *enginetest.Sequence { return &enginetest.Sequence{Name: "s", Rows: 8, Padding: 3000} }

// operations returns how many writing operations a run without faults has.
func operations(t *testing.T) int64 {
	t.Helper()
	p := &trap{}
	e, err := lsm.Open("data", tiny(errorfs.Wrap(vfs.NewCrashableMem(), p)))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(t, e, sequence(), func() {}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return p.count.Load()
}

// tiny are options under which a few batches fill a table.
func tiny(fs vfs.FS) lsm.Options {
	return lsm.Options{CacheBytes: 1 << 20, MemTableBytes: 128 << 10, FS: fs}
}

// steps returns some of the numbers up to n.
func steps(t *testing.T, n int64) []int64 {
	count := 60
	if testing.Short() {
		count = 10
	}
	seed := rand.Uint64()
	t.Logf("%d operations, seed %d", n, seed)
	r := rand.New(rand.NewPCG(seed, 0))
	out := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} // the store being made
	for range count {
		out = append(out, 1+r.Int64N(n))
	}
	return out
}

func TestCrashAtEveryStep(t *testing.T) {
	for _, at := range steps(t, operations(t)) {
		disk := vfs.NewCrashableMem()
		s := sequence()
		var answered, tried atomic.Int64
		var after *vfs.MemFS
		var sure, possible int64
		p := &trap{at: at, spring: func() error {
			sure = answered.Load()
			after = disk.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: int(at*37) % 101, RNG: rand.New(rand.NewPCG(uint64(at), 0))})
			possible = tried.Load()
			return nil
		}}
		e, err := lsm.Open("data", tiny(errorfs.Wrap(disk, p)))
		if err != nil {
			t.Fatal(err)
		}
		tried.Store(1)
		if err := write(t, e, s, func() { answered.Add(1); tried.Add(1) }); err != nil {
			t.Fatalf("step %d: %v", at, err)
		}
		if err := e.Close(); err != nil {
			t.Fatalf("step %d: close: %v", at, err)
		}
		if after == nil {
			continue // background work differs from run to run
		}
		check(t, at, after, enginetest.Sequence{Name: s.Name, Rows: s.Rows, Answered: int(sure), Tried: int(possible)})
	}
}

// check opens what is on a disk and looks whether it is right, and whether writing goes on.
func check(t *testing.T, at int64, disk vfs.FS, s enginetest.Sequence) {
	t.Helper()
	e, err := lsm.Open("data", tiny(disk))
	if err != nil {
		t.Fatalf("step %d: open again: %v", at, err)
	}
	if err := s.Check(context.Background(), e); err != nil {
		t.Errorf("step %d: %v", at, err)
	}
	other := enginetest.Sequence{Name: "later", Rows: 3}
	for range 3 {
		if err := other.Next(context.Background(), e); err != nil {
			t.Errorf("step %d: write again: %v", at, err)
		}
	}
	if err := errors.Join(other.Check(context.Background(), e), e.Close()); err != nil {
		t.Errorf("step %d: %v", at, err)
	}
}

func TestErrorAtEveryStep(t *testing.T) {
	for i, at := range steps(t, operations(t)) {
		disk := vfs.NewCrashableMem()
		s := sequence()
		p := &trap{at: at, lasts: i%2 == 0, spring: func() error { return syscall.EIO }}
		e, err := lsm.Open("data", tiny(errorfs.Wrap(disk, p)))
		if err != nil {
			if !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Conflict) {
				t.Errorf("step %d: open: got %v, want %v", at, err, fault.Unavailable)
			}
			continue
		}
		err = write(t, e, s, func() {})
		if err != nil && !errors.Is(err, fault.Unavailable) {
			t.Errorf("step %d: got %v, want %v", at, err, fault.Unavailable)
		}
		if err != nil {
			if again := s.Next(context.Background(), e); !errors.Is(again, fault.Unavailable) {
				t.Errorf("step %d: a write after the failure: got %v, want %v", at, again, fault.Unavailable)
			}
			s.Tried--
		}
		if err := s.Check(context.Background(), e); err != nil {
			t.Errorf("step %d: reading after the failure: %v", at, err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("step %d: close: %v", at, err)
		}
		check(t, at, disk, *s)
	}
}

func TestFullDiskPasses(t *testing.T) {
	total := operations(t)
	for _, at := range []int64{total / 4, total / 3, total / 2, total * 2 / 3} {
		disk := vfs.NewCrashableMem()
		s := sequence()
		var full atomic.Bool
		p := &fullTrap{at: at, full: &full}
		e, err := lsm.Open("data", tiny(errorfs.Wrap(disk, p)))
		if errors.Is(err, fault.Unavailable) {
			continue // full before it was open
		} else if err != nil {
			t.Fatal(err)
		}
		err = write(t, e, s, func() {})
		if err != nil && !errors.Is(err, fault.Unavailable) {
			t.Errorf("step %d: got %v, want %v", at, err, fault.Unavailable)
		}
		if err := s.Check(context.Background(), e); err != nil {
			t.Errorf("step %d: reading with a full disk: %v", at, err)
		}
		full.Store(false)
		other := enginetest.Sequence{Name: "other", Rows: 3}
		for ; err != nil; err = other.Next(context.Background(), e) { // until the engine has seen that there is room
			if !errors.Is(err, fault.Unavailable) {
				t.Fatalf("step %d: with room again: %v", at, err)
			}
			other.Tried = 0
		}
		if err := errors.Join(s.Check(context.Background(), e), e.Close()); err != nil {
			t.Errorf("step %d: with room again: %v", at, err)
		}
		check(t, at, disk, *s)
	}
}

// fullTrap makes every operation that takes room fail, from one on, until told otherwise.
type fullTrap struct {
	at    int64
	full  *atomic.Bool
	count atomic.Int64
}

func (p *fullTrap) String() string { return "full" }

func (p *fullTrap) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	if p.count.Add(1) == p.at {
		p.full.Store(true)
	}
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFilePreallocate:
		if p.full.Load() {
			return syscall.ENOSPC
		}
	}
	return nil
}
