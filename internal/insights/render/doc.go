// SPDX-License-Identifier: Apache-2.0

// Package render writes the facts of a patient as a pre-visit summary: lines of fragments, each with the resources it rests
// on, and their forms: the JSON that clients of the original read, Markdown, a page, and text for a terminal.
//
// Words. A fragment is part of a sentence with its evidence. A line is a sentence or a list item. A part is a heading with
// lines, a section one of the five of the output. The first screen is the parts that are read before all else: who and
// why, what changed since the last visit, what bears on the reason for this one, active problems, current medicines, allergies.
//
// Invariants:
//
//	R1: A fragment that says something of the patient has evidence; one without is a heading, the reason as asked, or says
//	    that something is not in the record.
//	R2: Every number, date, unit and name of a fragment stands in a resource of its evidence: numbers as recorded or rounded,
//	    dates in words, the age counted from the birth date. Names of preventive care and of condition categories come from
//	    their tables.
//	R3: SINCE_LAST_VISIT has nothing from before the last visit ended; a trend has values of two days at least.
//	R4: All active problems, current medicines and active allergies are told, and nothing else as such.
//	R5: A measurement is told once: with the reason, as a trend, or as a recent result.
//
// The package is pure.
package render
