// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"galen/internal/api/s3"
	"galen/internal/blob"
	"galen/internal/blob/blobtest"
	"galen/internal/blob/file"
)

const key, secret = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// server is the API on an address, with the folders under it.
type server struct {
	url   string
	root  string
	store *file.Store
	known atomic.Pointer[map[string]string] // access key to secret
}

func start(t testing.TB) *server {
	t.Helper()
	srv := &server{root: filepath.Join(t.TempDir(), "s3")}
	srv.known.Store(&map[string]string{key: secret})
	var err error
	if srv.store, err = file.Open(srv.root); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.store.Close() })
	api, err := s3.New(srv.store, func(k string) (string, bool) { s, ok := (*srv.known.Load())[k]; return s, ok }, s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	front := httptest.NewServer(api)
	t.Cleanup(front.Close)
	srv.url = front.URL
	return srv
}

func (s *server) client(access, secret string) *sdk.Client {
	return sdk.New(sdk.Options{BaseEndpoint: &s.url, UsePathStyle: true, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, "")})
}

// open starts a server with a bucket and returns a client of it.
func open(t testing.TB) (*server, *sdk.Client) {
	t.Helper()
	srv := start(t)
	c := srv.client(key, secret)
	if _, err := c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String(blobtest.Bucket)}); err != nil {
		t.Fatal(err)
	}
	return srv, c
}

var bucket = aws.String(blobtest.Bucket)

func put(t testing.TB, c *sdk.Client, k, body string) string {
	t.Helper()
	out, err := c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: &k, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("PutObject %q: %v", k, err)
	}
	return *out.ETag
}

func get(t testing.TB, c *sdk.Client, k, byteRange string) string {
	t.Helper()
	in := &sdk.GetObjectInput{Bucket: bucket, Key: &k}
	if byteRange != "" {
		in.Range = &byteRange
	}
	out, err := c.GetObject(t.Context(), in)
	if err != nil {
		t.Fatalf("GetObject %q: %v", k, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("GetObject %q: %v", k, err)
	}
	return string(b)
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestBuckets(t *testing.T) {
	_, c := open(t)
	list, err := c.ListBuckets(t.Context(), &sdk.ListBucketsInput{})
	if err != nil || len(list.Buckets) != 1 || *list.Buckets[0].Name != blobtest.Bucket {
		t.Errorf("ListBuckets = %+v, %v", list, err)
	}
	_, err = c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: bucket})
	wantCode(t, "CreateBucket twice", err, "BucketAlreadyOwnedByYou")
	_, err = c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("Not_A_Bucket")})
	wantCode(t, "CreateBucket with a bad name", err, "InvalidBucketName")
	put(t, c, "k", "x")
	_, err = c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: bucket})
	wantCode(t, "DeleteBucket with an object", err, "BucketNotEmpty")
	if _, err := c.GetBucketLocation(t.Context(), &sdk.GetBucketLocationInput{Bucket: bucket}); err != nil {
		t.Errorf("GetBucketLocation: %v", err)
	}
	if _, err := c.GetBucketVersioning(t.Context(), &sdk.GetBucketVersioningInput{Bucket: bucket}); err != nil {
		t.Errorf("GetBucketVersioning: %v", err)
	}
	if _, err := c.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: bucket}); err != nil {
		t.Errorf("DeleteBucket: %v", err)
	}
	_, err = c.HeadBucket(t.Context(), &sdk.HeadBucketInput{Bucket: bucket})
	wantCode(t, "HeadBucket", err, "NotFound")
	_, err = c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucket})
	wantCode(t, "ListObjectsV2", err, "NoSuchBucket")
}

