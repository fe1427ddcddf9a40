// SPDX-License-Identifier: Apache-2.0

// Package ask answers what FHIRPath asks of terminology: memberOf, subsumes and subsumedBy.
//
// http://hl7.org/fhir/R4/fhirpath.html#functions
package ask

import (
	"errors"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/term"
)

// FHIRPath makes a terminology service answer FHIRPath. What cannot be known, for a value set or a system is not here, is an empty
// answer.
func FHIRPath(s *term.Service) fhirpath.Terminology { return asker{s} }

type asker struct{ service *term.Service }

// MemberOf reports whether a code, string, Coding or CodeableConcept has a code of the value set.
func (a asker) MemberOf(coded fhirpath.Value, valueSet string) (member, known bool, err error) {
	all := codings(coded)
	unknown := len(all) == 0
	for _, c := range all {
		ok, err := a.service.MemberOf(valueSet, c)
		switch {
		case notHere(err):
			unknown = true
		case err != nil:
			return false, false, err
		case ok:
			return true, true, nil
		}
	}
	return false, !unknown, nil
}

// Subsumes reports whether a code of x is one of y or above it.
func (a asker) Subsumes(x, y fhirpath.Value) (subsumes, known bool, err error) {
	for _, upper := range codings(x) {
		for _, lower := range codings(y) {
			if upper.System == "" || upper.System != lower.System {
				continue
			}
			how, err := a.service.Subsumes(upper, lower)
			switch {
			case notHere(err):
				continue
			case err != nil:
				return false, false, err
			case how == term.Equivalent || how == term.Subsumer:
				return true, true, nil
			}
			known = true
		}
	}
	return false, known, nil
}

// notHere reports whether an error says that something is not here to answer from.
func notHere(err error) bool {
	return errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unsupported)
}

// codings are those of a CodeableConcept, a Coding, or a code alone.
func codings(v fhirpath.Value) []term.Coding {
	switch {
	case v.System == fhirpath.String:
		return []term.Coding{{Code: v.Text}}
	case v.Node.Kind() == fhir.String:
		return []term.Coding{{Code: strings.Clone(v.Node.Text())}}
	case v.Node.Kind() != fhir.Object:
		return nil
	}
	list := v.Node.Field("coding")
	if list.Kind() != fhir.Array {
		return coding(nil, v.Node)
	}
	var all []term.Coding
	for _, c := range list.Elements() {
		all = coding(all, c)
	}
	return all
}

func coding(all []term.Coding, n fhir.Node) []term.Coding {
	code := n.Field("code").Text()
	if code == "" {
		return all
	}
	text := func(name string) string { return strings.Clone(n.Field(name).Text()) }
	return append(all, term.Coding{System: text("system"), Version: text("version"), Code: strings.Clone(code)})
}
