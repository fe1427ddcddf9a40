// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"errors"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// Bounds of what a SearchParameter says.
const (
	maxCode       = 64
	maxExpression = 4096
	maxURL        = 2048
)

// Read gives the parameter that a SearchParameter resource makes, without number; nil if it makes none: one that is not active, one of
// R4's own, or one that is derived from R4's parameter of the same code, which serves in its place. It fails with
// fault.Unprocessable if it is active and cannot be served.
//
// http://hl7.org/fhir/R4/searchparameter.html
func Read(resource fhir.Node) (*Param, error) {
	if !resource.Field("status").Is("active") {
		return nil, nil
	}
	p := &Param{URL: textOf(resource, "url"), Code: textOf(resource, "code"), Type: textOf(resource, "type"), Expression: textOf(resource, "expression"),
		Bases: textsOf(resource, "base"), Targets: textsOf(resource, "target"),
		NoOr: resource.Field("multipleOr").Kind() == fhir.False, NoAnd: resource.Field("multipleAnd").Kind() == fhir.False}
	if def.R4().ParamByURL(p.URL) != nil {
		return nil, nil
	}
	if served, err := p.collides(textOf(resource, "derivedFrom")); served || err != nil {
		return nil, err
	}
	for _, check := range []func() error{p.checkNames, p.checkTypes, p.checkExpression} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func textOf(n fhir.Node, name string) string { return strings.Clone(n.Field(name).Text()) }

// textsOf is a list of texts, sorted and each once.
func textsOf(n fhir.Node, name string) (list []string) {
	for m := n.Field(name).First(); m.Ok(); m = m.Next() {
		list = append(list, strings.Clone(m.Text()))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func refuse(member, code, format string, args ...any) error {
	return fault.New(fault.Unprocessable, format, args...).WithCode(code).At("SearchParameter." + member)
}

// collides looks for R4's parameters of the same code. served: on each of the types there is one, and it is what p is derived from.
func (p *Param) collides(derivedFrom string) (served bool, err error) {
	types := Types(p.Bases)
	for _, t := range types {
		r4 := def.R4().SearchParam(t.Name, p.Code)
		switch {
		case r4 == nil && served:
			return false, refuse("code", "duplicate", "of the base types only some have R4's parameter that this one is derived from")
		case r4 == nil:
			continue
		case r4.URL != derivedFrom:
			return false, refuse("code", "duplicate", "%s has a search parameter of this code in R4: %s. Choose another code, or name that one as derivedFrom if it is meant",
				t.Name, r4.URL)
		case t != types[0] && !served:
			return false, refuse("code", "duplicate", "of the base types only some have R4's parameter that this one is derived from")
		}
		served = true
	}
	return served, nil
}

func (p *Param) checkNames() error {
	letter := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	word := func(r rune) bool { return letter(r) || r == '-' || r == '_' }
	switch {
	case p.URL == "" || len(p.URL) > maxURL:
		return refuse("url", "required", "an active SearchParameter has a url")
	case p.Code == "" || len(p.Code) > maxCode || !letter(rune(p.Code[0])) || strings.ContainsFunc(p.Code, func(r rune) bool { return !word(r) }):
		return refuse("code", "value", "the code must be a letter or digit and then at most %d letters, digits, - and _", maxCode-1)
	case p.Code == "page":
		return refuse("code", "duplicate", "page is how the next page of a search is asked for: choose another code")
	}
	return nil
}

func (p *Param) checkTypes() error {
	switch kind := kindOf(p.Type); {
	case p.Type == def.CompositeParam.String() || p.Type == def.SpecialParam.String():
		return refuse("type", "not-supported", "search parameters of type %s cannot be added here", p.Type)
	case kind == 0:
		return refuse("type", "value", "the type is one of number, date, string, token, reference, quantity, uri")
	}
	if len(p.Bases) == 0 {
		return refuse("base", "required", "an active SearchParameter names the types it is for")
	}
	for _, name := range p.Bases {
		if def.R4().Type(name) == nil {
			return refuse("base", "value", "%.64q is no resource type", name)
		}
	}
	for _, name := range p.Targets {
		if t := def.R4().Type(name); t == nil || t.Abstract {
			return refuse("target", "value", "%.64q is no resource type that can be referred to", name)
		}
	}
	return nil
}

// unsteady are words that make what an expression yields depend on more than what a client stores: what the server gives a
// resource, the time, terminology.
var unsteady = []string{"id", "versionId", "lastUpdated", "now", "today", "timeOfDay", "children", "descendants", "memberOf", "subsumes", "subsumedBy", "conformsTo",
	"elementDefinition", "slice", "trace", comment, escape}

// What words gives for what could hide names.
const (
	comment = "comments"
	escape  = "escapes"
)

// labels are what there is in meta besides.
var labels = []string{"tag", "security", "profile", "source", "extension"}

func (p *Param) checkExpression() error {
	switch {
	case p.Expression == "":
		return refuse("expression", "required", "an active SearchParameter has an expression")
	case len(p.Expression) > maxExpression:
		return refuse("expression", "too-long", "the expression is longer than %d bytes", maxExpression)
	}
	before := ""
	for word := range words(p.Expression) {
		if slices.Contains(unsteady, word) || before == "meta" && !slices.Contains(labels, word) {
			return refuse("expression", "not-supported", "the expression may speak only of what a client stores, not of %s", word)
		}
		before = word
	}
	if before == "meta" {
		return refuse("expression", "not-supported", "the expression may not speak of meta as a whole")
	}
	d := p.Definition()
	bound := def.R4().With([]*def.SearchParam{d})
	for _, t := range Types(p.Bases) {
		expression := d.ExpressionFor(t.Name)
		if expression == "" {
			return refuse("expression", "value", "no part of the expression is about %s", t.Name)
		}
		if err := index.Check(bound, d.Type, t, expression); err != nil {
			var f *fault.Fault
			if errors.As(err, &f) {
				return f.At("SearchParameter.expression")
			}
			return err
		}
	}
	return nil
}

// words iterates over the names in an expression: what is in quotes is not among them, but for `names` in backticks.
func words(expression string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(expression); {
			c := expression[i]
			if c == '\'' || c == '"' {
				for i++; i < len(expression) && expression[i] != c; i++ {
					if expression[i] == '\\' {
						i++
					}
				}
				i++
				continue
			}
			if hidden := hiding(expression[i:]); hidden != "" && !yield(hidden) {
				return
			}
			from := i
			for i < len(expression) && (expression[i] >= 'a' && expression[i] <= 'z' || expression[i] >= 'A' && expression[i] <= 'Z' || expression[i] == '_' ||
				i > from && expression[i] >= '0' && expression[i] <= '9') {
				i++
			}
			if i == from {
				i++
				continue
			}
			if !yield(expression[from:i]) {
				return
			}
		}
	}
}

// hiding is what begins here that could hide names; empty if nothing does.
func hiding(rest string) string {
	switch {
	case strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "/*"):
		return comment
	case rest[0] == '\\':
		return escape
	}
	return ""
}
