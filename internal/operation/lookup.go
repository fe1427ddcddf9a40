// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/fault"
	"galen/internal/interaction"
)

// lookupOperation gives what is known of a code.
//
// http://hl7.org/fhir/R4/codesystem-operation-lookup.html
func lookupOperation() Operation {
	return Operation{
		Name: "lookup", Definition: "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
		Levels: OnType, Types: []string{"CodeSystem"},
		Params: []Param{{Name: "code", Type: "code"}, {Name: "system", Type: "uri"}, {Name: "version", Type: "string"},
			{Name: "coding", Type: "Coding"}, {Name: "displayLanguage", Type: "code"}, {Name: "property", Type: "code", Many: true}, dateParam()},
		serve: serveLookup,
	}
}

func serveLookup(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := onlyOne(c, "code", "coding"); err != nil {
		return interaction.Reply{}, err
	}
	concept, err := terms.Lookup(p.Lookup())
	if err != nil {
		return interaction.Reply{}, err
	}
	return body(concept.AppendParameters(nil))
}

// subsumesOperation tells how two codes of a system stand to each other.
//
// http://hl7.org/fhir/R4/codesystem-operation-subsumes.html
func subsumesOperation() Operation {
	return Operation{
		Name: "subsumes", Definition: "http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes",
		Levels: OnType | OnInstance, Types: []string{"CodeSystem"},
		Params: []Param{{Name: "codeA", Type: "code"}, {Name: "codeB", Type: "code"}, {Name: "system", Type: "uri"},
			{Name: "version", Type: "string"}, {Name: "codingA", Type: "Coding"}, {Name: "codingB", Type: "Coding"}},
		serve: serveSubsumes,
	}
}

func serveSubsumes(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	for _, side := range [][2]string{{"codeA", "codingA"}, {"codeB", "codingB"}} {
		if err := onlyOne(c, side[0], side[1]); err != nil {
			return interaction.Reply{}, err
		}
	}
	a, b := p.Subsumes()
	if c.Key.ID != "" {
		sys, err := terms.System(c.Key.String())
		if err != nil {
			return interaction.Reply{}, err
		}
		for _, system := range []string{a.System, b.System} {
			if system != "" && system != sys.URL {
				return interaction.Reply{}, fault.New(fault.Invalid, "%s is the system %s, not %s", c.Key, sys.URL, system).At("system")
			}
		}
		a.System, b.System = c.Key.String(), c.Key.String()
	}
	outcome, err := terms.Subsumes(a, b)
	if err != nil {
		return interaction.Reply{}, err
	}
	return body(outcome.AppendParameters(nil))
}
