// SPDX-License-Identifier: Apache-2.0

// Package deferred carries out transactions whose callers do not wait (Prefer: respond-async), and keeps their answers.
//
// Words. A transaction is submitted with its Bundle, carried out as a job, and ends with an Answer: the Bundle of a transaction
// that was stored, or the OperationOutcome of one that was refused. Whoever knows its id may ask for it, or take it back.
//
// Invariants:
//
//	T1: A transaction that Submit answered is carried out exactly once, whatever dies in between, unless End came first. Its
//	    changes and the receipt that says so are one commit.
//	T2: A transaction that is taken back while it is carried out is stored whole or not at all.
//	T3: Answers are kept for Options.KeepFor, then forgotten.
//
// A Service may be used by any number of goroutines. Objects, in the bucket Bucket: <data store>/<id>/request and …/answer, whose
// first line is the HTTP status.
//
// http://hl7.org/fhir/R5/async-bundle.html
package deferred