func TestObjects(t *testing.T) {
	srv, c := open(t)
	k := "in/päth/a b+c&d%2F.ndjson"
	etag := put(t, c, k, "0123456789")
	for byteRange, want := range map[string]string{"": "0123456789", "bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789"} {
		if got := get(t, c, k, byteRange); got != want {
			t.Errorf("range %q gives %q, want %q", byteRange, got, want)
		}
	}
	_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: &k, Range: aws.String("bytes=10-")})
	wantCode(t, "a range past the end", err, "InvalidRange")
	head, err := c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: &k})
	if err != nil || *head.ContentLength != 10 || *head.ETag != etag || time.Since(*head.LastModified) > time.Hour {
		t.Errorf("HeadObject = %+v, %v", head, err)
	}
	_, err = c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: &k, IfMatch: aws.String(`"other"`)})
	wantCode(t, "If-Match with another ETag", err, "PreconditionFailed")
	_, err = c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: &k, IfNoneMatch: aws.String("*")})
	wantCode(t, "If-None-Match of an object that is there", err, "PreconditionFailed")
	if obj, err := srv.store.Stat(t.Context(), blob.URI{Bucket: *bucket, Key: k}); err != nil || `"`+obj.ETag+`"` != etag {
		t.Errorf("the store has %+v, %v", obj, err)
	}
	_, err = c.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"),
		CopySource: aws.String(*bucket + "/in/p%C3%A4th/a%20b%2Bc%26d%252F.ndjson")})
	if err != nil || get(t, c, "copy", "") != "0123456789" {
		t.Errorf("CopyObject: %v", err)
	}
	_, err = c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
	wantCode(t, "GetObject of nothing", err, "NoSuchKey")
	for _, bad := range []string{"a//b", "a/../b", "folder/", "c\x01d", strings.Repeat("n", 256)} {
		_, err = c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: &bad})
		wantCode(t, fmt.Sprintf("PutObject %q", bad), err, "InvalidArgument")
	}
	_, err = c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("copy/below")})
	wantCode(t, "PutObject below an object", err, "InvalidRequest")

	del, err := c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: &k}, {Key: aws.String("copy")}, {Key: aws.String("none")}}}})
	if err != nil || len(del.Deleted) != 3 || len(del.Errors) != 0 {
		t.Errorf("DeleteObjects = %+v, %v", del, err)
	}
	if keys := blobtest.Keys(t, srv.store, blob.URI{Bucket: *bucket}); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}

func TestChecksums(t *testing.T) {
	srv, c := open(t)
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		_, err := c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("k"),
			Body: strings.NewReader("body"), ChecksumAlgorithm: algorithm})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
	if got := get(t, c, "k", ""); got != "body" {
		t.Errorf("read %q", got)
	}
	_, err := c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("bad"),
		Body: strings.NewReader("body"), ChecksumSHA256: aws.String("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")})
	wantCode(t, "a wrong SHA-256", err, "BadDigest")
	_, err = c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("bad"),
		Body: strings.NewReader("body"), ContentMD5: aws.String("1B2M2Y8AsgTpgAmY7PhCfg==")})
	wantCode(t, "a wrong MD5", err, "BadDigest")
	if keys := blobtest.Keys(t, srv.store, blob.URI{Bucket: *bucket}); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("left: %q", keys)
	}
}

func TestListPages(t *testing.T) {
	_, c := open(t)
	var want []string
	for i := range 25 {
		k := fmt.Sprintf("p/%d/%02d", i%3, i)
		want = append(want, k)
		put(t, c, k, "x")
	}
	put(t, c, "p/top", "x")
	want = append(want, "p/top")
	slices.Sort(want)
	var got []string
	pages := sdk.NewListObjectsV2Paginator(c, &sdk.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("p/"), MaxKeys: aws.Int32(7)})
	n := 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			got = append(got, *o.Key)
		}
	}
	if !slices.Equal(got, want) || n != 4 {
		t.Errorf("%d pages give %q\nwant %q", n, got, want)
	}
	for _, c2 := range []struct{ prefix, delimiter, want string }{
		{"p/", "/", "p/top p/0/ p/1/ p/2/"},
		{"p/1/", "/", "p/1/01 p/1/04 p/1/07 p/1/10 p/1/13 p/1/16 p/1/19 p/1/22"},
		{"", "/", "p/"},
		{"p/", "1", "p/0/00 p/0/03 p/0/06 p/0/09 p/0/24 p/2/02 p/2/05 p/2/08 p/2/20 p/2/23 p/top p/0/1 p/0/21 p/1 p/2/1"},
	} {
		got := []string{}
		var folders []string
		pages := sdk.NewListObjectsV2Paginator(c, &sdk.ListObjectsV2Input{Bucket: bucket, Prefix: &c2.prefix,
			Delimiter: &c2.delimiter, MaxKeys: aws.Int32(2)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range page.CommonPrefixes {
				folders = append(folders, *p.Prefix)
			}
		}
		if all := strings.Join(append(got, folders...), " "); all != c2.want {
			t.Errorf("%+v gives %q", c2, all)
		}
	}
	v1, err := c.ListObjects(t.Context(), &sdk.ListObjectsInput{Bucket: bucket, Delimiter: aws.String("/"), Prefix: aws.String("p/"), MaxKeys: aws.Int32(2)})
	if err != nil || !*v1.IsTruncated || *v1.NextMarker != "p/1/" {
		t.Errorf("ListObjects = %+v, %v", v1, err)
	}
}

