// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/term"
	"galen/internal/interaction"
	"galen/internal/terminology"
)

// closureOperation keeps the table of a client: which of the codes it knows are below which others.
//
// http://hl7.org/fhir/R4/conceptmap-operation-closure.html
func closureOperation() Operation {
	return Operation{
		Name: "closure", Definition: "http://hl7.org/fhir/OperationDefinition/ConceptMap-closure",
		Levels: OnSystem, Changes: true,
		Params: []Param{{Name: "name", Type: "string", Min: 1}, {Name: "concept", Type: "Coding", Many: true}, {Name: "version", Type: "string"}},
		serve:  serveClosure,
	}
}

func serveClosure(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Terminology == nil {
		return interaction.Reply{}, fault.New(fault.Unsupported, "there is no terminology service to ask here")
	}
	p, err := term.ParseParameters(c.Parameters.Resource())
	if err != nil {
		return interaction.Reply{}, err
	}
	name, concepts, version, err := p.Closure()
	if err != nil {
		return interaction.Reply{}, err
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Update, fhir.Key{Type: "ConceptMap"})
	if err != nil {
		return interaction.Reply{}, err
	}
	closure, added, err := s.opt.Terminology.Closure(ctx, st, terminology.ClosureRequest{Name: name, Concepts: concepts,
		Since: version, Resend: c.Parameters.One("version").Ok()})
	if err != nil {
		return interaction.Reply{}, err
	}
	return body(closure.AppendConceptMap(nil, name, added, s.opt.Now()))
}
