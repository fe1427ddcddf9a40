// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const hl7 = "http://hl7.org/fhir/"

type searchParameter struct {
	URL, Code, Type, Expression, Version string
	Base, Target, Comparator, Modifier   []string
	MultipleOr, MultipleAnd              *bool
	Component                            []struct{ Definition, Expression string }
}

type compartmentDefinition struct {
	URL, Code string
	Resource  []struct {
		Code  string
		Param []string
	}
}

// params writes every search parameter, sorted by URL, then every compartment:
//
//	Q url code type bases expression targets comparators modifiers flags    flags: o no OR, a no AND
//	K url expression                                                        a component of the composite above
//	M type url
//	R type codes                                                            a type that may be in the compartment above
func params(from string, w *lines) error {
	all, err := resources[searchParameter](from, "search-parameters.json", "SearchParameter")
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p searchParameter) bool { return !strings.HasPrefix(p.URL, hl7) })
	slices.SortFunc(all, func(a, b searchParameter) int { return cmp.Compare(a.URL, b.URL) })
	if len(all) != wantParams {
		return fmt.Errorf("%d search parameters, R4 has %d", len(all), wantParams)
	}
	for _, p := range all {
		if p.Version != releaseVersion {
			return fmt.Errorf("%s is of FHIR %s", p.URL, p.Version)
		}
		flags := ""
		if p.MultipleOr != nil && !*p.MultipleOr {
			flags += "o"
		}
		if p.MultipleAnd != nil && !*p.MultipleAnd {
			flags += "a"
		}
		slices.Sort(p.Base)
		slices.Sort(p.Target)
		if len(p.Target) >= wantTypes-3 {
			p.Target = nil // every type that can be pointed to: any
		}
		w.line("Q", p.URL, p.Code, p.Type, strings.Join(p.Base, ","), oneLine(p.Expression), strings.Join(p.Target, ","),
			strings.Join(p.Comparator, ","), strings.Join(p.Modifier, ","), flags)
		for _, c := range p.Component {
			w.line("K", c.Definition, oneLine(c.Expression))
		}
	}
	return compartments(from, w)
}

func compartments(from string, w *lines) error {
	all, err := resources[compartmentDefinition](from, "profiles-resources.json", "CompartmentDefinition")
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b compartmentDefinition) int { return cmp.Compare(a.Code, b.Code) })
	for _, c := range all {
		w.line("M", c.Code, c.URL)
		slices.SortFunc(c.Resource, func(a, b struct {
			Code  string
			Param []string
		}) int {
			return cmp.Compare(a.Code, b.Code)
		})
		for _, r := range c.Resource {
			if len(r.Param) > 0 {
				w.line("R", r.Code, strings.Join(r.Param, ","))
			}
		}
	}
	return nil
}
