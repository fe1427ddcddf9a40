// SPDX-License-Identifier: Apache-2.0

// Package deliver posts notifications to subscribers over HTTP, whoever they are.
//
// A subscriber is not trusted: only public addresses are connected to (and those in Options.Private), redirects are not followed, an
// attempt has an end, and of an answer no more is read than is thrown away at once. An access token is fetched where the subscriber's OAuth client
// credentials say, and kept until it ends.
//
// A Poster may be used by any number of goroutines. It has no queue and no memory of failures: whoever calls tries again.
package deliver
