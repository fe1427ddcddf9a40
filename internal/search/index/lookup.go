// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// Prefix compares what a resource holds with the value asked for. The zero Prefix is Equal.
//
// http://hl7.org/fhir/R4/search.html#prefix
type Prefix uint8

// The prefixes.
const (
	Equal          Prefix = iota // eq
	NotEqual                     // ne
	Greater                      // gt
	Less                         // lt
	GreaterOrEqual               // ge
	LessOrEqual                  // le
	StartsAfter                  // sa
	EndsBefore                   // eb
	Approximately                // ap
	Overlaps                     // po of _filter, on dates: some time is in both
)

// Modifier changes how a parameter matches.
//
// http://hl7.org/fhir/R4/search.html#modifiers
type Modifier uint8

// The modifiers. Those of a type (subject:Patient) are Clause.Target.
const (
	Plain Modifier = iota
	Missing
	Exact
	Contains
	Text
	Not
	Above
	Below
	Identifier
	OfType
	In
	NotIn

	// The following are those of _filter; case, accents and white space make no difference to them.
	//
	// http://hl7.org/fhir/R4/search_filter.html#ops
	Same       // eq of a string: the whole of it
	Unequal    // ne: an item that is not this one
	StartsWith // sw of a token or uri
	EndsWith   // ew
	Compared   // gt, lt, ge, le of a string, which is the Prefix
)

// Clause is a parameter as a search uses it.
type Clause struct {
	Type     string           // the type of the resources searched
	Param    *def.SearchParam // one of Type
	Modifier Modifier
	Target   string // of a reference: the type in :[type], or empty
	Now      int64  // of a date with ap: the time of the request, in microseconds since 1970 UTC
	Zone     int    // of a date without a zone: minutes east of UTC
	Base     string // of a reference: what absolute references to this server begin with, with a slash at the end; they count as the relative ones. Empty: none do
}

// Value is one of the alternatives that a clause asks for. Which fields count depends on the parameter's type:
//
//	number     Prefix, Number
//	date       Prefix, Date
//	string     Text
//	token      System, HasSystem, Text: "c" is {Text: c}, "s|c" and "|c" have HasSystem, "s|" has no Text;
//	           for OfType System and Text are the identifier type's, Of is the identifier's value; for the Text modifier only Text
//	reference  Text: an id, Type/id, a URL or urn, a canonical with or without |version; for Identifier as a token
//	quantity   Prefix, Number, System, HasSystem, Text: "n" is {Number: n}, "n|s|c" and "n||c" have HasSystem and Text
//	           for In, NotIn, Above and Below of a token: as it came, in Text (In, NotIn) or as a token, and Concepts
//	uri        Text
//	composite  Parts, one for each component
//	any        for Missing: Missing
type Value struct {
	Prefix    Prefix
	Number    fhir.Decimal
	Date      fhir.DateTime
	System    string
	HasSystem bool
	Text      string
	Of        string
	Parts     []Value
	Missing   bool
	Concepts  *Concepts
}

// Verdict says what lying under a term means for a version.
type Verdict uint8

// The verdicts.
const (
	No    Verdict = iota // the term says nothing
	Yes                  // the version matches
	Maybe                // the version may match: ask the Matcher
)

// Span is the terms from Low up to but not including High, without the tenant.
type Span struct {
	Low, High []byte
	// Verdict is that of every term in the span if Judge is nil; else the most doubtful that Judge can give besides No.
	Verdict Verdict
	// Judge gives the verdict of one term of the span (its key without the tenant), and where the next one that is not
	// No can be at the earliest; next is nil for the very next. The key may be used again after the call. Judge may be
	// called by one goroutine at a time.
	Judge func(term []byte) (v Verdict, next []byte)
	// Narrow says that there is hardly more than one term in the span.
	Narrow bool
}

// Lookup is where the versions that match one value are posted: the union of its spans. No span: nothing matches.
type Lookup struct {
	Spans []Span
}

// Sure reports whether no term can be judged Maybe, so that no Matcher is needed.
func (l Lookup) Sure() bool {
	for i := range l.Spans {
		if l.Spans[i].Verdict == Maybe {
			return false
		}
	}
	return true
}

// Lookup gives the spans for one value. For Not and NotIn it gives those of the values to leave out, for Missing those of
// all versions that have a value: the caller takes the complement (for Missing if Value.Missing).
//
// It fails with fault.Unsupported for a modifier that the parameter's type does not have or that is not offered, for a
// prefix on a type without prefixes, and for parameters without terms (see the package comment); with fault.Invalid for a
// value that is none of the parameter's type.
func (x *Index) Lookup(c Clause, v Value) (Lookup, error) {
	pl, err := x.plan(c.Type, c.Param)
	if err != nil {
		return Lookup{}, err
	}
	if len(pl.sources) == 0 {
		return Lookup{}, fault.New(fault.Unsupported, "%q has no terms", c.Param.Code)
	}
	q, err := x.condition(c, pl, v)
	if err != nil {
		return Lookup{}, err
	}
	var l Lookup
	for _, s := range pl.sources {
		for _, span := range q.spans(s) {
			if bytes.Compare(span.Low, span.High) < 0 {
				l.Spans = append(l.Spans, span)
			}
		}
	}
	return l, nil
}
