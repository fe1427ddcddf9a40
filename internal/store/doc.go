// SPDX-License-Identifier: Apache-2.0

// Package store is the only writer of resources: it gives versions their numbers and commits them, each data store
// through one ordered committer.
//
// Words. A Change is one resource to be stored or deleted, prepared by its writer (checked, spliced, indexed) so that the
// committer only has to decide. A Group is changes and extra rows that one caller commits together. The committer takes
// the groups that wait, resolves their conditions against what is there and against each other in order, and applies
// them with one batch and one sync.
//
// Invariants:
//
//	S1: A change that Commit answered without error is durable, and every View opened later shows it.
//	S2: A change that was refused leaves nothing.
//	S3: Changes to one resource take effect one after the other; a condition holds for the state right before its change.
//	S4: The changes and rows of one Group are in one commit. An Atomic group is committed whole or not at all.
//	S5: If the engine fails, every waiting write fails with fault.Unavailable; reading goes on, and so does writing once
//	    the engine can.
//	S6: Several processes may write to one data store: each commit requires that the head is the one it was built on.
//	S7: A version has the terms of what its data store indexes by after its commit (search/schema). Searches are parsed and answered with
//	    what the view says of that, and with no search parameter whose terms are not all there.
//
// All methods are safe for concurrent use.
package store
