// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"encoding/base64"
	"strings"

	aws "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob/file"
)

const maxPage = 1000 // entries of a listing's page

// page is a page of a listing.
type page struct {
	objects  []s3response.Object
	prefixes []types.CommonPrefix
	last     string // what the next page comes after
	more     bool
}

// list reads one page: the keys after one key that begin with prefix, those with the delimiter past it as one.
func (g *gateway) list(ctx context.Context, bucket, prefix, delimiter, after string, most int32) (page, error) {
	var p page
	most = min(most, maxPage)
	if most <= 0 {
		return p, g.exists(ctx, bucket)
	}
	for e, err := range g.store.Scan(ctx, bucket, file.Scan{Prefix: prefix, After: after, Folders: delimiter == "/"}) {
		if err != nil {
			return p, g.wireBucket(err, bucket)
		}
		key, folder := e.URI.Key, e.Folder
		if !folder && delimiter != "" {
			if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
				key, folder = key[:len(prefix)+i+len(delimiter)], true
			}
		}
		if folder && (key == p.last || key == after) { // in this page already, or in the one before
			continue
		}
		if len(p.objects)+len(p.prefixes) == int(most) {
			p.more = true
			return p, nil
		}
		p.last = key
		if folder {
			p.prefixes = append(p.prefixes, types.CommonPrefix{Prefix: &key})
			continue
		}
		p.objects = append(p.objects, s3response.Object{Key: &key, Size: &e.Size, ETag: quoted(e.ETag),
			LastModified: &e.ModTime, StorageClass: types.ObjectStorageClassStandard})
	}
	return p, nil
}

func (g *gateway) ListObjects(ctx context.Context, in *aws.ListObjectsInput) (s3response.ListObjectsResult, error) {
	p, err := g.list(ctx, *in.Bucket, str(in.Prefix), str(in.Delimiter), str(in.Marker), most(in.MaxKeys))
	out := s3response.ListObjectsResult{Name: in.Bucket, Prefix: in.Prefix, Marker: in.Marker, Delimiter: in.Delimiter,
		MaxKeys: in.MaxKeys, Contents: p.objects, CommonPrefixes: p.prefixes, IsTruncated: &p.more}
	for i := range out.Contents {
		out.Contents[i].Owner = &types.Owner{ID: ptr(owner)}
	}
	if p.more {
		out.NextMarker = &p.last
	}
	return out, err
}

func (g *gateway) ListObjectsV2(ctx context.Context, in *aws.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	after := str(in.StartAfter)
	if token := str(in.ContinuationToken); token != "" {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return s3response.ListObjectsV2Result{}, s3err.APIError{Code: "InvalidArgument",
				Description: "The continuation token provided is incorrect", HTTPStatusCode: 400}
		}
		after = string(b)
	}
	p, err := g.list(ctx, *in.Bucket, str(in.Prefix), str(in.Delimiter), after, most(in.MaxKeys))
	out := s3response.ListObjectsV2Result{Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter,
		StartAfter: in.StartAfter, MaxKeys: in.MaxKeys, Contents: p.objects, CommonPrefixes: p.prefixes,
		IsTruncated: &p.more, KeyCount: ptr(int32(len(p.objects) + len(p.prefixes)))}
	if str(in.ContinuationToken) != "" {
		out.ContinuationToken = in.ContinuationToken
	}
	if in.FetchOwner != nil && *in.FetchOwner {
		for i := range out.Contents {
			out.Contents[i].Owner = &types.Owner{ID: ptr(owner)}
		}
	}
	if p.more {
		out.NextContinuationToken = ptr(base64.RawURLEncoding.EncodeToString([]byte(p.last)))
	}
	return out, err
}

func most(n *int32) int32 {
	if n == nil {
		return maxPage
	}
	return *n
}
