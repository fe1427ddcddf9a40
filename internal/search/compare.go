// SPDX-License-Identifier: Apache-2.0

package search

import (
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// comparison is how an operator of _filter is asked of the terms.
type comparison struct {
	modifier index.Modifier
	prefix   index.Prefix
}

// comparisons has the operators that go with each type of parameter. pr goes with all.
//
// http://hl7.org/fhir/R4/search_filter.html#ops
var comparisons = map[def.ParamType]map[string]comparison{
	def.NumberParam:   ordered,
	def.QuantityParam: ordered,
	def.DateParam: {"eq": {}, "ne": {prefix: index.NotEqual}, "gt": {prefix: index.Greater}, "lt": {prefix: index.Less}, "ge": {prefix: index.GreaterOrEqual},
		"le": {prefix: index.LessOrEqual}, "ap": {prefix: index.Approximately}, "sa": {prefix: index.StartsAfter}, "eb": {prefix: index.EndsBefore}, "po": {prefix: index.Overlaps}},
	def.StringParam: {"eq": {modifier: index.Same}, "ne": {modifier: index.Unequal}, "co": {modifier: index.Contains}, "sw": {}, "ew": {modifier: index.EndsWith},
		"gt": {index.Compared, index.Greater}, "lt": {index.Compared, index.Less}, "ge": {index.Compared, index.GreaterOrEqual}, "le": {index.Compared, index.LessOrEqual}},
	def.URIParam: {"eq": {}, "ne": {modifier: index.Unequal}, "co": {modifier: index.Contains}, "sw": {modifier: index.StartsWith}, "ew": {modifier: index.EndsWith}},
	def.TokenParam: {"eq": {}, "ne": {modifier: index.Unequal}, "co": {modifier: index.Contains}, "sw": {modifier: index.StartsWith}, "ew": {modifier: index.EndsWith},
		"ss": {modifier: index.Below}, "sb": {modifier: index.Above}, "in": {modifier: index.In}},
	def.ReferenceParam: {"eq": {}, "re": {}, "ne": {modifier: index.Unequal}},
	def.CompositeParam: {"eq": {}},
}

var ordered = map[string]comparison{"eq": {}, "ne": {prefix: index.NotEqual}, "gt": {prefix: index.Greater}, "lt": {prefix: index.Less}, "ge": {prefix: index.GreaterOrEqual},
	"le": {prefix: index.LessOrEqual}, "ap": {prefix: index.Approximately}, "sa": {prefix: index.StartsAfter}, "eb": {prefix: index.EndsBefore}}

// compare makes the condition of one test of a _filter.
func (p *parser) compare(typ string, param *def.SearchParam, operator, text string) (*Leaf, error) {
	l, err := p.leafOf(typ, param)
	if err != nil {
		return nil, err
	}
	if operator == "pr" {
		if text != "true" && text != "false" {
			return nil, fault.New(fault.Invalid, "pr is true or false").WithCode("value")
		}
		l.Modifier, l.Values = index.Missing, []index.Value{{Missing: text == "false"}}
		return l, nil
	}
	c, ok := comparisons[param.Type][operator]
	identity := param.Code == "_id"
	if !ok || identity && operator != "eq" && operator != "ne" {
		return nil, fault.New(fault.Invalid, "the operator %s does not go with %s, which is a %s parameter", operator, param.Code, param.Type).WithCode("value")
	}
	if l.Modifier = c.modifier; identity && operator == "ne" {
		l.Modifier = index.Not
	}
	v, err := p.compared(l, text)
	if err != nil {
		return nil, err
	}
	v.Prefix = c.prefix
	l.Values = []index.Value{v}
	return l, nil
}

// compared reads the value of a test. It is one value: a comma is one.
func (p *parser) compared(l *Leaf, text string) (index.Value, error) {
	switch {
	case l.Param.Type == def.StringParam, l.Modifier == index.Contains, l.Modifier == index.StartsWith, l.Modifier == index.EndsWith:
		return index.Value{Text: text}, nil
	case l.Param.Type == def.NumberParam, l.Param.Type == def.DateParam, l.Param.Type == def.QuantityParam:
		if prefix, _ := prefix(text); prefix != index.Equal {
			return index.Value{}, fault.New(fault.Invalid, "a value of a filter has no prefix; write it as the operator").WithCode("value")
		}
	}
	return valueOf(l.Param.Type, l.Modifier, p.here(l, text), l.Param.Components)
}
