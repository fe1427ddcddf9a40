// SPDX-License-Identifier: Apache-2.0

//go:build unix

package speech

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ChildrenCPU is what the processes used that this one started and that have ended.
func ChildrenCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// childrenMemory is the most memory that any process had which this one started and which runs, in bytes; 0 where /proc does not say.
func childrenMemory() (most int64) {
	lists, _ := filepath.Glob("/proc/self/task/*/children") // the pattern is well-formed
	for _, list := range lists {
		ids, _ := os.ReadFile(list) // a thread may have ended meanwhile
		for id := range strings.FieldsSeq(string(ids)) {
			most = max(most, peakMemory(id))
		}
	}
	return most
}

// peakMemory is the most memory that a process had so far, in bytes; 0 if the system does not say.
func peakMemory(process string) int64 {
	status, _ := os.ReadFile(filepath.Join("/proc", process, "status")) // none, no answer
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}
