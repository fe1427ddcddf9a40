// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	aws "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/fault"
)

const minPart = 5 << 20 // bytes of every part but the last

func (g *gateway) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (
	s3response.InitiateMultipartUploadResult, error) {
	u := blob.URI{Bucket: *in.Bucket, Key: *in.Key}
	if err := noControls(u.Key); err != nil {
		return s3response.InitiateMultipartUploadResult{}, g.wire(err)
	}
	up, err := g.store.StartUpload(ctx, u)
	return s3response.InitiateMultipartUploadResult{Bucket: u.Bucket, Key: u.Key, UploadId: up.ID}, g.wire(err)
}

// upload finds an upload under the key that a request names.
func (g *gateway) upload(ctx context.Context, bucket, key, id *string) (file.Upload, error) {
	up, err := g.store.Upload(ctx, str(id))
	if err == nil && up.URI != (blob.URI{Bucket: str(bucket), Key: str(key)}) {
		err = fault.New(fault.NotFound, "the upload is of another key")
	}
	return up, g.wireUpload(err, str(id))
}

func (g *gateway) UploadPart(ctx context.Context, in *aws.UploadPartInput) (*aws.UploadPartOutput, error) {
	up, err := g.upload(ctx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return nil, err
	}
	body, err := verified(in.Body, sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumSHA1, in.ChecksumSHA256,
		in.ChecksumCRC64NVME, in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128})
	if err != nil {
		return nil, err
	}
	w, err := g.store.WritePart(ctx, up.ID, int(*in.PartNumber))
	if err != nil {
		return nil, g.wireUpload(err, up.ID)
	}
	obj, err := g.fill(w, body, in.ContentLength)
	if err != nil {
		return nil, g.wireUpload(err, up.ID)
	}
	return &aws.UploadPartOutput{ETag: quoted(obj.ETag)}, nil
}

func (g *gateway) UploadPartCopy(ctx context.Context, in *aws.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	up, err := g.upload(ctx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return s3response.CopyPartResult{}, err
	}
	src, err := g.source(ctx, in.CopySource, backend.PreConditions{IfMatch: in.CopySourceIfMatch,
		IfNoneMatch: in.CopySourceIfNoneMatch, IfModSince: in.CopySourceIfModifiedSince,
		IfUnmodeSince: in.CopySourceIfUnmodifiedSince})
	if err != nil {
		return s3response.CopyPartResult{}, err
	}
	start, length, err := backend.ParseCopySourceRange(src.Size, str(in.CopySourceRange))
	if err != nil {
		return s3response.CopyPartResult{}, err
	}
	length = min(length, src.Size-start)
	w, err := g.store.WritePart(ctx, up.ID, int(*in.PartNumber))
	if err != nil {
		return s3response.CopyPartResult{}, g.wireUpload(err, up.ID)
	}
	obj, err := g.copy(ctx, w, src, start, length)
	return s3response.CopyPartResult{ETag: quoted(obj.ETag), LastModified: obj.ModTime}, err
}

func (g *gateway) CompleteMultipartUpload(ctx context.Context, in *aws.CompleteMultipartUploadInput) (
	s3response.CompleteMultipartUploadResult, string, error) {
	none := s3response.CompleteMultipartUploadResult{}
	up, err := g.upload(ctx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return none, "", err
	}
	have, err := g.store.Parts(ctx, up.ID)
	if err != nil {
		return none, "", g.wireUpload(err, up.ID)
	}
	parts, err := agree(up.ID, in.MultipartUpload, have)
	if err != nil {
		return none, "", err
	}
	var size int64
	for _, p := range parts {
		size += p.Size
	}
	if in.MpuObjectSize != nil && *in.MpuObjectSize != size {
		return none, "", s3err.GetIncorrectMpObjectSizeErr(size, *in.MpuObjectSize)
	}
	obj, err := g.store.CompleteUpload(ctx, up.ID, parts, condition(in.IfMatch, in.IfNoneMatch))
	switch {
	case errors.Is(err, fault.Precondition): // a part was replaced meanwhile
		return none, "", s3err.GetAPIError(s3err.ErrInvalidPart)
	case err != nil:
		return none, "", g.wireUpload(err, up.ID)
	}
	return s3response.CompleteMultipartUploadResult{Bucket: in.Bucket, Key: in.Key, ETag: quoted(obj.ETag)}, "", nil
}

