// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob"
)

// source opens the object that a copy reads.
func (g *gateway) source(ctx context.Context, header *string, cond backend.PreConditions) (blob.Object, error) {
	bucket, key, version, err := backend.ParseCopySource(str(header))
	if err == nil {
		err = noVersion(&version)
	}
	if err == nil {
		err = g.exists(ctx, bucket)
	}
	if err != nil {
		return blob.Object{}, err
	}
	obj, err := g.stat(ctx, bucket, key)
	if err != nil {
		return obj, err
	}
	err = backend.EvaluatePreconditions(obj.ETag, obj.ModTime.Truncate(time.Second), cond)
	if errors.Is(err, s3err.GetAPIError(s3err.ErrNotModified)) {
		err = s3err.GetPreconditionFailedErr(s3err.ConditionIfNoneMatch) // a copy never answers 304
	}
	return obj, err
}

func (g *gateway) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	src, err := g.source(ctx, in.CopySource, backend.PreConditions{IfMatch: in.CopySourceIfMatch,
		IfNoneMatch: in.CopySourceIfNoneMatch, IfModSince: in.CopySourceIfModifiedSince,
		IfUnmodeSince: in.CopySourceIfUnmodifiedSince})
	if err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	to := blob.URI{Bucket: *in.Bucket, Key: *in.Key}
	if to == src.URI && in.MetadataDirective != types.MetadataDirectiveReplace {
		return s3response.CopyObjectOutput{}, s3err.GetAPIError(s3err.ErrInvalidCopyDest)
	}
	if err := noControls(to.Key); err != nil {
		return s3response.CopyObjectOutput{}, g.wire(err)
	}
	w, err := g.store.Create(ctx, to)
	if err != nil {
		return s3response.CopyObjectOutput{}, g.wire(err)
	}
	obj, err := g.copy(ctx, w, src, 0, src.Size)
	if err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	return s3response.CopyObjectOutput{CopyObjectResult: &s3response.CopyObjectResult{
		ETag: quoted(obj.ETag), LastModified: &obj.ModTime}}, nil
}

// copy fills w with a range of the version src.
func (g *gateway) copy(ctx context.Context, w blob.Writer, src blob.Object, start, length int64) (blob.Object, error) {
	defer w.Abort()
	r, _, err := g.store.Open(ctx, src.URI, start, src.ETag)
	if err != nil {
		return blob.Object{}, g.wireKey(err)
	}
	defer r.Close()
	return g.fill(w, io.LimitReader(r, length), &length)
}
