// SPDX-License-Identifier: Apache-2.0

// Package term answers what codes mean: a terminology service without HTTP.
//
// Words. A System is a code system in a compact form: its concepts have dense numbers from 0, in the order of its definition.
// A System that is a grammar (units, mime types, languages) lists nothing and recognises codes. A value set is compiled into
// parts, one for each system it draws on: a set of concept numbers, or the whole system. A Service finds systems, value sets
// and concept maps in three places, in this order: what its Source has (a data store), the systems given to New (imported),
// and what R4 defines itself (built in).
//
// Invariants:
//
//	T1: A System never changes and may be read from many goroutines. It aliases the bytes it was opened from.
//	T2: A Service may be used from many goroutines. What it compiled is kept within Options.CacheEntries, and dropped when
//	    its Source's generation changes.
//	T3: Every operation has a bound: nesting of value sets, concepts of an expansion, length of a pattern, members of a
//	    closure table. Past it comes fault.TooCostly or fault.Invalid.
//	T4: An unknown value set, system or map is fault.NotFound, one whose content is not here fault.Unsupported; the text says
//	    what to install. A code that is not valid is no error: it is a result.
//
// Results are cut from shared memory: the strings of a result may alias a System and live as long as it.
// The package is pure; package load reads the files that terminologies are distributed as.
//
// http://hl7.org/fhir/R4/terminology-service.html
package term
