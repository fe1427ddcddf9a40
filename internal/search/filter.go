// SPDX-License-Identifier: Apache-2.0

package search

import (
	"errors"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

// Limits of a _filter: how deep its parentheses and brackets go, and how many tests it has, one behind a reference without a type
// counted for each type that it can lead to.
const (
	maxFilterDepth = 32
	maxFilterTests = 2000
)

// filterParser reads a _filter:
//
//	filter = and ("or" and)*            and = one ("and" one)*
//	one    = "not" "(" filter ")"  |  "(" filter ")"  |  test
//	test   = name (("[" filter "]")? "." name)* operator value
//
// So "and" binds closer than "or"; the specification leaves that open.
//
// http://hl7.org/fhir/R4/search_filter.html
type filterParser struct {
	p     *parser
	s     filterScanner
	depth int // of parentheses and brackets
	tests int
}

// filter reads the value of _filter as one condition on resources of typ.
func (p *parser) filter(typ, text string) (Clause, error) {
	f := &filterParser{p: p, s: filterScanner{text: text}}
	c, err := f.either(typ, 0)
	if err != nil {
		return Clause{}, err
	}
	if f.s.space(); !f.s.end() {
		return Clause{}, f.s.wrong("and, or, or the end is expected")
	}
	c.Name = "_filter"
	return c, nil
}

// either reads conditions with "or" between them; links is how many references led here.
func (f *filterParser) either(typ string, links int) (Clause, error) {
	return f.several("or", func(list []Clause) Clause { return Clause{Name: "or", Any: list} }, func() (Clause, error) {
		return f.several("and", func(list []Clause) Clause { return Clause{Name: "and", All: list} }, func() (Clause, error) { return f.one(typ, links) })
	})
}

// several reads one condition, or more with a word between them.
func (f *filterParser) several(word string, join func([]Clause) Clause, read func() (Clause, error)) (Clause, error) {
	var list []Clause
	for {
		c, err := read()
		if err != nil {
			return c, err
		}
		if list = append(list, c); f.s.word(word) {
			continue
		}
		if len(list) == 1 {
			return c, nil
		}
		return join(list), nil
	}
}

func (f *filterParser) one(typ string, links int) (Clause, error) {
	start := f.s.at
	if f.s.word("not") && f.s.next('(') {
		c, err := f.inside(typ, links, ')')
		return Clause{Name: "not", Not: &c}, err
	}
	f.s.at = start
	if f.s.next('(') {
		return f.inside(typ, links, ')')
	}
	return f.test(typ, links)
}

// inside reads a filter up to a closing bracket; the opening one is read.
func (f *filterParser) inside(typ string, links int, closing byte) (Clause, error) {
	if f.depth++; f.depth > maxFilterDepth {
		return Clause{}, fault.New(fault.TooCostly, "the filter is nested more than %d deep", maxFilterDepth)
	}
	c, err := f.either(typ, links)
	if err == nil && !f.s.next(closing) {
		err = f.s.wrong("a closing " + string(closing) + " is expected")
	}
	f.depth--
	return c, err
}

// test reads a path, an operator and a value.
func (f *filterParser) test(typ string, links int) (Clause, error) {
	if f.tests++; f.tests > maxFilterTests {
		return Clause{}, fault.New(fault.TooCostly, "the filter has more than %d tests", maxFilterTests)
	}
	name := f.s.name()
	if name == "" {
		return Clause{}, f.s.wrong("the name of a search parameter is expected")
	}
	param, err := f.p.find(typ, name)
	if err != nil {
		return Clause{}, err
	}
	switch f.s.peek() {
	case '[', '.':
		return f.chain(typ, param, links)
	}
	operator := f.s.operator()
	if operator == "" {
		return Clause{}, f.s.wrong("an operator such as eq is expected after " + name)
	}
	value, err := f.s.value()
	if err != nil {
		return Clause{}, err
	}
	if f.p.left--; f.p.left < 0 {
		return Clause{}, fault.New(fault.TooCostly, "more than %d values in one search", f.p.opt.MaxValues)
	}
	leaf, err := f.p.compare(typ, param, operator, value)
	return Clause{Name: name + " " + operator, Leaf: leaf}, err
}

// chain reads what follows a reference: a filter of what it leads to, in brackets, or a dot, or both; then the rest of the path. It reads it
// for each type that the reference can lead to.
func (f *filterParser) chain(typ string, param *def.SearchParam, links int) (Clause, error) {
	switch {
	case param.Type != def.ReferenceParam:
		return Clause{}, fault.New(fault.Invalid, "%s of %s is no reference, nothing can be chained to it", param.Code, typ)
	case links >= f.p.opt.MaxChain:
		return Clause{}, fault.New(fault.TooCostly, "a chain of more than %d links", f.p.opt.MaxChain)
	}
	c := &Chain{Param: param}
	from, depth, end := f.s.at, f.depth, 0
	var first error
	for _, target := range f.p.targets(param) {
		if f.p.links++; f.p.links > maxLinks {
			return Clause{}, fault.New(fault.TooCostly, "the chains of this search lead to more than %d types", maxLinks)
		}
		left := f.p.left
		f.s.at, f.depth = from, depth
		next, err := f.linked(target, links+1)
		switch {
		case err == nil:
			c.Next, end = append(c.Next, Link{target, next}), f.s.at
			continue
		case errors.Is(err, fault.TooCostly):
			return Clause{}, err
		}
		f.p.left = left
		if first == nil || errors.Is(first, errUnknown) && !errors.Is(err, errUnknown) {
			first = err
		}
	}
	if len(c.Next) == 0 {
		return Clause{}, first
	}
	f.s.at, f.depth = end, depth
	return Clause{Name: param.Code + ".", Chain: c}, nil
}

// linked reads what a resource of type typ, which was referred to, must fulfil.
func (f *filterParser) linked(typ string, links int) (Clause, error) {
	var all []Clause
	if f.s.next('[') {
		c, err := f.inside(typ, links, ']')
		if err != nil {
			return c, err
		}
		all = append(all, c)
	}
	if !f.s.next('.') {
		return Clause{}, f.s.wrong("a dot and a further name are expected")
	}
	c, err := f.test(typ, links)
	if err != nil || len(all) == 0 {
		return c, err
	}
	return Clause{Name: strings.TrimSuffix(c.Name, "."), All: append(all, c)}, nil
}
