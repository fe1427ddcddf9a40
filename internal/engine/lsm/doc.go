// SPDX-License-Identifier: Apache-2.0

// Package lsm keeps an engine's data in a folder, in a log-structured merge tree (Pebble).
//
// Rows are keys with values. Postings are packed: one key for a term and a block of 65,536 documents, with a docset block as
// value; a batch writes what changed in a block as one operand, and operands are merged when they are read or compacted.
// docs/formats/engine.md has the layout of keys.
//
// Apply checks conditions and writes under one lock, and waits for the disk outside of it, so that concurrent calls share an
// fsync. What is applied is seen by new snapshots a moment before it is durable; it is answered only afterwards.
//
// When the folder's disk is full, Apply answers fault.Unavailable until there is room again. After any other failure to
// write, nothing at all is written any more, as if the process had stopped there, and Apply answers fault.Unavailable until
// the engine is opened anew; snapshots still read. Background goroutines that were writing then stay parked.
package lsm
