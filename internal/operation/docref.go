// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"net/url"

	"galen/internal/authz"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/search"
)

// maxDocuments bounds the documents that one $docref gives.
const maxDocuments = 1000

// docrefOperation finds the documents of a patient.
//
// http://hl7.org/fhir/us/core/OperationDefinition/docref
func docrefOperation() Operation {
	return Operation{
		Name: "docref", Definition: "http://hl7.org/fhir/us/core/OperationDefinition/docref",
		Levels: OnType, Types: []string{"DocumentReference"},
		Params: []Param{{Name: "patient", Type: "id", Min: 1}, {Name: "start", Type: "dateTime"}, {Name: "end", Type: "dateTime"},
			{Name: "type", Type: "string", Many: true}, {Name: "on-demand", Type: "boolean"}, {Name: "profile", Type: "canonical", Many: true}},
		serve: serveDocref,
	}
}

func serveDocref(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	p := c.Parameters
	patient := p.Text("patient")
	if key, ok := fhir.ParseKey(patient); ok && key.Type == "Patient" {
		patient = key.ID
	}
	if !fhir.ValidID(patient) {
		return interaction.Reply{}, fault.New(fault.Invalid, "the parameter is the id of a patient").WithCode("value").At("patient")
	}
	if p.Text("on-demand") == "true" {
		return interaction.Reply{}, fault.New(fault.Unsupported, "documents are not made on demand").WithCode("not-supported").At("on-demand")
	}
	base := []search.Pair{{Name: "patient", Value: "Patient/" + patient}}
	for _, n := range p.All("type") {
		if v := Value(n); v.Kind() == fhir.Object { // a Coding, or a CodeableConcept
			if coding := v.Field("coding").First(); coding.Ok() {
				v = coding
			}
			base = append(base, search.Pair{Name: "type", Value: escape(v.Field("system").Text()) + "|" + escape(v.Field("code").Text())})
		} else {
			base = append(base, search.Pair{Name: "type", Value: text(v)})
		}
	}
	for _, profile := range p.Texts("profile") {
		base = append(base, search.Pair{Name: "_profile", Value: escape(profile)})
	}
	start, end := p.Text("start"), p.Text("end")
	if start == "" && end == "" {
		return s.latestDocument(ctx, c, base)
	}
	return s.documentsBetween(ctx, c, base, start, end)
}

// latestDocument gives the newest document, which is what is asked for without dates.
func (s *Service) latestDocument(ctx context.Context, c *Call, base []search.Pair) (interaction.Reply, error) {
	query := url.Values{"_sort": {"-date"}, "_count": {"1"}, "_total": {"none"}}
	for _, p := range base {
		query.Add(p.Name, p.Value)
	}
	body, err := s.interactions.Search(ctx, c.Caller, interaction.Find{Type: "DocumentReference", Query: query.Encode()})
	if err != nil {
		return interaction.Reply{}, err
	}
	bundle, done, err := s.parse(body)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	return interaction.Reply{Body: appendWith(nil, bundle, "link", nil)}, nil // the answer is one document, not a page
}

// documentsBetween gives the documents about care in a time; those that do not say when care was given count by their own date.
func (s *Service) documentsBetween(ctx context.Context, c *Call, base []search.Pair, start, end string) (interaction.Reply, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: "DocumentReference"})
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	var found docset.Set
	for _, code := range []string{"period", "date"} {
		pairs := base[:len(base):len(base)]
		if start != "" {
			pairs = append(pairs, search.Pair{Name: code, Value: "ge" + start})
		}
		if end != "" {
			pairs = append(pairs, search.Pair{Name: code, Value: "le" + end})
		}
		if code == "date" {
			pairs = append(pairs, search.Pair{Name: "period:missing", Value: "true"})
		}
		docs, err := numbers(ctx, s.interactions.Planner(), view, "DocumentReference", pairs...)
		if err != nil {
			return interaction.Reply{}, err
		}
		found.Or(docs)
	}
	if found.Len() > maxDocuments {
		return interaction.Reply{}, fault.New(fault.TooCostly, "there are more than %d documents: narrow the time", maxDocuments)
	}
	page := interaction.Page{Kind: "searchset", At: view.Time(), Total: found.Len()}
	var all whole
	for some := range some(found, 256) {
		if err := all.read(ctx, view, typeOf("DocumentReference"), some); err != nil {
			return interaction.Reply{}, err
		}
	}
	page.Matches = all.versions
	body, err := s.interactions.Pack(c.Caller, page)
	return interaction.Reply{Body: body}, err
}
