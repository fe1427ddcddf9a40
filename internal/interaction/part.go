// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

// WantsPart reports whether the query of a read may ask for a part of the resource (_summary, _elements).
func WantsPart(query string) bool {
	return strings.Contains(query, "_summary") || strings.Contains(query, "_elements")
}

// Part gives the part of a version that the query of a read asks for, tagged as one; the whole body if it asks for none.
//
// http://hl7.org/fhir/R4/http.html#summary
func (s *Service) Part(v Version, query string) ([]byte, error) {
	pairs, err := parsePairs(query)
	if err != nil {
		return nil, err
	}
	var asked []search.Pair
	for _, p := range pairs {
		if p.Name == "_summary" || p.Name == "_elements" {
			asked = append(asked, p)
		}
	}
	q, err := search.Parse(def.R4(), typeName(v.Type), asked, search.Options{})
	if err != nil {
		return nil, err
	}
	part := projection{summary: q.Summary, elements: q.Elements}
	switch {
	case q.Summary == search.SummaryCount:
		return nil, fault.New(fault.Invalid, "_summary=count is for searches").WithCode("value").At("_summary")
	case part.whole():
		return v.Body, nil
	}
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(v.Body, stored); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	return part.append(nil, tape.Root()), nil
}

// stored are the limits of what is read back: whatever was let in.
var stored = fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}
