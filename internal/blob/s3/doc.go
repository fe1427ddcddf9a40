// SPDX-License-Identifier: Apache-2.0

// Package s3 keeps objects in an S3 endpoint: AWS, MinIO, or another that speaks its API.
//
// It holds to the invariants of package blob. Credentials, and whatever Config leaves empty, come from the AWS SDK's own
// chain: environment, shared files, container and instance roles. Requests that fail for a passing reason are tried
// three times; a download that breaks off goes on where it stopped, of the same version.
//
// An object is written in one request if it fits into a part, and else as a multipart upload whose parts grow with its
// size: 8 MiB in memory up to 16 GB, at most 128 MiB for the largest. Times have whole seconds, as HTTP has them.
package s3
