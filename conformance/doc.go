// SPDX-License-Identifier: Apache-2.0

// Package conformance holds the wire tests: galen as a black box, used with clients that others wrote.
//
// The tests in Go use the AWS SDK for Go against the binary that GALEN_BIN names, and are skipped without it. Those in
// python/ use boto3, the AWS CLI and requests, those in sdk/ AWS's asynchronous SDK for Python. `make e2e` runs all.
package conformance
