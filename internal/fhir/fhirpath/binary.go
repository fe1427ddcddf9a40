// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"cmp"
	"math/big"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/ucum"
)

// binaryOp is every operator that is not compiled to one of its own.
type binaryOp struct {
	name        string
	left, right operation
}

func (e *Evaluator) wrong(what string) error {
	return fault.New(fault.Unprocessable, "FHIRPath: %s is not defined for these values in %q", what, e.program.source)
}

func (o *binaryOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	if err := e.step(); err != nil {
		return window{}, err
	}
	a, err := o.left.eval(e, s)
	if err != nil {
		return a, err
	}
	b, err := o.right.eval(e, s)
	if err != nil {
		return b, err
	}
	switch o.name {
	case "~", "!~":
		like, err := e.likeAll(a, b)
		return e.pushBool(base, like == (o.name == "~")), err
	case "in":
		return e.membership(base, a, b)
	case "contains":
		return e.membership(base, b, a)
	}
	if a.len() > 1 || b.len() > 1 {
		return a, e.notSingle()
	}
	if o.name == "&" {
		text := ""
		for _, w := range [...]window{a, b} {
			if w.len() == 1 {
				v := system(e.stack[w.from])
				if v.System != String {
					return a, e.wrong("&")
				}
				if err := e.make(len(text) + len(v.Text)); err != nil {
					return a, err
				}
				text += v.Text
			}
		}
		return e.push(base, Value{System: String, Text: text}), nil
	}
	if a.len() == 0 || b.len() == 0 {
		return e.none(base), nil
	}
	x, y := system(e.stack[a.from]), system(e.stack[b.from])
	if strings.ContainsAny(o.name, "<>") {
		order, known, err := e.compare(&x, &y)
		if err != nil || !known {
			return e.none(base), err
		}
		yes := order < 0 && o.name[0] == '<' || order > 0 && o.name[0] == '>' || order == 0 && len(o.name) == 2
		return e.pushBool(base, yes), nil
	}
	v, ok, err := e.arithmetic(o.name, &x, &y)
	if err != nil || !ok {
		return e.none(base), err
	}
	return e.push(base, v), nil
}

func (e *Evaluator) likeAll(a, b window) (bool, error) {
	if a.len() != b.len() {
		return false, nil
	}
	used := make([]bool, b.len())
next:
	for i := a.from; i < a.to; i++ {
		for k := b.from; k < b.to; k++ {
			if err := e.work(weight(&e.stack[i]) + weight(&e.stack[k])); err != nil {
				return false, err
			}
			if !used[k-b.from] && e.like(&e.stack[i], &e.stack[k]) {
				used[k-b.from] = true
				continue next
			}
		}
		return false, nil
	}
	return true, nil
}

func (e *Evaluator) membership(base int, item, list window) (window, error) {
	if item.len() > 1 {
		return item, e.notSingle()
	}
	if item.len() == 0 {
		return e.none(base), nil
	}
	has, err := e.has(list, &e.stack[item.from])
	return e.pushBool(base, has), err
}

// weight is what comparing a value costs, in bytes looked at: a quantity, whose unit is read, costs more than its text.
func weight(v *Value) int {
	n := len(v.Node.Raw()) + len(v.Text)
	if v.System == Quantity || v.System == Element && v.Type != nil && v.Type.Is("Quantity") {
		return 2048 + 64*n
	}
	return n
}

// has reports whether one of list equals v.
func (e *Evaluator) has(list window, v *Value) (bool, error) {
	for i := list.from; i < list.to; i++ {
		if err := e.work(min(weight(&e.stack[i]), weight(v))); err != nil {
			return false, err
		}
		if same, known := e.equal(&e.stack[i], v); same && known {
			return true, nil
		}
	}
	return false, nil
}

// compare orders two system values.
func (e *Evaluator) compare(x, y *Value) (order int, known bool, err error) {
	switch {
	case x.System == String && y.System == String:
		return cmp.Compare(x.Text, y.Text), true, nil
	case isTemporal(x.System) && isTemporal(y.System) && (x.System == Time) == (y.System == Time):
		p, _ := partial(x)
		q, _ := partial(y)
		order, known = p.Compare(q)
		return order, known, nil
	}
	_, _, _, ok := x.quantity()
	_, _, _, fine := y.quantity()
	if !ok || !fine {
		return 0, false, e.wrong("a comparison")
	}
	p, q, ok := inUnits(x, y)
	if !ok {
		return 0, false, nil
	}
	return p.cmp(q), true, nil
}

