// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"errors"
	"net/http"

	"github.com/versity/versitygw/s3err"

	"galen/internal/fault"
)

// answer is S3's status and code for a kind of failure.
type answer struct {
	status int
	code   string
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var answers = map[fault.Kind]answer{
	fault.Invalid:         {http.StatusBadRequest, "InvalidArgument"},
	fault.Unprocessable:   {http.StatusBadRequest, "InvalidRequest"},
	fault.NotFound:        {http.StatusNotFound, "NoSuchKey"},
	fault.Gone:            {http.StatusNotFound, "NoSuchKey"},
	fault.Conflict:        {http.StatusConflict, "InvalidRequest"},
	fault.Precondition:    {http.StatusPreconditionFailed, "PreconditionFailed"},
	fault.Unauthenticated: {http.StatusForbidden, "AccessDenied"},
	fault.Forbidden:       {http.StatusForbidden, "AccessDenied"},
	fault.Throttled:       {http.StatusServiceUnavailable, "SlowDown"},
	fault.TooLarge:        {http.StatusBadRequest, "EntityTooLarge"},
	fault.TooCostly:       {http.StatusBadRequest, "InvalidRequest"},
	fault.Unsupported:     {http.StatusNotImplemented, "NotImplemented"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "ServiceUnavailable"},
	fault.Internal:        {http.StatusInternalServerError, "InternalError"},
}

// wire turns an error of the store into one of the library. Errors that come from the library, such as a checksum that
// does not match while a body is read, stay what they are.
func (g *gateway) wire(err error) error {
	var own s3err.S3Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	kind := fault.KindOf(err)
	if kind == fault.Internal || kind == fault.Unavailable {
		g.log.Error("s3 api", "err", err)
	}
	a, text := answers[kind], "We encountered an internal error. Please try again."
	if kind != fault.Internal {
		text = fault.All(err)[0].Text
	}
	return s3err.APIError{Code: a.code, Description: text, HTTPStatusCode: a.status}
}

// wireBucket is wire for an operation on a bucket.
func (g *gateway) wireBucket(err error, bucket string) error {
	switch {
	case errors.Is(err, fault.NotFound):
		return s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	case errors.Is(err, fault.Invalid):
		return s3err.GetBucketErr(s3err.ErrInvalidBucketName, bucket)
	}
	return g.wire(err)
}

// wireUpload is wire for an operation on a multipart upload.
func (g *gateway) wireUpload(err error, id string) error {
	if errors.Is(err, fault.NotFound) {
		return s3err.GetNoSuchUploadErr(id)
	}
	return g.wire(err)
}
