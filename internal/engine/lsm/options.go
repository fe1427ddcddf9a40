// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options changes how an engine works. The zero value is good for a server.
type Options struct {
	CacheBytes    int64        // memory for blocks read from disk; 0 means 256 MiB
	MemTableBytes int          // memory for what is not sorted on disk yet, up to three times over; 0 means 64 MiB
	ReserveBytes  int64        // writes are refused while the disk has less room; 0 means 32 MiB
	Log           *slog.Logger // where background trouble is reported; nil means nowhere
	FS            vfs.FS       // where the folder is; nil means the operating system's files. For tests
}

func (o Options) withDefaults() Options {
	if o.CacheBytes == 0 {
		o.CacheBytes = 256 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 64 << 20
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = 32 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// pebbleOptions are settled by measurement; docs/decisions/0001-engine.md has the figures.
func pebbleOptions(o Options, g *guard, cache *pebble.Cache, f *folder) *pebble.Options {
	p := &pebble.Options{
		FormatMajorVersion:          pebble.FormatValueSeparation,
		FS:                          g,
		Cache:                       cache,
		Comparer:                    comparer(),
		Merger:                      merger(f),
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       64, // sublevels; an import slows reads down for a while rather than stop
		LBaseMaxBytes:               256 << 20,
		FlushSplitBytes:             8 << 20,
		BytesPerSync:                1 << 20,
		Logger:                      logger{o.Log, g},
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(2, runtime.GOMAXPROCS(0)/2) },
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { o.Log.Warn("engine: background work failed", "error", err) },
			DataCorruption: func(i pebble.DataCorruptionInfo) {
				o.Log.Error("engine: a file is damaged", "file", i.Path, "error", i.Details)
			},
		},
	}
	p.TargetFileSizes[0] = 8 << 20
	p.Experimental.EnableColumnarBlocks = func() bool { return true }
	for i := range p.Levels {
		l := &p.Levels[i]
		l.BlockSize = 32 << 10 // some twenty resources, so that they compress against each other
		l.IndexBlockSize = 64 << 10
		l.FilterPolicy = bloom.FilterPolicy(10)
		profile := block.FastestCompression
		if i >= len(p.Levels)-2 {
			profile = block.BalancedCompression
		}
		l.Compression = func() *block.CompressionProfile { return profile }
	}
	return p
}

// logger is pebble's way to say what goes on. It keeps the process alive where pebble would end it.
type logger struct {
	log *slog.Logger
	g   *guard
}

func (l logger) Infof(string, ...any) {}

func (l logger) Errorf(format string, args ...any) {
	l.log.Warn("engine: " + describe(format, args))
}

// Fatalf does not return, as pebble expects.
func (l logger) Fatalf(format string, args ...any) {
	l.log.Error("engine: " + describe(format, args))
	l.g.fatal(describe(format, args))
}
