// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"io"
	"strings"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/fault"
)

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
