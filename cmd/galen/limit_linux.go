// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// limitMemory bounds the address space of this process.
func limitMemory(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
