// SPDX-License-Identifier: Apache-2.0

// Package lsm keeps an engine's data in a folder, in a log-structured merge tree (Pebble).
package lsm

import (
	"log/slog"

	"galen/internal/engine"
)

// Options changes how an engine works. The zero value is good for a server.
type Options struct {
	CacheBytes int64        // memory for blocks read from disk; 0 means 256 MiB
	Log        *slog.Logger // where background trouble is reported; nil means nowhere
}

// Engine is the data of one folder, which only one process has open at a time. It is safe for concurrent use.
type Engine struct{ engine.Engine }

// Open opens the engine in dir, which it makes if need be (mode 0700, files 0600). It fails with fault.Conflict if another
// process has it open, and fault.Unsupported if a newer galen wrote it.
func Open(dir string, o Options) (*Engine, error) { panic("soon") }