func TestMultipart(t *testing.T) {
	srv, c := open(t)
	k := aws.String("big/file")
	up, err := c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 11<<20)
	rand.NewChaCha8([32]byte{1}).Read(body)
	var parts []types.CompletedPart
	for i, b := range [][]byte{body[:5<<20], body[5<<20 : 10<<20], body[10<<20:]} {
		out, err := c.UploadPart(t.Context(), &sdk.UploadPartInput{Bucket: bucket, Key: k, UploadId: up.UploadId,
			PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(b)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.ETag})
	}
	complete := func(parts ...types.CompletedPart) error {
		_, err := c.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{Bucket: bucket, Key: k,
			UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}
	wantCode(t, "parts out of order", complete(parts[1], parts[0]), "InvalidPartOrder")
	wantCode(t, "a part that is too small", complete(parts[2], types.CompletedPart{PartNumber: aws.Int32(4), ETag: parts[0].ETag}), "InvalidPart")
	wantCode(t, "a wrong ETag", complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: parts[1].ETag}), "InvalidPart")
	list, err := c.ListParts(t.Context(), &sdk.ListPartsInput{Bucket: bucket, Key: k, UploadId: up.UploadId, MaxParts: aws.Int32(2)})
	if err != nil || len(list.Parts) != 2 || !*list.IsTruncated || *list.NextPartNumberMarker != "2" {
		t.Errorf("ListParts = %+v, %v", list, err)
	}
	ups, err := c.ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil || len(ups.Uploads) != 1 || *ups.Uploads[0].UploadId != *up.UploadId {
		t.Errorf("ListMultipartUploads = %+v, %v", ups, err)
	}
	if err := complete(parts...); err != nil {
		t.Fatal(err)
	}
	if got := blobtest.Read(t, srv.store, blob.URI{Bucket: *bucket, Key: *k}); got != string(body) {
		t.Errorf("the object differs from what was uploaded (%d bytes)", len(got))
	}

	up, err = c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("copied")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.UploadPartCopy(t.Context(), &sdk.UploadPartCopyInput{Bucket: bucket, Key: aws.String("copied"), UploadId: up.UploadId,
		PartNumber: aws.Int32(1), CopySource: aws.String(*bucket + "/" + *k), CopySourceRange: aws.String("bytes=100-199")})
	if err != nil {
		t.Fatal(err)
	}
	k = aws.String("copied")
	if err := complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: out.CopyPartResult.ETag}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, c, "copied", ""); got != string(body[100:200]) {
		t.Errorf("the copied part has %d bytes that differ", len(got))
	}

	up, err = c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("dropped")})
	if err != nil {
		t.Fatal(err)
	}
	abort := &sdk.AbortMultipartUploadInput{Bucket: bucket, Key: aws.String("dropped"), UploadId: up.UploadId}
	if _, err := c.AbortMultipartUpload(t.Context(), abort); err != nil {
		t.Errorf("AbortMultipartUpload: %v", err)
	}
	_, err = c.AbortMultipartUpload(t.Context(), abort)
	wantCode(t, "AbortMultipartUpload twice", err, "NoSuchUpload")
}

func TestPresigned(t *testing.T) {
	_, c := open(t)
	p := sdk.NewPresignClient(c)
	in, err := p.PresignPutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("a b/ü")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, "PUT", in.URL, in.SignedHeader, "by url"); status != 200 {
		t.Errorf("PUT: %d %s", status, body)
	}
	out, err := p.PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("a b/ü")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, "GET", out.URL, nil, ""); status != 200 || body != "by url" {
		t.Errorf("GET: %d %q", status, body)
	}
	for what, url := range map[string]string{
		"another key":       strings.Replace(out.URL, "/a%20b/", "/a%20c/", 1),
		"another signature": out.URL[:len(out.URL)-4] + "0000",
		"another bucket":    strings.Replace(out.URL, "/"+*bucket+"/", "/other/", 1),
	} {
		if status, body := do(t, "GET", url, nil, ""); status != 403 {
			t.Errorf("%s: %d %q", what, status, body)
		}
	}
	old, err := sdk.NewPresignClient(c, func(o *sdk.PresignOptions) { o.Presigner = before{time.Hour} }).
		PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("a b/ü")}, sdk.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, "GET", old.URL, nil, ""); status != 403 || !strings.Contains(body, "AccessDenied") {
		t.Errorf("expired: %d %q", status, body)
	}
}

