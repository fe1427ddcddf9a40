// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// currencySystem is the system of Money.currency.
const currencySystem = "urn:iso:std:iso:4217"

// quantity is a number, or a Range of them, with its unit.
type quantity struct {
	extent
	system, code string
	unit         string
}

// quantities calls f for each quantity of a value. A comparator (<, >) is not looked at.
//
// http://hl7.org/fhir/R4/search.html#quantity
func quantities(v *fhirpath.Value, f func(quantity)) {
	single := func(q quantity) {
		if q.low.Kind() == fhir.Number {
			q.high, q.single = q.low, true
			f(q)
		}
	}
	switch n := v.Node; shapeOf(v) {
	case quantityShape:
		single(quantityOf(n))
	case rangeShape:
		rangeOf(n, f)
	case moneyShape:
		single(quantity{extent: extent{low: n.Field("value")}, system: currencySystem, code: n.Field("currency").Text()})
	case numberShape:
		single(quantity{extent: extent{low: n}})
	}
}

// quantityOf reads a Quantity; its number is the low end.
func quantityOf(n fhir.Node) quantity {
	return quantity{extent{low: n.Field("value")}, n.Field("system").Text(), n.Field("code").Text(), n.Field("unit").Text()}
}

// rangeOf calls f for a Range. If one end has no unit it is in that of the other. Ends in two units do not make one Range:
// each is then that of one without another end.
func rangeOf(n fhir.Node, f func(quantity)) {
	low, high := quantityOf(n.Field("low")), quantityOf(n.Field("high"))
	number := high.low
	switch {
	case number.Kind() != fhir.Number:
		f(low)
		return
	case low.low.Kind() != fhir.Number, !low.named():
		high.extent = extent{low: low.low, high: number}
		f(high)
		return
	case !high.named() || low.code == high.code && low.system == high.system && (low.code != "" || low.unit == high.unit):
		low.high = number
		f(low)
		return
	}
	high.extent = extent{high: number}
	f(low)
	f(high)
}

// named reports whether q has a unit.
func (q *quantity) named() bool { return q.code != "" || q.unit != "" }

// units calls f for the ways to name q's unit: its code in its system, and the unit's text if that is another.
func (q *quantity) units(f func(unit, system string)) {
	if q.code != "" || q.unit == "" {
		f(q.code, q.system)
	}
	if q.unit != "" && q.unit != q.code {
		f(q.unit, "")
	}
}

func (t *Terms) quantities(h *header, v *fhirpath.Value) {
	quantities(v, func(q quantity) {
		q.units(func(unit, system string) {
			t.extent(h, QuantityClass, &q.extent, func() {
				t.string(unit)
				t.hash(system)
			})
		})
	})
}

// quantityCondition compares quantities, in one unit, in a unit of any system, in any unit of a system or in any at all.
type quantityCondition struct {
	Value
	amountAsked
	system hash
	unit   []byte // Text as it stands in terms
}

func newQuantity(v Value) (*quantityCondition, error) {
	asked, err := newAmount(v.Prefix, v.Number)
	return &quantityCondition{v, asked, hashOf(v.System), appendCut(nil, v.Text)}, err
}

// fixed reports whether the condition names one unit in one system.
func (c *quantityCondition) fixed() bool { return c.Text != "" && c.System != "" }

func (c *quantityCondition) spans(s *source) []Span {
	before := func(class Class) []byte {
		key, _ := c.prefix(s.header.key(class))
		return key
	}
	if c.fixed() {
		return append(decimalSpans(before(QuantityClass), c.intervals), c.ranges(before(RangeClass), before(RangeByHighClass))...)
	}
	return []Span{within(before(QuantityClass)).judged(Yes, c.skip), within(before(RangeClass)).judged(Yes, c.judgeRange)}
}

// unitOf is what of a term stands before its numbers; of is whether that is of the system asked for.
func (c *quantityCondition) unitOf(term []byte) (unit []byte, of bool) {
	end := bytes.IndexByte(term[HeaderLength:], 0)
	if end < 0 || len(term) < HeaderLength+end+1+hashLength {
		return term, false
	}
	unit = term[:HeaderLength+end+1+hashLength]
	return unit, c.System == "" || hash(unit[len(unit)-hashLength:]) == c.system
}

// skip judges a term and says where the next one in the intervals can be: of the same unit, or of the next one.
func (c *quantityCondition) skip(term []byte) (Verdict, []byte) {
	unit, of := c.unitOf(term)
	if !of {
		return No, ordkey.PrefixEnd(unit)
	}
	decimal := term[len(unit):]
	for _, i := range c.intervals {
		if i.has(decimal) {
			return Yes, nil
		}
		if bytes.Compare(decimal, i.low) < 0 {
			return No, append(bytes.Clone(unit), i.low...)
		}
	}
	return No, ordkey.PrefixEnd(unit)
}

// judgeRange judges a term of a Range.
func (c *quantityCondition) judgeRange(term []byte) (Verdict, []byte) {
	unit, of := c.unitOf(term)
	if !of {
		return No, ordkey.PrefixEnd(unit)
	}
	low, high, _, ok := takeEnds(term[len(unit):])
	return verdict(ok && c.hasRange(low, high)), nil
}

func (c *quantityCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	quantities(v, func(q quantity) {
		if !c.hasExtent(&q.extent) {
			return
		}
		q.units(func(unit, system string) {
			found = found || (c.Text == "" || unit == c.Text) && (c.System == "" || system == c.System)
		})
	})
	return found
}

func (c *quantityCondition) prefix(dst []byte) ([]byte, bool) {
	if c.Text == "" {
		return dst, false
	}
	dst = append(dst, c.unit...)
	if c.fixed() {
		dst = append(dst, c.system[:]...)
	}
	return dst, false
}

func (c *quantityCondition) judge(b []byte) (Verdict, []byte) {
	unit, rest := takeOrdered(b)
	if len(rest) < hashLength {
		return No, nil
	}
	system := hash(rest[:hashLength])
	v, rest := c.judgePart(rest[hashLength:])
	if c.Text != "" && !bytes.Equal(unit, c.unit) || c.System != "" && system != c.system {
		return No, rest
	}
	return v, rest
}

func (c *quantityCondition) doubt() Verdict { return Yes }
