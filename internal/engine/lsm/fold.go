// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Terms that every write posts under (a common code, the presence of a parameter) gather one operand a batch in memory, and
// a reader brings all of them together each time. The folder writes such a block back as one value once a reader has met
// many operands, so that the next reader meets few.

const (
	foldAt      = 128 // operands of one block, from which a reader asks for it to be folded
	foldWaiting = 64  // blocks that wait to be folded; what comes beyond is folded when it is next read
)

// folder takes the keys of blocks to fold.
type folder struct {
	keys chan string
	stop chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]bool // guarded by mu: what is in keys
}

func newFolder() *folder {
	return &folder{keys: make(chan string, foldWaiting), stop: make(chan struct{}), waiting: map[string]bool{}}
}

// ask asks for the block with that key on disk to be folded. It does not block.
func (f *folder) ask(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting[string(key)] {
		return
	}
	select {
	case f.keys <- string(key):
		f.waiting[string(key)] = true
	default:
	}
}

// run folds until close.
func (f *folder) run(e *Engine) {
	defer f.done.Done()
	for {
		select {
		case <-f.stop:
			return
		case key := <-f.keys:
			// An error shows when the block is next written or read; then it is folded by compaction, or asked for again.
			_ = e.fold([]byte(key))
			f.mu.Lock()
			delete(f.waiting, key)
			f.mu.Unlock()
		}
	}
}

// close ends run and returns when it has.
func (f *folder) close() {
	close(f.stop)
	f.done.Wait()
}

// fold writes a block back as one value. It has the slot meanwhile, so that no posting comes in between.
func (e *Engine) fold(key []byte) error {
	if err := e.enter(context.Background()); err != nil {
		return err
	}
	defer e.calls.Done()
	down, err := e.guard.admit(0)
	if err != nil {
		return err
	}
	select {
	case e.slot <- struct{}{}:
	case <-down:
		return e.guard.why()
	case <-e.folder.stop:
		return nil
	}
	value, closer, err := e.db.Get(key)
	if err != nil {
		<-e.slot
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		return unreadable(err)
	}
	whole := bytes.Clone(value)
	pb := e.db.NewBatchWithSize(len(key) + len(whole) + 32)
	if err := errors.Join(closer.Close(), pb.Set(key, whole, nil)); err != nil {
		<-e.slot
		return errors.Join(err, pb.Close())
	}
	return e.commit(pb, func() { <-e.slot })
}
