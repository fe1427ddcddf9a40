// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"slices"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

// subsetted is the tag of a resource of which only a part is given.
//
// http://hl7.org/fhir/R4/search.html#summary
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// projection is what is kept of each resource.
type projection struct {
	summary  search.Summary
	elements []string // names of top elements (_elements); empty: all
}

// AppendElements adds a stored resource to dst with only some of its top elements, those that it must have, and the tag that says so.
func AppendElements(dst []byte, resource fhir.Node, elements []string) []byte {
	return projection{elements: elements}.append(dst, resource)
}

// whole reports whether resources are given as they are stored.
func (p projection) whole() bool { return p.summary == search.SummaryFalse && len(p.elements) == 0 }

// append adds the part of a stored resource to dst, with the tag that says so.
func (p projection) append(dst []byte, resource fhir.Node) []byte {
	s := def.R4().Structure(fhir.Type(resource))
	dst = append(dst, '{')
	tagged := false
	for m := resource.First(); m.Ok(); m = m.Next() {
		name := m.Name()
		if !p.keeps(s, name) {
			continue
		}
		dst = appendName(dst, name)
		switch {
		case name == "meta" && m.Kind() == fhir.Object:
			dst, tagged = appendTagged(dst, m), true
		case p.summary == search.SummaryTrue && s != nil:
			dst = appendSummary(dst, m, s)
		default:
			dst = append(dst, m.Raw()...)
		}
	}
	if !tagged { // stored resources have a meta
		dst = append(appendName(dst, "meta"), `{"tag":[`+subsetted+`]}`...)
	}
	return append(dst, '}')
}

// keeps reports whether a member of the resource is given.
func (p projection) keeps(s *def.Structure, name string) bool {
	if name == "resourceType" || name == "id" || name == "meta" || s == nil {
		return true
	}
	m, ok := s.Member(name)
	if !ok {
		return len(p.elements) == 0 && p.summary == search.SummaryData
	}
	e := m.Element
	switch {
	case len(p.elements) > 0:
		return e.Min > 0 || slices.Contains(p.elements, e.Name)
	case p.summary == search.SummaryTrue:
		return e.Summary
	case p.summary == search.SummaryText:
		return e.Min > 0 || e.Name == "text"
	case p.summary == search.SummaryData:
		return e.Name != "text"
	}
	return true
}

// appendSummary adds a member's value; of a backbone element, or a list of them, only what belongs to a summary.
func appendSummary(dst []byte, n fhir.Node, of *def.Structure) []byte {
	m, ok := of.Member(n.Name())
	if !ok || m.Sibling || m.Element.Content == nil {
		return append(dst, n.Raw()...)
	}
	if n.Kind() != fhir.Array {
		return appendBackbone(dst, n, m.Element.Content)
	}
	dst = append(dst, '[')
	for i, item := range n.Elements() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBackbone(dst, item, m.Element.Content)
	}
	return append(dst, ']')
}

func appendBackbone(dst []byte, n fhir.Node, s *def.Structure) []byte {
	if n.Kind() != fhir.Object {
		return append(dst, n.Raw()...)
	}
	dst = append(dst, '{')
	for m := n.First(); m.Ok(); m = m.Next() {
		if member, ok := s.Member(m.Name()); ok && member.Element.Summary {
			dst = appendSummary(appendName(dst, m.Name()), m, s)
		}
	}
	return append(dst, '}')
}

// appendTagged adds a meta with one tag more.
func appendTagged(dst []byte, meta fhir.Node) []byte {
	dst = append(dst, '{')
	tagged := false
	for m := meta.First(); m.Ok(); m = m.Next() {
		dst = appendName(dst, m.Name())
		if m.Name() != "tag" || m.Kind() != fhir.Array || tagged {
			dst = append(dst, m.Raw()...)
			continue
		}
		tagged = true
		raw := m.Raw()
		dst = append(dst, raw[:len(raw)-1]...)
		if m.First().Ok() {
			dst = append(dst, ',')
		}
		dst = append(dst, subsetted+`]`...)
	}
	if !tagged {
		dst = append(appendName(dst, "tag"), `[`+subsetted+`]`...)
	}
	return append(dst, '}')
}

// appendName adds a member's name, after a comma unless it is the first.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(fhir.AppendString(dst, name), ':')
}
