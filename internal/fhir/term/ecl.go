// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
)

// The limits of one expression constraint.
const (
	maxConstraint  = 10_000 // bytes
	maxConstraints = 64     // concepts, * and attributes that it names; each may be a walk through the hierarchy
	maxBrackets    = 32     // within each other
)

// constraint reads an expression of SNOMED CT's Expression Constraint Language as it is looked up: each rule of the grammar gives the set of
// concepts that it stands for.
//
// The simple part of the language is here: concepts with or without |term|, *, the operators <, <<, <!, <<!, >, >>, >!, >>!, ^, brackets, AND (or
// a comma), OR, MINUS, and refinements by attributes of a concept with = and !=. Groups, cardinalities, reversed attributes, dots, concrete values,
// filters and supplements are refused with fault.Unsupported.
//
// http://snomed.org/ecl
type constraint struct {
	s    *System
	text string
	i    int
	deep int
	left int // of maxConstraints
}

// constrained gives the concepts that an expression constraint stands for. It fails with fault.Invalid where the expression cannot be read,
// and with fault.Unprocessable for a concept that the system does not have.
func (s *System) constrained(text string) (docset.Set, error) {
	if len(text) > maxConstraint {
		return docset.Set{}, fault.New(fault.TooCostly, "an expression constraint may have at most %d bytes", maxConstraint)
	}
	c := &constraint{s: s, text: text, left: maxConstraints}
	set, err := c.expression()
	if err == nil && c.i < len(c.text) {
		err = c.unreadable()
	}
	return set, err
}

// expression is a refined operand, or several joined by one kind of operator.
func (c *constraint) expression() (docset.Set, error) {
	if c.deep++; c.deep > maxBrackets {
		return docset.Set{}, fault.New(fault.TooCostly, "an expression constraint has at most %d brackets within each other", maxBrackets)
	}
	defer func() { c.deep-- }()
	set, err := c.refined()
	for joined := ""; err == nil; {
		word := c.joint()
		switch {
		case word == "":
			return set, nil
		case joined != "" && (joined != word || word == "MINUS"):
			return set, fault.New(fault.Invalid, "an expression constraint needs brackets where AND, OR and MINUS meet")
		}
		joined = word
		var other docset.Set
		if other, err = c.refined(); err != nil {
			break
		}
		set = join(word, set, other)
	}
	return set, err
}

func join(word string, a, b docset.Set) docset.Set {
	switch word {
	case "AND":
		return docset.And(a, b)
	case "OR":
		return docset.Or(a, b)
	}
	return docset.AndNot(a, b)
}

// refined is an operand, perhaps with a refinement.
func (c *constraint) refined() (docset.Set, error) {
	set, err := c.operand()
	if err != nil || !c.take(":") {
		return set, err
	}
	only, err := c.refinement()
	return docset.And(set, only), err
}

// operand is a concept, * or an expression in brackets, with what is before it.
func (c *constraint) operand() (docset.Set, error) {
	operator := ""
	for _, o := range [...]string{"<<!", ">>!", "<<", ">>", "<!", ">!", "<", ">"} {
		if c.take(o) {
			operator = o
			break
		}
	}
	member := c.take("^")
	set, err := c.focus(member)
	if err != nil || operator == "" {
		return set, err
	}
	next := c.s.Children
	if operator[0] == '>' {
		next = c.s.Parents
	}
	found := c.s.reach(set, next, strings.HasSuffix(operator, "!"))
	if len(operator) > 1 && operator[1] == operator[0] {
		found = docset.Or(found, set)
	}
	return found, nil
}

// focus is a concept, * or an expression in brackets; with member, what is in those reference sets.
func (c *constraint) focus(member bool) (set docset.Set, err error) {
	switch {
	case c.take("("):
		if set, err = c.expression(); err == nil && !c.take(")") {
			err = c.unreadable()
		}
	case c.take("*"):
		set = c.s.all()
		err = c.count()
	default:
		var id string
		if id, err = c.concept(); err == nil && member {
			return c.s.filter(filter{propertyRefset, "=", id})
		}
		if err == nil {
			set, err = c.one(id)
		}
	}
	if err != nil || !member {
		return set, err
	}
	return c.s.havingProperty(propertyRefset, func(id string) bool {
		i, ok := c.s.Find(id)
		return ok && set.Contains(i)
	})
}

func (c *constraint) one(id string) (docset.Set, error) {
	i, ok := c.s.Find(id)
	if !ok {
		return docset.Set{}, fault.New(fault.Unprocessable, "the expression constraint names the code %s, which %s does not have", show(id), c.s.URL)
	}
	return docset.Of(i), nil
}

// refinement is attributes joined by AND (a comma) or by OR: the concepts that have them.
func (c *constraint) refinement() (docset.Set, error) {
	set, err := c.attribute()
	for joined := ""; err == nil; {
		before := c.i
		word := c.joint()
		if word == "" || word == "MINUS" || joined != "" && word != joined {
			c.i = before
			return set, nil
		}
		joined = word
		var other docset.Set
		if other, err = c.attribute(); err == nil {
			set = join(word, set, other)
		}
	}
	return set, err
}

// attribute is the concepts that have an attribute with a value: name = value, or refinements in brackets.
func (c *constraint) attribute() (docset.Set, error) {
	if err := c.count(); err != nil {
		return docset.Set{}, err
	}
	if at := c.i; c.take("(") { // refinements, or the name of an attribute in brackets
		if c.deep++; c.deep > maxBrackets {
			return docset.Set{}, c.unreadable()
		}
		set, err := c.refinement()
		c.deep--
		if err == nil && c.take(")") {
			return set, nil
		}
		c.i = at
	}
	names, err := c.operand()
	if err != nil {
		return docset.Set{}, err
	}
	negative := c.take("!=")
	if !negative && !c.take("=") {
		return docset.Set{}, c.unreadable()
	}
	values, err := c.operand()
	if err != nil {
		return docset.Set{}, err
	}
	return c.s.related(names, func(i uint32) bool { return values.Contains(i) != negative }), nil
}
