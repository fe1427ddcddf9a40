// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob"
	"galen/internal/fault"
)

const contentType = "binary/octet-stream" // S3's own for an object of which it knows none

func ptr[T any](v T) *T { return &v }

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// quoted is an ETag as HTTP has it.
func quoted(etag string) *string { return ptr(`"` + etag + `"`) }

func (g *gateway) stat(ctx context.Context, bucket, key string) (blob.Object, error) {
	obj, err := g.store.Stat(ctx, blob.URI{Bucket: bucket, Key: key})
	return obj, g.wireKey(err)
}

// wireKey is wire for reading: a key that cannot be there is not there.
func (g *gateway) wireKey(err error) error {
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.NotFound) {
		return s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	return g.wire(err)
}

// noVersion fails for a request that names a version: there is one of each object, called null.
func noVersion(id *string) error {
	if v := str(id); v != "" && v != "null" {
		return s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, v)
	}
	return nil
}

func (g *gateway) HeadObject(ctx context.Context, in *aws.HeadObjectInput) (*aws.HeadObjectOutput, error) {
	if err := noVersion(in.VersionId); err != nil {
		return nil, err
	}
	obj, err := g.stat(ctx, *in.Bucket, *in.Key)
	if err != nil {
		return nil, err
	}
	part, err := choose(obj, in.Range, in.PartNumber, backend.PreConditions{IfMatch: in.IfMatch,
		IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince})
	if err != nil {
		return nil, err
	}
	return &aws.HeadObjectOutput{AcceptRanges: ptr("bytes"), ContentLength: &part.length, ContentRange: part.header,
		ContentType: ptr(contentType), ETag: quoted(obj.ETag), LastModified: &obj.ModTime}, nil
}

func (g *gateway) GetObject(ctx context.Context, in *aws.GetObjectInput) (*aws.GetObjectOutput, error) {
	if err := noVersion(in.VersionId); err != nil {
		return nil, err
	}
	obj, err := g.stat(ctx, *in.Bucket, *in.Key)
	if err != nil {
		return nil, err
	}
	part, err := choose(obj, in.Range, in.PartNumber, backend.PreConditions{IfMatch: in.IfMatch,
		IfNoneMatch: in.IfNoneMatch, IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince})
	if err != nil {
		return nil, err
	}
	// The answer is read when this call has long returned, so it cannot carry the call's context: the library closes
	// the body when the client is gone.
	r, obj, err := g.store.Open(context.WithoutCancel(ctx), obj.URI, part.start, obj.ETag)
	if err != nil {
		if errors.Is(err, fault.Precondition) { // replaced since the line above
			return nil, s3err.GetAPIError(s3err.ErrSlowDown)
		}
		return nil, g.wireKey(err)
	}
	return &aws.GetObjectOutput{AcceptRanges: ptr("bytes"), Body: limited{io.LimitReader(r, part.length), r},
		ContentLength: &part.length, ContentRange: part.header, ContentType: ptr(contentType), ETag: quoted(obj.ETag),
		LastModified: &obj.ModTime}, nil
}

// limited reads a part of an object and closes the whole.
type limited struct {
	io.Reader
	io.Closer
}

// part is what of an object a request asks for.
type part struct {
	start, length int64
	header        *string // Content-Range; nil for the whole object
}

// choose tests the conditions of a request for obj and finds the part of it that the request wants.
func choose(obj blob.Object, byteRange *string, number *int32, cond backend.PreConditions) (part, error) {
	// Last-Modified has whole seconds, and conditions echo it.
	if err := backend.EvaluatePreconditions(obj.ETag, obj.ModTime.Truncate(time.Second), cond); err != nil {
		return part{}, err
	}
	if number != nil && *number > 1 {
		return part{}, s3err.GetInvalidPartNumberRangeErr(1, *number)
	}
	start, length, some, err := backend.ParseObjectRange(obj.Size, str(byteRange))
	if err != nil {
		return part{}, err
	}
	p := part{start: start, length: length}
	if some {
		p.header = ptr(fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, obj.Size))
	}
	return p, nil
}

func (g *gateway) DeleteObject(ctx context.Context, in *aws.DeleteObjectInput) (*aws.DeleteObjectOutput, error) {
	if err := noVersion(in.VersionId); err != nil {
		return nil, err
	}
	if in.IfMatch != nil || in.IfMatchSize != nil || in.IfMatchLastModifiedTime != nil {
		obj, err := g.stat(ctx, *in.Bucket, *in.Key)
		if err != nil {
			return nil, err
		}
		if err := backend.EvaluateObjectDeletePreconditions(obj.ETag, obj.ModTime, obj.Size,
			backend.ObjectDeletePreconditions{IfMatch: in.IfMatch, IfMatchSize: in.IfMatchSize,
				IfMatchLastModTime: in.IfMatchLastModifiedTime}); err != nil {
			return nil, err
		}
	}
	err := g.store.Delete(ctx, blob.URI{Bucket: *in.Bucket, Key: *in.Key})
	if errors.Is(err, fault.Invalid) { // it cannot be there
		err = nil
	}
	return &aws.DeleteObjectOutput{}, g.wire(err)
}

func (g *gateway) DeleteObjects(ctx context.Context, in *aws.DeleteObjectsInput) (s3response.DeleteResult, error) {
	var out s3response.DeleteResult
	for _, o := range in.Delete.Objects {
		_, err := g.DeleteObject(ctx, &aws.DeleteObjectInput{Bucket: in.Bucket, Key: o.Key, VersionId: o.VersionId,
			IfMatch: o.ETag, IfMatchSize: o.Size, IfMatchLastModifiedTime: o.LastModifiedTime})
		if err != nil {
			out.Error = append(out.Error, s3err.ObjectDeleteError(o.Key, o.VersionId, err))
			continue
		}
		out.Deleted = append(out.Deleted, types.DeletedObject{Key: o.Key, VersionId: o.VersionId})
	}
	return out, nil
}
