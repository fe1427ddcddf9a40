// SPDX-License-Identifier: Apache-2.0

package validate

import (
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
