// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"galen/internal/fhir"
)

// Evidence is a place in the record that says something.
type Evidence struct {
	Reference string `json:"reference"` // Type/id
	Path      string `json:"path"`      // FHIRPath of the element: Condition.code
}

// Fact is what all facts have.
type Fact struct {
	ID       string     `json:"id"` // unique in a Base: "problem-1"
	Evidence []Evidence `json:"evidence"`
}

// References lists the resources of the evidence, each once.
func (f Fact) References() []string {
	var out []string
	for _, e := range f.Evidence {
		if len(out) == 0 || out[len(out)-1] != e.Reference {
			out = append(out, e.Reference)
		}
	}
	return dedupe(out)
}

func dedupe(list []string) []string {
	seen, out := map[string]bool{}, list[:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// prove gives evidence for the elements of a resource that are there.
func prove(n fhir.Node, elements ...string) (out []Evidence) {
	for _, e := range elements {
		if n.Field(e).Ok() {
			out = append(out, Evidence{keyOf(n), fhir.Type(n) + "." + e})
		}
	}
	return out
}
