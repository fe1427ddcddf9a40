// SPDX-License-Identifier: Apache-2.0

// Package sigv4 signs and verifies requests with AWS Signature Version 4.
//
// A Verifier accepts the Authorization header and the presigned query. What it holds a request to:
//
//	V1  The host is signed, and so is every x-amz-* header that is present. X-Amz-Security-Token may be added after
//	    signing, as some clients do: it is compared with the credential's own, so its signature adds nothing.
//	V2  The signing time is within 5 minutes of now, and of the same day as the scope. A presigned request names the
//	    seconds it lasts, 604,800 (7 days) at most; it may not start in the future.
//	V3  The payload is the one that was signed: x-amz-content-sha256 if the request has it, else the body's hash. The
//	    word UNSIGNED-PAYLOAD leaves the body out; a presigned request to S3 always does.
//	V4  A credential with a session token needs that token; one without a token refuses requests that carry one.
//	V5  Signatures and tokens are compared in constant time.
//
// Paths are canonical as they are on the wire, once more encoded, and without dot segments and double slashes, but for
// the services of Options.Raw (s3), whose paths are decoded and encoded once. A plus sign in a query is a space.
//
// No function reads a clock: now is an argument. A Verifier may be used from any goroutine.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4
