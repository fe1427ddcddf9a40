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

// quantity is a number with its unit.
type quantity struct {
	value        fhir.Node
	system, code string
	unit         string
}

// quantities calls f for each quantity of a value: of a Range both ends. A comparator (<, >) is not looked at.
//
// http://hl7.org/fhir/R4/search.html#quantity
func quantities(v *fhirpath.Value, f func(quantity)) {
	switch shapeOf(v) {
	case quantityShape:
		oneQuantity(v.Node, f)
	case rangeShape:
		oneQuantity(v.Node.Field("low"), f)
		oneQuantity(v.Node.Field("high"), f)
	case moneyShape:
		if n := v.Node.Field("value"); n.Kind() == fhir.Number {
			f(quantity{value: n, system: currencySystem, code: v.Node.Field("currency").Text()})
		}
	case numberShape:
		if v.Node.Kind() == fhir.Number {
			f(quantity{value: v.Node})
		}
	}
}

func oneQuantity(n fhir.Node, f func(quantity)) {
	if value := n.Field("value"); value.Kind() == fhir.Number {
		f(quantity{value, n.Field("system").Text(), n.Field("code").Text(), n.Field("unit").Text()})
	}
}

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
			t.open(h, QuantityClass)
			t.string(unit)
			t.hash(system)
			if !t.decimal(q.value) {
				t.drop()
				return
			}
			t.done()
		})
	})
}

// quantityCondition compares quantities, in one unit, in a unit of any system, in any unit of a system or in any at all.
type quantityCondition struct {
	Value
	intervals []interval
	system    hash
	unit      []byte // Text as it stands in terms
}

func newQuantity(v Value) (*quantityCondition, error) {
	list, err := intervals(v.Prefix, v.Number)
	return &quantityCondition{v, list, hashOf(v.System), appendCut(nil, v.Text)}, err
}

// fixed reports whether the condition names one unit in one system.
func (c *quantityCondition) fixed() bool { return c.Text != "" && c.System != "" }

func (c *quantityCondition) spans(s *source) []Span {
	key := s.header.key(QuantityClass)
	if c.Text != "" {
		key = append(key, c.unit...)
	}
	if c.fixed() {
		return decimalSpans(append(key, c.system[:]...), c.intervals)
	}
	return []Span{within(key).judged(Yes, c.skip)}
}

// skip judges a term and says where the next one in the intervals can be: of the same unit, or of the next one.
func (c *quantityCondition) skip(term []byte) (Verdict, []byte) {
	end := bytes.IndexByte(term[HeaderLength:], 0)
	if end < 0 || len(term) < HeaderLength+end+1+hashLength {
		return No, nil
	}
	unit := term[:HeaderLength+end+1+hashLength]
	if c.System != "" && hash(unit[len(unit)-hashLength:]) != c.system {
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

func (c *quantityCondition) match(v *fhirpath.Value, _ fhirpath.Value) bool {
	found := false
	quantities(v, func(q quantity) {
		decimal, err := ordkey.AppendDecimal(nil, q.value.Number())
		if err != nil || !anyHas(c.intervals, decimal) {
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
	system, number := hash(rest[:hashLength]), rest[hashLength:]
	_, rest, err := ordkey.TakeDecimal(number)
	switch {
	case err != nil:
		return No, nil
	case c.Text != "" && !bytes.Equal(unit, c.unit), c.System != "" && system != c.system:
		return No, rest
	case anyHas(c.intervals, number[:len(number)-len(rest)]):
		return Yes, rest
	}
	return No, rest
}

func (c *quantityCondition) doubt() Verdict { return Yes }
