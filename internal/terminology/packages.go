// SPDX-License-Identifier: Apache-2.0

package terminology

import (
	"galen/internal/fhir/pack"
	"galen/internal/fhir/term"
)

// Packages makes the terminology of FHIR packages a source of a term.Service.
func Packages(set *pack.Set) term.Source { return packages{set} }

type packages struct{ set *pack.Set }

// Resource finds a resource by its canonical URL.
func (p packages) Resource(kind, url, version string) ([]byte, error) {
	if version != "" {
		url += "|" + version
	}
	if r := p.set.Find(kind, url); r != nil {
		return r.JSON, nil
	}
	return nil, nil
}

// ConceptMaps lists the concept maps.
func (p packages) ConceptMaps() ([]string, error) { return p.set.URLs(conceptMap), nil }

// Generation never changes: a set does not.
func (p packages) Generation() uint64 { return 1 }
