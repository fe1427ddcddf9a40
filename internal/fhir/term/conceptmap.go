// SPDX-License-Identifier: Apache-2.0

package term

import (
	"galen/internal/fault"
	"galen/internal/fhir"
)

// conceptMap is a compiled ConceptMap. It never changes.
//
// http://hl7.org/fhir/R4/conceptmap.html
type conceptMap struct {
	url, version   string
	source, target string // value sets
	groups         []mapGroup
}

type mapGroup struct {
	source, target               string // systems
	sourceVersion, targetVersion string
	forward                      map[string][]mapping // by source code
	backward                     map[string][]mapping // by target code; mapping.Code is the source
	mode                         string               // unmapped: provided, fixed, other-map; empty: none
	fixed                        Coding
	other                        string
}

type mapping struct {
	Coding
	equivalence, comment string
	dependsOn, product   []Dependency
}

const maxMappings = 1_000_000

func readConceptMap(n fhir.Node) (*conceptMap, error) {
	if !n.Field("resourceType").Is("ConceptMap") {
		return nil, fault.New(fault.Invalid, "this is no ConceptMap")
	}
	m := &conceptMap{url: clone(n.Field("url")), version: clone(n.Field("version")),
		source: either(n, "sourceCanonical", "sourceUri"), target: either(n, "targetCanonical", "targetUri")}
	count := 0
	for _, g := range n.Field("group").Elements() {
		group := mapGroup{
			source: clone(g.Field("source")), target: clone(g.Field("target")),
			sourceVersion: clone(g.Field("sourceVersion")), targetVersion: clone(g.Field("targetVersion")),
			forward: map[string][]mapping{}, backward: map[string][]mapping{},
		}
		for _, e := range g.Field("element").Elements() {
			count += group.add(e)
		}
		if count > maxMappings {
			return nil, fault.New(fault.TooLarge, "a concept map may have at most %d mappings", maxMappings)
		}
		u := g.Field("unmapped")
		group.mode, group.other = clone(u.Field("mode")), clone(u.Field("url"))
		group.fixed = Coding{Code: clone(u.Field("code")), Display: clone(u.Field("display"))}
		m.groups = append(m.groups, group)
	}
	return m, nil
}

func either(n fhir.Node, a, b string) string {
	if text := clone(n.Field(a)); text != "" {
		return text
	}
	return clone(n.Field(b))
}

// add takes one element of a group; it gives the number of its targets.
func (g *mapGroup) add(e fhir.Node) (count int) {
	source := Coding{System: g.source, Version: g.sourceVersion, Code: clone(e.Field("code")), Display: clone(e.Field("display"))}
	if source.Code == "" {
		return 0
	}
	if g.forward[source.Code] == nil {
		g.forward[source.Code] = []mapping{}
	}
	for _, t := range e.Field("target").Elements() {
		m := mapping{
			Coding:      Coding{System: g.target, Version: g.targetVersion, Code: clone(t.Field("code")), Display: clone(t.Field("display"))},
			equivalence: clone(t.Field("equivalence")), comment: clone(t.Field("comment")),
			dependsOn: readDependencies(t.Field("dependsOn")), product: readDependencies(t.Field("product")),
		}
		if m.equivalence == "" {
			m.equivalence = "equivalent"
		}
		g.forward[source.Code] = append(g.forward[source.Code], m)
		count++
		if m.Code == "" {
			continue
		}
		back := mapping{Coding: source, equivalence: inverse(m.equivalence), comment: m.comment}
		g.backward[m.Code] = append(g.backward[m.Code], back)
	}
	return count + 1
}

func readDependencies(list fhir.Node) (all []Dependency) {
	for _, d := range list.Elements() {
		all = append(all, Dependency{Property: clone(d.Field("property")), Coding: Coding{
			System: clone(d.Field("system")), Code: clone(d.Field("value")), Display: clone(d.Field("display"))}})
	}
	return all
}

// inverse is how the source of a mapping stands to its target, read from the target.
func inverse(equivalence string) string {
	switch equivalence {
	case "wider":
		return "narrower"
	case "narrower":
		return "wider"
	case "subsumes":
		return "specializes"
	case "specializes":
		return "subsumes"
	}
	return equivalence
}
