// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// The limits of one evaluation: steps, about one for each value looked at, and values held at a time.
const (
	MaxSteps = 1 << 20
	MaxItems = 1 << 16
)

// Evaluator evaluates programs; it holds the memory that they need. The zero Evaluator is ready. It belongs to one
// goroutine at a time.
type Evaluator struct {
	// Env answers what an evaluation asks of the world. Set it before Evaluate.
	Env Environment
	// Allowance is the steps that evaluations may still take altogether, 0: no limit but each one's own. Evaluate takes off what it
	// used; it is below 0 once it is used up, and all fail with fault.TooCostly.
	Allowance int
	// Explain, if set, is told what each call and operator of the language gave; items are valid during the call.
	Explain  func(column int, name string, items []Value)
	stack    []Value
	steps    int
	program  *Program
	resource Value
	made     int // bytes of text that the evaluation has made
	limit    int // of steps of this evaluation
	patterns map[string]pattern
	defined  [][]Value // by slot: what defineVariable kept
}

// Evaluate gives the collection that p yields on focus, an element of resource or resource itself. The result is valid
// until the next call. It fails with fault.TooCostly past the limits, and with fault.Unprocessable where the language
// says that evaluation signals an error (more than one item where one is wanted).
func (e *Evaluator) Evaluate(p *Program, focus, resource Value) ([]Value, error) {
	e.program, e.resource, e.steps = p, resource, 0
	e.made, e.defined = 0, e.defined[:0]
	if e.stack == nil {
		e.stack = make([]Value, 0, 16)
	}
	e.stack = append(e.stack[:0], focus)
	e.limit = MaxSteps
	if e.Allowance != 0 {
		e.limit = min(e.limit, e.Allowance)
	}
	w, err := p.op.eval(e, scope{this: window{0, 1}, context: window{0, 1}})
	if e.Allowance > 0 {
		if e.Allowance -= e.steps; e.Allowance <= 0 {
			e.Allowance = -1
		}
	}
	if err != nil {
		return nil, err
	}
	return e.stack[w.from:w.to], nil
}

// window is a collection on the evaluator's stack.
type window struct{ from, to int }

func (w window) len() int { return w.to - w.from }

// scope is what an operation sees around it.
type scope struct {
	this    window   // $this, and what a path without a beginning starts from
	context window   // %context
	index   int      // $index
	total   *[]Value // $total
}

// operation is a node of a compiled program. Its result is either a window that was there before (this, context) or one
// at the top of the stack.
type operation interface {
	eval(e *Evaluator, s scope) (window, error)
}

// step counts one step of work.
func (e *Evaluator) step() error {
	if e.steps++; e.steps > e.limit || len(e.stack) > MaxItems {
		return fault.New(fault.TooCostly, "the FHIRPath expression takes too long on this resource")
	}
	return nil
}

// work counts steps for n bytes that are looked at.
func (e *Evaluator) work(n int) error {
	e.steps += n >> 6
	return e.step()
}

// make counts n bytes of text that are made.
func (e *Evaluator) make(n int) error {
	if e.made += n; n > MaxText || e.made > 16*MaxText {
		return fault.New(fault.TooCostly, "the FHIRPath expression makes too much text")
	}
	return e.work(n)
}

// settle drops what lies between base and from, so that the values from there on become the result.
func (e *Evaluator) settle(base, from int) window {
	if from > base {
		n := copy(e.stack[base:], e.stack[from:])
		e.stack = e.stack[:base+n]
	}
	return window{base, len(e.stack)}
}

// push makes one computed value the result.
func (e *Evaluator) push(base int, v Value) window {
	e.stack = append(e.stack[:base], v)
	return window{base, base + 1}
}

func (e *Evaluator) pushBool(base int, b bool) window {
	return e.push(base, Value{System: Boolean, True: b})
}

// none makes the empty collection the result.
func (e *Evaluator) none(base int) window {
	e.stack = e.stack[:base]
	return window{base, base}
}

// condition evaluates o as a boolean: known is false if it is empty. A single item that is no boolean is true.
//
// http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
func (e *Evaluator) condition(o operation, s scope) (value, known bool, err error) {
	base := len(e.stack)
	w, err := o.eval(e, s)
	if err != nil || w.len() == 0 {
		e.stack = e.stack[:base]
		return false, false, err
	}
	if w.len() > 1 {
		return false, false, e.notSingle()
	}
	value, ok := e.stack[w.from].truth()
	e.stack = e.stack[:base]
	return value || !ok, true, nil
}

func (e *Evaluator) notSingle() error {
	return fault.New(fault.Unprocessable, "FHIRPath: more than one item where one is wanted in %q", e.program.source)
}

// thisOp is $this.
type thisOp struct{}

func (thisOp) eval(_ *Evaluator, s scope) (window, error) { return s.this, nil }

// contextOp is %context.
type contextOp struct{}

func (contextOp) eval(_ *Evaluator, s scope) (window, error) { return s.context, nil }

// resourceOp is %resource, and %rootResource: the same unless Env names another.
type resourceOp struct{ root bool }

func (o resourceOp) eval(e *Evaluator, _ scope) (window, error) {
	if o.root && e.Env.Root != nil {
		return e.push(len(e.stack), *e.Env.Root), nil
	}
	return e.push(len(e.stack), e.resource), nil
}

// constOp is a literal, or {} if it has no value.
type constOp struct{ values []Value }

func (o constOp) eval(e *Evaluator, _ scope) (window, error) {
	base := len(e.stack)
	e.stack = append(e.stack, o.values...)
	return window{base, len(e.stack)}, nil
}

// dynamic gives the structure of a resource inside another.
func dynamic(d *def.Definitions, n fhir.Node, declared *def.Structure) *def.Structure {
	if declared != nil && declared.Kind == def.Resource && declared.Abstract {
		if t := d.Type(fhir.Type(n)); t != nil {
			return t.Structure
		}
	}
	return declared
}
