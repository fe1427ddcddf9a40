// SPDX-License-Identifier: Apache-2.0

// Package scribe is the stream of Amazon Connect Health's medical scribe: StartMedicalScribeListeningSession, whose
// request and answer are event streams that flow at the same time.
//
// A client that did not say who it is, or what session it means, is answered with a status and a JSON error. After that the answer has begun:
// what goes wrong then is the stream's last event, and the session is left as it is, to be resumed.
//
// docs/wire/scribe.md says what it answers where the contract leaves room.
package scribe
