// SPDX-License-Identifier: Apache-2.0

// Package plan answers searches: a search.Query becomes sets of version numbers, and those a page of versions.
//
// Words. A node is one condition of a query on versions of one type: it can say about how many match (estimate), which match
// (docs), and most can also be asked of a body (matcher). Candidates are the versions that the nodes answered from terms
// leave over; filters are the nodes that are still to be asked of their bodies.
//
// Invariants:
//
//	P1: A result is exactly the versions that are current at the view's position and fulfil every clause.
//	P2: Pages of one query never repeat or lose a row, whatever is written meanwhile: a token names a position (record), the
//	    sort keys of the last row and its number.
//	P3: Order: by the sort keys, versions without a value last in both directions; then by number, which is the order of
//	    commit. Without _sort: by number.
//	P4: No step makes one round trip to the engine for each posting or resource; bodies are read in chunks.
//	P5: A request reads at most Options.MaxBodies bodies to decide, and holds at most a page and a chunk of them; a page of
//	    large bodies ends early, and so does what it includes.
//	P6: A request looks at most at Options.MaxTerms terms one by one.
//
// Nodes are answered from terms, fewest first, unless it costs less to ask the bodies of the candidates: then they become
// filters, until that has cost as much. docs/decisions/0005-search-plan.md has the reasons. http://hl7.org/fhir/R4/search.html
package plan
