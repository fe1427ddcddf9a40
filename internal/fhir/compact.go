// SPDX-License-Identifier: Apache-2.0

package fhir

// Compact appends the JSON text src to dst without insignificant white space; everything else is kept byte for byte. src
// must be a checked value, such as Node.Raw, or whole tokens of one.
func Compact(dst, src []byte) []byte {
	from := 0
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			i = stringEnd(src, i+1)
		case c <= ' ':
			dst = append(dst, src[from:i]...)
			i = skipSpace(src, i)
			from = i
		default:
			i++
		}
	}
	return append(dst, src[from:]...)
}

// stringEnd returns the offset after the quote that ends a checked string, from i inside it.
func stringEnd(src []byte, i int) int {
	for {
		switch i = plainEnd(src, i); {
		case i >= len(src):
			return len(src)
		case src[i] == '"':
			return i + 1
		case src[i] == '\\':
			i += 2
		default:
			i++
		}
	}
}
