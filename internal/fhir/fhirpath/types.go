// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

// typeSpec is a type as an expression names it: one of FHIR, or one of the system.
type typeSpec struct {
	fhir   *def.Structure
	system string   // "Boolean"
	like   []string // FHIR types whose values have the system type
}

// systemTypes lists the system types and the FHIR types whose values they are.
var systemTypes = map[string][]string{
	"Boolean": {"boolean"}, "String": {"string", "uri"}, "Integer": {"integer"}, "Decimal": {"decimal"},
	"Date": {"date"}, "DateTime": {"dateTime", "instant"}, "Time": {"time"}, "Quantity": {"Quantity"},
}

// typeNamed finds a type by its name, qualified with FHIR. or System. or bare: then FHIR's comes first.
func (c *compiler) typeNamed(e *expr) (typeSpec, error) {
	space, name := "", e.name
	if e.kind == dotExpr && e.left.kind == nameExpr && e.right.kind == nameExpr {
		space, name = e.left.name, e.right.name
	} else if e.kind != nameExpr {
		return typeSpec{}, syntaxError(fault.Invalid, e.at, "a type's name is missing")
	}
	if s := c.defs.Structure(name); s != nil && s.Kind != def.Backbone && space != "System" {
		return typeSpec{fhir: s}, nil
	}
	if like, ok := systemTypes[name]; ok && space != "FHIR" {
		return typeSpec{system: name, like: like}, nil
	}
	if space == "System" && c.defs.Structure(name) != nil {
		return typeSpec{system: "none"}, nil
	}
	return typeSpec{}, syntaxError(fault.Invalid, e.at, "unknown type %q", strings.TrimPrefix(space+"."+name, "."))
}

// has reports whether v is of the type; with loose, whether it stands for a value of that system type.
func (t *typeSpec) has(v *Value, loose bool) bool {
	switch {
	case v.System != Element && v.System != Target:
		return t.system == systemNames[v.System]
	case v.Type == nil:
		return false
	case t.fhir != nil:
		return v.Type.Is(t.fhir.Name)
	case loose:
		for _, name := range t.like {
			if v.Type.Is(name) {
				return true
			}
		}
	}
	return false
}

// asOp is as and ofType: the items of the type.
type asOp struct {
	left operation
	spec typeSpec
}

func (o *asOp) eval(e *Evaluator, s scope) (window, error) {
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
		if o.spec.has(&e.stack[i], true) {
			e.stack = append(e.stack, e.stack[i])
		}
	}
	return e.settle(base, from), nil
}

// isOp is is: whether the one item has the type; with loose, or stands for a value of that system type.
type isOp struct {
	left  operation
	spec  typeSpec
	loose bool
}

func (o *isOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	switch {
	case err != nil:
		return in, err
	case in.len() == 0:
		return e.none(base), nil
	case in.len() > 1:
		return in, e.notSingle()
	}
	return e.pushBool(base, o.spec.has(&e.stack[in.from], o.loose)), nil
}
