// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// ReadCodeSystem makes a System of a CodeSystem resource, which is not kept. The hierarchy is that of nested concepts and of
// the properties parent and child; inactive, status and notSelectable are understood.
//
// http://hl7.org/fhir/R4/codesystem.html
func ReadCodeSystem(n fhir.Node) (*System, error) {
	if !n.Field("resourceType").Is("CodeSystem") {
		return nil, fault.New(fault.Invalid, "this is no CodeSystem")
	}
	sensitive := n.Field("caseSensitive")
	info := Info{
		URL: clone(n.Field("url")), Version: clone(n.Field("version")), Name: clone(n.Field("name")), Title: clone(n.Field("title")),
		Content: Content(clone(n.Field("content"))), CaseInsensitive: sensitive.Ok() && !sensitive.Bool(),
		ValueSet: clone(n.Field("valueSet")), Language: clone(n.Field("language")), Hierarchy: clone(n.Field("hierarchyMeaning")),
	}
	for _, p := range n.Field("property").Elements() {
		info.PropertyDefinitions = append(info.PropertyDefinitions, PropertyDefinition{
			Code: clone(p.Field("code")), Type: PropertyType(clone(p.Field("type"))), URI: clone(p.Field("uri"))})
	}
	r := systemReader{b: NewBuilder(info)}
	r.concepts(n.Field("concept"), -1)
	for _, e := range r.later {
		if other, ok := r.b.Find(e.code); ok && e.parent {
			r.b.Parent(e.concept, other)
		} else if ok {
			r.b.Parent(other, e.concept)
		}
	}
	return r.b.Build()
}

func clone(n fhir.Node) string { return strings.Clone(n.Text()) }

// systemReader adds the concepts of a resource to a Builder.
type systemReader struct {
	b     *Builder
	later []relation
}

// relation is a property parent or child, to be resolved when all codes are known.
type relation struct {
	concept uint32
	code    string
	parent  bool
}

// concepts adds a list of concepts and what is nested in them; the depth is that which the tape admits.
func (r *systemReader) concepts(list fhir.Node, parent int) {
	for _, c := range list.Elements() {
		code := c.Field("code").Text()
		if code == "" {
			continue
		}
		i := r.b.Concept(code)
		if d := c.Field("display").Text(); d != "" {
			r.b.Display(i, d)
		}
		if parent >= 0 {
			r.b.Parent(i, uint32(parent))
		}
		for _, d := range c.Field("designation").Elements() {
			r.b.Designate(i, readDesignation(d))
		}
		for _, p := range c.Field("property").Elements() {
			r.property(i, p)
		}
		r.concepts(c.Field("concept"), int(i))
	}
}

func readDesignation(d fhir.Node) Designation {
	return Designation{Language: clone(d.Field("language")), Use: readCoding(d.Field("use")), Value: clone(d.Field("value"))}
}

func readCoding(n fhir.Node) Coding {
	return Coding{System: clone(n.Field("system")), Version: clone(n.Field("version")), Code: clone(n.Field("code")), Display: clone(n.Field("display"))}
}

func (r *systemReader) property(i uint32, p fhir.Node) {
	code, value := p.Field("code").Text(), valueText(p)
	switch code {
	case "parent", "child":
		r.later = append(r.later, relation{i, strings.Clone(value), code == "parent"})
		return
	case "inactive":
		if value == "true" {
			r.b.Inactive(i)
		}
	case "status":
		if value == "retired" || value == "inactive" {
			r.b.Inactive(i)
		}
	case "notSelectable", "abstract":
		if value == "true" {
			r.b.Abstract(i)
		}
	}
	r.b.Property(i, strings.Clone(code), value)
}

// valueText is the text of the value[x] of n, as Property has it; empty if there is none.
func valueText(n fhir.Node) string {
	for name, v := range n.Members() {
		if !strings.HasPrefix(name, "value") {
			continue
		}
		switch v.Kind() {
		case fhir.String:
			return v.Text()
		case fhir.Number:
			return v.Number()
		case fhir.True:
			return "true"
		case fhir.False:
			return "false"
		case fhir.Object:
			return v.Field("system").Text() + "|" + v.Field("code").Text()
		}
	}
	return ""
}
