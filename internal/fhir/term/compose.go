// SPDX-License-Identifier: Apache-2.0

package term

import (
	"galen/internal/fault"
	"galen/internal/fhir"
)

// compose is the content logical definition of a value set, as its resource has it.
//
// http://hl7.org/fhir/R4/valueset.html#compositions
type compose struct {
	url, version, name, title string
	activeOnly                bool // compose.inactive is false
	include, exclude          []include
}

type include struct {
	system, version string
	concepts        []listed
	filters         []filter
	valueSets       []string
	omitted         bool // its codes are left out for their licence
}

// listed is a code that a value set lists.
type listed struct {
	code, display string
	designations  []Designation
}

type filter struct{ property, op, value string }

// Ends of what one value set may hold.
const (
	maxIncludes = 10_000
	maxFilters  = 100
)

func readCompose(n fhir.Node) (*compose, error) {
	if !n.Field("resourceType").Is("ValueSet") {
		return nil, fault.New(fault.Invalid, "this is no ValueSet")
	}
	c := &compose{url: clone(n.Field("url")), version: clone(n.Field("version")), name: clone(n.Field("name")), title: clone(n.Field("title"))}
	definition := n.Field("compose")
	if !definition.Ok() {
		if err := c.fromExpansion(n.Field("expansion")); err != nil {
			return nil, err
		}
		return c, nil
	}
	c.activeOnly = definition.Field("inactive").Kind() == fhir.False
	var err error
	if c.include, err = readIncludes(definition.Field("include")); err != nil {
		return nil, err
	}
	c.exclude, err = readIncludes(definition.Field("exclude"))
	return c, err
}

func readIncludes(list fhir.Node) (all []include, err error) {
	lists := map[[2]string]int{} // where the codes listed of a system are
	for _, n := range list.Elements() {
		if len(all) == maxIncludes {
			return nil, fault.New(fault.TooCostly, "a value set may have at most %d includes", maxIncludes).At("ValueSet.compose")
		}
		in := include{system: clone(n.Field("system")), version: clone(n.Field("version")), omitted: n.Field("_concept").Ok()}
		for _, c := range n.Field("concept").Elements() {
			l := listed{code: clone(c.Field("code")), display: clone(c.Field("display"))}
			for _, d := range c.Field("designation").Elements() {
				l.designations = append(l.designations, readDesignation(d))
			}
			in.concepts = append(in.concepts, l)
		}
		for _, f := range n.Field("filter").Elements() {
			in.filters = append(in.filters, filter{clone(f.Field("property")), clone(f.Field("op")), clone(f.Field("value"))})
		}
		for _, v := range n.Field("valueSet").Elements() {
			in.valueSets = append(in.valueSets, clone(v))
		}
		switch {
		case in.system == "" && len(in.valueSets) == 0:
			return nil, fault.New(fault.Invalid, "an include needs a system or a valueSet").At("ValueSet.compose")
		case in.system == "" && len(in.concepts)+len(in.filters) > 0:
			return nil, fault.New(fault.Invalid, "an include with concepts or filters needs a system").At("ValueSet.compose")
		case len(in.concepts) > 0 && len(in.filters) > 0:
			return nil, fault.New(fault.Invalid, "an include has concepts or filters, not both").At("ValueSet.compose")
		case len(in.filters)+len(in.valueSets) > maxFilters:
			return nil, fault.New(fault.TooCostly, "an include may have at most %d filters and value sets", maxFilters).At("ValueSet.compose")
		}
		if key := [2]string{in.system, in.version}; len(in.concepts) > 0 && len(in.valueSets) == 0 && !in.omitted {
			if at, ok := lists[key]; ok {
				all[at].concepts = append(all[at].concepts, in.concepts...)
				continue
			}
			lists[key] = len(all)
		}
		all = append(all, in)
	}
	return all, nil
}

// fromExpansion takes the codes of a stored expansion for those listed, for a value set that has nothing else.
func (c *compose) fromExpansion(n fhir.Node) error {
	at := map[[2]string]int{}
	var walk func(list fhir.Node)
	walk = func(list fhir.Node) {
		for _, e := range list.Elements() {
			if code := e.Field("code"); code.Ok() && !e.Field("abstract").Bool() {
				key := [2]string{clone(e.Field("system")), clone(e.Field("version"))}
				i, ok := at[key]
				if !ok {
					i = len(c.include)
					at[key] = i
					c.include = append(c.include, include{system: key[0], version: key[1]})
				}
				c.include[i].concepts = append(c.include[i].concepts, listed{code: clone(code), display: clone(e.Field("display"))})
			}
			walk(e.Field("contains"))
		}
	}
	walk(n.Field("contains"))
	if len(c.include) > maxIncludes {
		return fault.New(fault.TooCostly, "an expansion may draw on at most %d systems", maxIncludes)
	}
	return nil
}
