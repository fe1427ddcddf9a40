// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"strconv"
	"strings"
)

// Range gives the numbers that d stands for in a search, by its precision as written, from low up to but not including
// high: 99.5 and 100.5 for 100, 5.395 and 5.405 for 5.40. A single digit with an exponent counts as two digits, which
// gives 95 and 105 for 1e2 as the specification has it. Range allocates two texts.
//
// http://hl7.org/fhir/R4/search.html#number
func (d Decimal) Range() (low, high Decimal) {
	if d.text == "" {
		return d, d
	}
	digits, scale := d.coefficient()
	// The value is digits / 10^scale. One place further, half a unit of the last place is 5.
	scale++
	up := append(bytes.Clone(digits), '5')
	if len(bytes.Trim(digits, "0")) == 0 {
		return written(true, up, scale), written(false, up, scale)
	}
	down := append(lessOne(digits), '5')
	if d.sign < 0 {
		return written(true, up, scale), written(true, down, scale)
	}
	return written(false, down, scale), written(false, up, scale)
}

// coefficient is the digits of d as written, and how many of them stand after the point.
func (d Decimal) coefficient() (digits []byte, scale int) {
	text, _, exponent := strings.Cut(strings.ToLower(d.text), "e")
	for i := range len(text) {
		if text[i]-'0' <= 9 {
			digits = append(digits, text[i])
		}
	}
	if exponent && len(digits) == 1 {
		return append(digits, '0'), d.Scale() + 1
	}
	return digits, d.Scale()
}

// lessOne subtracts one from digits that are not all zero, in place.
func lessOne(digits []byte) []byte {
	i := len(digits) - 1
	for ; digits[i] == '0'; i-- {
		digits[i] = '9'
	}
	digits[i]--
	return digits
}

// written is the decimal digits / 10^scale: in plain form if that takes few zeros, else with an exponent.
func written(negative bool, digits []byte, scale int) Decimal {
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	if digits = bytes.TrimLeft(digits, "0"); len(digits) == 0 {
		digits = []byte{'0'}
	}
	switch point := len(digits) - scale; {
	case scale <= 0 && scale > -20:
		b.Write(digits)
		b.WriteString(strings.Repeat("0", -scale))
	case scale > 0 && point > 0:
		b.Write(digits[:point])
		b.WriteByte('.')
		b.Write(digits[point:])
	case scale > 0 && point > -20:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -point))
		b.Write(digits)
	default:
		b.Write(digits)
		b.WriteByte('e')
		b.WriteString(strconv.Itoa(-scale))
	}
	d, _ := parseDecimal(b.String(), MaxExponent+2*MaxDecimal)
	return d
}