// before signs as if it were earlier.
type before struct{ ago time.Duration }

func (b before) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string,
	at time.Time, opts ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return v4.NewSigner().PresignHTTP(ctx, c, r, hash, service, region, at.Add(-b.ago), opts...)
}

func do(t testing.TB, method, url string, header http.Header, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestWhoMayNot(t *testing.T) {
	srv, c := open(t)
	put(t, c, "k", "secret")
	in := &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("k")}
	_, err := srv.client(key, "another secret").GetObject(t.Context(), in)
	wantCode(t, "a wrong secret", err, "SignatureDoesNotMatch")
	_, err = srv.client(key, "another secret").PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket,
		Key: aws.String("new"), Body: bytes.NewReader(make([]byte, 12<<20))}) // more than sockets hold
	wantCode(t, "writing with a wrong secret", err, "SignatureDoesNotMatch")
	_, err = srv.client("AKIDNOBODY", secret).GetObject(t.Context(), in)
	wantCode(t, "an unknown key", err, "InvalidAccessKeyId")
	for _, c := range []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/" + *bucket}, {"GET", "/" + *bucket + "/k"}, {"HEAD", "/" + *bucket + "/k"},
		{"PUT", "/" + *bucket + "/new"}, {"DELETE", "/" + *bucket + "/k"}, {"PUT", "/new-bucket"}, {"DELETE", "/" + *bucket},
		{"POST", "/" + *bucket + "/new?uploads"}, {"POST", "/" + *bucket + "?delete"}, {"POST", "/" + *bucket},
		{"PATCH", "/create-user"}, {"PATCH", "/list-buckets"},
	} {
		if status, body := do(t, c.method, srv.url+c.path, nil, ""); status < 400 || status >= 500 {
			t.Errorf("unsigned %s %s: %d %s", c.method, c.path, status, body)
		}
	}
	for range 20 {
		if status, body := do(t, "PUT", srv.url+"/"+*bucket+"/new", nil, strings.Repeat("x", 4<<20)); status != 403 {
			t.Fatalf("unsigned PUT of 4 MB: %d %s", status, body)
		}
	}
	if keys := blobtest.Keys(t, srv.store, blob.URI{Bucket: *bucket}); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("left: %q", keys)
	}
	srv.known.Store(&map[string]string{"AKIDOTHER": "other"}) // as when the file of credentials changes
	_, err = c.GetObject(t.Context(), in)
	wantCode(t, "a key that was taken away", err, "InvalidAccessKeyId")
	if out, err := srv.client("AKIDOTHER", "other").GetObject(t.Context(), in); err != nil {
		t.Errorf("a key that was given: %v", err)
	} else {
		out.Body.Close()
	}
}

func TestLargeDocumentIsRefused(t *testing.T) {
	_, c := open(t)
	_, err := c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{
		Objects: slices.Repeat([]types.ObjectIdentifier{{Key: aws.String(strings.Repeat("k", 1000))}}, 20000)}})
	wantCode(t, "a document of 20 MB", err, "MaxMessageLengthExceeded")
	put(t, c, "after", "x")
}

func TestTwoInOneProcess(t *testing.T) {
	_, a := open(t)
	_, b := open(t)
	put(t, a, "k", "a")
	put(t, b, "k", "b")
	if get(t, a, "k", "") != "a" || get(t, b, "k", "") != "b" {
		t.Error("one server answers for the other")
	}
}

func TestModes(t *testing.T) {
	srv, c := open(t)
	put(t, c, "a/b", "x")
	if _, err := c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("m")}); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(srv.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && fi.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, fi.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// An upload that ends early leaves nothing.
func TestCutShort(t *testing.T) {
	srv, c := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	go func() {
		pw.Write(make([]byte, 1<<20))
		cancel()
		pw.CloseWithError(io.ErrUnexpectedEOF)
	}()
	_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: pr, ContentLength: aws.Int64(2 << 20)},
		sdk.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware), func(o *sdk.Options) {
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		})
	if err == nil {
		t.Error("PutObject succeeds")
	}
	if keys := blobtest.Keys(t, srv.store, blob.URI{Bucket: *bucket}); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}
