// SPDX-License-Identifier: Apache-2.0

// Package ordkey writes tuples as bytes that sort, under bytes.Compare, as the tuples do.
//
// A tuple is the concatenation of its parts. Every part but the raw ones (Bytes, Prefix) says itself where it ends, so
// that parts nest, tuples with a common beginning share a prefix, and Take… reads them back one by one. Append…
// functions append to dst and return it; Take… functions return the value and the rest of src, or ErrMalformed, and never
// panic. Everything is pure and safe for concurrent use.
//
//	part            bytes
//	uint16/32/64    2/4/8, big-endian; Desc: complemented, so that larger values come first
//	int64           8, big-endian, sign bit flipped; an instant is the int64 of its microseconds
//	string          its bytes with 00 as 01 01 and 01 as 01 02, then 00
//	decimal         sign and exponent, then two digits a byte; see AppendDecimal
//	bytes, prefix   as they are, or escaped without the end: only as the last part, or where the width is known
package ordkey

import "errors"

// ErrMalformed says that bytes were not written by the Append function that corresponds to the Take function.
var ErrMalformed = errors.New("ordkey: malformed key")

// PrefixEnd returns the smallest key that is greater than every key beginning with prefix, in new memory.
// It is nil, meaning no bound, if there is none: prefix is empty or all FF.
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
