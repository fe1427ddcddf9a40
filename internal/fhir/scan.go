// SPDX-License-Identifier: Apache-2.0

package fhir

import "math/bits"

// space skips white space inside the root value.
func (t *Tape) space(i int) int {
	t.spaced = true
	return skipSpace(t.src, i)
}

func skipSpace(src []byte, i int) int {
	for i < len(src) {
		if i+8 <= len(src) && load64(src, i) == 0x2020202020202020 {
			i += 8
			continue
		}
		if c := src[i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		i++
	}
	return i
}

func (t *Tape) literal(i int, word string) int {
	if end := i + len(word); end <= len(t.src) && string(t.src[i:end]) == word {
		return end
	}
	return t.fail(i, "no value")
}

// number reads a number by the grammar of RFC 8259.
func (t *Tape) number(i int) int {
	src, start := t.src, i
	if src[i] == '-' {
		i++
	}
	whole := i
	if i = digits(src, i); i == whole {
		if whole > start {
			return t.fail(i, "a digit is missing")
		}
		return t.fail(i, "no value")
	}
	if src[whole] == '0' && i > whole+1 {
		return t.fail(whole, "a number with a leading zero")
	}
	if i < len(src) && src[i] == '.' {
		from := i + 1
		if i = digits(src, from); i == from {
			return t.fail(i, "a digit is missing")
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		if i++; i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		from := i
		if i = digits(src, from); i == from {
			return t.fail(i, "a digit is missing")
		}
	}
	return i
}

// digits returns the offset after the digits at i.
func digits(src []byte, i int) int {
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	return i
}

// plainEnd returns the offset of the first byte from i that is a quote, a backslash, a control character or not ASCII,
// or len(src).
func plainEnd(src []byte, i int) int {
	for i+8 <= len(src) {
		if stops := stopBytes(load64(src, i)); stops != 0 {
			return i + bits.TrailingZeros64(stops)>>3
		}
		i += 8
	}
	for i < len(src) && src[i] != '"' && src[i] != '\\' && src[i] >= ' ' && src[i] < 0x80 {
		i++
	}
	return i
}
