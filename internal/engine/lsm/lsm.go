// SPDX-License-Identifier: Apache-2.0

package lsm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"galen/internal/engine"
	"galen/internal/fault"
)

// formatVersion is that of docs/formats/engine.md. It is in the row of spaceMeta named "format".
const formatVersion = 1

// Engine is the data of one folder, which only one process has open at a time. It is safe for concurrent use.
type Engine struct {
	db     *pebble.DB
	cache  *pebble.Cache
	guard  *guard
	views  views
	slot   chan struct{} // held by who checks conditions and writes
	folder *folder
	calls  sync.WaitGroup

	writers sync.Pool // of *postingWriter

	mu     sync.Mutex
	closed bool // no call begins any more
}

// Open opens the engine in dir, which it makes if need be (mode 0700, files 0600). It fails with fault.Conflict if another
// process has it open, fault.Unsupported if a newer galen wrote it, and fault.Unavailable if the disk refuses.
func Open(dir string, o Options) (*Engine, error) {
	o = o.withDefaults()
	base := o.FS
	if base == nil {
		base = vfs.Default
	}
	e, err := openOnce(base, dir, o)
	if errors.Is(err, fs.ErrNotExist) && unborn(base, dir) {
		if err := removeAll(base, dir); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "what is left of a store that was never finished cannot be removed")
		}
		e, err = openOnce(base, dir, o)
	}
	if err != nil {
		return nil, err
	}
	e.folder.done.Add(1)
	go e.folder.run(e)
	return e, nil
}

// openOnce opens the folder, with a guard of its own.
func openOnce(base vfs.FS, dir string, o Options) (*Engine, error) {
	g := newGuard(base, dir, o)
	if err := g.MkdirAll(dir, dirMode); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the data folder cannot be made")
	}
	if base == vfs.Default {
		if err := os.Chmod(dir, dirMode); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the data folder is not this user's")
		}
	}
	e := &Engine{guard: g, slot: make(chan struct{}, 1), folder: newFolder()}
	if err := e.open(dir, o); err != nil {
		return nil, errors.Join(err, e.unlock())
	}
	return e, nil
}

// open opens pebble, in a goroutine of its own, which is ended where pebble would end the process.
func (e *Engine) open(dir string, o Options) error {
	e.cache = pebble.NewCache(o.CacheBytes)
	po := pebbleOptions(o, e.guard, e.cache, e.folder)
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%v", r) // pebble panics where it cannot go on
			}
		}()
		var db *pebble.DB
		if db, err = pebble.Open(dir, po); err == nil {
			e.db, e.views.db = db, db
			e.guard.arm()
		}
	}()
	<-done
	if e.db == nil {
		e.cache.Unref()
		if err == nil {
			err = errors.New(e.guard.died)
		}
		if e.guard.lockErr != nil && !errors.Is(err, fs.ErrPermission) {
			return fault.New(fault.Conflict, "the data folder is in use by another process: stop that one, or use another folder")
		}
		return fault.Wrap(fault.Unavailable, err, "the data cannot be opened")
	}
	if err := e.checkFormat(); err != nil {
		return errors.Join(err, e.shut())
	}
	return nil
}

// checkFormat reads the version of the format, and writes it where there is none yet.
func (e *Engine) checkFormat() error {
	key := appendKey(nil, spaceMeta, []byte("format"))
	value, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		b := e.db.NewBatch()
		err := b.Set(key, binary.BigEndian.AppendUint32(nil, formatVersion), nil)
		if err != nil {
			return unreadable(err)
		}
		return e.commit(b, func() {})
	}
	if err != nil {
		return unreadable(err)
	}
	defer closer.Close()
	if len(value) != 4 {
		return fault.New(fault.Internal, "the data's format version is damaged")
	}
	if v := binary.BigEndian.Uint32(value); v != formatVersion {
		return fault.New(fault.Unsupported, "the data has format %d, this server knows %d", v, formatVersion)
	}
	return nil
}

// unreadable is the error for what could not be read.
func unreadable(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the data cannot be read")
}

var errClosed = fault.New(fault.Unavailable, "the store is closed")

// enter begins a call, which must end with calls.Done.
func (e *Engine) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	e.calls.Add(1)
	return nil
}

// Close implements engine.Engine. It waits for the calls that are under way. What is in memory is sorted and written, so
// that the next Open is quick.
func (e *Engine) Close() error {
	e.mu.Lock()
	again := e.closed
	e.closed = true
	e.mu.Unlock()
	if again {
		return nil
	}
	e.folder.close()
	e.calls.Wait()
	return errors.Join(e.shut(), e.unlock())
}

// shut closes pebble. If the disk fails, or is full, pebble is left as it stands; everything answered is in its log.
func (e *Engine) shut() error {
	down, why := e.guard.admit(0)
	if why != nil {
		e.guard.fail(why)
		return nil
	}
	done := make(chan error, 1)
	go func() {
		e.views.close()
		err := errors.Join(e.db.Flush(), e.db.Close())
		e.cache.Unref()
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("close the engine: %w", err)
		}
	case <-down:
		e.guard.fail(e.guard.why())
	}
	return nil
}

// unlock lets go of the folder.
func (e *Engine) unlock() error {
	if e.guard.held == nil {
		return nil
	}
	return e.guard.held.Close()
}

// DiskBytes implements engine.Sized.
func (e *Engine) DiskBytes(ctx context.Context) (int64, error) {
	if err := e.enter(ctx); err != nil {
		return 0, err
	}
	defer e.calls.Done()
	return int64(e.db.Metrics().DiskSpaceUsage()), nil
}

// TableBytes returns the bytes of the sorted tables that hold data, without logs and what is about to be deleted.
func (e *Engine) TableBytes(ctx context.Context) (int64, error) {
	if err := e.enter(ctx); err != nil {
		return 0, err
	}
	defer e.calls.Done()
	return int64(e.db.Metrics().Total().TablesSize), nil
}

// Flush writes what is in memory into sorted tables. It is for tests and benchmarks.
func (e *Engine) Flush(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.calls.Done()
	return e.db.Flush()
}

// Snapshot implements engine.Engine.
func (e *Engine) Snapshot(ctx context.Context) (engine.Snapshot, error) {
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer e.calls.Done()
	return &snapshot{e: e, db: e.views.open()}, nil
}
