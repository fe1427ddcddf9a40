// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// equalOp is = and, with not, !=.
type equalOp struct {
	left, right operation
	not         bool
}

func (o *equalOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	a, err := o.left.eval(e, s)
	if err != nil {
		return a, err
	}
	b, err := o.right.eval(e, s)
	if err != nil {
		return b, err
	}
	if a.len() == 0 || b.len() == 0 {
		return e.none(base), nil
	}
	same, known := a.len() == b.len(), true
	for i := 0; same && i < a.len(); i++ {
		if err := e.step(); err != nil {
			return a, err
		}
		var sure bool
		same, sure = e.equal(&e.stack[a.from+i], &e.stack[b.from+i])
		known = known && sure
	}
	if !known {
		return e.none(base), nil
	}
	return e.pushBool(base, same != o.not), nil
}

// equal compares two items; known is false where the language says empty: dates of different precision.
//
// http://hl7.org/fhirpath/N1/#equality
func (e *Evaluator) equal(a, b *Value) (same, known bool) {
	if e.program.mode != Search {
		return e.same(a, b)
	}
	if a.System == Target || b.System == Target {
		return false, true
	}
	if a.Node.Kind() == fhir.Object && b.Node.Kind() == fhir.Object {
		return sameTree(a.Node, b.Node), true
	}
	if x, ok := a.truth(); ok {
		y, ok := b.truth()
		return ok && x == y, true
	}
	if x, ok := a.decimal(); ok {
		y, ok := b.decimal()
		return ok && x.Compare(y) == 0, true
	}
	if x, ok := a.text(); ok {
		y, ok := b.text()
		if ok && a.temporal() && b.temporal() && x != y {
			return sameTime(x, y)
		}
		return ok && x == y, true
	}
	return false, true
}

func (v *Value) decimal() (fhir.Decimal, bool) {
	switch {
	case v.System == Integer || v.System == Decimal:
		return fhir.ParseDecimal(v.Text)
	case v.System == Element:
		return fhir.DecimalOf(v.Node)
	}
	return fhir.Decimal{}, false
}

func (v *Value) text() (string, bool) {
	switch {
	case v.System == String:
		return v.Text, true
	case v.System == Element && v.Node.Kind() == fhir.String:
		return v.Node.Text(), true
	}
	return "", false
}

func (v *Value) temporal() bool {
	if v.Type == nil {
		return false
	}
	switch v.Type.Scalar {
	case def.Date, def.DateTime, def.Instant, def.Time:
		return true
	}
	return false
}

func sameTime(x, y string) (same, known bool) {
	a, ok := fhir.ParsePartial(x)
	b, fine := fhir.ParsePartial(y)
	if !ok || !fine {
		return false, true
	}
	order, known := a.Compare(b)
	return known && order == 0, known
}

// sameTree compares two JSON values whatever the order of members; numbers by value.
func sameTree(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.Object:
		count := 0
		for m := a.First(); m.Ok(); m = m.Next() {
			if count++; !sameTree(m, b.Field(m.Name())) {
				return false
			}
		}
		return count == b.Len()
	case fhir.Array:
		m, n := a.First(), b.First()
		for ; m.Ok() && n.Ok(); m, n = m.Next(), n.Next() {
			if !sameTree(m, n) {
				return false
			}
		}
		return !m.Ok() && !n.Ok()
	case fhir.Number:
		x, ok := fhir.DecimalOf(a)
		y, fine := fhir.DecimalOf(b)
		return ok && fine && x.Compare(y) == 0
	case fhir.String:
		return a.Text() == b.Text()
	}
	return true
}
