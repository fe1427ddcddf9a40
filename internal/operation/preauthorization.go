// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/search"
)

// maxAuthorization bounds the entries of a prior authorization.
const maxAuthorization = 500

// submitOperation takes a request for prior authorization: a Bundle whose first entry is the Claim. All of it is stored, and a ClaimResponse
// that says that it is queued.
//
// http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-submit
func submitOperation() Operation {
	return Operation{
		Name: "submit", Definition: "http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-submit",
		Levels: OnType, Types: []string{"Claim"}, Changes: true, Bare: "resource",
		Params: []Param{{Name: "resource", Type: "Resource", Min: 1}}, serve: serveSubmit,
	}
}

// inquireOperation finds the answers to requests for prior authorization.
//
// http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-inquiry
func inquireOperation() Operation {
	return Operation{
		Name: "inquire", Definition: "http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-inquiry",
		Levels: OnType, Types: []string{"Claim"}, Bare: "resource",
		Params: []Param{{Name: "resource", Type: "Resource", Min: 1}}, serve: serveInquire,
	}
}

// authorization is a Bundle about a prior authorization.
type authorization struct {
	bundle, claim fhir.Node
	claimURL      string // full URL of the claim's entry
}

func readAuthorization(c *Call) (a authorization, err error) {
	a.bundle = Value(c.Parameters.One("resource"))
	entries := a.bundle.Field("entry")
	switch {
	case fhir.Type(a.bundle) != "Bundle" || !a.bundle.Field("type").Is("collection"):
		return a, fault.New(fault.Invalid, "a prior authorization is a Bundle of type collection").WithCode("structure")
	case entries.Len() > maxAuthorization:
		return a, fault.New(fault.TooLarge, "a prior authorization has at most %d entries", maxAuthorization)
	}
	for i, e := range entries.Elements() {
		r := e.Field("resource")
		if fhir.Type(r) == "Claim" && r.Field("use").Is("preauthorization") {
			if a.claim.Ok() || i > 0 {
				return a, fault.New(fault.Invalid, "the Claim of a prior authorization is the first entry, and the only one of its kind").WithCode("business-rule").At("Bundle.entry")
			}
			a.claim, a.claimURL = r, e.Field("fullUrl").Text()
		}
	}
	if !a.claim.Ok() {
		return a, fault.New(fault.Invalid, "the first entry of a prior authorization is a Claim whose use is preauthorization").WithCode("required").At("Bundle.entry[0]")
	}
	return a, nil
}

func serveSubmit(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	a, err := readAuthorization(c)
	if err != nil {
		return interaction.Reply{}, err
	}
	for _, name := range []string{"patient", "insurer", "type"} {
		if !a.claim.Field(name).Ok() {
			return interaction.Reply{}, fault.New(fault.Invalid, "the Claim has no %s", name).WithCode("required").At("Bundle.entry[0].resource." + name)
		}
	}
	for _, id := range a.claim.Field("identifier").Elements() {
		found, err := s.byIdentifier(ctx, c, "Claim", id)
		if err != nil {
			return interaction.Reply{}, err
		}
		if len(found) > 0 {
			return interaction.Reply{}, errAuthorized
		}
	}
	url := a.claimURL
	if url == "" {
		url = c.Caller.Base + "/Claim/submitted"
	}
	answer, err := s.interactions.Bundle(ctx, c.Caller, a.transaction(url, s.claimResponse(a.claim, url)), interaction.Bundling{Return: "representation"})
	if fault.KindOf(err) == fault.Precondition {
		err = errAuthorized
	}
	if err != nil {
		return interaction.Reply{}, err
	}
	stored, done, err := s.parse(answer)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	b := []byte(`{"resourceType":"Bundle","type":"collection","timestamp":"`)
	b = append(fhir.AppendInstant(b, s.opt.Now()), `","entry":[`...)
	var last fhir.Node
	for _, e := range stored.Field("entry").Elements() {
		last = e.Field("resource")
	}
	b = appendEntry(b, c, last)
	for _, e := range stored.Field("entry").Elements() {
		if r := e.Field("resource"); r.Ok() && r != last {
			b = appendEntry(append(b, ','), c, r)
		}
	}
	return interaction.Reply{Body: append(b, `]}`...)}, nil
}

var errAuthorized = fault.New(fault.Precondition, "PreAuth Claim already exists").WithCode("duplicate")

