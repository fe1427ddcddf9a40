// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"
	"strconv"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

// resultParam gives what reads a parameter that shapes the answer.
//
// http://hl7.org/fhir/R4/search.html#return
func resultParam(name string) (read func(*parser, Pair) error, ok bool) {
	switch name {
	case "_sort":
		return once((*parser).sort), true
	case "_count":
		return once((*parser).count), true
	case "_total":
		return once((*parser).total), true
	case "_summary":
		return once((*parser).summary), true
	case "_elements":
		return once((*parser).elements), true
	case "_contained":
		return once((*parser).contained), true
	case "_containedType":
		return once((*parser).containedType), true
	case "page":
		return once((*parser).page), true
	case "_include", "_revinclude":
		return (*parser).include, true
	case "_format", "_pretty":
		return ignore, true // the edge's
	case "_explain":
		return once((*parser).explain), true
	case "_type":
		return once((*parser).typeNames), true
	case "_has", "_query", "_score":
		return refused, true
	}
	return nil, false
}

func ignore(*parser, Pair) error { return nil }

func refused(*parser, Pair) error {
	return fault.New(fault.Unsupported, "this parameter is not offered here").WithCode("not-supported")
}

// once keeps a parameter from coming twice.
func once(read func(*parser, Pair) error) func(*parser, Pair) error {
	return func(p *parser, pair Pair) error {
		switch {
		case baseName(pair.Name) != pair.Name:
			return fault.New(fault.Invalid, "this parameter has no modifiers")
		case p.seen[pair.Name]:
			return fault.New(fault.Invalid, "this parameter is given twice")
		}
		p.seen[pair.Name] = true
		if err := read(p, pair); err != nil {
			return err
		}
		if pair.Name != "page" {
			p.q.pairs = append(p.q.pairs, pair)
		}
		return nil
	}
}

func (p *parser) sort(pair Pair) error {
	for _, key := range strings.Split(pair.Value, ",") {
		code, descending := strings.CutPrefix(key, "-")
		if code == "createdAt" {
			return fault.New(fault.Unsupported, "results cannot be sorted by %s", code).WithCode("not-supported")
		}
		param, err := p.find(p.q.Type, code)
		if err != nil {
			return err
		}
		switch {
		case param.Type == def.SpecialParam || param.Type == def.CompositeParam || param.Code == "_text" || param.Code == "_content":
			return fault.New(fault.Unsupported, "results cannot be sorted by %s", code).WithCode("not-supported")
		case len(p.q.Sort) == maxSort:
			return fault.New(fault.TooCostly, "more than %d sort keys", maxSort)
		}
		p.q.Sort = append(p.q.Sort, Sort{param, descending})
	}
	return nil
}

// maxSort is how many sort keys there may be.
const maxSort = 10

func (p *parser) count(pair Pair) error {
	n, err := strconv.ParseUint(pair.Value, 10, 31)
	if err != nil {
		return fault.New(fault.Invalid, "_count is a whole number, 0 or more").WithCode("value")
	}
	p.q.Count = min(int(n), p.opt.MaxCount)
	return nil
}

func (p *parser) total(pair Pair) error {
	i := slices.Index([]string{"none", "accurate", "estimate"}, pair.Value)
	if i < 0 {
		return fault.New(fault.Invalid, "_total is none, estimate or accurate").WithCode("value")
	}
	p.q.Total = []Total{TotalNone, TotalAccurate, TotalEstimate}[i]
	return nil
}

// explain reads _explain, which is no parameter of FHIR: whether the answer says how it was found.
func (p *parser) explain(pair Pair) error {
	if pair.Value != "true" && pair.Value != "false" {
		return fault.New(fault.Invalid, "_explain is true or false").WithCode("value")
	}
	p.q.Explain = pair.Value == "true"
	return nil
}

