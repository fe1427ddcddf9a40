// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// patience is how many times Command.Stall a program may take that computes all the while.
const patience = 10

// watch tells when a program stands still: when stall passes between begin and end. A program that computes meanwhile is slow, as on a machine that has too
// much to do, and is let go on, up to patience times as long. Where /proc does not say what a program computes, none does.
type watch struct {
	stall time.Duration
	pid   int
	hung  func() // called once, by a goroutine of its own

	mu    sync.Mutex
	timer *time.Timer   // guarded by mu; nil before the first begin
	on    bool          // guarded by mu: between begin and end
	due   time.Time     // guarded by mu: when the timer means what it says
	used  time.Duration // guarded by mu: what the program had computed when it was looked at last
	left  int           // guarded by mu: of patience
}

// begin begins to wait, or begins anew.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on, w.left = true, patience
	w.wait()
}

// again begins anew if it is waited at all: the program did something.
func (w *watch) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		w.left = patience
		w.wait()
	}
}

// end ends the waiting.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = false
	if w.timer != nil {
		w.timer.Stop()
	}
}

// wait sets the timer. w.mu is held.
func (w *watch) wait() {
	w.due = time.Now().Add(w.stall)
	if w.timer == nil {
		w.timer = time.AfterFunc(w.stall, w.look)
		return
	}
	w.timer.Reset(w.stall)
}

// look is what the timer does.
func (w *watch) look() {
	w.mu.Lock()
	if !w.on || time.Now().Before(w.due) { // it was set anew meanwhile
		w.mu.Unlock()
		return
	}
	used := processorTime(w.pid)
	if used > w.used && w.left > 1 {
		w.used = used
		w.left--
		w.wait()
		w.mu.Unlock()
		return
	}
	w.on = false
	w.mu.Unlock()
	w.hung()
}

// processorTime is what a process has used of processors, to a hundredth of a second; 0 where that is not known.
//
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the name before it may hold anything
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