// transaction is what stores a request and its answer. Resources with an id are stored under it; the claim must be new.
func (a *authorization) transaction(url string, response []byte) []byte {
	b := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, e := range a.bundle.Field("entry").Elements() {
		if i > 0 {
			b = append(b, ',')
		}
		r := e.Field("resource")
		full := e.Field("fullUrl").Text()
		if i == 0 {
			full = url
		}
		b = append(b, `{`...)
		if full != "" {
			b = append(fhir.AppendString(append(b, `"fullUrl":`...), full), ',')
		}
		b = append(append(b, `"resource":`...), r.Raw()...)
		method, at, extra := "POST", fhir.Type(r), ""
		if id := fhir.ID(r); id != "" {
			method, at = "PUT", at+"/"+id
			if i == 0 {
				extra = `,"ifNoneMatch":"*"`
			}
		}
		b = append(fhir.AppendString(append(b, `,"request":{"method":"`+method+`","url":`...), at), extra+`}}`...)
	}
	b = append(append(b, `,{"resource":`...), response...)
	return append(b, `,"request":{"method":"POST","url":"ClaimResponse"}}]}`...)
}

// claimResponse is the answer to a claim: it is queued.
func (s *Service) claimResponse(claim fhir.Node, url string) []byte {
	b := []byte(`{"resourceType":"ClaimResponse","status":"active","use":"preauthorization","outcome":"queued","created":"`)
	b = append(fhir.AppendInstant(b, s.opt.Now()), '"')
	for _, name := range []string{"type", "patient", "insurer"} {
		b = append(append(b, `,"`+name+`":`...), claim.Field(name).Raw()...)
	}
	if provider := claim.Field("provider"); provider.Ok() {
		b = append(append(b, `,"requestor":`...), provider.Raw()...)
	}
	return append(fhir.AppendString(append(b, `,"request":{"reference":`...), url), `}}`...)
}

// appendEntry adds a stored resource as an entry of a collection.
func appendEntry(b []byte, c *Call, r fhir.Node) []byte {
	b = fhir.AppendString(append(b, `{"fullUrl":`...), c.Caller.Base+"/"+fhir.Type(r)+"/"+fhir.ID(r))
	return append(append(append(b, `,"resource":`...), r.Raw()...), '}')
}

func serveInquire(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	a, err := readAuthorization(c)
	if err != nil {
		return interaction.Reply{}, err
	}
	pairs := []search.Pair{{Name: "use", Value: "preauthorization"}}
	for _, name := range []string{"patient", "insurer", "provider"} {
		if ref := a.claim.Field(name).Field("reference").Text(); ref != "" {
			pairs = append(pairs, search.Pair{Name: name, Value: escape(strings.TrimPrefix(ref, c.Caller.Base+"/"))})
		}
	}
	if created := a.claim.Field("created").Text(); created != "" {
		pairs = append(pairs, search.Pair{Name: "created", Value: strings.Clone(created)})
	}
	if len(pairs) < 2 {
		return interaction.Reply{}, fault.New(fault.Invalid, "the Claim names no patient, insurer or provider").WithCode("required").At("Bundle.entry[0].resource")
	}
	claims, err := s.findAll(ctx, c, "Claim", pairs...)
	if err != nil {
		return interaction.Reply{}, err
	}
	b := []byte(`{"resourceType":"Bundle","type":"collection","timestamp":"`)
	b = append(fhir.AppendInstant(b, s.opt.Now()), `","entry":[`...)
	n := 0
	for _, claim := range claims {
		responses, err := s.findAll(ctx, c, "ClaimResponse", search.Pair{Name: "request", Value: "Claim/" + claim.ID})
		if err != nil {
			return interaction.Reply{}, err
		}
		for _, r := range responses {
			b = append(fhir.AppendString(append(b, `{"fullUrl":`...), c.Caller.Base+"/ClaimResponse/"+r.ID), `,"resource":`...)
			b = append(append(b, r.Body...), `},`...)
			n++
		}
	}
	if n == 0 {
		return interaction.Reply{}, fault.New(fault.Invalid, "there is no answer to such a claim").WithCode("not-found")
	}
	for i, e := range a.bundle.Field("entry").Elements() { // what was asked comes back
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.Raw()...)
	}
	return interaction.Reply{Body: append(b, `]}`...)}, nil
}
