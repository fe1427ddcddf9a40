// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// Object describes one version of an object.
type Object struct {
	URI     URI
	Size    int64     // bytes
	ModTime time.Time // UTC
	ETag    string    // names this version; opaque, not empty
}

// Store is a place that keeps objects. The package comment numbers what holds for every one.
type Store interface {
	// Exists reports whether the bucket is there. It fails with fault.Forbidden if the caller may not know and
	// fault.Unavailable if the place does not answer.
	Exists(ctx context.Context, bucket string) (bool, error)

	// List yields the objects that prefix takes (B4), in key order (B3). It yields an error at most once, last. A
	// prefix without objects yields nothing; a missing bucket yields fault.NotFound.
	List(ctx context.Context, prefix URI) iter.Seq2[Object, error]

	// Stat describes the object, or fails with fault.NotFound.
	Stat(ctx context.Context, u URI) (Object, error)

	// Open reads the object from byte offset on; an offset at or past the end gives an empty stream. If ifMatch is not
	// empty the object must still be that version (B5). The caller closes the reader.
	Open(ctx context.Context, u URI, offset int64, ifMatch string) (io.ReadCloser, Object, error)

	// Create begins to write the object. The bucket must be there. The caller ends the Writer with Commit or Abort.
	Create(ctx context.Context, u URI) (Writer, error)

	// Delete removes the object (B9).
	Delete(ctx context.Context, u URI) error
}

// Writer takes the bytes of one object. It keeps a bounded part of them in memory.
type Writer interface {
	io.Writer

	// Commit makes the object visible and durable (B1, B2) and describes it. After an error nothing is visible and
	// the Writer is done, as after Abort.
	Commit() (Object, error)

	// Abort drops what was written. After Commit, or a second time, it does nothing, so that it can be deferred.
	Abort()
}
