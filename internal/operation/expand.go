// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/interaction"
)

// expandOperation lists the codes of a value set.
//
// http://hl7.org/fhir/R4/valueset-operation-expand.html
func expandOperation() Operation {
	return Operation{
		Name: "expand", Definition: "http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
		Levels: OnType | OnInstance, Types: []string{"ValueSet"}, Bare: "valueSet",
		Params: []Param{
			{Name: "url", Type: "uri"}, {Name: "valueSet", Type: "ValueSet"}, {Name: "valueSetVersion", Type: "string"},
			{Name: "filter", Type: "string"}, {Name: "offset", Type: "integer"}, {Name: "count", Type: "integer"},
			{Name: "includeDesignations", Type: "boolean"}, {Name: "designation", Type: "string", Many: true},
			{Name: "includeDefinition", Type: "boolean"}, {Name: "activeOnly", Type: "boolean"}, {Name: "excludeNested", Type: "boolean"},
			{Name: "excludeNotForUI", Type: "boolean"}, {Name: "excludePostCoordinated", Type: "boolean"}, // there are none ever
			{Name: "displayLanguage", Type: "code"}, {Name: "exclude-system", Type: "canonical", Many: true},
			{Name: "system-version", Type: "canonical", Many: true}, {Name: "check-system-version", Type: "canonical", Many: true},
			{Name: "force-system-version", Type: "canonical", Many: true},
			contextParam("context", "uri"), contextParam("contextDirection", "code"), dateParam(),
		},
		serve: serveExpand,
	}
}

func serveExpand(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	r, err := p.Expand()
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := named(c, &r.URL, "valueSet"); err != nil {
		return interaction.Reply{}, err
	}
	e, err := terms.Expand(r)
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := rightVersions(e, c.Parameters.Texts("check-system-version")); err != nil {
		return interaction.Reply{}, err
	}
	return body(e.AppendValueSet(nil, "", s.opt.Now()))
}

// rightVersions fails if the expansion uses a system in another version than asked for.
func rightVersions(e *term.Expansion, wanted []string) error {
	for _, want := range wanted {
		system, version, _ := strings.Cut(want, "|")
		for _, used := range e.Systems {
			url, has, _ := strings.Cut(used, "|")
			if url == system && has != version {
				return fault.New(fault.Unprocessable, "the value set uses %s, not version %s", used, version).
					WithCode("business-rule").At("check-system-version")
			}
		}
	}
	return nil
}
