// SPDX-License-Identifier: Apache-2.0

package compartment

import (
	"context"
	"slices"
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/plan"
)

// Set is numbers of versions, by type (def.TypeID).
type Set map[uint16]docset.Set

// Len is how many versions there are.
func (s Set) Len() (n int) {
	for _, docs := range s {
		n += docs.Len()
	}
	return n
}

// Types lists the types that have a version, by name.
func (s Set) Types() []uint16 {
	var types []uint16
	for typ, docs := range s {
		if !docs.IsEmpty() {
			types = append(types, typ)
		}
	}
	slices.SortFunc(types, func(a, b uint16) int { return strings.Compare(name(a), name(b)) })
	return types
}

func name(typ uint16) string { return def.R4().TypeByID(def.TypeID(typ)).Name }

// Of finds the resources that are in the compartment of any of some, themselves among them. All of those are of one type, which
// has a compartment.
func Of(ctx context.Context, p *plan.Planner, v *record.View, of ...fhir.Key) (Set, error) {
	set := Set{}
	if len(of) == 0 {
		return set, nil
	}
	definition := def.R4().Compartment(of[0].Type)
	if definition == nil {
		return nil, fault.New(fault.Unsupported, "there is no compartment of this type")
	}
	for _, typ := range append([]string{of[0].Type}, definition.Types()...) {
		id := uint16(def.R4().Type(typ).ID)
		if _, done := set[id]; done || v.Next(id) == 0 {
			continue
		}
		docs, err := p.Compartment(ctx, v, typ, of...)
		if err != nil {
			return nil, err
		}
		if !docs.IsEmpty() {
			set[id] = docs
		}
	}
	return set, nil
}

// Members gives the patients that a Group names as members, without those that are inactive. It fails with fault.TooCostly for more
// than limit.
//
// http://hl7.org/fhir/R4/group.html
func Members(group fhir.Node, limit int) ([]fhir.Key, error) {
	var members []fhir.Key
	seen := map[string]bool{}
	for _, m := range group.Field("member").Elements() {
		r := fhir.ParseReference(m.Field("entity").Field("reference").Text())
		if r.Kind != fhir.Relative || r.Key.Type != "Patient" || m.Field("inactive").Bool() || seen[r.Key.ID] {
			continue
		}
		if len(members) == limit {
			return nil, fault.New(fault.TooCostly, "the group has more than %d members", limit)
		}
		id := strings.Clone(r.Key.ID)
		seen[id] = true
		members = append(members, fhir.Key{Type: "Patient", ID: id})
	}
	return members, nil
}

// All finds the resources that are in the compartment of any resource of a type at all, and all resources of that type.
func All(ctx context.Context, p *plan.Planner, v *record.View, of string) (Set, error) {
	set := Set{}
	for _, typ := range append([]string{of}, def.R4().Compartment(of).Types()...) {
		id := uint16(def.R4().Type(typ).ID)
		if _, done := set[id]; done || v.Next(id) == 0 {
			continue
		}
		docs, err := p.CompartmentOfAny(ctx, v, typ, of)
		if err != nil {
			return nil, err
		}
		if !docs.IsEmpty() {
			set[id] = docs
		}
	}
	return set, nil
}
