// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// maxHierarchy is how many resources one parameter with :above or :below may stand for.
const maxHierarchy = 10_000

// hierarchy gives what the values of a leaf stand for: the resources that they name, and all those above or below them. One that is
// above itself ends there.
//
// http://hl7.org/fhir/R4/search.html#recursive
func (r *run) hierarchy(ctx context.Context, l *search.Leaf) ([]index.Value, error) {
	next := r.partsOf
	if l.Modifier == index.Above {
		next = r.wholesOf
	}
	var all []index.Value
	seen := map[fhir.Key]bool{}
	frontier := map[string][]string{} // ids by type
	add := func(typ string, ids ...string) error {
		for _, id := range ids {
			key := fhir.Key{Type: typ, ID: id}
			if seen[key] {
				continue
			}
			if len(all) == maxHierarchy {
				return fault.New(fault.TooCostly, "more than %d resources are above or below what is asked for", maxHierarchy)
			}
			seen[key] = true
			all = append(all, index.Value{Text: key.String()})
			frontier[typ] = append(frontier[typ], id)
		}
		return nil
	}
	for _, v := range l.Values {
		for _, key := range l.Targets(r.defs, v) {
			if err := add(key.Type, key.ID); err != nil {
				return nil, err
			}
		}
	}
	for len(frontier) > 0 {
		for typ, ids := range frontier {
			delete(frontier, typ)
			found, err := next(ctx, typ, search.Parent(r.terms.Definitions(), typ), ids)
			if err != nil {
				return nil, err
			}
			if err := add(typ, found...); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// partsOf gives the ids of what refers by its parent to one of some resources of its type.
func (r *run) partsOf(ctx context.Context, typ string, parent *def.SearchParam, ids []string) (parts []string, err error) {
	var spans []index.Span
	for _, id := range ids {
		s, err := r.referenceSpans(ctx, typ, parent, typ, id)
		if err != nil {
			return nil, err
		}
		spans = append(spans, s...)
	}
	number := uint16(r.defs.Type(typ).ID)
	live, err := r.view.Live(ctx, number)
	if err != nil {
		return nil, err
	}
	found, _, err := r.spanDocs(ctx, spans)
	if err != nil {
		return nil, err
	}
	err = r.chunks(docset.And(found, live), chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, number, numbers)
		for i := range versions {
			parts = append(parts, versions[i].ID)
		}
		return true, err
	})
	return parts, err
}

// wholesOf gives the ids of what some resources refer to by their parents.
func (r *run) wholesOf(ctx context.Context, typ string, parent *def.SearchParam, ids []string) (wholes []string, err error) {
	found, err := r.numbersOf(ctx, uint16(r.defs.Type(typ).ID), ids)
	if err != nil {
		return nil, err
	}
	err = r.chunks(found, chunk, func(numbers []uint32) (bool, error) {
		some, _, err := r.referencesTo(ctx, typ, numbers, parent, typ)
		for _, id := range some {
			wholes = append(wholes, strings.Clone(id)) // the body is not kept
		}
		return true, err
	})
	return wholes, err
}