func (p *parser) summary(pair Pair) error {
	i := slices.Index([]string{"false", "true", "text", "data", "count"}, pair.Value)
	if i < 0 {
		return fault.New(fault.Invalid, "_summary is true, text, data, count or false").WithCode("value")
	}
	p.q.Summary = Summary(i)
	return nil
}

func (p *parser) elements(pair Pair) error {
	for _, name := range strings.Split(pair.Value, ",") {
		name = strings.TrimPrefix(name, p.q.Type+".")
		if e := p.defs.Structure(p.q.Type).Element(name); e != nil {
			p.q.Elements = append(p.q.Elements, e.Name)
		} else if m, ok := p.defs.Structure(p.q.Type).Member(name); ok { // a choice, as it stands in JSON; names that are none are ignored, as HealthLake does
			p.q.Elements = append(p.q.Elements, m.Element.Name)
		}
	}
	if len(p.q.Elements) == 0 {
		return fault.New(fault.Invalid, "none of these is an element of %s", p.q.Type).WithCode("value")
	}
	return nil
}

// maxPage is the longest page token: it holds a key for each of maxSort, and a key of a long url with its version takes 545 bytes.
const maxPage = 8 << 10

func (p *parser) page(pair Pair) error {
	if pair.Value == "" || len(pair.Value) > maxPage {
		return fault.New(fault.Invalid, "Invalid pagination token.")
	}
	p.q.Page = pair.Value
	return nil
}

// include reads _include and _revinclude: *, Type:*, Type:parameter and Type:parameter:Target.
//
// http://hl7.org/fhir/R4/search.html#include
func (p *parser) include(pair Pair) error {
	base, modifier, modified := strings.Cut(pair.Name, ":")
	reverse := base == "_revinclude"
	in := Include{Iterate: modifier == "iterate" || modifier == "recurse"}
	if modified && !in.Iterate {
		return fault.New(fault.Invalid, "%s has no modifier :%s", base, modifier)
	}
	parts := strings.Split(pair.Value, ":")
	switch {
	case pair.Value == "*":
		in.Source = "*"
	case len(parts) < 2 || len(parts) > 3:
		return fault.New(fault.Invalid, "write %s as Type:parameter, Type:parameter:Target or *", base)
	default:
		if err := p.includeParts(&in, parts); err != nil {
			return err
		}
	}
	switch {
	case in.Iterate || in.Source == "*" || in.Param == nil && reverse:
	case !reverse && in.Source != p.q.Type && !slices.Contains(p.types, in.Source):
		return fault.New(fault.Invalid, "the search is for %s; a reference of %s is followed only with :iterate", p.q.Type, in.Source)
	case reverse && p.types == nil && !allows(in.Param, p.q.Type):
		return fault.New(fault.Invalid, "%s of %s does not refer to %s", in.Param.Code, in.Source, p.q.Type)
	}
	if reverse {
		p.q.RevInclude = append(p.q.RevInclude, in)
	} else {
		p.q.Include = append(p.q.Include, in)
	}
	p.q.pairs = append(p.q.pairs, pair)
	return nil
}

func (p *parser) includeParts(in *Include, parts []string) error {
	if t := p.defs.Type(parts[0]); t == nil || t.Abstract {
		return fault.New(fault.Invalid, "%q is no resource type", parts[0])
	}
	in.Source = parts[0]
	if parts[1] != "*" {
		var err error
		if in.Param, err = p.find(parts[0], parts[1]); err != nil {
			return err
		}
		if in.Param.Type != def.ReferenceParam {
			return fault.New(fault.Invalid, "%s of %s is no reference", parts[1], parts[0])
		}
	}
	if len(parts) == 3 {
		if p.defs.Type(parts[2]) == nil || in.Param != nil && !allows(in.Param, parts[2]) {
			return fault.New(fault.Invalid, "%s of %s does not refer to %q", parts[1], parts[0], parts[2])
		}
		in.Target = parts[2]
	}
	return nil
}
