// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/interaction"
)

// translateOperation gives the codes that a code is mapped to.
//
// http://hl7.org/fhir/R4/conceptmap-operation-translate.html
func translateOperation() Operation {
	return Operation{
		Name: "translate", Definition: "http://hl7.org/fhir/OperationDefinition/ConceptMap-translate",
		Levels: OnType | OnInstance, Types: []string{"ConceptMap"}, Bare: "conceptMap",
		Params: []Param{{Name: "url", Type: "uri"}, {Name: "conceptMap", Type: "ConceptMap"}, {Name: "conceptMapVersion", Type: "string"},
			{Name: "code", Type: "code"}, {Name: "system", Type: "uri"}, {Name: "version", Type: "string"}, {Name: "source", Type: "uri"},
			{Name: "coding", Type: "Coding"}, {Name: "codeableConcept", Type: "CodeableConcept"}, {Name: "target", Type: "uri"},
			{Name: "targetsystem", Type: "uri"}, {Name: "dependency", Many: true}, {Name: "reverse", Type: "boolean"}},
		serve: serveTranslate,
	}
}

func serveTranslate(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := onlyOne(c, "code", "coding", "codeableConcept"); err != nil {
		return interaction.Reply{}, err
	}
	r := p.Translate()
	if err := named(c, &r.URL, "conceptMap"); err != nil {
		return interaction.Reply{}, err
	}
	t, err := terms.Translate(r)
	if err != nil {
		return interaction.Reply{}, err
	}
	return body(t.AppendParameters(nil))
}
