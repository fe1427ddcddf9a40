// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func load64(src []byte, i int) uint64 { return binary.LittleEndian.Uint64(src[i:]) }

// stopBytes sets the high bit of each byte of w that is a quote, a backslash, a control character or not ASCII; bits
// above the lowest one set may be wrong. With its second bit flipped, a quote comes right after the control characters,
// so that one subtraction finds both.
func stopBytes(w uint64) uint64 {
	return (((w ^ 0x02*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones) | w) & highs
}

// text reads the rest of a string from i, after its quote, marks the newest entry if there is an escape in it, and
// returns the offset after the closing quote.
func (t *Tape) text(i int) int {
	src := t.src
	for {
		if i = plainEnd(src, i); i >= len(src) {
			return t.fail(i, "a string without an end")
		}
		switch c := src[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			t.entries[len(t.entries)-1].flags |= flagEscape
			if i = t.escape(i); i < 0 {
				return i
			}
		case c < ' ':
			return t.fail(i, "a control character in a string")
		default:
			if i = t.beyondASCII(i); i < 0 {
				return i
			}
		}
	}
}

// beyondASCII reads the characters at i up to the next ASCII one.
func (t *Tape) beyondASCII(i int) int {
	src := t.src
	for i < len(src) && src[i] >= 0x80 {
		if src[i]-0xc2 < 0xe0-0xc2 && i+1 < len(src) && src[i+1]&0xc0 == 0x80 {
			i += 2
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return t.fail(i, "bytes that are not UTF-8")
		}
		i += n
	}
	return i
}

// escape checks the escape at i and returns the offset after it.
func (t *Tape) escape(i int) int {
	if i+1 >= len(t.src) {
		return t.fail(i, msgEnds)
	}
	switch t.src[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
	default:
		return t.fail(i, "an unknown escape")
	}
	r := hex4(t.src, i)
	if r < 0 {
		return t.fail(i, "an escape without four hexadecimal digits")
	}
	if !utf16.IsSurrogate(r) {
		return i + 6
	}
	if utf16.DecodeRune(r, hex4(t.src, i+6)) == utf8.RuneError {
		return t.fail(i, "half a surrogate pair")
	}
	return i + 12
}

// hex4 is the value of the escape \uXXXX at i, negative if there is none.
func hex4(src []byte, i int) rune {
	if i+6 > len(src) || src[i] != '\\' || src[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range src[i+2 : i+6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20-'a' <= 5:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unescape appends the text of a checked string, given without its quotes, to dst.
func unescape(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		from := i
		for i < len(src) && src[i] != '\\' {
			i++
		}
		dst = append(dst, src[from:i]...)
		if i == len(src) {
			break
		}
		c := src[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(src, i-2)
			i += 4
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, hex4(src, i))
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
