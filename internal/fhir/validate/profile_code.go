// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
)

// codes answers from R4's own terminology and that of packages.
type codes struct{ service *term.Service }

func newCodes(packages *pack.Set) codes {
	return codes{term.New(term.Options{Source: packageSource{packages}})}
}

func (c codes) memberOf(system, code, valueSet string) Answer {
	ok, err := c.service.MemberOf(valueSet, term.Coding{System: system, Code: code})
	switch {
	case err != nil:
		return Unknown
	case ok:
		return Yes
	}
	return No
}

// packageSource gives a terminology service what packages hold.
type packageSource struct{ set *pack.Set }

// Resource finds a CodeSystem, ValueSet or ConceptMap.
func (s packageSource) Resource(kind, url, version string) ([]byte, error) {
	if version != "" {
		url += "|" + version
	}
	if r := s.set.Find(kind, url); r != nil {
		return r.JSON, nil
	}
	return nil, nil
}

// ConceptMaps lists the concept maps.
func (s packageSource) ConceptMaps() ([]string, error) { return s.set.URLs("ConceptMap"), nil }

// Generation never changes: a set does not.
func (s packageSource) Generation() uint64 { return 1 }

// asked answers memberOf of FHIRPath; subsumes is not known here.
type asked struct{ member MemberOf }

// MemberOf reports whether a code, Coding or CodeableConcept has a code of a value set.
func (a asked) MemberOf(coded fhirpath.Value, valueSet string) (member, known bool, err error) {
	n := coded.Node
	switch {
	case coded.System == fhirpath.String:
		return a.any(a.member("", coded.Text, valueSet))
	case n.Kind() == fhir.String:
		return a.any(a.member("", n.Text(), valueSet))
	case n.Field("code").Kind() == fhir.String:
		return a.any(a.member(n.Field("system").Text(), n.Field("code").Text(), valueSet))
	}
	var answers []Answer
	for _, c := range n.Field("coding").Elements() {
		answers = append(answers, a.member(c.Field("system").Text(), c.Field("code").Text(), valueSet))
	}
	return a.any(answers...)
}

// any is true if one answer is Yes. What is not known is an error, so that the rule which asks is let pass.
func (asked) any(answers ...Answer) (member, known bool, err error) {
	switch {
	case slices.Contains(answers, Yes):
		return true, true, nil
	case slices.Contains(answers, Unknown):
		return false, false, fault.New(fault.Unsupported, "the value set, or what it draws on, is not here")
	}
	return false, len(answers) > 0, nil
}

// Subsumes cannot be told.
func (asked) Subsumes(_, _ fhirpath.Value) (subsumes, known bool, err error) {
	return false, false, fault.New(fault.Unsupported, "subsumes is not offered in rules of profiles")
}
