// SPDX-License-Identifier: Apache-2.0

// Package many does one thing to many resources, as a job (package job): erase them, delete them, patch them.
//
// Invariants:
//
//	M1 A job that was submitted is done to its end, whatever dies in between: what it has done already is not found again, or comes out the same.
//	M2 Jobs of a data store run one after the other.
//	M3 Memory is bounded, however many resources there are: they are found as numbers, and changed a few hundred at a time.
//	M4 An erasure has ended when the tables on disk were written anew without it.
package many
