// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"errors"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"galen/internal/fault"
)

const theObject = "the object"

// outOfRange reports whether the endpoint has no byte at the offset asked for.
func outOfRange(err error) bool {
	var r *awshttp.ResponseError
	return errors.As(err, &r) && r.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable
}

// failed turns an error of the SDK about what into a fault, or into the context's error if that has ended.
func failed(ctx context.Context, err error, what string) error {
	var f *fault.Fault
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &f):
		return err
	}
	var code string
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	status := 0
	var r *awshttp.ResponseError
	if errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	switch {
	case status == http.StatusNotFound:
		return fault.Wrap(fault.NotFound, err, "%s does not exist", what)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Wrap(fault.Forbidden, err, "%s: the object store denies access%s", what, named(code))
	case status == http.StatusPreconditionFailed:
		return fault.Wrap(fault.Precondition, err, "the object has changed since it was listed")
	case status == http.StatusConflict:
		return fault.Wrap(fault.Conflict, err, "%s conflicts with another%s", what, named(code))
	case status == http.StatusInsufficientStorage, code == "XMinioStorageFull":
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written: no space is left in the object store", what)
	case status == http.StatusMovedPermanently, code == "AuthorizationHeaderMalformed":
		return fault.Wrap(fault.Forbidden, err, "%s is in another region than the one configured", what)
	case code == "EntityTooLarge":
		return fault.Wrap(fault.TooLarge, err, "%s is larger than the object store takes", what)
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, code == "RequestTimeout":
		return fault.Wrap(fault.Unavailable, err, "the object store is busy%s", named(code))
	case status >= 400 && status < 500:
		return fault.Wrap(fault.Invalid, err, "%s: the object store refuses the request%s", what, named(code))
	}
	return fault.Wrap(fault.Unavailable, err, "the object store does not answer%s", named(code))
}

// named puts the endpoint's own code into a text.
func named(code string) string {
	if code == "" {
		return ""
	}
	return " (" + code + ")"
}
