// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// Parameters reads the input of an operation: a Parameters resource, of which names are looked up. The zero value has none.
//
// http://hl7.org/fhir/R4/parameters.html
type Parameters struct{ list fhir.Node }

// ParseParameters reads a Parameters resource; an absent node has no parameters.
func ParseParameters(n fhir.Node) (Parameters, error) {
	if n.Ok() && !n.Field("resourceType").Is("Parameters") {
		return Parameters{}, fault.New(fault.Invalid, "the input of an operation is a Parameters resource")
	}
	return Parameters{n.Field("parameter")}, nil
}

// each calls f for every parameter of a name.
func (p Parameters) each(name string, f func(n fhir.Node)) {
	for _, n := range p.list.Elements() {
		if n.Field("name").Is(name) {
			f(n)
		}
	}
}

// one is the first parameter of a name; absent if there is none.
func (p Parameters) one(name string) fhir.Node {
	for _, n := range p.list.Elements() {
		if n.Field("name").Is(name) {
			return n
		}
	}
	return fhir.Node{}
}

func (p Parameters) text(names ...string) string {
	for _, name := range names {
		if v := valueText(p.one(name)); v != "" {
			return strings.Clone(v)
		}
	}
	return ""
}

func (p Parameters) texts(name string) (all []string) {
	p.each(name, func(n fhir.Node) { all = append(all, strings.Clone(valueText(n))) })
	return all
}

func (p Parameters) yes(name string) bool { return p.text(name) == "true" }

func (p Parameters) number(name string) (int, error) {
	text := p.text(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "%s is a number from 0 on", name).At(name)
	}
	return n, nil
}

// codings are those of coding, codeableConcept, and code with system.
func (p Parameters) codings() (all []Coding) {
	p.each("coding", func(n fhir.Node) { all = append(all, readCoding(n.Field("valueCoding"))) })
	p.each("codeableConcept", func(n fhir.Node) {
		for _, c := range n.Field("valueCodeableConcept").Field("coding").Elements() {
			all = append(all, readCoding(c))
		}
	})
	if code := p.text("code"); code != "" {
		all = append(all, Coding{System: p.text("system"), Version: p.text("systemVersion", "version"), Code: code, Display: p.text("display")})
	}
	return all
}

// Expand is the request of $expand.
func (p Parameters) Expand() (r ExpandRequest, err error) {
	r = ExpandRequest{
		URL: p.text("url"), Version: p.text("valueSetVersion"), ValueSet: p.one("valueSet").Field("resource"), Filter: p.text("filter"),
		ActiveOnly: p.yes("activeOnly"), Designations: p.yes("includeDesignations"), DisplayLanguage: p.text("displayLanguage"),
		Flat: p.yes("excludeNested"), NotForUI: p.yes("excludeNotForUI"), Properties: p.texts("property"),
		SystemVersions: p.texts("system-version"), ForcedVersions: p.texts("force-system-version"),
		OnlyDesignations: p.texts("designation"), Definition: p.yes("includeDefinition"),
		ExcludeSystems: p.texts("exclude-system"),
	}
	for _, n := range p.list.Elements() {
		switch n.Field("name").Text() {
		case "url", "valueSet", "valueSetVersion":
		default:
			r.Given = append(r.Given, n)
		}
	}
	if r.Offset, err = p.number("offset"); err != nil {
		return r, err
	}
	r.Count, err = p.number("count")
	r.CountOnly = p.text("count") == "0"
	return r, err
}

// ValidateCode is the request of $validate-code: of a value set, or of a code system (whose url is the system of a code that
// has none).
func (p Parameters) ValidateCode(codeSystem bool) ValidateRequest {
	r := ValidateRequest{Codings: p.codings(), NoAbstract: p.text("abstract") == "false", DisplayLanguage: p.text("displayLanguage"), InferSystem: p.yes("inferSystem")}
	if !codeSystem {
		r.URL, r.Version, r.ValueSet = p.text("url"), p.text("valueSetVersion"), p.one("valueSet").Field("resource")
		return r
	}
	for i := range r.Codings {
		if r.Codings[i].System == "" {
			r.Codings[i].System = p.text("url")
		}
	}
	return r
}

// Lookup is the request of $lookup.
func (p Parameters) Lookup() LookupRequest {
	r := LookupRequest{DisplayLanguage: p.text("displayLanguage"), Properties: p.texts("property")}
	if all := p.codings(); len(all) > 0 {
		r.Coding = all[0]
	}
	return r
}

// Subsumes are the two codes of $subsumes.
func (p Parameters) Subsumes() (a, b Coding) {
	read := func(code, coding string) Coding {
		if n := p.one(coding); n.Ok() {
			return readCoding(n.Field("valueCoding"))
		}
		return Coding{System: p.text("system"), Version: p.text("version"), Code: p.text(code)}
	}
	return read("codeA", "codingA"), read("codeB", "codingB")
}

// Translate is the request of $translate.
func (p Parameters) Translate() TranslateRequest {
	r := TranslateRequest{
		URL: p.text("url"), Version: p.text("conceptMapVersion"), Map: p.one("conceptMap").Field("resource"), Source: p.text("source"),
		Target: p.text("target"), TargetSystem: p.text("targetsystem", "targetSystem"), Codings: p.codings(), Reverse: p.yes("reverse"),
	}
	p.each("dependency", func(n fhir.Node) { r.Dependencies = append(r.Dependencies, dependencies(n.Field("part"))...) })
	return r
}

// dependencies reads a parameter of parts, element and concept: a dependency for each coding of the concept.
func dependencies(parts fhir.Node) (all []Dependency) {
	property := ""
	for _, part := range parts.Elements() {
		switch {
		case part.Field("name").Is("element"):
			property = strings.Clone(valueText(part))
		case part.Field("valueCoding").Ok():
			all = append(all, Dependency{Coding: readCoding(part.Field("valueCoding"))})
		case part.Field("name").Is("concept"):
			for _, c := range part.Field("valueCodeableConcept").Field("coding").Elements() {
				all = append(all, Dependency{Coding: readCoding(c)})
			}
		}
	}
	for i := range all {
		all[i].Property = property
	}
	return all
}

// Closure is the request of $closure: the table's name, the concepts to add, and the version to answer from (0: none asked).
func (p Parameters) Closure() (name string, concepts []Coding, version int, err error) {
	p.each("concept", func(n fhir.Node) { concepts = append(concepts, readCoding(n.Field("valueCoding"))) })
	version, err = p.number("version")
	return p.text("name"), concepts, version, err
}
