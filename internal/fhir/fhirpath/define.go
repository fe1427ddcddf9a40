// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"slices"

	"galen/internal/fault"
)

// maxDefined is how many variables an expression may define.
const maxDefined = 100

// definition is a variable that defineVariable makes: it is seen by what comes after it in its path, and nowhere else.
type definition struct {
	name string
	slot int
	st   static
}

// within compiles a part of an expression whose variables are its own: an argument, or one side of an operator.
func (c *compiler) within(e *expr, this static) (operation, static, error) {
	seen := len(c.visible)
	op, st, err := c.compile(e, this)
	c.visible = c.visible[:seen]
	return op, st, err
}

// define compiles defineVariable(name) and defineVariable(name, expression). The result is the input.
//
// https://build.fhir.org/ig/HL7/FHIRPath/#definevariablename-string--expr-expression
func (c *compiler) define(e *expr, left operation, st static) (operation, static, error) {
	if n := len(e.args); n < 1 || n > 2 {
		return nil, st, syntaxError(fault.Invalid, e.at, "%q has 1 to 2 arguments, not %d", e.name, n)
	}
	name := e.args[0]
	if name.kind != literalExpr || name.literal != stringLiteral {
		return nil, st, syntaxError(fault.Unsupported, name.at, "defineVariable takes the name as a text in quotes")
	}
	_, constant := constantText(name.name)
	taken := constant || slices.Contains([]string{"resource", "rootResource", "context", "ucum"}, name.name) ||
		slices.ContainsFunc(c.visible, func(d definition) bool { return d.name == name.name })
	switch {
	case taken:
		return nil, st, syntaxError(fault.Invalid, name.at, "the variable %%%s is there already", name.name)
	case c.slots == maxDefined:
		return nil, st, syntaxError(fault.TooCostly, name.at, "an expression defines at most %d variables", maxDefined)
	}
	op := &defineOp{left: left, slot: c.slots}
	d := definition{name.name, c.slots, st.filtered()}
	if len(e.args) == 2 {
		var err error
		if op.value, d.st, err = c.within(e.args[1], st); err != nil {
			return nil, st, err
		}
		d.st = d.st.filtered()
	}
	c.slots++
	c.visible = append(c.visible, d)
	return op, st.filtered(), nil
}

// defined finds a variable that defineVariable made; nil if there is none here.
func (c *compiler) defined(name string) *definition {
	for i := range c.visible {
		if c.visible[i].name == name {
			return &c.visible[i]
		}
	}
	return nil
}

// defineOp keeps a collection for definedOp: its input, or what value yields on that.
type defineOp struct {
	left, value operation
	slot        int
}

func (o *defineOp) eval(e *Evaluator, s scope) (window, error) {
	if err := e.step(); err != nil {
		return window{}, err
	}
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	top, found := len(e.stack), in
	if o.value != nil {
		s.this = in
		if found, err = o.value.eval(e, s); err != nil {
			return in, err
		}
	}
	for len(e.defined) <= o.slot {
		e.defined = append(e.defined, nil)
	}
	held := found.len()
	for slot, values := range e.defined {
		if slot != o.slot {
			held += len(values)
		}
	}
	if held > MaxItems {
		return in, fault.New(fault.TooCostly, "the FHIRPath expression keeps too much in variables")
	}
	if err := e.work(found.len() << 6); err != nil {
		return in, err
	}
	e.defined[o.slot] = append(e.defined[o.slot][:0], e.stack[found.from:found.to]...)
	e.stack = e.stack[:top]
	return in, nil
}

// definedOp is %name of a variable that defineVariable made.
type definedOp struct{ slot int }

func (o *definedOp) eval(e *Evaluator, _ scope) (window, error) {
	base := len(e.stack)
	if err := e.step(); err != nil {
		return window{}, err
	}
	e.stack = append(e.stack, e.defined[o.slot]...)
	return window{base, len(e.stack)}, nil
}
