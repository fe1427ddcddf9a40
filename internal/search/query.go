// SPDX-License-Identifier: Apache-2.0

package search

import (
	"time"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// Pair is one parameter as it came, decoded from the URL or form.
type Pair struct{ Name, Value string }

// Options of Parse; the zero value works.
type Options struct {
	Lenient      bool      // ignore unknown parameters
	DefaultCount int       // entries on a page if _count is not given; 0: 100
	MaxCount     int       // entries on a page at most: more asked for is cut to it; 0: 1,000
	MaxPairs     int       // parameters at most; 0: 200
	MaxValues    int       // alternatives of all parameters together; 0: 10,000
	MaxChain     int       // links of a chain, _has counted; 0: 10
	Now          time.Time // of the request, for ap on dates
	Zone         int       // of dates without one: minutes east of UTC
	Compartment  fhir.Key  // only resources in the compartment of this one; zero: all
	Base         string    // what absolute references to this server begin with, with a slash at the end; they mean the relative ones

	Indexed func() string // how far the indexing of resources by pending parameters is, for a refusal; nil: nothing is said of it
}

// Total says whether the number of all matches is wanted.
type Total uint8

// The totals.
const (
	TotalIfFree Total = iota // _total not given
	TotalNone
	TotalAccurate
	TotalEstimate
)

// Summary says which part of each resource is wanted.
//
// http://hl7.org/fhir/R4/search.html#summary
type Summary uint8

// The summaries.
const (
	SummaryFalse Summary = iota
	SummaryTrue
	SummaryText
	SummaryData
	SummaryCount
)

// Query is a search of one resource type.
type Query struct {
	Type       string
	Where      []Clause // all of them hold
	Sort       []Sort   // most significant first; then by number
	Count      int      // entries on a page; 0: only the total is wanted
	Total      Total
	Summary    Summary
	Elements   []string // top-level elements wanted; empty: all
	Include    []Include
	RevInclude []Include
	Contained  Contained
	Alone      bool     // contained resources are given, not what contains them
	Containers []string // the types whose resources are looked into, unless Contained is ContainedFalse
	Page       string   // token of the page that is wanted; empty: the first
	Now        int64    // what ap on dates compares with, microseconds since 1970 UTC: Options.Now, until SetNow
	Base       string   // what absolute references to this server begin with, with a slash at the end: Options.Base
	Explain    bool     // the answer says how it was found
	Ignored    []string // parameters that were not understood, if Lenient

	within fhir.Key // compartment; zero: none
	pairs  []Pair   // as understood, without Page
}

// SetNow makes ap on dates compare with another time than that of the request: the pages of one search share that of its first.
func (q *Query) SetNow(micros int64) {
	q.Now = micros
	for i := range q.Where {
		q.Where[i].setNow(micros)
	}
}

func (c *Clause) setNow(micros int64) {
	switch {
	case c.Leaf != nil:
		c.Leaf.Now = micros
	case c.Chain != nil:
		for i := range c.Chain.Next {
			c.Chain.Next[i].Clause.setNow(micros)
		}
	case c.Has != nil:
		c.Has.Link.Clause.setNow(micros)
	case c.Not != nil:
		c.Not.setNow(micros)
	case c.Inside != nil:
		for i := range c.Inside.Where {
			c.Inside.Where[i].setNow(micros)
		}
	}
	for i := range c.All {
		c.All[i].setNow(micros)
	}
	for i := range c.Any {
		c.Any[i].setNow(micros)
	}
}

// Clause is one condition: exactly one of the fields below Created is set.
type Clause struct {
	Name    string // as the caller wrote it
	Created bool   // Leaf, of _lastUpdated, is asked of the first version of the resource
	Leaf    *Leaf
	Chain   *Chain
	Has     *Has
	Any     []Clause       // one of them at least holds: of _filter, and of compartments
	All     []Clause       // all of them hold; of _filter
	Not     *Clause        // it does not hold; of _filter
	Text    *Text          // its words
	Near    []index.Circle // the position of the Location lies in one of them
	Inside  *Inside        // what it contains; of Query.Insides
	Lists   []string       // an entry of the List with one of these ids refers to the resource
}

// Leaf asks a parameter of the resource itself; any of the values will do.
type Leaf struct {
	index.Clause
	Values []index.Value
	Within []index.Value // of :above and :below on a reference, when the planner has looked: all that Values stand for
}

// Chain asks a resource that is referred to: the reference Param must lead to a resource of the type of one of Next that
// fulfils it.
type Chain struct {
	Param *def.SearchParam
	Next  []Link
}

// Link is a condition on resources of a type.
type Link struct {
	Type   string
	Clause Clause
}

// Has asks a resource that refers here: some resource of Link.Type must refer by Param and fulfil Link.Clause.
type Has struct {
	Param *def.SearchParam
	Link  Link
}

// Sort is one key of the order.
type Sort struct {
	Param      *def.SearchParam
	Descending bool
}

// Include asks for resources that matches refer to (Include), or that refer to matches (RevInclude).
type Include struct {
	Source  string           // type that holds the reference; "*": any
	Param   *def.SearchParam // nil: every reference parameter of Source
	Target  string           // only references to this type; empty: any
	Iterate bool             // also from included resources
}
