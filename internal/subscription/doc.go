// SPDX-License-Identifier: Apache-2.0

// Package subscription tells subscribers of what happens in data stores: topic-based subscriptions, the R5 kind, as the Subscriptions
// Backport guide has them for R4.
//
// Words. A Topic says which changes are events. A Subscription asks for the events of one topic that its filters let pass, over a
// channel: rest-hook, websocket or event-bridge. An event is one version of one resource, numbered from 1 per subscription. A
// runner serves one data store: it reads the commits after its position, and appends the events they make. A delivery serves one
// subscription: it sends the events after its mark, in order, again until they are taken.
//
// Invariants:
//
//	N1: A commit made after a subscription became active, and matching, makes exactly one event for each matching version, whatever
//	    dies meanwhile: events and the runner's position are rows of one commit.
//	N2: Events of a subscription have the numbers 1, 2, 3, … in the order of commits, and are sent in that order. Each is sent at
//	    least once, until it was taken or is older than Options.GiveUp.
//	N3: An event names a version; what it says is read when it is sent. What was erased meanwhile is not sent.
//	N4: A write never waits for a subscriber, nor one subscriber for another: a commit only wakes the runner, each delivery is a
//	    goroutine of its own, and everything that is held for one is bounded.
//	N5: Subscriptions and topics are those of the position that is read, so that what is read again after a death is judged the same.
//
// The status of a Subscription is the server's once it is written: requested until the handshake, then active; error if that
// fails or too much waits; off at its end. Rows: rows.go. Wire: docs/wire/subscriptions.md.
//
// A Service may be used by any number of goroutines. http://hl7.org/fhir/uv/subscriptions-backport/
package subscription
