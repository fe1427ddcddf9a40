// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	aws "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob/file"
	"galen/internal/fault"
)

// gateway is the store as the library wants it. What it does not define is answered NotImplemented.
type gateway struct {
	backend.BackendUnsupported
	store *file.Store
	log   *slog.Logger
}

var _ backend.Backend = (*gateway)(nil)

func (g *gateway) String() string { return "folders" }

func (g *gateway) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	out := s3response.ListAllMyBucketsResult{Owner: s3response.CanonicalUser{ID: owner}, Prefix: in.Prefix}
	buckets, err := g.store.Buckets(ctx)
	if err != nil {
		return out, g.wire(err)
	}
	for _, b := range buckets {
		if !strings.HasPrefix(b.Name, in.Prefix) || b.Name <= in.ContinuationToken {
			continue
		}
		if n := len(out.Buckets.Bucket); in.MaxBuckets > 0 && n == int(in.MaxBuckets) {
			out.ContinuationToken = out.Buckets.Bucket[n-1].Name
			break
		}
		out.Buckets.Bucket = append(out.Buckets.Bucket,
			s3response.ListAllMyBucketsEntry{Name: b.Name, CreationDate: b.ModTime})
	}
	return out, nil
}

func (g *gateway) CreateBucket(ctx context.Context, in *aws.CreateBucketInput, _ []byte) error {
	err := g.store.CreateBucket(ctx, *in.Bucket)
	if errors.Is(err, fault.Conflict) {
		return s3err.GetBucketErr(s3err.ErrBucketAlreadyOwnedByYou, *in.Bucket)
	}
	return g.wireBucket(err, *in.Bucket)
}

func (g *gateway) DeleteBucket(ctx context.Context, bucket string) error {
	err := g.store.DeleteBucket(ctx, bucket)
	if errors.Is(err, fault.Conflict) {
		return s3err.GetBucketErr(s3err.ErrBucketNotEmpty, bucket)
	}
	return g.wireBucket(err, bucket)
}

func (g *gateway) HeadBucket(ctx context.Context, in *aws.HeadBucketInput) (*aws.HeadBucketOutput, error) {
	return &aws.HeadBucketOutput{}, g.exists(ctx, *in.Bucket)
}

// exists fails if there is no such bucket.
func (g *gateway) exists(ctx context.Context, bucket string) error {
	ok, err := g.store.Exists(ctx, bucket)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "the bucket does not exist")
	}
	return g.wireBucket(err, bucket)
}

// GetBucketAcl says whom a bucket belongs to. The library asks it before every other operation on the bucket.
func (g *gateway) GetBucketAcl(ctx context.Context, in *aws.GetBucketAclInput) ([]byte, error) {
	if err := g.exists(ctx, *in.Bucket); err != nil {
		return nil, err
	}
	return json.Marshal(auth.ACL{Owner: owner})
}

// What follows is what S3 answers for a bucket that has never been given any of it.

func (g *gateway) GetBucketVersioning(context.Context, string) (s3response.GetBucketVersioningOutput, error) {
	return s3response.GetBucketVersioningOutput{}, nil
}

func (g *gateway) GetBucketPolicy(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucketPolicy, bucket)
}

func (g *gateway) GetBucketCors(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchCORSConfiguration, bucket)
}

func (g *gateway) GetBucketWebsite(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchWebsiteConfiguration, bucket)
}

func (g *gateway) GetBucketTagging(_ context.Context, bucket string) (map[string]string, error) {
	return nil, s3err.GetBucketErr(s3err.ErrBucketTaggingNotFound, bucket)
}

func (g *gateway) GetBucketOwnershipControls(context.Context, string) (types.ObjectOwnership, error) {
	return types.ObjectOwnershipBucketOwnerEnforced, nil
}

func (g *gateway) GetObjectLockConfiguration(_ context.Context, bucket string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrObjectLockConfigurationNotFound, bucket)
}

func (g *gateway) GetObjectTagging(ctx context.Context, bucket, key, _ string) (map[string]string, error) {
	_, err := g.stat(ctx, bucket, key)
	return map[string]string{}, err
}
