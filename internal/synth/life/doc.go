// SPDX-License-Identifier: Apache-2.0

// Package life makes up what happens to a person: it runs modules from birth to death, or to now, and keeps the record.
//
// Words. A Life is the record of one person. Its entries point at each other by index; None is no entry. A machine is one
// module on its way through its states for one person.
//
// Time goes in steps of a week. A machine that has waited for a moment within the week goes on at that moment, not at the
// week's end, so each has a clock of its own.
//
// Invariants:
//
//	L1: The same person, stream and set of modules make the same life.
//	L2: Nothing is before birth or after death or now. What ends does so no earlier than it starts.
//	L3: A Runner belongs to one goroutine and is reused from life to life; so is the Life that it returns.
package life
