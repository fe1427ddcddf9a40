// SPDX-License-Identifier: Apache-2.0

package ordkey

import (
	"errors"
	"strconv"
)

// Bounds of a decimal: its significant digits, without leading and trailing zeros, and the power of ten of its first one.
const (
	MaxDecimalDigits   = 1000
	MaxDecimalExponent = 20000
)

// ErrNotDecimal says that a text is not a decimal number; ErrDecimalRange that it is one out of bounds.
var (
	ErrNotDecimal   = errors.New("ordkey: not a decimal number")
	ErrDecimalRange = errors.New("ordkey: decimal number out of range")
)

// A positive decimal is 0.d1d2d3… times ten to exp, d1 not 0. It is written as
//
//	exp in -32…31    one byte, tagZeroExp+exp
//	exp above, below tagBigExp or tagSmallExp, then exp plus 32768 in two bytes
//	digits           one byte for two: the pair (00…99) doubled, plus one if another pair follows; the last pair is not 00
//
// zero is tagZero, and a negative decimal the complement of its opposite.
const (
	tagZero     = 0x80
	tagSmallExp = 0x9F
	tagZeroExp  = 0xC0
	tagBigExp   = 0xE0
	minShortExp = -32
	maxShortExp = 31
	expBias     = 1 << 15
)

// AppendDecimal appends the exact value of a decimal text such as "-12.50" or "1e-7": an optional sign, digits with an
// optional point among or after them, an optional exponent. Texts of equal value append equal bytes.
// It fails with ErrNotDecimal or ErrDecimalRange and then returns dst as it was.
func AppendDecimal(dst []byte, text string) ([]byte, error) {
	var digits [MaxDecimalDigits]byte
	d, err := parseDecimal(digits[:0], text)
	if err != nil {
		return dst, err
	}
	if len(d.digits) == 0 {
		return append(dst, tagZero), nil
	}
	start := len(dst)
	switch {
	case d.exp < minShortExp:
		dst = AppendUint16(append(dst, tagSmallExp), uint16(d.exp+expBias))
	case d.exp > maxShortExp:
		dst = AppendUint16(append(dst, tagBigExp), uint16(d.exp+expBias))
	default:
		dst = append(dst, byte(tagZeroExp+d.exp))
	}
	for i := 0; i < len(d.digits); i += 2 {
		pair := (d.digits[i] - '0') * 10
		if i+1 < len(d.digits) {
			pair += d.digits[i+1] - '0'
		}
		pair *= 2
		if i+2 < len(d.digits) {
			pair++
		}
		dst = append(dst, pair)
	}
	if d.negative {
		complement(dst[start:])
	}
	return dst, nil
}

// TakeDecimal reads what AppendDecimal wrote as the shortest plain text of the value ("-12.5"), or with an exponent
// ("1e-30") where the plain text would need more than 20 zeros.
func TakeDecimal(src []byte) (text string, rest []byte, err error) {
	if len(src) == 0 {
		return "", src, ErrMalformed
	}
	if src[0] == tagZero {
		return "0", src[1:], nil
	}
	d := decimal{negative: src[0] < tagZero}
	var flip byte
	if d.negative {
		flip = 0xFF
	}
	b := src[1:]
	switch tag := src[0] ^ flip; {
	case tag == tagSmallExp || tag == tagBigExp:
		if len(b) < 2 {
			return "", src, ErrMalformed
		}
		d.exp = int(b[0]^flip)<<8 + int(b[1]^flip) - expBias
		b = b[2:]
		if (tag == tagBigExp) != (d.exp > maxShortExp) || (tag == tagSmallExp) != (d.exp < minShortExp) {
			return "", src, ErrMalformed
		}
	case tag > tagSmallExp && tag < tagBigExp:
		d.exp = int(tag) - tagZeroExp
	default:
		return "", src, ErrMalformed
	}
	if d.digits, b, err = takeDigits(b, flip); err != nil || d.outOfRange() {
		return "", src, ErrMalformed
	}
	return d.String(), b, nil
}

