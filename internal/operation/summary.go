// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/authz"
	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/insights/facts"
	"galen/internal/insights/ips"
	"galen/internal/interaction"
	"galen/internal/search"
)

// Bounds of the record that a summary is made of.
const (
	maxSummarised      = 50_000
	maxSummarisedBytes = 256 << 20
)

// summaryOperation makes the International Patient Summary of a patient.
//
// http://hl7.org/fhir/uv/ips/OperationDefinition/summary
func summaryOperation() Operation {
	return Operation{
		Name: "summary", Definition: "http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
		Levels: OnType | OnInstance, Types: []string{"Patient"},
		Params: []Param{{Name: "identifier", Type: "string"}, {Name: "identifer", Type: "Identifier"}, {Name: "profile", Type: "uri"},
			{Name: "graph", Type: "uri", Refused: "the summary is that of the guide, whatever a GraphDefinition says"}},
		serve: serveSummary,
	}
}

func serveSummary(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if profile := fhir.ParseCanonical(c.Parameters.Text("profile")).URL; profile != "" && profile != "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips" {
		return interaction.Reply{}, fault.New(fault.Unsupported, "the only summary is the International Patient Summary").WithCode("not-supported").At("profile")
	}
	key := c.Key
	switch identifier := summarisedIdentifier(c.Parameters); {
	case key.ID == "" && identifier == "":
		return interaction.Reply{}, fault.New(fault.Invalid, "$summary of the type needs the parameter identifier").WithCode("required").At("identifier")
	case key.ID == "":
		found, err := s.findAll(ctx, c, "Patient", search.Pair{Name: "identifier", Value: identifier})
		if err != nil {
			return interaction.Reply{}, err
		}
		if len(found) != 1 {
			return interaction.Reply{}, fault.New(fault.NotFound, "the identifier is not that of one patient").At("identifier")
		}
		key.ID = found[0].ID
	}
	if _, err := s.interactions.Read(ctx, c.Caller, key); err != nil {
		return interaction.Reply{}, err
	}
	resources, err := s.recordOf(ctx, c, key)
	if err != nil {
		return interaction.Reply{}, err
	}
	record, err := facts.Read(resources, key.ID)
	if err != nil {
		return interaction.Reply{}, err
	}
	now := s.opt.Now()
	base := facts.Build(record, facts.Options{Now: now})
	return interaction.Reply{Body: ips.Document(record, base, ips.Options{Base: c.Caller.Base, Now: now})}, nil
}

// summarisedIdentifier is the identifier of the patient as a search value. The guide misspells its name, and makes it an Identifier.
func summarisedIdentifier(p Parameters) string {
	if id := Value(p.One("identifer")); id.Field("value").Text() != "" {
		return escape(id.Field("system").Text()) + "|" + escape(id.Field("value").Text())
	}
	return p.Text("identifier")
}

// recordOf reads what is in a patient's compartment, but for groups, which are about others too, and what that refers to. It fails
// with fault.TooCostly for more than a summary is made of.
func (s *Service) recordOf(ctx context.Context, c *Call, patient fhir.Key) ([][]byte, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, patient)
	if err != nil {
		return nil, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	set, err := compartment.Of(ctx, s.interactions.Planner(), view, patient)
	if err != nil {
		return nil, err
	}
	delete(set, typeOf("Group"))
	more, err := compartment.Referenced(ctx, view, set, nil, nil)
	if err != nil {
		return nil, err
	}
	for typ, docs := range more {
		set[typ] = docset.Or(set[typ], docs)
	}
	who := c.Caller.Who
	for typ := range set {
		if who.May(authz.Search, authz.Object{Account: who.Account, Type: def.R4().TypeByID(def.TypeID(typ)).Name}) != nil {
			delete(set, typ)
		}
	}
	if set.Len() > maxSummarised {
		return nil, fault.New(fault.TooCostly, "the record has more than %d resources", maxSummarised)
	}
	resources, size := make([][]byte, 0, set.Len()), 0
	for versions, err := range compartment.Bodies(ctx, view, set) {
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			if size += len(v.Body); size > maxSummarisedBytes {
				return nil, fault.New(fault.TooCostly, "the record has more than %d bytes", maxSummarisedBytes)
			}
			resources = append(resources, v.Body)
		}
	}
	return resources, nil
}
