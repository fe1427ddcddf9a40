// SPDX-License-Identifier: Apache-2.0

// Package bulk moves whole data stores in and out of object storage: import of NDJSON files, export to them, and the
// manifests and logs that say what happened. Both are jobs (package job).
//
// Invariants:
//
//	I1 Every line of every input file ends in exactly one of: a version in the store and a line in the SUCCESS log, a line
//	   in the FAILURE log, or (blank) nothing. A crash at any moment changes none of this.
//	I2 Lines of one file are applied in their order; files are applied in key order.
//	I3 What is wrong with a line or a file is counted and logged, and never stops the rest.
//	I4 Memory is bounded by Options, whatever the size of files and lines.
//	X1 An export holds every resource that was current when it began to run, exactly once, as it was stored, and nothing else.
//
// An import keeps its checkpoint as rows that are committed with the resources they cover (store.Group); the log of a file is
// written once all of its lines are done. docs/formats/import.md has the rows, docs/wire/bulk.md the files.
package bulk
