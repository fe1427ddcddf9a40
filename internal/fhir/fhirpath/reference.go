// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"galen/internal/fhir"
)

// resolveOp is resolve(), answered from the reference itself and from contained resources.
//
// http://hl7.org/fhir/R4/fhirpath.html#functions
type resolveOp struct{ left operation }

func (o *resolveOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return in, err
		}
		if target, ok := e.resolve(&e.stack[i]); ok {
			e.stack = append(e.stack, target)
		}
	}
	return e.settle(base, from), nil
}

func (e *Evaluator) resolve(v *Value) (Value, bool) {
	text, stated := v.Node.Text(), ""
	if v.Node.Kind() == fhir.Object {
		text, stated = v.Node.Field("reference").Text(), v.Node.Field("type").Text()
	}
	if len(text) > 0 && text[0] == '#' {
		return e.contained(text[1:])
	}
	name := fhir.ParseReference(text).Key.Type
	if name == "" {
		name = stated
	}
	if t := e.program.defs.Type(name); t != nil {
		return Value{System: Target, Type: t.Structure}, true
	}
	return Value{}, false
}

// contained finds a contained resource by id; the empty id is the container.
func (e *Evaluator) contained(id string) (Value, bool) {
	container := e.resource
	if e.Env.Root != nil {
		container = *e.Env.Root
	}
	if id == "" {
		return container, true
	}
	list := container.Node.Field("contained")
	for r := first(list); r.Ok(); r = r.Next() {
		if r.Field("id").Is(id) {
			return Root(e.program.defs, r), true
		}
	}
	return Value{}, false
}

// extensionOp is extension(url).
type extensionOp struct {
	left operation // .extension already
	url  string
}

func (o *extensionOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return in, err
		}
		if e.stack[i].Node.Field("url").Is(o.url) {
			e.stack = append(e.stack, e.stack[i])
		}
	}
	return e.settle(base, from), nil
}
