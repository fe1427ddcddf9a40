// SPDX-License-Identifier: Apache-2.0

// Package scribe hears visits and sees to it that they are written down.
//
// A client connects to a session, says how it is to be documented, and streams audio; recognisers hear it (package asr), and the
// client is told what they heard while it is said. A session can be left and resumed. At its end a job writes the documents: the transcript, the note
// and the after-visit summary, each with a state of its own, so that one that fails never takes another with it.
//
// Invariants:
//
//   - S1: whatever was taken from a client is in the session's recording before anything else is done with it, and a final segment is there before
//     the client is told of it. A death of the process loses neither.
//   - S2: each stretch of audio is in exactly one final segment at most: what a segment covers is never heard again.
//   - S3: a session has one connection at a time.
//   - S4: a session that has ended stays as it is.
//
// Sessions are rows of the engine (tenant 0, 'm'); recordings are files (docs/formats/recordings.md).
package scribe
