// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"fmt"

	"galen/internal/fault"
)

type exprKind uint8

const (
	emptyExpr    exprKind = iota // {}
	literalExpr                  // name is its text
	nameExpr                     // a member or type name
	callExpr                     // function name with args
	variableExpr                 // %name
	specialExpr                  // $this, $index, $total
	dotExpr                      // left.right, right a name, call or special
	indexExpr                    // left[right]
	unaryExpr                    // name is + or -
	binaryExpr                   // name is the operator
	typeExpr                     // left is/as type; args[0] is the type as a name or a dot of names
)

type literalKind uint8

const (
	stringLiteral literalKind = iota + 1
	booleanLiteral
	integerLiteral
	decimalLiteral
	dateLiteral // any of date, dateTime and time; the text includes the @
	quantityLiteral
)

// expr is a node of the syntax tree.
type expr struct {
	kind        exprKind
	literal     literalKind
	at          int    // offset in the source
	name        string // what it names; a literal's text
	unit        string // of a quantity literal
	quoted      bool   // the unit is in quotes
	left, right *expr
	args        []*expr
}

// SyntaxError is the failure to compile an expression. It wraps a fault of kind Invalid, or Unsupported for what the
// language has and this package has not.
type SyntaxError struct {
	Column int // in bytes, from 1
	fault  *fault.Fault
}

// Error gives the text with its column.
func (e *SyntaxError) Error() string { return e.fault.Error() }

// Unwrap gives the fault.
func (e *SyntaxError) Unwrap() error { return e.fault }

func syntaxError(kind fault.Kind, at int, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return &SyntaxError{at + 1, fault.New(kind, "FHIRPath column %d: %s", at+1, text)}
}
