// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "galen/internal/fault"

// MaxText is the longest text that an evaluation makes, in bytes.
const MaxText = 1 << 20

// function is what the language defines by name and does not need an operation of its own. It leaves its result on the
// stack from the place that it returns.
type function struct {
	least, most int
	perItem     bool // arguments are evaluated for each item
	same        bool // the result is some of the input
	open        bool // the result may be elements of any type
	eval        func(e *Evaluator, s scope, in window, args []operation) (from int, err error)
}

type functionOp struct {
	fn   *function
	left operation
	args []operation
}

func (o *functionOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	if err := e.step(); err != nil {
		return window{}, err
	}
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	from, err := o.fn.eval(e, s, in, o.args)
	if err != nil {
		return in, err
	}
	return e.settle(base, from), nil
}

func (c *compiler) function(e *expr, left operation, st, this static) (operation, static, error) {
	if e.name == "defineVariable" && c.mode != Search {
		return c.define(e, left, st)
	}
	fn, ok := functions[e.name]
	if !ok {
		fn, ok = fhirFunctions[e.name]
	}
	if f := c.scalar(e.name); f != nil {
		fn, ok = f, true
	}
	if !ok || c.mode == Search {
		return nil, st, syntaxError(fault.Unsupported, e.at, "unknown function %q", e.name)
	}
	if n := len(e.args); n < fn.least || n > fn.most {
		return nil, st, syntaxError(fault.Invalid, e.at, "%q has %d to %d arguments, not %d", e.name, fn.least, fn.most, n)
	}
	if x, ok := left.(*explainOp); ok {
		left = x.operation
	}
	if f, ok := left.(*functionOp); ok && c.mode == Strict && (e.name == "skip" || e.name == "take" || e.name == "tail") && f.fn == functions["children"] {
		return nil, st, syntaxError(fault.Invalid, e.at, "children have no order")
	}
	op := &functionOp{fn: fn, left: left}
	inner := this
	if fn.perItem {
		inner = st.filtered()
	}
	out := static{open: fn.open}
	if fn.same {
		out = st.filtered()
	}
	for _, arg := range e.args {
		descending := e.name == "sort" && arg.kind == unaryExpr && arg.name == "-"
		if descending {
			arg = arg.left
		}
		if e.name == "repeat" {
			inner.open = true
		}
		a, t, err := c.within(arg, inner)
		if err != nil {
			return nil, st, err
		}
		if descending {
			a = &descendingOp{a}
		}
		if e.name == "select" || e.name == "combine" || e.name == "iif" {
			out = out.and(t).filtered()
		}
		op.args = append(op.args, a)
	}
	return op, out, nil
}

type descendingOp struct{ operation }

// one evaluates an argument to at most one system value and takes it off the stack.
func (e *Evaluator) one(o operation, s scope) (v Value, ok bool, err error) {
	base := len(e.stack)
	w, err := o.eval(e, s)
	if err != nil {
		return v, false, err
	}
	if w.len() > 1 {
		return v, false, e.notSingle()
	}
	if w.len() == 1 {
		v, ok = system(e.stack[w.from]), true
	}
	e.stack = e.stack[:base]
	return v, ok, nil
}

func (e *Evaluator) single(in window) (v Value, ok bool, err error) {
	if in.len() > 1 {
		return v, false, e.notSingle()
	}
	if in.len() == 0 {
		return v, false, nil
	}
	return system(e.stack[in.from]), true, nil
}

func (e *Evaluator) give(v ...Value) (int, error) {
	from := len(e.stack)
	e.stack = append(e.stack, v...)
	return from, nil
}

func boolean(b bool) Value { return Value{System: Boolean, True: b} }
func text(s string) Value  { return Value{System: String, Text: s} }
func (s scope) item(i, index int) scope {
	s.this, s.index = window{i, i + 1}, index
	return s
}
