// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// views gives out pebble's snapshots. Snapshots with no write between them share one, and they are closed in the background,
// because closing one may wait for background work, and with it for room on the disk.
type views struct {
	db *pebble.DB

	mu      sync.Mutex
	current *sharedView     // shows everything; nil if something was written since it was made, or nobody asked
	old     []*sharedView   // to be closed
	closers *sync.WaitGroup // of the goroutine that closes old ones, while there is one
}

// sharedView is a snapshot of pebble's with the number of those who use it.
type sharedView struct {
	*pebble.Snapshot
	users int
	kept  keptValues
}

// open returns a view of everything that is visible now.
func (v *views) open() *sharedView {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current == nil {
		v.current = &sharedView{Snapshot: v.db.NewSnapshot(), users: 1} // one for views itself
	}
	v.current.users++
	return v.current
}

// written says that something else is visible from now on.
func (v *views) written() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.current != nil {
		v.releaseLocked(v.current)
		v.current = nil
	}
}

// release gives back what open returned.
func (v *views) release(s *sharedView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.releaseLocked(s)
}

func (v *views) releaseLocked(s *sharedView) {
	if s.users--; s.users > 0 {
		return
	}
	v.old = append(v.old, s)
	if v.closers == nil {
		v.closers = &sync.WaitGroup{}
		v.closers.Go(v.closeOld)
	}
}

// closeOld closes old views until there is none.
func (v *views) closeOld() {
	for {
		v.mu.Lock()
		if len(v.old) == 0 {
			v.closers = nil
			v.mu.Unlock()
			return
		}
		old := v.old
		v.old = nil
		v.mu.Unlock()
		for _, s := range old {
			_ = s.Close() // it only fails when pebble was closed before
		}
	}
}

// close closes what nobody uses, and waits for it.
func (v *views) close() {
	v.written()
	v.mu.Lock()
	closers := v.closers
	v.mu.Unlock()
	if closers != nil {
		closers.Wait()
	}
}
