// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"galen/internal/fault"
)

// guard is a file system that stands between pebble and the disk. Pebble ends the process when it cannot write its log;
// the guard never lets it see such an error. Where the disk is full it waits for room. After any other error it is down for
// good: who then writes is parked, with no lock that readers need, and the files stay as they were.
type guard struct {
	vfs.FS
	dir     string
	reserve int64
	log     *slog.Logger

	held    *lock // of the folder, from Open on
	lockErr error // why there is none

	mu      sync.Mutex
	armed   bool          // false while opening, when errors go to pebble, which returns them
	reason  error         // why writes are refused; nil if they are not
	failed  bool          // for good
	waiting int           // writers that wait for room
	down    chan struct{} // closed while reason is not nil
	written int64         // bytes since the disk's room was looked at
	died    string        // what pebble said when it gave up while opening
}

const (
	checkRoomEvery = 4 << 20 // bytes
	retryEvery     = 200 * time.Millisecond
)

func newGuard(fs vfs.FS, dir string, o Options) *guard {
	return &guard{FS: fs, dir: dir, reserve: o.ReserveBytes, log: o.Log, down: make(chan struct{})}
}

func (g *guard) arm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = true
}

var errFull = fault.New(fault.Unavailable, "the disk is full: nothing can be stored until there is room")

// admit returns the error with which to refuse a write of n bytes, or a channel that is closed when writing fails meanwhile.
func (g *guard) admit(n int) (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written += int64(n)
	if !g.failed && g.waiting == 0 && (g.reason != nil || g.written >= checkRoomEvery) {
		g.written = 0
		g.lookForRoom()
	}
	return g.down, g.reason
}

// lookForRoom sets or clears that the disk is full. It holds mu: a statfs is no slower than the lock.
func (g *guard) lookForRoom() {
	u, err := g.FS.GetDiskUsage(g.dir)
	if err == nil && u.AvailBytes < min(uint64(g.reserve), u.TotalBytes/16) {
		g.refuse(errFull)
	} else {
		g.allow()
	}
}

// why returns why writes are refused.
func (g *guard) why() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reason == nil {
		return errFull // it was, and there is room again
	}
	return g.reason
}

func (g *guard) refuse(why error) {
	if g.reason == nil {
		close(g.down)
		g.log.Warn("engine: writes are refused", "error", why)
	}
	g.reason = why
}

func (g *guard) allow() {
	if g.reason != nil && !g.failed {
		g.reason, g.down = nil, make(chan struct{})
		g.log.Info("engine: there is room on the disk again")
	}
}

// fail makes the guard refuse for good.
func (g *guard) fail(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed {
		return
	}
	g.failed = true
	g.refuse(fault.Wrap(fault.Unavailable, cause, "the disk failed: nothing can be stored until the server is started again"))
	g.log.Error("engine: writing failed; reading goes on, writing needs a restart", "error", cause)
}

// fatal ends the goroutine that called it.
func (g *guard) fatal(text string) {
	g.mu.Lock()
	armed := g.armed
	if !armed {
		g.died = text
	}
	g.mu.Unlock()
	if !armed {
		runtime.Goexit()
	}
	g.fail(errors.New(text))
	park()
}

func park() { select {} }

// do runs a writing operation until it is done, or parks. brief is for operations that pebble can do without: those get to
// know that the disk is full, after a while, so that what they wrote so far is removed.
func (g *guard) do(brief bool, op func() error) error {
	for waits := false; ; {
		g.mu.Lock()
		armed, failed := g.armed, g.failed
		g.mu.Unlock()
		if failed {
			park()
		}
		err := op()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
			return err // says something about names, not about the disk
		}
		full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
		if !armed || err == nil || full && brief {
			if waits {
				g.wait(-1)
			}
			if armed && full {
				g.wait(+1)
				time.Sleep(retryEvery) // pebble tries again at once
				g.wait(-1)
			}
			return err
		}
		if !full {
			g.fail(err)
			continue
		}
		if !waits {
			waits = true
			g.wait(+1)
		}
		time.Sleep(retryEvery)
	}
}

// wait counts who waits for room.
func (g *guard) wait(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += n
	switch {
	case g.failed:
	case n > 0:
		g.refuse(errFull)
	case g.waiting == 0:
		g.lookForRoom()
	}
}

func describe(format string, args []any) string { return fmt.Sprintf(format, args...) }