// agree matches the parts that a client lists with those that it has uploaded.
func agree(id string, list *types.CompletedMultipartUpload, have []file.Part) ([]file.Part, error) {
	if list == nil || len(list.Parts) == 0 {
		return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	parts := make([]file.Part, 0, len(list.Parts))
	for i, p := range list.Parts {
		if p.PartNumber == nil {
			return nil, s3err.GetAPIError(s3err.ErrMalformedXML)
		}
		n := int(*p.PartNumber)
		if i > 0 && n <= parts[i-1].Number {
			return nil, s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		at, ok := slices.BinarySearchFunc(have, n, func(p file.Part, n int) int { return cmp.Compare(p.Number, n) })
		if !ok || strings.Trim(str(p.ETag), `"`) != have[at].ETag {
			return nil, s3err.GetInvalidPartErr(id, int32(n), str(p.ETag))
		}
		parts = append(parts, have[at])
		if i > 0 && parts[i-1].Size < minPart {
			return nil, s3err.GetEntityTooSmallErr(parts[i-1].Size, minPart)
		}
	}
	return parts, nil
}

func (g *gateway) AbortMultipartUpload(ctx context.Context, in *aws.AbortMultipartUploadInput) error {
	up, err := g.upload(ctx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return err
	}
	return g.wireUpload(g.store.AbortUpload(ctx, up.ID), up.ID)
}

func (g *gateway) ListParts(ctx context.Context, in *aws.ListPartsInput) (s3response.ListPartsResult, error) {
	up, err := g.upload(ctx, in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return s3response.ListPartsResult{}, err
	}
	after, _ := strconv.Atoi(str(in.PartNumberMarker))
	out := s3response.ListPartsResult{Bucket: up.URI.Bucket, Key: up.URI.Key, UploadID: up.ID, PartNumberMarker: after,
		MaxParts: int(min(most(in.MaxParts), maxPage)), StorageClass: types.StorageClassStandard,
		Owner: s3response.Owner{ID: owner}, Initiator: s3response.Initiator{ID: owner}}
	parts, err := g.store.Parts(ctx, up.ID)
	if err != nil {
		return out, g.wireUpload(err, up.ID)
	}
	for _, p := range parts {
		if p.Number <= after {
			continue
		}
		if len(out.Parts) == out.MaxParts {
			out.IsTruncated = true
			break
		}
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, s3response.Part{PartNumber: p.Number, Size: p.Size, ETag: *quoted(p.ETag), LastModified: p.ModTime})
	}
	return out, nil
}

func (g *gateway) ListMultipartUploads(ctx context.Context, in *aws.ListMultipartUploadsInput) (
	s3response.ListMultipartUploadsResult, error) {
	out := s3response.ListMultipartUploadsResult{Bucket: *in.Bucket, Prefix: str(in.Prefix), Delimiter: str(in.Delimiter),
		KeyMarker: str(in.KeyMarker), UploadIDMarker: str(in.UploadIdMarker), MaxUploads: int(most(in.MaxUploads))}
	var list []s3response.Upload
	for up, err := range g.store.Uploads(ctx, out.Bucket) {
		if err != nil {
			return out, g.wire(err)
		}
		if strings.HasPrefix(up.URI.Key, out.Prefix) && (out.KeyMarker == "" || up.URI.Key > out.KeyMarker) {
			list = append(list, s3response.Upload{Key: up.URI.Key, UploadID: up.ID, Initiated: up.Started,
				StorageClass: types.StorageClassStandard, Owner: s3response.Owner{ID: owner}, Initiator: s3response.Initiator{ID: owner}})
		}
	}
	slices.SortFunc(list, func(a, b s3response.Upload) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.Initiated.Compare(b.Initiated))
	})
	p, err := backend.ListMultipartUploads(list, out.Prefix, out.Delimiter, out.KeyMarker, out.UploadIDMarker, out.MaxUploads)
	if err != nil {
		return out, g.wire(err)
	}
	out.Uploads, out.CommonPrefixes, out.IsTruncated = p.Uploads, p.CommonPrefixes, p.IsTruncated
	out.NextKeyMarker, out.NextUploadIDMarker = p.NextKeyMarker, p.NextUploadIDMarker
	return out, nil
}
