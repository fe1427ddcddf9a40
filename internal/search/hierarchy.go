// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// Parent is the parameter by which resources of a type refer to the one that they are a part of, or come from; nil if they are in no
// hierarchy.
//
// http://hl7.org/fhir/R4/search.html#recursive
func Parent(defs *def.Definitions, typ string) *def.SearchParam {
	for _, code := range []string{"partof", "part-of", "parent"} {
		if p := defs.SearchParam(typ, code); p != nil && p.Type == def.ReferenceParam && slices.Contains(p.Targets, typ) {
			return p
		}
	}
	return nil
}

// IsHierarchical reports whether the leaf asks for what is above or below resources in their hierarchy.
func (l *Leaf) IsHierarchical() bool {
	return l.Param.Type == def.ReferenceParam && (l.Modifier == index.Above || l.Modifier == index.Below)
}

// Asked is the condition as the index answers it: of a hierarchy, all references that lead to Within.
func (l *Leaf) Asked() (index.Clause, []index.Value) {
	if !l.IsHierarchical() {
		return l.Clause, l.Values
	}
	c := l.Clause
	c.Modifier = index.Plain
	return c, l.Within
}

// Targets lists the resources that a value of a hierarchical leaf names: one for each type that it may be of and that is in a hierarchy.
func (l *Leaf) Targets(defs *def.Definitions, v index.Value) (keys []fhir.Key) {
	r := fhir.ParseReference(v.Text)
	types, id := l.Param.Targets, v.Text
	switch {
	case l.Target != "":
		types = []string{l.Target}
	case len(types) == 0:
		for _, t := range defs.Types() {
			types = append(types, t.Name)
		}
	}
	switch {
	case r.Kind == fhir.Relative && r.Version == "":
		if id = r.Key.ID; !slices.Contains(types, r.Key.Type) {
			return nil
		}
		types = []string{r.Key.Type}
	case !fhir.ValidID(id):
		return nil
	}
	for _, typ := range types {
		if Parent(defs, typ) != nil {
			keys = append(keys, fhir.Key{Type: typ, ID: id})
		}
	}
	return keys
}

// hierarchical refuses values of :above and :below on a reference that no hierarchy has.
func (p *parser) hierarchical(l *Leaf) error {
	for _, v := range l.Values {
		if len(l.Targets(p.defs, v)) == 0 {
			return fault.New(fault.Unsupported, ":above and :below of a reference take Type/id or an id of a type whose resources are parts of each other, such as Location and Organization").WithCode("not-supported")
		}
	}
	return nil
}
