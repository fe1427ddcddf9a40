// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// Range is the keys from Low up to but not including High, without the tenant.
type Range struct{ Low, High []byte }

// Walk says which terms to visit to see a type's versions in the order of a parameter: those of all ranges, merged by
// the bytes after the first Skip ones (without the tenant). Forwards the first visit of a version counts, backwards too.
type Walk struct {
	Ranges []Range
	Skip   int
}

// Walk gives the terms to walk for _sort. ok is false if the parameter's terms are not in its order (quantity) or it
// cannot be sorted by at all (composite, special): see SortKey.
func (x *Index) Walk(typeName string, p *def.SearchParam) (w Walk, ok bool) { panic("todo") }

// Sortable reports whether SortKey knows an order for the parameter.
func Sortable(p *def.SearchParam) bool { panic("todo") }

// SortKey appends to dst what the resource sorts by: the lowest of its values, or the highest if descending, as bytes that
// compare as the values do (smaller first; the caller turns them round for descending). ok is false if it has no value.
//
// http://hl7.org/fhir/R4/search.html#sort
func (x *Index) SortKey(dst []byte, resource fhir.Node, p *def.SearchParam, descending bool) (key []byte, ok bool, err error) {
	panic("todo")
}

// Normalize appends text as string parameters compare it: case folded, without diacritics, white space as single spaces
// and none at the ends. Punctuation is kept.
func Normalize(dst []byte, text string) []byte { panic("todo") }
