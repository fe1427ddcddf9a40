// SPDX-License-Identifier: Apache-2.0

// Package s3 serves the embedded object store as an S3 API.
//
// The wire (routes, signatures, checksums, XML, conditions) is the server of github.com/versity/versitygw; where the
// bytes lie is a file.Store, shared with the jobs that read and write objects, so that an object is there for both at
// once. docs/decisions/0002-embedded-s3.md has the reasons.
//
// What the library needs and we do not have is answered as S3 answers for a bucket that never had it: no versions, no
// tags, no policies, no locks, one owner. Content types and user metadata are accepted and not kept: an object is a
// plain file and nothing beside it. ETags name versions and are not MD5 sums.
//
// The library speaks on a connection of its own (fasthttp), so Server hands each request over a Unix socket in a private
// folder, streaming both ways; it owns that socket and the goroutine that serves it until Close.
package s3
