// SPDX-License-Identifier: Apache-2.0

package search

import (
	"errors"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

// ParseTypes reads a search of several resource types: those of _type, or all of them; in a compartment those that can be in it.
// It gives one query for each, in the order of the definitions; all parameters must be known to every type. They differ in
// nothing but the type, and the first stands for all of them: its Canonical and Hash are those of the whole. Its faults are
// those of Parse. The types of _type must not be abstract.
//
// http://hl7.org/fhir/R4/http.html#search
func ParseTypes(defs *def.Definitions, pairs []Pair, opt Options) ([]*Query, error) {
	types, named, err := typesOf(defs, pairs, opt)
	if err != nil {
		return nil, err
	}
	var ignored []string
	for {
		queries := make([]*Query, 0, len(types))
		var lost []string
		for _, typ := range types {
			q, err := parse(defs, typ, types, pairs, opt)
			if errors.Is(err, errUnknown) && !named {
				return nil, fault.New(fault.Invalid, "not all types have this search parameter; name types that do with _type").At(pathOf(err)).WithCode("not-supported")
			}
			if err != nil {
				return nil, err
			}
			lost = append(lost, q.Ignored...)
			queries = append(queries, q)
		}
		if len(lost) == 0 {
			queries[0].Ignored = ignored
			return queries, nil
		}
		slices.Sort(lost)
		lost = slices.Compact(lost)
		ignored = append(ignored, lost...)
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return slices.Contains(lost, p.Name) })
	}
}

func pathOf(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Path
	}
	return ""
}

// typesOf lists the types that a search is about, and says whether it named them.
func typesOf(defs *def.Definitions, pairs []Pair, opt Options) (types []string, named bool, err error) {
	var asked []string
	for _, p := range pairs {
		if p.Name == "_type" && p.Value != "" {
			named, asked = true, strings.Split(p.Value, ",")
		}
	}
	for _, name := range asked {
		if t := defs.Type(name); t == nil || t.Abstract {
			return nil, true, fault.New(fault.Invalid, "%q is no resource type", name).At("_type").WithCode("value")
		}
	}
	for _, t := range defs.Types() {
		if t.Abstract || named && !slices.Contains(asked, t.Name) {
			continue
		}
		if c := defs.Compartment(opt.Compartment.Type); c != nil && !named && len(c.Params(t.Name)) == 0 {
			continue
		}
		types = append(types, t.Name)
	}
	return types, named, nil
}

// typeNames takes _type, which ParseTypes has read.
func (p *parser) typeNames(Pair) error {
	if p.types == nil {
		return fault.New(fault.Invalid, "this search is about one type; _type is for a search of all of them")
	}
	return nil
}
