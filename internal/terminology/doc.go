// SPDX-License-Identifier: Apache-2.0

// Package terminology is the terminology service of each data store: the CodeSystem, ValueSet and ConceptMap resources that it
// holds, over those of packages and imported code systems, over R4's own.
//
// Invariants:
//
//	Y1: What is asked on a view is answered with the resources as they were at the view's position: a request that begins after a
//	    write sees it, and a page of an older search does not.
//	Y2: What was compiled is kept until a terminology resource of that data store is written, for at most Options.MaxStores data
//	    stores; what is not a data store's own is kept once for all of them.
//	Y3: "Type/id" names a stored resource wherever a canonical does.
//
// A Service may be used by any number of goroutines.
package terminology
