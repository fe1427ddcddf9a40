// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"cmp"
	"math"
	"strconv"
)

// MaxDecimal is the longest text of a decimal, in bytes, and MaxExponent the largest written exponent either way.
const (
	MaxDecimal  = 1000
	MaxExponent = 9999
)

// Decimal is an exact decimal with the text it was written as. The zero Decimal is no number; its Sign is 0.
type Decimal struct {
	text      string
	first     int32  // power of ten of the first significant digit
	scale     int32  // digits after the point less the exponent
	from, to  uint16 // where in text the significant digits without leading and trailing zeros are (a point may be within)
	precision uint16
	sign      int8
}

// ParseDecimal reads a JSON number. ok is false if s is none, or past MaxDecimal or MaxExponent. The Decimal shares the
// memory of s.
func ParseDecimal(s string) (d Decimal, ok bool) {
	if len(s) > MaxDecimal {
		return Decimal{}, false
	}
	return parseDecimal(s, MaxExponent)
}

func parseDecimal(s string, maxExponent int) (d Decimal, ok bool) {
	if s == "" {
		return Decimal{}, false
	}
	d = Decimal{text: s, sign: 1}
	i := 0
	if s[0] == '-' {
		d.sign = -1
		i++
	}
	start, point := i, -1
	lead := 0 // digits before the first significant one
	digits := 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' <= 9:
			digits++
			if c != '0' {
				if d.to == 0 {
					d.from, lead = uint16(i), digits-1
				}
				d.to = uint16(i + 1)
			}
			continue
		case c == '.' && point < 0 && digits > 0:
			point = digits
			continue
		}
		break
	}
	whole := digits
	if point >= 0 {
		whole = point
	}
	if whole == 0 || point == digits || s[start] == '0' && whole > 1 {
		return Decimal{}, false
	}
	exponent, ok := parseExponent(s[i:], maxExponent)
	if !ok {
		return Decimal{}, false
	}
	d.scale = int32(digits - whole - exponent)
	if d.to == 0 {
		d.sign, d.precision = 0, uint16(max(digits-whole, 1))
		return d, true
	}
	d.first = int32(whole - 1 - lead + exponent)
	d.precision = uint16(digits - lead)
	return d, true
}

// parseExponent reads nothing, or e, an optional sign and digits.
func parseExponent(s string, most int) (exponent int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0]|0x20 != 'e' {
		return 0, false
	}
	s = s[1:]
	negative := s != "" && s[0] == '-'
	if negative || s != "" && s[0] == '+' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		if exponent = exponent*10 + int(s[i]-'0'); exponent > most {
			return 0, false
		}
	}
	if negative {
		exponent = -exponent
	}
	return exponent, s != ""
}

// DecimalOf reads a number node.
func DecimalOf(n Node) (d Decimal, ok bool) { return ParseDecimal(n.Number()) }

// DecimalFromInt is the decimal of an integer.
func DecimalFromInt(v int64) Decimal {
	d, _ := ParseDecimal(strconv.FormatInt(v, 10))
	return d
}

// String is the text as written.
func (d Decimal) String() string { return d.text }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return int(d.sign) }

// AppendDigits appends the significant digits ('0' to '9') without leading and trailing zeros; none for zero.
func (d Decimal) AppendDigits(dst []byte) []byte {
	for i := d.from; i < d.to; i++ {
		if c := d.text[i]; c != '.' {
			dst = append(dst, c)
		}
	}
	return dst
}

// Exponent is the power of ten of the first significant digit: 2 for 123.4, -3 for 0.00123; 0 for zero.
func (d Decimal) Exponent() int { return int(d.first) }

// Scale is the number of digits after the point as written, less the exponent: 2 for 1.50, 0 for 100, -2 for 1e2.
func (d Decimal) Scale() int { return int(d.scale) }

// Precision is the number of digits as written, without leading zeros: 3 for 1.50 and for 100; for a zero its digits after
// the point, at least 1.
func (d Decimal) Precision() int { return int(d.precision) }

// Compare orders d and e by value, exactly: -1, 0 or 1. 1.5 and 1.50 are equal.
func (d Decimal) Compare(e Decimal) int {
	if d.sign != e.sign {
		return cmp.Compare(d.sign, e.sign)
	}
	if d.first != e.first {
		return cmp.Compare(d.first, e.first) * int(d.sign)
	}
	i, j := d.from, e.from
	for i < d.to && j < e.to {
		a, b := d.text[i], e.text[j]
		switch {
		case a == '.':
			i++
		case b == '.':
			j++
		case a != b:
			return cmp.Compare(a, b) * int(d.sign)
		default:
			i++
			j++
		}
	}
	switch { // what is left ends in a digit that is not zero
	case i < d.to:
		return int(d.sign)
	case j < e.to:
		return -int(d.sign)
	}
	return 0
}

// Int64 is the value if it is an integer that fits.
func (d Decimal) Int64() (v int64, ok bool) {
	if d.sign == 0 {
		return 0, d.text != ""
	}
	if d.first < 0 || d.first > 18 {
		return 0, false
	}
	var u uint64
	left := d.first + 1
	for i := d.from; i < d.to; i++ {
		if c := d.text[i]; c != '.' {
			if left--; left < 0 {
				return 0, false
			}
			u = u*10 + uint64(c-'0')
		}
	}
	for ; left > 0; left-- {
		u *= 10
	}
	if d.sign < 0 {
		return int64(-u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}
