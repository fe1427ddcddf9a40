// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"slices"

	"galen/internal/fault"
)

// The limits of one expression: nested levels, and nodes of its syntax tree.
const (
	MaxDepth = 200
	MaxNodes = 10_000
)

// parser is a recursive-descent parser over one token of look-ahead.
type parser struct {
	lex   lexer
	tok   token
	depth int
	nodes int
}

// parse reads a whole expression.
func parse(src string) (*expr, error) {
	if len(src) > MaxLength {
		return nil, syntaxError(fault.TooLarge, MaxLength, "the expression is longer than %d bytes", MaxLength)
	}
	p := parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.binary(0)
	if err == nil && p.tok.kind != endToken {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) unexpected() error {
	if p.tok.kind == endToken {
		return syntaxError(fault.Invalid, p.tok.at, "the expression ends too early")
	}
	return syntaxError(fault.Invalid, p.tok.at, "unexpected %q", p.tok.text)
}

// is reports whether the next token is that operator or keyword.
func (p *parser) is(text string) bool {
	return p.tok.text == text && (p.tok.kind == operatorToken || p.tok.kind == nameToken && !p.tok.quoted)
}

func (p *parser) expect(text string) error {
	if !p.is(text) || p.tok.kind != operatorToken {
		if p.tok.kind == endToken {
			return syntaxError(fault.Invalid, p.tok.at, "%q is missing", text)
		}
		return p.unexpected()
	}
	return p.advance()
}

func (p *parser) node(e expr) (*expr, error) {
	if p.nodes++; p.nodes > MaxNodes {
		return nil, syntaxError(fault.TooLarge, e.at, "the expression has more than %d parts", MaxNodes)
	}
	return &e, nil
}

// precedence lists the binary operators, loosest first.
//
// http://hl7.org/fhirpath/N1/#operator-precedence
var precedence = [...][]string{
	{"implies"},
	{"or", "xor"},
	{"and"},
	{"in", "contains"},
	{"=", "~", "!=", "!~"},
	{"<=", "<", ">", ">="},
	{"|"},
	{"is", "as"},
	{"+", "-", "&"},
	{"*", "/", "div", "mod"},
}

// binary reads operators of that level and tighter; all of them bind to the left.
func (p *parser) binary(level int) (*expr, error) {
	if level == len(precedence) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil && slices.ContainsFunc(precedence[level], p.is) {
		op := p.tok
		if err = p.advance(); err != nil {
			break
		}
		if op.text == "is" || op.text == "as" {
			left, err = p.typeOperator(left, op)
			continue
		}
		var right *expr
		if right, err = p.binary(level + 1); err == nil {
			left, err = p.node(expr{kind: binaryExpr, at: op.at, name: op.text, left: left, right: right})
		}
	}
	return left, err
}

// typeOperator reads the type after is or as.
func (p *parser) typeOperator(left *expr, op token) (*expr, error) {
	var name *expr
	for {
		if p.tok.kind != nameToken {
			return nil, p.unexpected()
		}
		part, err := p.node(expr{kind: nameExpr, at: p.tok.at, name: p.tok.text})
		if err != nil {
			return nil, err
		}
		if name != nil {
			part, err = p.node(expr{kind: dotExpr, at: part.at, left: name, right: part})
		}
		if name = part; err == nil {
			err = p.advance()
		}
		if err != nil {
			return nil, err
		}
		if !p.is(".") {
			return p.node(expr{kind: typeExpr, at: op.at, name: op.text, left: left, args: []*expr{name}})
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) unary() (*expr, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, syntaxError(fault.TooLarge, p.tok.at, "more than %d nested levels", MaxDepth)
	}
	defer func() { p.depth-- }()
	if !p.is("+") && !p.is("-") {
		return p.path()
	}
	op := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	operand, err := p.unary()
	if err != nil {
		return nil, err
	}
	return p.node(expr{kind: unaryExpr, at: op.at, name: op.text, left: operand})
}

// path reads a term and what follows it: .invocation and [index].
func (p *parser) path() (*expr, error) {
	left, err := p.term()
	for err == nil && p.tok.kind == operatorToken {
		op := p.tok
		var right *expr
		switch op.text {
		case ".":
			if err = p.advance(); err == nil {
				right, err = p.invocation(true)
			}
			if err == nil {
				left, err = p.node(expr{kind: dotExpr, at: op.at, left: left, right: right})
			}
		case "[":
			if err = p.advance(); err == nil {
				right, err = p.binary(0)
			}
			if err == nil {
				err = p.expect("]")
			}
			if err == nil {
				left, err = p.node(expr{kind: indexExpr, at: op.at, left: left, right: right})
			}
		default:
			return left, nil
		}
	}
	return left, err
}
