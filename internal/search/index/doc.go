// SPDX-License-Identifier: Apache-2.0

// Package index turns resources into terms, and what a search asks for into spans of terms.
//
// Words. A term is a key under which the numbers of versions are posted: 'p', type, parameter, class byte, value; here
// always without the tenant, which the caller puts in front. A class is one kind of term of a parameter (keys.go lists
// them). A Lookup says which terms to unite for one value asked for. A Matcher answers the same question on a resource
// itself. Parameters that find the same things share terms, so the parameter in a term may be another than the one asked for.
//
// Invariants:
//
//	X1: For every resource, clause and value: if the Matcher matches, a term of the resource lies in a span of the Lookup
//	    that judges it Yes or Maybe; if a term is judged Yes, the Matcher matches.
//	X2: AppendTerms depends on the resource and the definitions only; it adds no term twice for one resource. The terms of one of a data
//	    store's own parameters (With) depend on the resource and that parameter only.
//	X3: The first term of a resource in the order of Walk has the resource's ascending SortKey after Run.Skip bytes, the
//	    last one its descending SortKey. A resource has a SortKey if and only if it has a term of Walk and of Missing.
//
// _id and _lastUpdated have no terms: identities and the order of numbers answer them. So have _content and _query. Those of _text
// and near are asked by Narrative and Near. The package is pure: no I/O, clock, goroutine or log. An Index may be used by any number of goroutines, a Terms and
// a Matcher by one at a time. Format: docs/formats/terms.md.
package index
