// SPDX-License-Identifier: Apache-2.0

// Package facts computes what is true of a patient, as far as a record says, from FHIR R4 resources.
//
// Words. A Record is the resources of one patient with what they refer to. A fact is one clinical truth: a problem, a
// medicine, a series of measurements. Its evidence is every place that says so: a reference and an element path.
// A Base is all facts of a record.
//
// Invariants:
//
//	C1: Every fact has evidence, and every reference of it is in the Record.
//	C2: What is entered in error, refuted, or about another patient gives no fact. Nothing dated after Options.Now does.
//	C3: Resources that say the same (a coding in common, or the same text) are one fact with all their evidence.
//	C4: The order of the resources does not matter: facts are ordered by what they say.
//	C5: Texts, numbers and units are the record's own. Only dates are turned into words, on the patient's calendar: a time
//	    with an offset is shown as written, one in UTC in the zone of Options.Now.
//
// A flag says where it comes from: the resource's own interpretation, its reference range, or a table here. Numbers of a
// table are never shown as the record's.
//
// The package is pure: no clock, file or goroutine. A Base is read by any goroutine.
package facts
