// SPDX-License-Identifier: Apache-2.0

// Package fhir reads FHIR R4 resources as the bytes they are: a tape over JSON, and the data types that search,
// validation and storage need exactly (partial dates, decimals, references).
//
// Words. A resource is its bytes. A Tape is one pass over those bytes: it checks them wholly and notes where each value
// begins and ends. A Node is a place on a tape: a value type, free to copy; the zero Node is an absent value, and every
// method is safe on it.
//
// Invariants:
//
//	F1: Whatever Tape.Parse accepts is JSON by RFC 8259, in UTF-8, without a duplicate name in any object, without a
//	    lone surrogate, and within its Limits.
//	F2: A Node, and what it returns without a copy (Raw, Number, and Text and Name without escapes), lives as long as the
//	    source bytes are left unchanged and the Tape is not parsed again (the strings and bytes: the source alone).
//	F3: Nothing here changes the source; number text and string escapes are kept byte for byte.
//	F4: Parsing and reading allocate nothing once a Tape has grown to its largest input; escaped text is the exception.
//
// The package is pure: no I/O, clock, goroutine or log. A Tape belongs to one goroutine while it parses; between two
// calls of Parse any number of goroutines may read its nodes.
package fhir
