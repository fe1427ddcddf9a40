// SPDX-License-Identifier: Apache-2.0

package fhir

// MaxDecimal is the longest text of a decimal, in bytes, and MaxExponent the largest exponent either way.
const (
	MaxDecimal  = 1000
	MaxExponent = 9999
)

// Decimal is an exact decimal with the text it was written as. The zero Decimal is no number; its Sign is 0.
type Decimal struct {
	text  string
	first int32 // exponent of the first significant digit
	scale int32
	from  uint16
	to    uint16
	sign  int8
}

// ParseDecimal reads a JSON number. ok is false if it is none, or past MaxDecimal or MaxExponent. The Decimal shares the
// memory of s.
func ParseDecimal(s string) (d Decimal, ok bool) { panic("todo") }

// DecimalOf reads a number node.
func DecimalOf(n Node) (d Decimal, ok bool) { return ParseDecimal(n.Number()) }

// DecimalFromInt is the decimal of an integer.
func DecimalFromInt(v int64) Decimal { panic("todo") }

// String is the text as written.
func (d Decimal) String() string { return d.text }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return int(d.sign) }

// AppendDigits appends the significant digits ('0' to '9') without leading and trailing zeros; none for zero.
func (d Decimal) AppendDigits(dst []byte) []byte { panic("todo") }

// Exponent is the power of ten of the first significant digit: 2 for 123.4, -3 for 0.00123; 0 for zero.
func (d Decimal) Exponent() int { panic("todo") }

// Scale is the number of digits after the point as written, less the exponent: 2 for 1.50, 0 for 100, -2 for 1e2.
func (d Decimal) Scale() int { panic("todo") }

// Precision is the number of digits as written, without leading zeros: 3 for 1.50 and 100, 1 for 0.
func (d Decimal) Precision() int { panic("todo") }

// Compare orders d and e by value, exactly: -1, 0 or 1. 1.5 and 1.50 are equal.
func (d Decimal) Compare(e Decimal) int { panic("todo") }

// Int64 is the value if it is an integer that fits.
func (d Decimal) Int64() (int64, bool) { panic("todo") }

// Range gives the numbers that d stands for in a search, by its precision as written, from low up to but not including
// high: 99.5 and 100.5 for 100, 5.395 and 5.405 for 5.40, 95 and 105 for 1e2.
//
// http://hl7.org/fhir/R4/search.html#number
func (d Decimal) Range() (low, high Decimal) { panic("todo") }
