// SPDX-License-Identifier: Apache-2.0

// Package record lays the versions of resources out as rows and terms of an engine, and reads them back as of a commit.
//
// Words. A version is one state of one resource: a body, or a deletion. Its number is dense within its data store and
// type, given in commit order. A commit has a position (seq, from 1, dense) and a time; the head is the newest one. A View
// is a data store as it was at one position.
//
// Invariants:
//
//	R1: A version never changes but to be erased, and its number never does. Numbers of a type at position S are exactly [0, Next).
//	R2: Versions of one resource are 1, 2, 3, … (but for erased ones) and their numbers grow with them.
//	R3: Commit times are whole milliseconds and never go back as the position grows.
//	R4: What a View shows is independent of everything that was committed after its position, but for what was erased: no View opened later
//	    shows it, whatever its position.
//	R5: The live numbers of a type at S are [0, Next) less the dead, plus those that died after S.
//
// Package store is the only writer of these rows. A View belongs to one request and may be used by any number of goroutines
// at a time. Row formats: docs/formats/rows.md.
package record
