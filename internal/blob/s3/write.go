// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"bytes"
	"context"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"galen/internal/blob"
	"galen/internal/fault"
)

const (
	firstPart = 8 << 20 // bytes of the first parts; they double after each growAfter
	growAfter = 2000
	maxParts  = 10000

	abortTime = 30 * time.Second // to tell the endpoint that an upload ends, whatever became of the caller
)

// partSize is how many bytes the part of a number has, so that 10,000 of them make 496 GB.
func partSize(number int) int { return firstPart << ((number - 1) / growAfter) }

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, u blob.URI) (blob.Writer, error) {
	if err := check(u); err != nil {
		return nil, err
	}
	return &writer{ctx: ctx, s: s, u: u}, nil
}

// writer gathers a part and sends it when it is full.
type writer struct {
	ctx   context.Context // the call that opened it
	s     *Store
	u     blob.URI
	buf   bytes.Buffer
	id    *string               // of the multipart upload; nil while everything fits into one part
	parts []types.CompletedPart // sent
	size  int64
	done  bool
	err   error // the first failure; the writer is of no more use
}

func (w *writer) Write(p []byte) (n int, err error) {
	if w.done {
		return 0, fs.ErrClosed
	}
	for len(p) > 0 && w.err == nil {
		if w.err = w.ctx.Err(); w.err != nil {
			break
		}
		room := partSize(len(w.parts)+1) - w.buf.Len()
		if room == 0 {
			w.err = w.send()
			continue
		}
		m, _ := w.buf.Write(p[:min(room, len(p))])
		p = p[m:]
		n += m
		w.size += int64(m)
	}
	return n, w.err
}

// send uploads the gathered bytes as the next part.
func (w *writer) send() error {
	if w.id == nil {
		out, err := w.s.client.CreateMultipartUpload(w.ctx, &s3.CreateMultipartUploadInput{Bucket: &w.u.Bucket, Key: &w.u.Key})
		if err != nil {
			return failed(w.ctx, err, theObject)
		}
		w.id = out.UploadId
	}
	number := int32(len(w.parts) + 1)
	if number > maxParts {
		return fault.New(fault.TooLarge, "the object is larger than %d parts hold", maxParts)
	}
	out, err := w.s.client.UploadPart(w.ctx, &s3.UploadPartInput{Bucket: &w.u.Bucket, Key: &w.u.Key, UploadId: w.id,
		PartNumber: &number, Body: bytes.NewReader(w.buf.Bytes())})
	if err != nil {
		return failed(w.ctx, err, theObject)
	}
	w.parts = append(w.parts, types.CompletedPart{PartNumber: &number, ETag: out.ETag})
	w.buf.Reset()
	return nil
}

// Commit implements blob.Writer.
func (w *writer) Commit() (blob.Object, error) {
	if w.done {
		return blob.Object{}, fs.ErrClosed
	}
	defer w.Abort()
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return blob.Object{}, w.err
	}
	etag, err := w.put()
	if err != nil {
		return blob.Object{}, failed(w.ctx, err, theObject)
	}
	w.id = nil // nothing is left to abort
	obj := describe(w.u, w.size, aws.Time(time.Now()), etag)
	if now, err := w.s.Stat(w.ctx, w.u); err == nil && now.ETag == obj.ETag {
		return now, nil
	}
	return obj, nil // it is there, and another writer has been here since
}

// put makes the object of what was written and returns its ETag.
func (w *writer) put() (*string, error) {
	if w.id == nil {
		out, err := w.s.client.PutObject(w.ctx, &s3.PutObjectInput{Bucket: &w.u.Bucket, Key: &w.u.Key,
			Body: bytes.NewReader(w.buf.Bytes())})
		if err != nil {
			return nil, err
		}
		return out.ETag, nil
	}
	if w.buf.Len() > 0 {
		if err := w.send(); err != nil {
			return nil, err
		}
	}
	out, err := w.s.client.CompleteMultipartUpload(w.ctx, &s3.CompleteMultipartUploadInput{Bucket: &w.u.Bucket,
		Key: &w.u.Key, UploadId: w.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts}})
	if err != nil {
		return nil, err
	}
	return out.ETag, nil
}

// Abort implements blob.Writer.
func (w *writer) Abort() {
	if w.done {
		return
	}
	w.done = true
	w.buf = bytes.Buffer{}
	if w.id == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTime)
	defer cancel()
	// An endpoint that cannot be told keeps the parts until its own rule for unfinished uploads drops them.
	_, _ = w.s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.u.Bucket, Key: &w.u.Key, UploadId: w.id})
}
