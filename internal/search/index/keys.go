// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fhir/def"
	"galen/internal/ordkey"
)

// PostingKind is the byte after the tenant that every term of this package begins with.
const PostingKind = 'p'

// HeaderLength is the length of what comes before a term's value: kind, type, parameter, class.
const HeaderLength = 6

// Class is one kind of term of a parameter.
type Class byte

// The classes.
const (
	AnyClass         Class = '?'
	CodeClass        Class = 'c'
	SystemClass      Class = 's'
	TextClass        Class = 't'
	OfTypeClass      Class = 'i'
	StringClass      Class = 'n'
	URIClass         Class = 'u'
	ReferenceClass   Class = 'r'
	AddressClass     Class = 'a'
	MonthClass       Class = 'm'
	WithinClass      Class = 'd'
	LongClass        Class = 'l'
	LongByHighClass  Class = 'h'
	NumberClass      Class = 'v'
	QuantityClass    Class = 'q'
	CompositeClass   Class = 'k'
	RangeClass       Class = 'b'
	RangeByHighClass Class = 'e'
	WordClass        Class = 'w'
	PlaceClass       Class = 'g'
	InsideClass      Class = 'o'
)

// Layout describes one class, for people and for tools that print terms.
type Layout struct {
	Class  Class
	Name   string
	Types  string // parameter types that use it
	Value  string // what follows the class byte
	Serves string
}

// Layouts lists every class. docs/formats/terms.md says more.
func Layouts() []Layout {
	return []Layout{
		{AnyClass, "any", "all", "nothing; of a reference the target's type u16, 0 if unknown", ":missing"},
		{CodeClass, "code", "token, reference", "code string, hash of system; if case does not count 01 and what was written", "code, system|code, |code; of a reference :identifier"},
		{SystemClass, "system", "token, reference", "hash of system", "system|"},
		{TextClass, "text", "token", "normalised text", ":text"},
		{OfTypeClass, "of type", "token", "hash of type's system, type's code string, value", ":of-type"},
		{StringClass, "string", "string", "normalised text", "beginning, :contains, :exact"},
		{URIClass, "uri", "uri", "url string, version", "equality, :below, :above"},
		{ReferenceClass, "reference", "reference", "target's type u16 (0 if unknown), id (# if contained, else empty unless relative)", "Type/id, id, :[type], chains"},
		{AddressClass, "address", "reference", "url or urn string, version", "full urls, canonicals"},
		{MonthClass, "month", "date", "month i32", "whole months of values that lie within one"},
		{WithinClass, "within", "date", "low instant, length", "the same values, exact"},
		{LongClass, "long", "date", "low instant, length", "values that reach over a month's end"},
		{LongByHighClass, "long by high", "date", "high instant, low instant", "the same values in the other order"},
		{NumberClass, "number", "number", "decimal", "comparisons"},
		{QuantityClass, "quantity", "quantity", "code or unit string, hash of system, decimal", "comparisons"},
		{RangeClass, "range", "number, quantity", "of a quantity as there the unit; low and high decimal, 00 and FF if open", "comparisons of Ranges"},
		{RangeByHighClass, "range by high", "number, quantity", "the same, high before low", "the same values in the other order"},
		{WordClass, "word", "_text", "a normalised word; none: there are more words than have terms", "_text"},
		{PlaceClass, "place", "near", "the bits of latitude and longitude by turns", "near"},
		{InsideClass, "inside", "_id", "type u16 of a contained resource", "_contained"},
		{CompositeClass, "composite", "composite", "each component's value", "values of one element together"},
	}
}

// header is kind, type and parameter: what the terms of one source begin with.
type header [HeaderLength - 1]byte

func headerOf(t def.TypeID, p def.ParamID) (h header) {
	key := ordkey.AppendUint16(ordkey.AppendUint16(append(h[:0], PostingKind), uint16(t)), uint16(p))
	return header(key)
}

// TermsOf is what all terms of a parameter of a type begin with.
func TermsOf(t def.TypeID, p def.ParamID) []byte {
	h := headerOf(t, p)
	return h[:]
}

// key begins a term in new memory.
func (h header) key(c Class) []byte { return append(append(make([]byte, 0, 64), h[:]...), byte(c)) }

// class is the range of a whole class.
func (h header) class(c Class) Range { return within(h.key(c)) }

// within is the range of the keys that begin with prefix.
func within(prefix []byte) Range { return Range{prefix, ordkey.PrefixEnd(prefix)} }

// exactly is the range of one key.
func exactly(key []byte) Range { return Range{key, append(key[:len(key):len(key)], 0)} }

// isExact reports whether r is the range of one key.
func (r Range) isExact() bool { return len(r.High) == len(r.Low)+1 && bytes.HasPrefix(r.High, r.Low) }

// span is a range whose terms all have the verdict.
func (r Range) span(v Verdict) Span {
	return Span{Low: r.Low, High: r.High, Verdict: v, Narrow: v == Yes && r.isExact()}
}

// narrow is a range of hardly more than one term, each of which means a match.
func (r Range) narrow() Span { return Span{Low: r.Low, High: r.High, Verdict: Yes, Narrow: true} }

// judged is a range whose terms are judged one by one; most is the strongest doubt that judge can have.
func (r Range) judged(most Verdict, judge func(term []byte) (Verdict, []byte)) Span {
	return Span{Low: r.Low, High: r.High, Verdict: most, Judge: judge}
}
