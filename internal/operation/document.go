// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"time"

	"galen/internal/authz"
	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/record"
	"galen/internal/store"
)

// maxDocument bounds the resources of a document.
const maxDocument = 5000

// documentOperation makes a document out of a composition and what it refers to, directly and through others.
//
// http://hl7.org/fhir/R4/composition-operation-document.html
func documentOperation() Operation {
	return Operation{
		Name: "document", Definition: "http://hl7.org/fhir/OperationDefinition/Composition-document",
		Levels: OnType | OnInstance, Types: []string{"Composition"},
		Params: []Param{{Name: "id", Type: "uri"}, {Name: "persist", Type: "boolean"},
			{Name: "graph", Type: "uri", Refused: "a document holds what the composition refers to, whatever a GraphDefinition says"}},
		serve: serveDocument,
	}
}

func serveDocument(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	persist := c.Parameters.Text("persist") == "true"
	if persist && c.Method != "POST" {
		return interaction.Reply{}, fault.New(fault.Unsupported, "to store the document call $document with POST").WithCode("not-supported").At("persist")
	}
	key, err := documentKey(c)
	if err != nil {
		return interaction.Reply{}, err
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Read, key)
	if err != nil {
		return interaction.Reply{}, err
	}
	composition, err := s.interactions.Read(ctx, c.Caller, key)
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	parts, err := s.documentParts(ctx, view, composition)
	if err != nil {
		return interaction.Reply{}, err
	}
	if parts.Len() > maxDocument {
		return interaction.Reply{}, fault.New(fault.TooCostly, "the document would have more than %d resources", maxDocument)
	}
	page := interaction.Page{Kind: "document", Identifier: "urn:uuid:" + store.NewID(), At: time.Now(), Total: -1, Matches: []record.Version{composition}}
	var all whole
	for versions, err := range compartment.Bodies(ctx, view, parts) {
		if err != nil {
			return interaction.Reply{}, err
		}
		if err := all.add(versions...); err != nil {
			return interaction.Reply{}, err
		}
	}
	page.Included = all.versions
	body, err := s.interactions.Pack(c.Caller, page)
	if err != nil || !persist {
		return interaction.Reply{Body: body}, err
	}
	w, err := s.interactions.Create(ctx, c.Caller, "Bundle", interaction.Input{Body: body})
	if err != nil {
		return interaction.Reply{}, err
	}
	return interaction.Reply{Body: w.Version.Body, Header: map[string]string{"Location": c.Caller.Base + "/Bundle/" + w.Version.ID + "/_history/1"}}, nil
}

// documentKey is the composition that a document is made of: that of the path, or the one that the parameter id names, by its id or its address.
func documentKey(c *Call) (fhir.Key, error) {
	id := c.Parameters.Text("id")
	switch {
	case c.Key.ID != "" && id != "":
		return fhir.Key{}, fault.New(fault.Invalid, "the composition is that of the address: leave id out").WithCode("value").At("id")
	case c.Key.ID != "":
		return c.Key, nil
	case id == "":
		return fhir.Key{}, fault.New(fault.Invalid, "$document of the type needs the parameter id").WithCode("required").At("id")
	case fhir.ValidID(id):
		return fhir.Key{Type: "Composition", ID: id}, nil
	}
	r := fhir.ParseReference(id)
	if r.Key.Type != "Composition" || r.Kind != fhir.Relative && (r.Kind != fhir.Absolute || r.Base != c.Caller.Base) {
		return fhir.Key{}, fault.New(fault.Unsupported, "documents are made of compositions of this data store").WithCode("not-supported").At("id")
	}
	return r.Key, nil
}

// documentParts finds what a composition refers to: directly whatever it is, through others only what is the same patient's or nobody's.
func (s *Service) documentParts(ctx context.Context, view *record.View, composition record.Version) (compartment.Set, error) {
	resource, done, err := s.parse(composition.Body)
	if err != nil {
		return nil, err
	}
	defer done()
	allowed := compartment.Set{}
	if r := fhir.ReferenceOf(resource.Field("subject")); r.Kind == fhir.Relative && r.Key.Type == "Patient" {
		if allowed, err = compartment.Of(ctx, s.interactions.Planner(), view, r.Key); err != nil {
			return nil, err
		}
	}
	direct, err := compartment.Direct(ctx, view, composition.Body)
	if err != nil {
		return nil, err
	}
	for typ, docs := range direct {
		allowed[typ] = docset.Or(allowed[typ], docs)
	}
	self := compartment.Set{uint16(def.R4().Type("Composition").ID): docset.Of(composition.Number)}
	return compartment.Referenced(ctx, view, self, allowed, nil)
}
