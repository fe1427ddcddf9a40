// SPDX-License-Identifier: Apache-2.0

package def

import (
	"cmp"
	"maps"
	"slices"
)

// added are the search parameters that definitions have beside those of R4.
type added struct {
	byID   map[ParamID]*SearchParam
	byURL  map[string]*SearchParam
	byCode map[typeCode]*SearchParam
	of     map[string][]*SearchParam // of the types that have one: all of theirs, sorted by code
}

// With gives the definitions of d and further search parameters, which belong to them from then on: of unlike numbers from
// FirstFreeParam, whose codes no type has twice, and which are no composites. Types and all else are those of d.
func (d *Definitions) With(params []*SearchParam) *Definitions {
	n := *d
	n.added = added{map[ParamID]*SearchParam{}, map[string]*SearchParam{}, map[typeCode]*SearchParam{}, maps.Clone(d.added.of)}
	if n.added.of == nil {
		n.added.of = map[string][]*SearchParam{}
	}
	maps.Copy(n.added.byID, d.added.byID)
	maps.Copy(n.added.byURL, d.added.byURL)
	maps.Copy(n.added.byCode, d.added.byCode)
	for _, p := range params {
		n.added.byID[p.ID] = p
		n.added.byURL[p.URL] = p
		n.bind(p)
		for _, t := range n.types {
			if !slices.ContainsFunc(p.Bases, t.Structure.Is) {
				continue
			}
			all := append(slices.Clone(n.SearchParams(t.Name)), p)
			slices.SortFunc(all, func(a, b *SearchParam) int { return cmp.Compare(a.Code, b.Code) })
			n.added.of[t.Name] = all
			n.added.byCode[typeCode{t.Name, p.Code}] = p
		}
	}
	return &n
}
