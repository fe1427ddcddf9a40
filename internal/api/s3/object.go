// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob"
	"galen/internal/blob/file"
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

func (g *gateway) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	u := blob.URI{Bucket: *in.Bucket, Key: *in.Key}
	body, err := verified(in.Body, sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumSHA1, in.ChecksumSHA256,
		in.ChecksumCRC64NVME, in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128})
	if err != nil {
		return s3response.PutObjectOutput{}, err
	}
	if err := noControls(u.Key); err != nil {
		return s3response.PutObjectOutput{}, g.wire(err)
	}
	w, err := g.store.CreateIf(ctx, u, condition(in.IfMatch, in.IfNoneMatch))
	if err != nil {
		return s3response.PutObjectOutput{}, g.wire(err)
	}
	obj, err := g.fill(w, body, in.ContentLength)
	return s3response.PutObjectOutput{ETag: *quoted(obj.ETag), Size: &obj.Size}, err
}

// noControls refuses a key that a listing in XML 1.0 could not show.
func noControls(key string) error {
	if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF }) {
		return fault.New(fault.Invalid, "the key holds a control character")
	}
	return nil
}

// condition is the condition of a write's headers, nil if it has none.
func condition(ifMatch, ifNoneMatch *string) file.Condition {
	if ifMatch == nil && ifNoneMatch == nil {
		return nil
	}
	return func(current blob.Object, there bool) error {
		return backend.EvaluateObjectPutPreconditions(current.ETag, ifMatch, ifNoneMatch, there)
	}
}

// fill copies body to w and commits it, if it has the length that was announced.
func (g *gateway) fill(w blob.Writer, body io.Reader, length *int64) (blob.Object, error) {
	defer w.Abort()
	n, err := io.Copy(w, body)
	if err != nil {
		return blob.Object{}, g.wire(err)
	}
	if length != nil && n != *length {
		return blob.Object{}, s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	obj, err := w.Commit()
	return obj, g.wire(err)
}

// sums are the checksums in a request's headers, in the order of sumTypes. Those in a trailer the library verifies.
type sums [10]*string

var sumTypes = [len(sums{})]utils.HashType{utils.HashTypeCRC32, utils.HashTypeCRC32C, utils.HashTypeSha1,
	utils.HashTypeSha256, utils.HashTypeCRC64NVME, utils.HashTypeSha512, utils.HashTypeMd5, utils.HashTypeXXHASH64,
	utils.HashTypeXXHASH3, utils.HashTypeXXHASH128}

// verified returns a reader of body that fails at the end if a checksum does not match.
func verified(body io.Reader, want sums) (io.Reader, error) {
	if body == nil {
		body = strings.NewReader("")
	}
	for i, sum := range want {
		if str(sum) == "" {
			continue
		}
		r, err := utils.NewHashReader(body, *sum, sumTypes[i])
		if err != nil {
			return nil, err
		}
		body = r
	}
	return body, nil
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
