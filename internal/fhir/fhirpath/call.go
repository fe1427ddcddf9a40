// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "galen/internal/fault"

// call compiles a function over left, whose static type is st; this is that of $this outside.
func (c *compiler) call(e *expr, left operation, st, this static) (operation, static, error) {
	op, out, err := c.invoke(e, left, st, this)
	if err != nil || c.mode == Search {
		return op, out, err
	}
	return &explainOp{op, e.at, e.name + "()"}, out, nil
}

func (c *compiler) invoke(e *expr, left operation, st, this static) (operation, static, error) {
	want, ok := arity[e.name]
	if !ok || c.mode != Search && (e.name == "resolve" || e.name == "extension") {
		return c.function(e, left, st, this)
	}
	if !ok {
		return nil, st, syntaxError(fault.Unsupported, e.at, "unknown function %q", e.name)
	}
	if n := len(e.args); n < want.least || n > want.most {
		return nil, st, syntaxError(fault.Invalid, e.at, "%q has %d arguments, not %d", e.name, want.most, n)
	}
	switch e.name {
	case "where":
		return c.where(e.args[0], left, st)
	case "exists":
		if len(e.args) == 1 {
			filtered, _, err := c.where(e.args[0], left, st)
			return &existsOp{left: filtered}, computed, err
		}
		return &existsOp{left: left}, computed, nil
	case "empty":
		return &existsOp{left: left, not: true}, computed, nil
	case "not":
		return &notOp{left}, computed, nil
	case "count":
		return &countOp{left}, computed, nil
	case "hasValue":
		return &hasValueOp{left}, computed, nil
	case "first":
		return &pickOp{left, 0}, st.filtered(), nil
	case "last":
		return &pickOp{left, -1}, st.filtered(), nil
	case "is":
		return c.typed("is", e.args[0], left, st)
	case "as", "ofType":
		return c.typed(e.name, e.args[0], left, st)
	case "resolve":
		return &resolveOp{left}, static{open: true}, nil
	case "extension":
		return c.extension(e, left, st)
	case "union":
		right, r, err := c.within(e.args[0], this)
		return &unionOp{left, right}, st.and(r), err
	}
	return nil, st, unsupported(e)
}

// arity says how many arguments each function takes.
var arity = map[string]struct{ least, most int }{
	"where": {1, 1}, "exists": {0, 1}, "empty": {0, 0}, "not": {0, 0}, "count": {0, 0}, "hasValue": {0, 0},
	"first": {0, 0}, "last": {0, 0}, "is": {1, 1}, "as": {1, 1}, "ofType": {1, 1}, "resolve": {0, 0},
	"extension": {1, 1}, "union": {1, 1},
}

func (c *compiler) where(criteria *expr, left operation, st static) (operation, static, error) {
	op, _, err := c.within(criteria, st.filtered())
	if err != nil {
		return nil, st, err
	}
	return &whereOp{left, op}, st.filtered(), nil
}

func (c *compiler) extension(e *expr, left operation, st static) (operation, static, error) {
	url := e.args[0]
	if url.kind != literalExpr || url.literal != stringLiteral {
		return nil, st, syntaxError(fault.Unsupported, url.at, "extension takes a text in quotes")
	}
	members, out, err := c.member(&expr{kind: nameExpr, at: e.at, name: "extension"}, left, st)
	return &extensionOp{members, url.name}, out.filtered(), err
}
