// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"fmt"
	"math/big"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// numbers calls f for each number of a value.
//
// http://hl7.org/fhir/R4/search.html#number
func numbers(v *fhirpath.Value, f func(extent)) {
	switch n := v.Node; shapeOf(v) {
	case numberShape:
		one(n, f)
	case rangeShape:
		f(extent{low: n.Field("low").Field("value"), high: n.Field("high").Field("value")})
	case quantityShape:
		one(n.Field("value"), f)
	}
}

func one(n fhir.Node, f func(extent)) {
	if n.Kind() == fhir.Number {
		f(extent{low: n, high: n, single: true})
	}
}

// decimal appends a number to the open term; ok is false if it is out of the bounds of ordkey.
func (t *Terms) decimal(n fhir.Node) (ok bool) {
	var err error
	t.keys, err = ordkey.AppendDecimal(t.keys, n.Number())
	return err == nil
}

// drop takes the open term back.
func (t *Terms) drop() { t.keys = t.keys[:t.start(len(t.ends))] }

func (t *Terms) numbers(h *header, v *fhirpath.Value) {
	numbers(v, func(e extent) { t.extent(h, NumberClass, &e, func() {}) })
}

// interval is the ordered decimals from low up to but not including high, as bytes; a nil high has no end. A low or high
// that ends in a zero byte after a decimal excludes it or includes it: no decimal begins another.
type interval struct{ low, high []byte }

func (i interval) has(decimal []byte) bool {
	return bytes.Compare(decimal, i.low) >= 0 && (i.high == nil || bytes.Compare(decimal, i.high) < 0)
}

// amountAsked is what a prefix and a number ask. eq, ne and ap go by the number's precision, the others by its exact value.
//
// http://hl7.org/fhir/R4/search.html#number
type amountAsked struct {
	op        Prefix
	at        []byte     // the exact value
	from, to  []byte     // the range that the precision gives, wider for ap; to is in it for ap only
	intervals []interval // what single numbers lie in, smallest first
}

func newAmount(p Prefix, asked fhir.Decimal) (amountAsked, error) {
	a := amountAsked{op: p}
	if asked.String() == "" {
		return a, fault.New(fault.Invalid, "no number")
	}
	from, to := asked.Range()
	if p == Approximately {
		from, to = approximately(asked, from, to)
	}
	for _, end := range []struct {
		dst *[]byte
		of  fhir.Decimal
	}{{&a.at, asked}, {&a.from, from}, {&a.to, to}} {
		var err error
		if *end.dst, err = ordkey.AppendDecimal(nil, end.of.String()); err != nil {
			return a, fault.New(fault.Invalid, "a number out of range")
		}
	}
	a.intervals = a.points()
	return a, nil
}

func (a *amountAsked) points() []interval {
	after := func(decimal []byte) []byte { return append(bytes.Clone(decimal), 0) }
	switch a.op {
	case Greater, StartsAfter:
		return []interval{{after(a.at), nil}}
	case GreaterOrEqual:
		return []interval{{a.at, nil}}
	case Less, EndsBefore:
		return []interval{{nil, a.at}}
	case LessOrEqual:
		return []interval{{nil, after(a.at)}}
	case NotEqual:
		return []interval{{nil, a.from}, {a.to, nil}}
	case Approximately:
		return []interval{{a.from, after(a.to)}}
	}
	return []interval{{a.from, a.to}}
}

// hasPoint reports whether a single number is asked for.
func (a *amountAsked) hasPoint(decimal []byte) bool {
	for _, i := range a.intervals {
		if i.has(decimal) {
			return true
		}
	}
	return false
}

// approximately widens from and to, the precision of asked, to a tenth of it either way.
func approximately(asked, from, to fhir.Decimal) (low, high fhir.Decimal) {
	digits, ok := new(big.Int).SetString(string(asked.AppendDigits(nil)), 10)
	if !ok {
		return from, to
	}
	exponent := asked.Exponent() - len(digits.String())
	times := func(n int64) fhir.Decimal {
		product := new(big.Int).Mul(digits, big.NewInt(n*int64(asked.Sign())))
		d, _ := fhir.ParseDecimal(fmt.Sprintf("%de%d", product, exponent))
		return d
	}
	low, high = times(9), times(11)
	if asked.Sign() < 0 {
		low, high = high, low
	}
	if from.Compare(low) < 0 {
		low = from
	}
	if to.Compare(high) > 0 {
		high = to
	}
	return low, high
}

// numberCondition compares numbers.
type numberCondition struct{ amountAsked }

func newNumber(v Value) (*numberCondition, error) {
	asked, err := newAmount(v.Prefix, v.Number)
	return &numberCondition{asked}, err
}

func (c *numberCondition) spans(s *source) []Span {
	spans := decimalSpans(s.header.key(NumberClass), c.intervals)
	return append(spans, c.ranges(s.header.key(RangeClass), s.header.key(RangeByHighClass))...)
}

// decimalSpans gives the keys that are prefix and a decimal of one of the intervals.
func decimalSpans(prefix []byte, list []interval) []Span {
	var spans []Span
	for _, i := range list {
		r := within(prefix)
		r.Low = append(prefix[:len(prefix):len(prefix)], i.low...)
		if i.high != nil {
			r.High = append(prefix[:len(prefix):len(prefix)], i.high...)
		}
		spans = append(spans, r.span(Yes))
	}
	return spans
}

func (c *numberCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	numbers(v, func(e extent) { found = found || c.hasExtent(&e) })
	return found
}

func (c *numberCondition) prefix(dst []byte) ([]byte, bool) { return dst, false }

func (c *numberCondition) judge(b []byte) (Verdict, []byte) { return c.judgePart(b) }

func (c *numberCondition) doubt() Verdict { return Yes }
