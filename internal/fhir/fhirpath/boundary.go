// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"galen/internal/fhir"
)

// boundary is lowBoundary and highBoundary: the least and the greatest value that v, known to its own precision, can be,
// at the precision asked for. It is empty for a precision out of range.
//
// https://hl7.org/fhirpath/#boundary-functions
func boundary(high bool) scalar {
	return scalar{0, 1, func(e *Evaluator, v Value, a []Value) (Value, bool, error) {
		digits := -1
		if len(a) == 1 {
			n, err := strconv.Atoi(a[0].Text)
			if err != nil || n < 0 || n > 31 {
				return v, false, nil
			}
			digits = n
		}
		if isTemporal(v.System) {
			out, ok := dateBoundary(v, high, digits)
			return out, ok, nil
		}
		d, unit, calendar, ok := v.quantity()
		if !ok {
			return v, false, e.wrong("a boundary")
		}
		if digits < 0 {
			digits = 8
		}
		x := numberBoundary(d, high, digits).value(false)
		if v.System == Quantity {
			x = Value{System: Quantity, Text: quantityText(x.Text, unit, calendar)}
		}
		return x, true, nil
	}}
}

func numberBoundary(d dec, high bool, digits int) dec {
	if digits < d.scale && d.at(digits, 0).n.Sign() == 0 && d.at(0, 0).n.Sign() == 0 && d.n.Sign() != 0 && digits > 0 {
		return d.at(digits, 0) // no digit of d is left
	}
	half := dec{big.NewInt(5), d.scale + 1}
	if high {
		return d.neg().add(half.neg()).at(digits, -1).neg()
	}
	return d.add(half.neg()).at(digits, -1)
}

func dateBoundary(v Value, high bool, digits int) (Value, bool) {
	d, ok := partial(&v)
	if !ok {
		return v, false
	}
	if digits < 0 {
		digits = map[System]int{Date: 8, DateTime: 17, Time: 9}[v.System]
	}
	places := map[int]fhir.Precision{4: fhir.Year, 6: fhir.Month, 8: fhir.Day, 10: fhir.Hour, 12: fhir.Minute, 14: fhir.Second, 17: fhir.Fraction}
	if v.System == Time {
		places = map[int]fhir.Precision{2: fhir.Hour, 4: fhir.Minute, 6: fhir.Second, 9: fhir.Fraction}
	}
	p, ok := places[digits]
	if !ok || v.System == Date && p > fhir.Day {
		return v, false
	}
	zone := int(d.Zone)
	if !d.HasZone && high {
		zone = -12 * 60
	} else if !d.HasZone {
		zone = 14 * 60
	}
	low, end := d.Bounds(zone)
	at := low
	if high {
		at = end - 1
	}
	t := time.UnixMicro(at).In(time.FixedZone("", zone*60))
	shape := fhir.DateTime{Year: d.Year, Precision: p, HasZone: v.System == DateTime && p > fhir.Day, Zulu: d.Zulu, Digits: 3}
	return Value{System: v.System, Text: dateText(t, shape)}, true
}

// precision is the number of digits after the point, or of those of a date or time.
func precision(_ *Evaluator, v Value, _ []Value) (Value, bool, error) {
	if v.System == Integer || v.System == Decimal {
		d, ok := parseDec(v.Text)
		return integer(d.scale), ok, nil
	}
	d, ok := partial(&v)
	if !ok {
		return v, false, nil
	}
	n := [...]int{0, 4, 6, 8, 10, 12, 14, 14}[d.Precision] + int(d.Digits)
	if d.IsTime() {
		n -= 8
	}
	return integer(n), true, nil
}

// split and toChars yield many texts, join one.
func pieces(e *Evaluator, s scope, in window, args []operation) (int, error) {
	v, ok, err := e.single(in)
	if err != nil || !ok {
		return len(e.stack), err
	}
	separator := Value{}
	if len(args) == 1 {
		if separator, ok, err = e.one(args[0], s); err != nil || !ok {
			return len(e.stack), err
		}
	}
	if v.System != String || len(v.Text) > MaxText {
		return 0, e.wrong("a function of texts")
	}
	from := len(e.stack)
	for part := range strings.SplitSeq(v.Text, separator.Text) {
		if err := e.step(); err != nil {
			return 0, err
		}
		e.stack = append(e.stack, text(part))
	}
	return from, nil
}

func join(e *Evaluator, s scope, in window, args []operation) (int, error) {
	separator := Value{}
	if len(args) == 1 {
		var err error
		if separator, _, err = e.one(args[0], s); err != nil {
			return 0, err
		}
	}
	var b strings.Builder
	for i := in.from; i < in.to; i++ {
		v := system(e.stack[i])
		if v.System != String || b.Len()+len(v.Text) > MaxText {
			return 0, e.wrong("join")
		}
		if i > in.from {
			b.WriteString(separator.Text)
		}
		b.WriteString(v.Text)
	}
	if in.len() == 0 {
		return len(e.stack), nil
	}
	return e.give(text(b.String()))
}
