// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"slices"
	"strings"

	"galen/internal/fault"
)

// term reads a literal, a variable, an invocation, {} or an expression in parentheses.
func (p *parser) term() (*expr, error) {
	t := p.tok
	e := expr{at: t.at, name: t.text}
	switch {
	case t.kind == stringToken:
		e.kind, e.literal = literalExpr, stringLiteral
	case t.kind == dateToken:
		e.kind, e.literal = literalExpr, dateLiteral
	case t.kind == nameToken && !t.quoted && (t.text == "true" || t.text == "false"):
		e.kind, e.literal = literalExpr, booleanLiteral
	case t.kind == variableToken:
		e.kind = variableExpr
	case t.kind == numberToken:
		return p.number()
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		inner, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case p.is("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.expect("}"); err != nil {
			return nil, err
		}
		return p.node(e)
	default:
		return p.invocation(false)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.node(e)
}

// calendarUnits are the units that a number may have without quotes.
var calendarUnits = strings.Fields("year years month months week weeks day days hour hours minute minutes second seconds millisecond milliseconds")

// number reads a number, or a quantity: a number with a unit.
func (p *parser) number() (*expr, error) {
	e := expr{kind: literalExpr, literal: integerLiteral, at: p.tok.at, name: p.tok.text}
	if strings.Contains(e.name, ".") {
		e.literal = decimalLiteral
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == stringToken || p.tok.kind == nameToken && slices.Contains(calendarUnits, p.tok.text) {
		e.literal, e.unit, e.quoted = quantityLiteral, p.tok.text, p.tok.kind == stringToken
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return p.node(e)
}

// invocation reads a name, a function call or a $ name. After a dot the words of operators are names (Narrative.div).
func (p *parser) invocation(dotted bool) (*expr, error) {
	t := p.tok
	if t.kind == specialToken {
		if t.text != "this" && t.text != "index" && t.text != "total" {
			return nil, syntaxError(fault.Invalid, t.at, "unknown $%s", t.text)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		return p.node(expr{kind: specialExpr, at: t.at, name: t.text})
	}
	if t.kind != nameToken || !t.quoted && !dotted && reserved(t.text) {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.is("(") {
		return p.node(expr{kind: nameExpr, at: t.at, name: t.text})
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	return p.node(expr{kind: callExpr, at: t.at, name: t.text, args: args})
}

// reserved reports whether a bare word cannot be a name. is, as, in and contains can.
func reserved(word string) bool {
	switch word {
	case "and", "or", "xor", "implies", "div", "mod", "true", "false":
		return true
	}
	return false
}

func (p *parser) arguments() (args []*expr, err error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.is(")") {
		return nil, p.advance()
	}
	for {
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if !p.is(",") {
			return args, p.expect(")")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}
