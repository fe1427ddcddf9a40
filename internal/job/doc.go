// SPDX-License-Identifier: Apache-2.0

// Package job keeps long work as rows of the engine: submitted, queued, leased to a worker, with progress, cancellable,
// and taken up again after a crash.
//
// Words: a job has a Kind (which handler does it) and a Queue (whose turn it waits for, such as "import/<data store>").
// A handler is called with a Run, through which it reads what it was asked and reports how far it is.
//
// Invariants:
//
//	J1 A job that Submit answered is done, sooner or later, whatever dies in between; its handler may be called again
//	   from the start, so handlers keep their own checkpoints.
//	J2 Jobs of one queue start in the order they were submitted, at most Limit(kind) of them at a time.
//	J3 One process at a time holds a job: its lease is renewed while it works and can be taken over once it has run out.
//	J4 A finished job never changes again; at most it is forgotten (Erase).
//
// All methods are safe for concurrent use. Rows: docs/formats/jobs.md.
package job
