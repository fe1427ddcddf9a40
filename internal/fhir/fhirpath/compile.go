// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"slices"
	"strconv"

	"galen/internal/fault"
	"galen/internal/fhir/def"
)

type compiler struct {
	defs    *def.Definitions
	context static
	mode    Mode
	visible []definition // variables that are seen at the place being compiled
	slots   int          // variables defined so far
}

// compile turns e, evaluated with $this of the static type this, into an operation.
func (c *compiler) compile(e *expr, this static) (operation, static, error) {
	switch e.kind {
	case emptyExpr:
		return constOp{}, computed, nil
	case literalExpr:
		return c.literal(e)
	case nameExpr:
		return c.start(e, this)
	case callExpr:
		return c.call(e, thisOp{}, this, this)
	case variableExpr:
		return c.variable(e)
	case specialExpr:
		switch e.name {
		case "this":
			return thisOp{}, this, nil
		case "index":
			return indexOp{}, computed, nil
		case "total":
			return totalOp{}, static{open: true}, nil
		}
	case dotExpr:
		return c.dot(e, this)
	case indexExpr:
		return c.index(e, this)
	case unaryExpr:
		left, st, err := c.compile(e.left, this)
		if err != nil {
			return nil, st, err
		}
		return &signOp{left, e.name == "-"}, computed, nil
	case binaryExpr:
		return c.operator(e, this)
	case typeExpr:
		left, st, err := c.compile(e.left, this)
		if err != nil {
			return nil, st, err
		}
		return c.typed(e.name, e.args[0], left, st)
	}
	return nil, computed, unsupported(e)
}

func unsupported(e *expr) error {
	return syntaxError(fault.Unsupported, e.at, "%q is not supported", e.name)
}

// start compiles the first name of a path: the type of the focus, or one of its elements.
func (c *compiler) start(e *expr, this static) (operation, static, error) {
	if s := c.defs.Structure(e.name); s != nil && e.name[0]-'A' < 26 {
		for _, t := range this.types {
			if t.Element(e.name) != nil {
				return c.member(e, thisOp{}, this)
			}
		}
		spec := typeSpec{fhir: s}
		st := this.only(&spec)
		if !this.open && len(st.types) == len(this.types) && !st.open {
			return thisOp{}, st, nil
		}
		return &asOp{thisOp{}, spec}, st, nil
	}
	return c.member(e, thisOp{}, this)
}

func (c *compiler) member(e *expr, left operation, st static) (operation, static, error) {
	out, known := st.member(e.name)
	if c.mode == Strict && len(known) == 0 && !st.open {
		return nil, out, syntaxError(fault.Invalid, e.at, "there is no element %q here", e.name)
	}
	return &memberOp{left: left, name: e.name, known: known, closed: c.mode != Search}, out, nil
}

func (c *compiler) dot(e *expr, this static) (operation, static, error) {
	left, st, err := c.compile(e.left, this)
	if err != nil {
		return nil, st, err
	}
	switch e.right.kind {
	case nameExpr:
		return c.member(e.right, left, st)
	case callExpr:
		return c.call(e.right, left, st, this)
	}
	return nil, st, unsupported(e.right)
}

func (c *compiler) literal(e *expr) (operation, static, error) {
	v := Value{Text: e.name}
	switch e.literal {
	case stringLiteral:
		v.System = String
	case booleanLiteral:
		v = Value{System: Boolean, True: e.name == "true"}
	case integerLiteral:
		v.System = Integer
	case decimalLiteral:
		v.System = Decimal
	case quantityLiteral:
		v.System = Quantity
		v.Text = quantityText(e.name, e.unit, slices.Contains(calendarUnits, e.unit) && !e.quoted)
	case dateLiteral:
		var ok bool
		if v, ok = dateValue(e.name[1:]); !ok {
			return nil, computed, syntaxError(fault.Invalid, e.at, "%s is no date or time", e.name)
		}
	}
	return constOp{[]Value{v}}, computed, nil
}

func (c *compiler) variable(e *expr) (operation, static, error) {
	switch e.name {
	case "resource", "rootResource":
		st := static{open: true}
		if len(c.context.types) == 1 && c.context.types[0].Kind == def.Resource {
			st.types = c.context.types
		}
		if e.name == "rootResource" {
			return resourceOp{root: true}, static{open: true}, nil
		}
		return resourceOp{}, st, nil
	case "context":
		return contextOp{}, c.context, nil
	}
	if text, ok := constantText(e.name); ok {
		return constOp{[]Value{{System: String, Text: text}}}, computed, nil
	}
	if c.mode == Search {
		return nil, computed, syntaxError(fault.Unsupported, e.at, "%%%s is not supported", e.name)
	}
	if d := c.defined(e.name); d != nil {
		return &definedOp{d.slot}, d.st, nil
	}
	return &variableOp{e.name}, static{open: true}, nil
}

func (c *compiler) index(e *expr, this static) (operation, static, error) {
	left, st, err := c.compile(e.left, this)
	if err != nil {
		return nil, st, err
	}
	if e.right.kind == literalExpr && e.right.literal == integerLiteral {
		place, err := strconv.Atoi(e.right.name)
		if err != nil {
			return nil, st, syntaxError(fault.Invalid, e.right.at, "the index is too large")
		}
		return &pickOp{left, place}, st.filtered(), nil
	}
	index, _, err := c.within(e.right, this)
	return &itemOp{left, index}, st.filtered(), err
}

func (c *compiler) operator(e *expr, this static) (operation, static, error) {
	op, out, err := c.binary(e, this)
	if err != nil || c.mode == Search {
		return op, out, err
	}
	return &explainOp{op, e.at, e.name}, out, nil
}

func (c *compiler) binary(e *expr, this static) (operation, static, error) {
	left, l, err := c.within(e.left, this)
	if err != nil {
		return nil, l, err
	}
	right, r, err := c.within(e.right, this)
	if err != nil {
		return nil, r, err
	}
	switch e.name {
	case "|":
		return &unionOp{left, right}, l.and(r), nil
	case "=", "!=":
		return &equalOp{left, right, e.name == "!="}, computed, nil
	case "and", "or", "xor", "implies":
		return &logicOp{e.name, left, right}, computed, nil
	}
	return &binaryOp{e.name, left, right}, computed, nil
}

// typed compiles is and as over left.
func (c *compiler) typed(name string, of *expr, left operation, st static) (operation, static, error) {
	spec, err := c.typeNamed(of)
	if err != nil {
		return nil, st, err
	}
	if name == "is" {
		return &isOp{left, spec, c.mode == Invariant}, computed, nil
	}
	out := st.only(&spec)
	if c.mode != Search {
		return &strictAsOp{left, spec, name == "as" && c.mode != Invariant}, out, nil
	}
	if m, ok := left.(*memberOp); ok && spec.fhir != nil && m.only == nil && spec.fhir.Kind != def.Resource {
		return m.narrowed(spec.fhir), out, nil
	}
	return &asOp{left, spec}, out, nil
}

// narrowed is m for the choices of one type only, so that the others are not looked for.
func (m *memberOp) narrowed(to *def.Structure) *memberOp {
	n := &memberOp{left: m.left, name: m.name, only: to, closed: m.closed}
	for _, k := range m.known {
		kept := knownMember{of: k.of, element: k.element}
		for _, t := range k.types {
			if t.Structure.Is(to.Name) {
				kept.types = append(kept.types, t)
			}
		}
		n.known = append(n.known, kept)
	}
	return n
}
