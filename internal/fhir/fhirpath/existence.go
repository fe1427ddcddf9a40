// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "strconv"

// existsOp is exists() and, with not, empty().
type existsOp struct {
	left operation
	not  bool
}

func (o *existsOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	return e.pushBool(base, in.len() > 0 != o.not), nil
}

// notOp is not().
type notOp struct{ left operation }

func (o *notOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	value, known, err := e.condition(o.left, s)
	if err != nil || !known {
		return e.none(base), err
	}
	return e.pushBool(base, !value), nil
}

// countOp is count().
type countOp struct{ left operation }

func (o *countOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	return e.push(base, Value{System: Integer, Text: strconv.Itoa(in.len())}), nil
}

// hasValueOp is hasValue(): whether there is one item, a primitive with a value.
type hasValueOp struct{ left operation }

func (o *hasValueOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	return e.pushBool(base, in.len() == 1 && e.stack[in.from].HasValue()), nil
}
