// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"strings"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/search"
)

// listNode asks for what the entries of Lists refer to; entries that say they are deleted do not count.
//
// http://hl7.org/fhir/R4/search.html#list
type listNode struct {
	clause search.Clause
	typ    string
	id     uint16
}

func (n *listNode) name() string { return n.clause.Name }

func (n *listNode) estimate(context.Context, *run) (int, float64, error) { return 100, bodyCost, nil }

func (n *listNode) filter(*run) (filter, error) { return nil, nil }

func (n *listNode) docs(ctx context.Context, r *run, _ docset.Set) (docset.Set, error) {
	typ := uint16(r.defs.Type("List").ID)
	lists, err := r.numbersOf(ctx, typ, n.clause.Lists)
	if err != nil {
		return docset.Set{}, err
	}
	var ids []string
	err = r.chunks(lists, chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, typ, numbers)
		if err != nil {
			return false, err
		}
		for i := range versions {
			list, err := r.parse(&versions[i])
			if err != nil {
				return false, err
			}
			for entry := list.Field("entry").First(); entry.Ok(); entry = entry.Next() {
				ref := fhir.ReferenceOf(entry.Field("item"))
				if r.isHere(&ref) && ref.Key.Type == n.typ && !entry.Field("deleted").Bool() {
					ids = append(ids, strings.Clone(ref.Key.ID)) // the body is not kept
				}
			}
		}
		return true, nil
	})
	if err != nil {
		return docset.Set{}, err
	}
	return r.numbersOf(ctx, n.id, ids)
}
