// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// limitMemory does nothing where there is no such limit; Go's own soft limit stays.
func limitMemory(uint64) error { return nil }
