// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/ucum"
)

func quantityText(number, unit string, calendar bool) string {
	if calendar {
		return number + " " + unit
	}
	return number + " '" + unit + "'"
}

// dateValue reads what a literal holds after its @.
func dateValue(text string) (Value, bool) {
	d, ok := fhir.ParsePartial(text)
	switch {
	case !ok:
		return Value{}, false
	case d.IsTime():
		if d.HasZone {
			return Value{}, false
		}
		return Value{System: Time, Text: strings.TrimPrefix(text, "T")}, true
	case strings.Contains(text, "T"):
		return Value{System: DateTime, Text: strings.TrimSuffix(text, "T")}, true
	}
	return Value{System: Date, Text: text}, true
}

// system is v as a value of the system's types, if it is a primitive or a quantity; else v.
//
// http://hl7.org/fhir/R4/fhirpath.html#types
func system(v Value) Value {
	if v.System != Element {
		return v
	}
	switch v.Node.Kind() {
	case fhir.True, fhir.False:
		return Value{System: Boolean, True: v.Node.Bool()}
	case fhir.Number:
		text := v.Node.Number()
		if v.Type != nil && v.Type.Scalar == def.Decimal || strings.ContainsAny(text, ".eE") {
			return Value{System: Decimal, Text: text}
		}
		return Value{System: Integer, Text: text}
	case fhir.String:
		out := Value{System: String, Text: v.Node.Text()}
		if v.temporal() {
			switch v.Type.Scalar {
			case def.Date:
				out.System = Date
			case def.Time:
				out.System = Time
			default:
				out.System = DateTime
			}
		}
		return out
	case fhir.Object:
		if v.Type != nil && v.Type.Is("Quantity") {
			return quantityOf(v)
		}
	}
	return v
}

func quantityOf(v Value) Value {
	number, code := v.Node.Field("value").Number(), v.Node.Field("code").Text()
	space := v.Node.Field("system")
	switch {
	case number == "" || v.Node.Field("comparator").Ok():
		return v
	case space.Is("http://unitsofmeasure.org") && code != "":
		return Value{System: Quantity, Text: quantityText(number, code, false)}
	case !space.Ok() && code == "" && !v.Node.Field("unit").Ok():
		return Value{System: Quantity, Text: quantityText(number, "1", false)}
	}
	return v
}

// quantity splits a quantity; a number is one too.
func (v *Value) quantity() (d dec, unit string, calendar, ok bool) {
	if v.System == Integer || v.System == Decimal {
		d, ok = parseDec(v.Text)
		return d, "1", false, ok
	}
	if v.System != Quantity {
		return d, "", false, false
	}
	number, unit, _ := strings.Cut(v.Text, " ")
	d, ok = parseDec(number)
	calendar = !strings.HasPrefix(unit, "'")
	return d, strings.Trim(unit, "'"), calendar, ok
}

// calendarCode gives the UCUM code of a calendar unit; definite is false for years and months, which are no fixed time.
func calendarCode(unit string) (code string, definite bool) {
	switch strings.TrimSuffix(unit, "s") {
	case "year":
		return "a", false
	case "month":
		return "mo", false
	case "week":
		return "wk", true
	case "day":
		return "d", true
	case "hour":
		return "h", true
	case "minute":
		return "min", true
	case "second":
		return "s", true
	case "millisecond":
		return "ms", true
	}
	return "", false
}

// inUnits gives both quantities in the coarser of their units; ok is false if they are not comparable.
func inUnits(a, b *Value) (x, y dec, ok bool) {
	p, u, uc, ok1 := a.quantity()
	q, v, vc, ok2 := b.quantity()
	if !ok1 || !ok2 {
		return x, y, false
	}
	if u == v && uc == vc {
		return p, q, true
	}
	if uc || vc {
		uCode, uDefinite := u, true
		vCode, vDefinite := v, true
		if uc {
			uCode, uDefinite = calendarCode(u)
		}
		if vc {
			vCode, vDefinite = calendarCode(v)
		}
		if (!uDefinite || !vDefinite) && !(uc && vc) {
			return x, y, false
		}
		u, v = uCode, vCode
	}
	from, err := ucum.Parse(u)
	to, err2 := ucum.Parse(v)
	if err != nil || err2 != nil || !from.Comparable(to) {
		return x, y, false
	}
	if to.Factor().Cmp(from.Factor()) < 0 {
		r, err := ucum.Convert(q.rat(), to, from)
		if err != nil {
			return x, y, false
		}
		return p, decOfRat(r), true
	}
	r, err := ucum.Convert(p.rat(), from, to)
	if err != nil {
		return x, y, false
	}
	return decOfRat(r), q, true
}

func isTemporal(s System) bool { return s == Date || s == DateTime || s == Time }

func partial(v *Value) (fhir.DateTime, bool) {
	if v.System == Time {
		return fhir.ParsePartial("T" + v.Text)
	}
	return fhir.ParsePartial(v.Text)
}

// same is equality by the language.
func (e *Evaluator) same(a, b *Value) (same, known bool) {
	x, y := system(*a), system(*b)
	switch {
	case x.System == Element && y.System == Element:
		return sameTree(x.Node, y.Node), true
	case isTemporal(x.System) && isTemporal(y.System):
		if (x.System == Time) != (y.System == Time) {
			return false, true
		}
		p, _ := partial(&x)
		q, _ := partial(&y)
		order, ok := p.Compare(q)
		return ok && order == 0, ok
	case (x.System == Quantity || y.System == Quantity) && x.System != Element && y.System != Element:
		p, q, ok := inUnits(&x, &y)
		if !ok {
			_, _, xc, fine := x.quantity()
			_, _, yc, good := y.quantity()
			return false, !(fine && good && xc != yc)
		}
		return p.cmp(q) == 0, true
	case x.System == Integer || x.System == Decimal:
		if y.System != Integer && y.System != Decimal {
			return false, true
		}
		p, ok := fhir.ParseDecimal(x.Text)
		q, fine := fhir.ParseDecimal(y.Text)
		return ok && fine && p.Compare(q) == 0, true
	}
	return x.System == y.System && x.True == y.True && x.Text == y.Text, true
}

// like is equivalence.
func (e *Evaluator) like(a, b *Value) bool {
	x, y := system(*a), system(*b)
	switch {
	case x.System == Element && y.System == Element:
		return likeTree(x.Node, y.Node)
	case x.System == String && y.System == String:
		return plainText(x.Text) == plainText(y.Text)
	case isTemporal(x.System) && isTemporal(y.System):
		same, known := e.same(&x, &y)
		return same && known
	}
	p, q, ok := inUnits(&x, &y)
	if ok {
		scale := min(p.scale, q.scale)
		return p.at(scale, 1).cmp(q.at(scale, 1)) == 0
	}
	same, known := e.same(&x, &y)
	return same && known
}

func plainText(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

func likeTree(a, b fhir.Node) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case fhir.Object:
		for m := a.First(); m.Ok(); m = m.Next() {
			if !likeTree(m, b.Field(m.Name())) {
				return false
			}
		}
		return true
	case fhir.Array:
		var rest []fhir.Node
		for _, n := range b.Elements() {
			rest = append(rest, n)
		}
		for _, m := range a.Elements() {
			at := slices.IndexFunc(rest, func(n fhir.Node) bool { return likeTree(m, n) })
			if at < 0 {
				return false
			}
			rest = slices.Delete(rest, at, at+1)
		}
		return true
	case fhir.String:
		return plainText(a.Text()) == plainText(b.Text())
	}
	return sameTree(a, b)
}