func (e *Evaluator) arithmetic(op string, x, y *Value) (Value, bool, error) {
	if x.System == String && y.System == String && op == "+" {
		if err := e.make(len(x.Text) + len(y.Text)); err != nil {
			return Value{}, false, err
		}
		return Value{System: String, Text: x.Text + y.Text}, true, nil
	}
	if isTemporal(x.System) && y.System == Quantity && (op == "+" || op == "-") {
		return e.shift(x, y, op == "-")
	}
	p, u, uc, ok := x.quantity()
	q, w, wc, fine := y.quantity()
	if !ok || !fine {
		return Value{}, false, e.wrong(op)
	}
	quantities := x.System == Quantity || y.System == Quantity
	if quantities && (op == "+" || op == "-") {
		if p, q, ok = inUnits(x, y); !ok {
			return Value{}, false, nil
		}
		if u != w && coarser(w, u) {
			u, uc = w, wc
		}
	}
	r, whole, ok := calculate(op, p, q, x.System == Integer && y.System == Integer)
	switch {
	case !ok || !r.fits():
		return Value{}, false, nil
	case !quantities:
		return r.value(whole), !whole || r.n.IsInt64(), nil
	case op == "*" || op == "/":
		return quantityProduct(op, r, u, w, uc, wc)
	}
	return Value{System: Quantity, Text: quantityText(r.String(), u, uc)}, true, nil
}

// calculate applies op to two numbers, integers if whole; ok is false for a division by zero.
func calculate(op string, p, q dec, whole bool) (r dec, integer, ok bool) {
	switch op {
	case "+":
		return p.add(q), whole, true
	case "-":
		return p.add(q.neg()), whole, true
	case "*":
		return p.mul(q), whole, true
	}
	if q.n.Sign() == 0 {
		return r, whole, false
	}
	a, b := align(p, q)
	switch op {
	case "/":
		return p.quo(q), false, true
	case "div":
		return dec{new(big.Int).Quo(a.n, b.n), 0}, true, true
	}
	return dec{new(big.Int).Rem(a.n, b.n), a.scale}, whole, true
}

func coarser(a, b string) bool {
	if code, _ := calendarCode(a); code != "" {
		a = code
	}
	if code, _ := calendarCode(b); code != "" {
		b = code
	}
	x, err := ucum.Parse(a)
	y, err2 := ucum.Parse(b)
	return err == nil && err2 == nil && x.Factor().Cmp(y.Factor()) > 0
}

func quantityProduct(op string, r dec, u, w string, uc, wc bool) (Value, bool, error) {
	if uc {
		u, _ = calendarCode(u)
	}
	if wc {
		w, _ = calendarCode(w)
	}
	sign := "."
	if op == "/" {
		sign = "/"
	}
	unit := u + sign + "(" + w + ")"
	switch {
	case w == "1":
		unit = u
	case u == w && op == "/":
		unit = "1"
	case !strings.ContainsAny(w, "./"):
		unit = u + sign + w
	}
	if u == "1" && op == "*" {
		unit = w
	}
	if len(unit) > ucum.MaxLength {
		return Value{}, false, nil
	}
	return Value{System: Quantity, Text: quantityText(r.String(), unit, false)}, true, nil
}

// signOp is + and - before an operand.
type signOp struct {
	left operation
	neg  bool
}

func (o *signOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil || in.len() == 0 {
		return e.none(base), err
	}
	if in.len() > 1 {
		return in, e.notSingle()
	}
	v := system(e.stack[in.from])
	d, unit, calendar, ok := v.quantity()
	if !ok {
		return in, e.wrong("a sign")
	}
	if o.neg {
		d = d.neg()
		v.Text = d.String()
		if v.System == Quantity {
			v.Text = quantityText(v.Text, unit, calendar)
		}
	}
	return e.push(base, v), nil
}

// strictAsOp is as and ofType by the language; one wants a single item.
type strictAsOp struct {
	left operation
	spec typeSpec
	one  bool
}

func (o *strictAsOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	in, err := o.left.eval(e, s)
	if err != nil {
		return in, err
	}
	if o.one && in.len() > 1 {
		return in, e.notSingle()
	}
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		v := &e.stack[i]
		exact := v.Type == nil || o.spec.fhir == nil || v.Type.Scalar == 0 || v.Type == o.spec.fhir
		if exact && o.spec.has(v, true) {
			e.stack = append(e.stack, e.stack[i])
		}
	}
	return e.settle(base, from), nil
}
