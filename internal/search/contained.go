// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"

	"galen/internal/fault"
)

// Contained says whether resources that others contain are searched.
//
// http://hl7.org/fhir/R4/search.html#contained
type Contained uint8

// What may be searched.
const (
	ContainedFalse Contained = iota // only resources that stand by themselves
	ContainedTrue                   // only contained ones
	ContainedBoth
)

// Inside asks a resource for what it contains: some resource of a type that fulfils conditions.
type Inside struct {
	Type  string
	Where []Clause // all of them hold; none: any of the type
	Self  bool     // or the resource itself, which is of the type, fulfils them
	Alone bool     // each that does counts as a match of its own, not the container
}

// Insides gives the searches of resources that contain what q asks for, one for each type, that of q first if it is to be searched
// itself. They share the conditions of q, whose Contained is not ContainedFalse.
func (q *Query) Insides() []*Query {
	types := q.Containers
	if q.Contained == ContainedBoth {
		types = slices.DeleteFunc(slices.Clone(types), func(typ string) bool { return typ == q.Type })
		types = slices.Insert(types, 0, q.Type)
	}
	all := make([]*Query, len(types))
	for i, typ := range types {
		of := *q
		of.Type, of.Contained = typ, ContainedFalse
		of.Where = []Clause{{Name: "_contained", Inside: &Inside{Type: q.Type, Where: q.Where, Self: q.Contained == ContainedBoth && typ == q.Type, Alone: q.Alone}}}
		all[i] = &of
	}
	return all
}

func (p *parser) contained(pair Pair) error {
	i := slices.Index([]string{"false", "true", "both"}, pair.Value)
	if i < 0 {
		return fault.New(fault.Invalid, "_contained is true, false or both").WithCode("value")
	}
	p.q.Contained = Contained(i)
	return nil
}

func (p *parser) containedType(pair Pair) error {
	if pair.Value != "container" && pair.Value != "contained" {
		return fault.New(fault.Invalid, "_containedType is container or contained").WithCode("value")
	}
	p.q.Alone = pair.Value == "contained"
	return nil
}

// agreeInside refuses what cannot be said of resources inside of others, and finds the types that may contain some.
func (p *parser) agreeInside() error {
	q := p.q
	if q.Contained == ContainedFalse {
		return nil
	}
	refuse := func(name, why string) error {
		return fault.New(fault.Unsupported, "%s cannot be combined with _contained: %s", name, why).At(name).WithCode("not-supported")
	}
	byTime := func(s Sort) bool { return s.Param.Code == "_lastUpdated" || s.Param.Code == "_id" }
	switch {
	case p.types != nil:
		return fault.New(fault.Unsupported, "_contained is for a search of one type").At("_contained").WithCode("not-supported")
	case len(q.Include) > 0:
		return refuse("_include", "what is found is of other types")
	case len(q.RevInclude) > 0:
		return refuse("_revinclude", "nothing refers to what is contained")
	case len(q.Sort) > 0 && q.Alone:
		return refuse("_sort", "contained resources stand in the order of their containers")
	case slices.ContainsFunc(q.Sort, func(s Sort) bool { return !byTime(s) }):
		return refuse("_sort", "containers are sorted by _id and _lastUpdated only")
	case len(q.Elements) > 0 && !q.Alone:
		return refuse("_elements", "containers are of other types; _containedType=contained gives what is contained")
	}
	for _, t := range p.defs.Types() {
		if t.Domain && !t.Abstract {
			q.Containers = append(q.Containers, t.Name)
		}
	}
	return nil
}
