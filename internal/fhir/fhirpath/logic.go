// SPDX-License-Identifier: Apache-2.0

package fhirpath

// logicOp is and, or, xor and implies over true, false and empty.
//
// http://hl7.org/fhirpath/N1/#boolean-logic
type logicOp struct {
	name        string
	left, right operation
}

// three is a truth value: no, unknown or yes.
type three int8

const (
	no three = iota - 1
	unknown
	yes
)

func (o *logicOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	a, err := e.three(o.left, s)
	if err != nil {
		return window{}, err
	}
	b, err := e.three(o.right, s)
	if err != nil {
		return window{}, err
	}
	result := unknown
	switch o.name {
	case "and":
		result = min(a, b)
	case "or":
		result = max(a, b)
	case "xor":
		result = -(a * b)
	case "implies":
		result = max(-a, b)
	}
	if result == unknown {
		return e.none(base), nil
	}
	return e.pushBool(base, result == yes), nil
}

func (e *Evaluator) three(o operation, s scope) (three, error) {
	value, known, err := e.condition(o, s)
	switch {
	case err != nil || !known:
		return unknown, err
	case value:
		return yes, nil
	}
	return no, nil
}