// takeDigits reads the pairs of a decimal as digits without trailing zeros.
func takeDigits(b []byte, flip byte) (digits, rest []byte, err error) {
	for i, c := range b {
		c ^= flip
		pair, more := c/2, c%2 == 1
		if pair > 99 || (i == 0 && pair < 10) || (!more && pair == 0) || len(digits) >= MaxDecimalDigits {
			return nil, b, ErrMalformed
		}
		digits = append(digits, '0'+pair/10, '0'+pair%10)
		if !more {
			if pair%10 == 0 {
				digits = digits[:len(digits)-1]
			}
			return digits, b[i+1:], nil
		}
	}
	return nil, b, ErrMalformed
}

func complement(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// decimal is 0.digits times ten to exp; digits are ASCII without leading or trailing zeros, none for zero.
type decimal struct {
	negative bool
	exp      int
	digits   []byte
}

func (d decimal) outOfRange() bool {
	return len(d.digits) > MaxDecimalDigits || d.exp > MaxDecimalExponent || d.exp < -MaxDecimalExponent
}

// String gives the text that TakeDecimal promises.
func (d decimal) String() string {
	const zeros = 20
	var t []byte
	if d.negative {
		t = append(t, '-')
	}
	n := len(d.digits)
	switch {
	case d.exp < -zeros || d.exp > n+zeros:
		t = append(t, d.digits[0])
		if n > 1 {
			t = append(append(t, '.'), d.digits[1:]...)
		}
		t = strconv.AppendInt(append(t, 'e'), int64(d.exp-1), 10)
	case d.exp <= 0:
		t = append(t, "0."...)
		for range -d.exp {
			t = append(t, '0')
		}
		t = append(t, d.digits...)
	case d.exp >= n:
		t = append(t, d.digits...)
		for range d.exp - n {
			t = append(t, '0')
		}
	default:
		t = append(append(append(t, d.digits[:d.exp]...), '.'), d.digits[d.exp:]...)
	}
	return string(t)
}

// parseDecimal reads text; the digits are appended to buf, which is empty.
func parseDecimal(buf []byte, text string) (decimal, error) {
	d := decimal{digits: buf}
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		d.negative = text[i] == '-'
		i++
	}
	seen, point, zeros := false, false, 0 // zeros: those held back until a later digit shows that they do not trail
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point && seen {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seen = true
		leading := c == '0' && len(d.digits) == 0
		switch {
		case leading && point:
			d.exp--
		case !leading && !point:
			d.exp++
		}
		switch {
		case leading:
		case c == '0':
			zeros++
		default:
			if len(d.digits)+zeros+1 > MaxDecimalDigits {
				return d, ErrDecimalRange
			}
			for ; zeros > 0; zeros-- {
				d.digits = append(d.digits, '0')
			}
			d.digits = append(d.digits, c)
		}
	}
	if !seen || text[i-1] == '.' {
		return d, ErrNotDecimal
	}
	if i < len(text) {
		e, err := parseExponent(text[i:])
		if err != nil {
			return d, err
		}
		d.exp += e
	}
	if len(d.digits) > 0 && d.outOfRange() {
		return d, ErrDecimalRange
	}
	return d, nil
}

// parseExponent reads "e-7". A huge one is cut to a value that is out of range for every decimal.
func parseExponent(s string) (int, error) {
	if s[0] != 'e' && s[0] != 'E' || len(s) < 2 {
		return 0, ErrNotDecimal
	}
	s = s[1:]
	negative := s[0] == '-'
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	if s == "" {
		return 0, ErrNotDecimal
	}
	e := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, ErrNotDecimal
		}
		e = min(e*10+int(c-'0'), 1<<30)
	}
	if negative {
		e = -e
	}
	return e, nil
}
