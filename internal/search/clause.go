// SPDX-License-Identifier: Apache-2.0

package search

import (
	"errors"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// clause reads one condition on resources of typ. depth is how many links of a chain led here.
func (p *parser) clause(typ, name, value string, depth int) (Clause, error) {
	if depth > p.opt.MaxChain {
		return Clause{}, fault.New(fault.TooCostly, "a chain of more than %d links", p.opt.MaxChain)
	}
	if p.links += min(depth, 1); p.links > maxLinks {
		return Clause{}, fault.New(fault.TooCostly, "the chains of this search lead to more than %d types; name them, as in subject:Patient.name", maxLinks)
	}
	if rest, ok := strings.CutPrefix(name, "_has:"); ok {
		return p.has(typ, name, rest, value, depth)
	}
	switch {
	case name == "_list":
		return p.list(value)
	case parameter(name) == "createdAt":
		return p.created(typ, name, value)
	case name == "_filter" && depth == 0:
		return p.filter(typ, value)
	}
	head, rest, chained := strings.Cut(name, ".")
	code, modifier, modified := strings.Cut(head, ":")
	param, err := p.find(typ, code)
	switch {
	case err != nil:
		return Clause{}, err
	case (code == "_text" || code == "_content") && name == code:
		return p.text(code, value)
	case code == "near" && name == code && param.Type == def.SpecialParam:
		return p.near(code, value)
	case chained:
		return p.chain(typ, name, param, modifier, rest, value, depth)
	}
	leaf, err := p.leaf(typ, param, modifier, modified, value)
	return Clause{Name: name, Leaf: leaf}, err
}

// has reads what follows _has: Type, parameter and a condition on that type.
//
// http://hl7.org/fhir/R4/search.html#has
func (p *parser) has(typ, name, rest, value string, depth int) (Clause, error) {
	parts := strings.SplitN(rest, ":", 3)
	if len(parts) < 3 || parts[2] == "" {
		return Clause{}, fault.New(fault.Invalid, "write _has:Type:parameter:condition, such as _has:Observation:patient:code=1234-5")
	}
	if t := p.defs.Type(parts[0]); t == nil || t.Abstract {
		return Clause{}, fault.New(fault.Invalid, "%q is no resource type", parts[0])
	}
	param, err := p.find(parts[0], parts[1])
	if err != nil {
		return Clause{}, err
	}
	if param.Type != def.ReferenceParam || !allows(param, typ) {
		return Clause{}, fault.New(fault.Invalid, "%s of %s does not refer to %s", parts[1], parts[0], typ)
	}
	next, err := p.clause(parts[0], parts[2], value, depth+1)
	return Clause{Name: name, Has: &Has{Param: param, Link: Link{parts[0], next}}}, err
}

// allows reports whether a reference parameter can lead to typ.
func allows(param *def.SearchParam, typ string) bool {
	return len(param.Targets) == 0 || slices.Contains(param.Targets, typ)
}

// chain reads a condition on what a reference leads to. Without a type, all target types that know the condition are meant.
//
// http://hl7.org/fhir/R4/search.html#chaining
func (p *parser) chain(typ, name string, param *def.SearchParam, target, rest, value string, depth int) (Clause, error) {
	if param.Type != def.ReferenceParam {
		return Clause{}, fault.New(fault.Invalid, "%s of %s is no reference, nothing can be chained to it", param.Code, typ)
	}
	targets := []string{target}
	switch {
	case target == "":
		targets = p.targets(param)
	case p.defs.Type(target) == nil || !allows(param, target):
		return Clause{}, fault.New(fault.Invalid, "%s of %s does not refer to %q", param.Code, typ, target)
	}
	c := &Chain{Param: param}
	var first error
	for _, t := range targets {
		if len(targets) > 1 && !p.knows(t, rest) {
			continue
		}
		left := p.left
		next, err := p.clause(t, rest, value, depth+1)
		switch {
		case err == nil:
			c.Next = append(c.Next, Link{t, next})
			continue
		case errors.Is(err, fault.TooCostly) || errors.Is(err, index.ErrPending): // to go on without this type would be another search
			return Clause{}, err
		}
		p.left = left
		if first == nil || errors.Is(first, errUnknown) && !errors.Is(err, errUnknown) {
			first = err
		}
	}
	switch {
	case len(c.Next) > 0:
		return Clause{Name: name, Chain: c}, nil
	case first == nil:
		return Clause{}, p.unknown(targets[0], parameter(rest))
	}
	return Clause{}, first
}

// maxLinks is how many links all chains of a search have together, one without a type counted for each type that knows the
// rest.
const maxLinks = 1000

// knows reports whether a type has the parameter that a condition begins with.
func (p *parser) knows(typ, name string) bool {
	return strings.HasPrefix(name, "_has:") || name == "_list" || parameter(name) == "createdAt" || p.defs.SearchParam(typ, parameter(name)) != nil
}

// parameter is the code that a condition begins with.
func parameter(name string) string {
	if i := strings.IndexAny(name, ".:"); i >= 0 {
		return name[:i]
	}
	return name
}

// targets lists the types that a reference parameter can lead to.
func (p *parser) targets(param *def.SearchParam) []string {
	if len(param.Targets) > 0 {
		return param.Targets
	}
	var all []string
	for _, t := range p.defs.Types() {
		if !t.Abstract {
			all = append(all, t.Name)
		}
	}
	return all
}

// modifiers are those that each type of parameter has.
//
// http://hl7.org/fhir/R4/search.html#modifiers
var modifiers = map[def.ParamType]map[string]index.Modifier{
	def.NumberParam:    {"missing": index.Missing},
	def.DateParam:      {"missing": index.Missing},
	def.QuantityParam:  {"missing": index.Missing},
	def.CompositeParam: {},
	def.StringParam:    {"missing": index.Missing, "exact": index.Exact, "contains": index.Contains},
	def.TokenParam: {"missing": index.Missing, "text": index.Text, "not": index.Not, "of-type": index.OfType,
		"in": index.In, "not-in": index.NotIn, "above": index.Above, "below": index.Below},
	def.ReferenceParam: {"missing": index.Missing, "identifier": index.Identifier, "above": index.Above, "below": index.Below},
	def.URIParam:       {"missing": index.Missing, "above": index.Above, "below": index.Below},
	def.SpecialParam:   {},
}

// leafOf begins a condition on a parameter of the resource itself.
func (p *parser) leafOf(typ string, param *def.SearchParam) (*Leaf, error) {
	if param.Type == def.SpecialParam || param.Code == "_content" || param.Code == "_text" || param.Code == "_query" {
		return nil, fault.New(fault.Unsupported, "this search parameter is not offered here").WithCode("not-supported")
	}
	return &Leaf{Clause: index.Clause{Type: typ, Param: param, Now: p.opt.Now.UnixMicro(), Zone: p.opt.Zone, Base: p.opt.Base}}, nil
}

// created reads createdAt, which is HealthLake's: when the resource was first stored. It is a date as _lastUpdated is.
func (p *parser) created(typ, name, value string) (Clause, error) {
	_, modifier, modified := strings.Cut(name, ":")
	leaf, err := p.leaf(typ, p.defs.SearchParam(typ, "_lastUpdated"), modifier, modified, value)
	return Clause{Name: name, Created: true, Leaf: leaf}, err
}

// list reads _list: the ids of Lists.
//
// http://hl7.org/fhir/R4/search.html#list
func (p *parser) list(value string) (Clause, error) {
	ids := split(value, ',')
	if p.left -= len(ids); p.left < 0 {
		return Clause{}, fault.New(fault.TooCostly, "more than %d values in one search", p.opt.MaxValues)
	}
	for i, id := range ids {
		ids[i] = strings.TrimPrefix(strings.TrimPrefix(id, p.opt.Base), "List/")
		switch {
		case strings.HasPrefix(id, "$"):
			return Clause{}, fault.New(fault.Unsupported, "lists that are computed, such as %s, are not offered here", "$current-allergies").WithCode("not-supported")
		case !fhir.ValidID(ids[i]):
			return Clause{}, fault.New(fault.Invalid, "the value is not the id of a List").WithCode("value")
		}
	}
	return Clause{Name: "_list", Lists: ids}, nil
}

// leaf reads a condition on the resource itself.
func (p *parser) leaf(typ string, param *def.SearchParam, modifier string, modified bool, value string) (*Leaf, error) {
	l, err := p.leafOf(typ, param)
	if err != nil {
		return nil, err
	}
	if modified {
		m, ok := modifiers[param.Type][modifier]
		switch {
		case ok:
			l.Modifier = m
		case param.Type == def.ReferenceParam && p.defs.Type(modifier) != nil && allows(param, modifier):
			l.Target = modifier
		default:
			return nil, fault.New(fault.Invalid, "a %s parameter has no modifier :%s", param.Type, modifier).WithCode("not-supported")
		}
	}
	if err := p.values(l, value); err != nil || !l.IsHierarchical() {
		return l, err
	}
	return l, p.hierarchical(l)
}
