// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"

	"galen/internal/blob"
	"galen/internal/fault"
)

// chunkBytes is what a chunk aims at: large enough to be worth a hand-over, small enough that all cores get some of a file.
const chunkBytes = 256 << 10

// readTries is how often reading a file is taken up again while object storage is unavailable, with growing pauses.
const readTries = 5

// readFile sends the chunks of f from where it is, and then the end of f, with why it could not be read if it could not.
// It fails only if ctx ends.
func (im *importer) readFile(ctx context.Context, f *file, send func(*task) error) error {
	at := place{number: f.Number, read: f.Read}
	var err error
	for try := range readTries {
		if err = pause(ctx, try); err != nil {
			return err
		}
		err = im.readFrom(ctx, f, &at, send)
		if err == nil || ctx.Err() != nil || !errors.Is(err, fault.Unavailable) {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return send(&task{file: f, last: true, chunk: chunk{number: at.number, read: at.read}, err: err})
}

// pause waits before the second and every later try.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(1<<try) * 100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// place is a place between two lines of a file.
type place struct{ number, read int64 }

// readFrom sends the chunks of f from at on, and moves at along.
func (im *importer) readFrom(ctx context.Context, f *file, at *place, send func(*task) error) error {
	offset, begin := at.read, *at
	if f.compressed() {
		offset, begin = 0, place{}
	}
	root, err := blob.ParseURI(im.spec.Input)
	if err != nil {
		return err
	}
	object, _, err := im.blobs.Open(ctx, blob.URI{Bucket: root.Bucket, Key: f.Key}, offset, f.ETag)
	if err != nil {
		return err
	}
	defer object.Close()
	var r io.Reader = object
	if f.compressed() {
		z, err := gzip.NewReader(bufio.NewReaderSize(object, 64<<10))
		if err != nil {
			return badFile(err)
		}
		r = z
	}
	l := &lineReader{r: r, max: im.opt.MaxLine, chunk: chunkBytes, number: begin.number, read: begin.read}
	for more := true; more; {
		t := im.newTask(f)
		more, err = l.next(&t.chunk)
		t.dropThrough(at.number)
		if t.chunk.number > at.number {
			*at = place{t.chunk.number, t.chunk.read}
			if serr := send(t); serr != nil {
				return serr
			}
		}
	}
	return badFile(err)
}

// badFile classifies what reading a file ended with: faults stay, anything else is the file's own damage.
func badFile(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Wrap(fault.Unprocessable, err, "the file is damaged: it cannot be decompressed or read to its end")
}
