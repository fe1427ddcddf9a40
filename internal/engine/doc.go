// SPDX-License-Identifier: Apache-2.0

// Package engine is what a database must be able to do to hold galen's data: a driver interface.
//
// There are two key spaces. Rows are keys with values. Postings are terms with sets of document numbers. Both are
// ordered bytewise. An engine is changed by batches and read through snapshots; it knows nothing of what keys mean.
// All methods of Engine and Snapshot may be called from any goroutine; a Batch belongs to one at a time.
//
// Several processes may work on one engine, a call may be a round trip over a network, and a posting is not cheap to
// read one by one: ask for many keys in one Get, for whole ranges in one Docs.
//
// Invariants, which enginetest holds every engine to:
//
//	E1  A batch is applied whole or not at all, also when the process or the machine stops in the middle.
//	E2  When Apply returns nil the batch is durable, and every snapshot opened afterwards, in any process, shows it.
//	E3  A snapshot shows exactly the batches applied before it, none of those after, for as long as it is open.
//	E4  The conditions of a batch are checked against the state it is applied to, with no other batch in between. If one
//	    does not hold, Apply returns fault.Precondition and nothing is done.
//	E5  Within a batch, of several operations on one key or one posting the last counts; DeletePrefix counts for what
//	    came before it in the batch as well as for what is stored.
//	E6  Rows and terms do not see each other, except that DeletePrefix deletes in both spaces.
//	E7  Posting a document that is posted, and removing one that is not, changes nothing. A term without documents does
//	    not exist.
//	E8  Get answers in the order of its keys, nil for a row that is not there, and not nil for an empty value.
//	E9  Scan and Terms go through exactly the keys of the range in bytewise order, or the reverse; each once.
//	E10 Docs is the union over the terms of all ranges. Estimate is exact while it is at most ExactEstimate.
//	E11 If a store cannot be written (disk full, connection lost), Apply returns fault.Unavailable; a batch so answered
//	    may or may not be applied, but whole; snapshots go on reading as far as the store can be read.
//	E12 After Close every call returns fault.Unavailable. Close is idempotent.
package engine
