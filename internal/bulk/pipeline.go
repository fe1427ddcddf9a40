// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"galen/internal/store"
)

// task is a chunk of a file on its way: read, prepared, committed. The last of a file has no lines.
type task struct {
	file  *file
	chunk chunk
	last  bool
	err   error // with last: why the file could not be read to its end

	prepared chan struct{} // closed when changes and outcomes are there
	changes  []*store.Change
	outcomes []outcome // of every line, in order
	bytes    int64     // of the lines that became changes
}

// dropThrough takes out the lines up to number, which were dealt with before.
func (t *task) dropThrough(number int64) {
	i := 0
	for i < len(t.chunk.lines) && t.chunk.lines[i].number <= number {
		i++
	}
	t.chunk.lines = t.chunk.lines[i:]
}

// buffers keeps the bytes of chunks for reuse.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (im *importer) newTask(f *file) *task {
	return &task{file: f, chunk: chunk{bytes: (*buffers.Get().(*[]byte))[:0]}, prepared: make(chan struct{})}
}

// free gives the chunk's bytes back; nothing made from them refers to them.
func (t *task) free() {
	if cap(t.chunk.bytes) > 0 && cap(t.chunk.bytes) <= 4*chunkBytes {
		b := t.chunk.bytes
		buffers.Put(&b)
	}
	t.chunk.bytes = nil
}

// pipeline reads the files in order, prepares their lines on all cores, commits them in order, and writes each file's logs when
// it is done. At most two tasks a worker are under way.
func (im *importer) pipeline(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan *task)
	order := make(chan *task, 2*im.opt.Workers)
	finished := make(chan *file, 16)
	group.Go(func() error {
		defer close(order)
		defer close(work)
		return im.read(ctx, work, order)
	})
	for range im.opt.Workers {
		group.Go(func() error {
			p := im.newPreparer()
			for t := range work {
				p.prepare(t)
				t.free()
				close(t.prepared)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(finished)
		return im.commitAll(ctx, order, finished)
	})
	group.Go(func() error {
		for f := range finished {
			if err := im.writeLogs(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// read sends every file's tasks: to the workers those with lines, and to the committer all, in order.
func (im *importer) read(ctx context.Context, work, order chan<- *task) error {
	send := func(t *task) error {
		if !t.last {
			select {
			case work <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case order <- t:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return im.eachFile(ctx, func(f *file) error {
		switch {
		case f.Logged:
			return nil
		case f.Done:
			return send(&task{file: f, last: true, chunk: chunk{number: f.Number, read: f.Read}})
		}
		return im.readFile(ctx, f, send)
	})
}
