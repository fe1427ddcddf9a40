// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/term"
	"galen/internal/interaction"
)

// validateInValueSetOperation tells whether a code is in a value set.
//
// http://hl7.org/fhir/R4/valueset-operation-validate-code.html
func validateInValueSetOperation() Operation {
	return Operation{
		Name: "validate-code", Definition: "http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code",
		Levels: OnType | OnInstance, Types: []string{"ValueSet"}, Bare: "valueSet",
		Params: append(codeParams("systemVersion"), Param{Name: "url", Type: "uri"}, Param{Name: "valueSet", Type: "ValueSet"},
			Param{Name: "valueSetVersion", Type: "string"}, Param{Name: "abstract", Type: "boolean"},
			Param{Name: "displayLanguage", Type: "code"}, Param{Name: "inferSystem", Type: "boolean"}, contextParam("context", "uri"), dateParam()),
		serve: serveValidateInValueSet,
	}
}

func serveValidateInValueSet(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := onlyOne(c, "code", "coding", "codeableConcept"); err != nil {
		return interaction.Reply{}, err
	}
	r := p.ValidateCode(false)
	if err := named(c, &r.URL, "valueSet"); err != nil {
		return interaction.Reply{}, err
	}
	if r.URL == "" && !r.ValueSet.Ok() {
		return interaction.Reply{}, fault.New(fault.Invalid, "say which value set to look in: url, or valueSet").WithCode("required").At("url")
	}
	v, err := terms.ValidateCode(r)
	if err != nil {
		return interaction.Reply{}, err
	}
	return body(v.AppendParameters(nil))
}

// validateInCodeSystemOperation tells whether a code is in a code system.
//
// http://hl7.org/fhir/R4/codesystem-operation-validate-code.html
func validateInCodeSystemOperation() Operation {
	params := slices.DeleteFunc(codeParams("version"), func(p Param) bool { return p.Name == "system" })
	return Operation{
		Name: "validate-code", Definition: "http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code",
		Levels: OnType | OnInstance, Types: []string{"CodeSystem"}, Bare: "codeSystem",
		Params: append(params, Param{Name: "url", Type: "uri"}, Param{Name: "codeSystem", Type: "CodeSystem"},
			Param{Name: "abstract", Type: "boolean"}, Param{Name: "displayLanguage", Type: "code"}, dateParam()),
		serve: serveValidateInCodeSystem,
	}
}

func serveValidateInCodeSystem(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	terms, p, err := s.terms(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	if err := onlyOne(c, "code", "coding", "codeableConcept"); err != nil {
		return interaction.Reply{}, err
	}
	r := p.ValidateCode(true)
	url := strings.Clone(c.Parameters.Text("url"))
	if err := named(c, &url, "codeSystem"); err != nil {
		return interaction.Reply{}, err
	}
	if given := Value(c.Parameters.One("codeSystem")); given.Ok() {
		if terms, url, err = only(given); err != nil {
			return interaction.Reply{}, err
		}
	}
	system := url
	if c.Key.ID != "" { // this one, whatever other versions of it there are
		sys, err := terms.System(url)
		if err != nil {
			return interaction.Reply{}, err
		}
		system = sys.URL
	}
	if asked := r.Codings; url != "" && len(asked) > 0 {
		if r.Codings = ofSystem(asked, url, system, c.Parameters.Text("version")); len(r.Codings) == 0 {
			v := term.Validation{Message: "The code is not of the system " + system, Coding: asked[0]}
			return body(v.AppendParameters(nil))
		}
	}
	v, err := terms.ValidateCode(r)
	if err != nil {
		return interaction.Reply{}, err
	}
	if c.Key.ID != "" {
		v.System = system
	}
	return body(v.AppendParameters(nil))
}

// ofSystem keeps the codings of the system that a call is about, which it names by url, and by its canonical or not at all in a coding.
// A coding without a version is of the one that the call names.
func ofSystem(codings []term.Coding, url, system, version string) (kept []term.Coding) {
	canonical, _, _ := strings.Cut(system, "|")
	for _, c := range codings {
		if c.System != "" && c.System != url && c.System != canonical {
			continue
		}
		c.System = url
		if c.Version == "" {
			c.Version = version
		}
		kept = append(kept, c)
	}
	return kept
}

// only is a terminology service that knows a code system which came with the call, and its url.
func only(codeSystem fhir.Node) (*term.Service, string, error) {
	sys, err := term.ReadCodeSystem(codeSystem)
	if err != nil {
		return nil, "", err
	}
	if sys.URL == "" {
		return nil, "", fault.New(fault.Invalid, "the code system needs a url").WithCode("required").At("codeSystem")
	}
	return term.New(term.Options{Systems: []*term.System{sys}}), sys.URL, nil
}
