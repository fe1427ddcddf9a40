// SPDX-License-Identifier: Apache-2.0

// Package eventstream reads and writes AWS event streams (application/vnd.amazon.eventstream): the framing, the two wrappings,
// and the signatures of what a client sends.
//
// A client sends events double-wrapped: an outer message with :date and :chunk-signature, whose payload is the event itself, encoded.
// Its last message is signed and empty; a stream that just ends is taken as well. A server sends events as they are, unsigned. The
// framing of one message is that of the AWS SDK for Go; limits and signatures are ours.
//
// Readers and writers are for one goroutine each.
//
// https://smithy.io/2.0/aws/amazon-eventstream.html
package eventstream
