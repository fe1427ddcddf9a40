// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"galen/internal/blob"
	"galen/internal/fault"
)

// Config says where the endpoint is. The zero Config is AWS, as the environment configures it.
type Config struct {
	Endpoint  string // base URL; empty: that of the environment, or AWS's for the region
	Region    string // empty: that of the environment, or us-east-1
	PathStyle bool   // the bucket is in the path and not in the host; most endpoints other than AWS's need it
}

// Store is a blob.Store in an S3 endpoint.
type Store struct {
	client *s3.Client
}

var _ blob.Store = (*Store)(nil)

// Open configures a store. It does not reach for the endpoint; a wrong one shows at the first use.
func Open(ctx context.Context, c Config) (*Store, error) {
	opts := []func(*config.LoadOptions) error{config.WithDefaultRegion("us-east-1")}
	if c.Region != "" {
		opts = append(opts, config.WithRegion(c.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("s3 configuration: %w", err)
	}
	return &Store{s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		// What is sent is covered by its signature or by TLS; many endpoints refuse checksums they do not know.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})}, nil
}

// check fails with fault.Invalid for the name of an object that cannot be, or that HTTP would resolve to another.
func check(u blob.URI) error {
	if err := u.Check(); err != nil {
		return err
	}
	if u.Key == "" {
		return fault.New(fault.Invalid, "the key is empty")
	}
	for seg := range strings.SplitSeq(u.Key, "/") {
		if seg == "." || seg == ".." {
			return fault.New(fault.Invalid, "the key has a segment '.' or '..'")
		}
	}
	return nil
}

// Exists implements blob.Store.
func (s *Store) Exists(ctx context.Context, bucket string) (bool, error) {
	if err := blob.CheckBucket(bucket); err != nil {
		return false, err
	}
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	if err = failed(ctx, err, "the bucket"); errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix blob.URI) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		if err := prefix.Check(); err != nil {
			yield(blob.Object{}, err)
			return
		}
		if prefix.Key != "" && !strings.HasSuffix(prefix.Key, "/") {
			obj, err := s.Stat(ctx, prefix)
			switch {
			case err == nil && !yield(obj, nil):
				return
			case err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Invalid):
				yield(blob.Object{}, err)
				return
			}
		}
		s.page(ctx, prefix.Folder(), yield)
	}
}

// page yields the objects whose keys begin with prefix, page by page.
func (s *Store) page(ctx context.Context, prefix blob.URI, yield func(blob.Object, error) bool) {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &prefix.Bucket, Prefix: &prefix.Key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			yield(blob.Object{}, failed(ctx, err, "the bucket"))
			return
		}
		for _, o := range page.Contents {
			u := blob.URI{Bucket: prefix.Bucket, Key: aws.ToString(o.Key)}
			if !yield(describe(u, aws.ToInt64(o.Size), o.LastModified, o.ETag), nil) {
				return
			}
		}
	}
}

func describe(u blob.URI, size int64, modified *time.Time, etag *string) blob.Object {
	return blob.Object{URI: u, Size: size, ModTime: aws.ToTime(modified).UTC().Truncate(time.Second),
		ETag: strings.Trim(aws.ToString(etag), `"`)}
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, u blob.URI) (blob.Object, error) {
	if err := check(u); err != nil {
		return blob.Object{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &u.Bucket, Key: &u.Key})
	if err != nil {
		return blob.Object{}, failed(ctx, err, theObject)
	}
	return describe(u, aws.ToInt64(out.ContentLength), out.LastModified, out.ETag), nil
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, u blob.URI, offset int64, ifMatch string) (io.ReadCloser, blob.Object, error) {
	if offset < 0 {
		return nil, blob.Object{}, fault.New(fault.Invalid, "the offset is negative")
	}
	if err := check(u); err != nil {
		return nil, blob.Object{}, err
	}
	body, obj, err := s.download(ctx, u, offset, ifMatch)
	if err != nil {
		return nil, blob.Object{}, err
	}
	return &reader{ctx: ctx, s: s, body: body, obj: obj, at: min(offset, obj.Size)}, obj, nil
}

// download opens one stream of an object from offset on.
func (s *Store) download(ctx context.Context, u blob.URI, offset int64, ifMatch string) (io.ReadCloser, blob.Object, error) {
	in := &s3.GetObjectInput{Bucket: &u.Bucket, Key: &u.Key}
	if ifMatch != "" {
		in.IfMatch = aws.String(`"` + ifMatch + `"`)
	}
	if offset > 0 {
		in.Range = aws.String("bytes=" + strconv.FormatInt(offset, 10) + "-")
	}
	out, err := s.client.GetObject(ctx, in)
	if outOfRange(err) { // at or past the end
		obj, err := s.Stat(ctx, u)
		if err == nil && (ifMatch != "" && obj.ETag != ifMatch || obj.Size > offset) {
			err = fault.New(fault.Precondition, "the object has changed since it was listed")
		}
		return io.NopCloser(strings.NewReader("")), obj, err
	}
	if err != nil {
		return nil, blob.Object{}, failed(ctx, err, theObject)
	}
	size := aws.ToInt64(out.ContentLength)
	if offset > 0 {
		_, total, _ := strings.Cut(aws.ToString(out.ContentRange), "/")
		if size, err = strconv.ParseInt(total, 10, 64); err != nil {
			out.Body.Close()
			return nil, blob.Object{}, fault.New(fault.Unavailable, "the object store answers a range without its size")
		}
	}
	return out.Body, describe(u, size, out.LastModified, out.ETag), nil
}

// resumes is how often in a row a download is taken up again without having got a byte.
const resumes = 3

// reader reads one version of an object, over as many streams as it takes.
type reader struct {
	ctx   context.Context // the call that opened it
	s     *Store
	body  io.ReadCloser
	obj   blob.Object
	at    int64 // next byte
	tries int
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.tries = 0
			return n, nil // an error comes again at the next call
		}
		switch {
		case err == nil:
			return 0, nil
		case err == io.EOF && r.at >= r.obj.Size:
			return 0, io.EOF
		case r.ctx.Err() != nil:
			return 0, r.ctx.Err()
		case r.tries == resumes:
			return 0, fault.Wrap(fault.Unavailable, err, "the object store breaks off while it is read")
		}
		r.tries++
		r.body.Close()
		r.body, _, err = r.s.download(r.ctx, r.obj.URI, r.at, r.obj.ETag)
		if err != nil {
			r.body = io.NopCloser(strings.NewReader(""))
			return 0, err
		}
	}
}

func (r *reader) Close() error { return r.body.Close() }

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, u blob.URI) error {
	if err := check(u); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &u.Bucket, Key: &u.Key})
	if err = failed(ctx, err, theObject); !errors.Is(err, fault.NotFound) {
		return err
	}
	if ok, e := s.Exists(ctx, u.Bucket); e != nil || !ok {
		return err // the bucket is not there
	}
	return nil
}
