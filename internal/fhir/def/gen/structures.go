// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	structureBase = "http://hl7.org/fhir/StructureDefinition/"
	fhirTypeURL   = structureBase + "structuredefinition-fhir-type"
	regexURL      = structureBase + "regex"
)

type structureDefinition struct {
	Name, Type, Kind, Derivation, BaseDefinition, FHIRVersion string
	Abstract                                                  bool
	Snapshot                                                  struct{ Element []element }
}

type element struct {
	Path, Max, ContentReference string
	Min                         int
	MaxLength                   int
	IsModifier, IsSummary       bool
	Base                        struct{ Path string }
	Type                        []elementType
	Binding                     struct{ Strength, ValueSet string }
	Constraint                  []constraint
}

type elementType struct {
	Code                   string
	Profile, TargetProfile []string
	Extension              []struct{ URL, ValueURL, ValueString string }
}

type constraint struct{ Key, Severity, Expression string }

// structures writes every resource and data type of R4:
//
//	S name kind flags base             kind r, c or p; flags a abstract
//	P name base regex maxLength        a primitive
//	E path min max flags types binding an element defined by the structure above; path without the structure's name
//	C key severity expression          a constraint on the element or structure above; severity e or w
func structures(from string, w *lines) error {
	types, err := resources[structureDefinition](from, "profiles-types.json", "StructureDefinition")
	if err != nil {
		return err
	}
	all, err := resources[structureDefinition](from, "profiles-resources.json", "StructureDefinition")
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(append(types, all...), func(s structureDefinition) bool {
		return s.Derivation == "constraint" || s.Kind == "logical"
	})
	slices.SortFunc(all, func(a, b structureDefinition) int { return cmp.Compare(a.Name, b.Name) })
	count, elements := 0, 0
	for _, s := range all {
		if s.FHIRVersion != releaseVersion {
			return fmt.Errorf("%s is of FHIR %s", s.Name, s.FHIRVersion)
		}
		if s.Kind == "resource" {
			count++
		}
		elements += structure(s, w)
	}
	if count != wantTypes || elements != wantElements {
		return fmt.Errorf("%d resource types and %d elements, R4 has %d and %d", count, elements, wantTypes, wantElements)
	}
	return nil
}

func structure(s structureDefinition, w *lines) (elements int) {
	base := strings.TrimPrefix(s.BaseDefinition, structureBase)
	if s.Kind == "primitive-type" {
		return primitive(s, base, w)
	}
	flags := ""
	if s.Abstract {
		flags = "a"
	}
	w.line("S", s.Name, s.Kind[:1], flags, base)
	constraints(s.Snapshot.Element[0], w)
	for _, e := range s.Snapshot.Element[1:] {
		if e.Base.Path != e.Path {
			continue // inherited, never changed
		}
		elements++
		writeElement(strings.TrimPrefix(e.Path, s.Name+"."), e, w)
	}
	return elements
}

func primitive(s structureDefinition, base string, w *lines) int {
	regex, maxLength := "", ""
	for _, e := range s.Snapshot.Element {
		if e.Path != s.Name+".value" {
			continue
		}
		for _, x := range e.Type[0].Extension {
			if x.URL == regexURL {
				regex = x.ValueString
			}
		}
		if e.MaxLength > 0 {
			maxLength = strconv.Itoa(e.MaxLength)
		}
	}
	w.line("P", s.Name, base, regex, maxLength)
	return 0
}

func writeElement(path string, e element, w *lines) {
	flags := ""
	if strings.HasSuffix(path, "[x]") {
		path, flags = strings.TrimSuffix(path, "[x]"), "x"
	}
	if e.IsModifier {
		flags += "m"
	}
	if e.IsSummary {
		flags += "s"
	}
	binding := ""
	if e.Binding.Strength != "" {
		set, _, _ := strings.Cut(e.Binding.ValueSet, "|")
		binding = e.Binding.Strength[:3] + " " + set
	}
	w.line("E", path, strconv.Itoa(e.Min), e.Max, flags, typeList(e), binding)
	constraints(e, w)
}

// typeList writes an element's types: name^profile,…>target,… separated by spaces. A content reference is #path. A type
// that cannot have a sibling in JSON (ids, Extension.url, xhtml) has ! before its name.
func typeList(e element) string {
	if e.ContentReference != "" {
		return e.ContentReference
	}
	var list []string
	for _, t := range e.Type {
		name := t.Code
		for _, x := range t.Extension {
			if x.URL == fhirTypeURL {
				name = x.ValueURL
			}
		}
		if strings.HasPrefix(t.Code, "http://hl7.org/fhirpath/") || name == "xhtml" {
			name = "!" + name
		}
		if e.Path == "Resource.id" {
			name = "!id" // its snapshot says string; http://hl7.org/fhir/R4/resource.html says id
		}
		if len(t.Profile) > 0 {
			name += "^" + names(t.Profile)
		}
		if targets := names(t.TargetProfile); targets != "" && targets != "Resource" {
			name += ">" + targets
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

func names(urls []string) string {
	var list []string
	for _, u := range urls {
		list = append(list, strings.TrimPrefix(u, structureBase))
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// constraints writes those of an element or structure, without those that its type or base brings along.
func constraints(e element, w *lines) {
	for _, c := range e.Constraint {
		inherited := c.Key == "ele-1" || c.Key == "ext-1" || strings.HasPrefix(c.Key, "dom-")
		if inherited && e.Path != "Element" && e.Path != "Extension" && e.Path != "DomainResource" {
			continue
		}
		w.line("C", c.Key, c.Severity[:1], oneLine(c.Expression))
	}
}
