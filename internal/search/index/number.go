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

// numbers calls f for each number of a value: of a Range both ends.
func numbers(v *fhirpath.Value, f func(fhir.Node)) {
	one := func(n fhir.Node) {
		if n.Kind() == fhir.Number {
			f(n)
		}
	}
	switch shapeOf(v) {
	case numberShape:
		one(v.Node)
	case rangeShape:
		one(v.Node.Field("low").Field("value"))
		one(v.Node.Field("high").Field("value"))
	case quantityShape:
		one(v.Node.Field("value"))
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
	numbers(v, func(n fhir.Node) {
		t.open(h, NumberClass)
		if !t.decimal(n) {
			t.drop()
			return
		}
		t.done()
	})
}

// interval is the ordered decimals from low up to but not including high, as bytes; a nil high has no end. A low or high
// that ends in a zero byte after a decimal excludes it or includes it: no decimal begins another.
type interval struct{ low, high []byte }

func (i interval) has(decimal []byte) bool {
	return bytes.Compare(decimal, i.low) >= 0 && (i.high == nil || bytes.Compare(decimal, i.high) < 0)
}

// intervals gives the numbers that a prefix and a number ask for, smallest first. eq, ne and ap go by the number's precision,
// the others by its exact value.
//
// http://hl7.org/fhir/R4/search.html#number
func intervals(p Prefix, asked fhir.Decimal) ([]interval, error) {
	if asked.String() == "" {
		return nil, fault.New(fault.Invalid, "no number")
	}
	at, err := ordkey.AppendDecimal(nil, asked.String())
	if err != nil {
		return nil, fault.New(fault.Invalid, "a number out of range")
	}
	after := append(bytes.Clone(at), 0)
	switch p {
	case Greater, StartsAfter:
		return []interval{{after, nil}}, nil
	case GreaterOrEqual:
		return []interval{{at, nil}}, nil
	case Less, EndsBefore:
		return []interval{{nil, at}}, nil
	case LessOrEqual:
		return []interval{{nil, after}}, nil
	}
	from, to := asked.Range()
	if p == Approximately {
		from, to = approximately(asked, from, to)
	}
	low, err := ordkey.AppendDecimal(nil, from.String())
	if err == nil {
		at, err = ordkey.AppendDecimal(nil, to.String())
	}
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "a number out of range")
	case p == NotEqual:
		return []interval{{nil, low}, {at, nil}}, nil
	case p == Approximately:
		at = append(at, 0)
	}
	return []interval{{low, at}}, nil
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
type numberCondition struct{ intervals []interval }

func newNumber(v Value) (*numberCondition, error) {
	list, err := intervals(v.Prefix, v.Number)
	return &numberCondition{list}, err
}

func (c *numberCondition) has(decimal []byte) bool { return anyHas(c.intervals, decimal) }

func anyHas(list []interval, decimal []byte) bool {
	for _, i := range list {
		if i.has(decimal) {
			return true
		}
	}
	return false
}

func (c *numberCondition) spans(s *source) []Span {
	return decimalSpans(s.header.key(NumberClass), c.intervals)
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
	numbers(v, func(n fhir.Node) {
		decimal, err := ordkey.AppendDecimal(nil, n.Number())
		found = found || err == nil && c.has(decimal)
	})
	return found
}

func (c *numberCondition) prefix(dst []byte) ([]byte, bool) { return dst, false }

func (c *numberCondition) judge(b []byte) (Verdict, []byte) {
	_, rest, err := ordkey.TakeDecimal(b)
	if err != nil {
		return No, nil
	}
	if c.has(b[:len(b)-len(rest)]) {
		return Yes, rest
	}
	return No, rest
}

func (c *numberCondition) doubt() Verdict { return Yes }
