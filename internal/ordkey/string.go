// SPDX-License-Identifier: Apache-2.0

package ordkey

import "bytes"

const (
	strEnd    = 0x00 // ends a string; below every byte of a string's body
	strEscape = 0x01 // followed by the escaped byte plus one
)

// AppendString appends s and its end, so that strings sort bytewise, a string before its extensions.
func AppendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	return append(AppendPrefix(dst, s), strEnd)
}

// AppendPrefix appends s without an end: the result is a prefix of AppendString of every string that begins with s.
func AppendPrefix[T ~string | ~[]byte](dst []byte, s T) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= strEscape {
			dst = append(dst, s[from:i]...)
			dst = append(dst, strEscape, c+1)
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// AppendBytes appends b as it is. Nothing says where it ends.
func AppendBytes(dst, b []byte) []byte { return append(dst, b...) }

// TakeString reads what AppendString wrote.
func TakeString(src []byte) (s string, rest []byte, err error) {
	end := bytes.IndexByte(src, strEnd)
	if end < 0 {
		return "", src, ErrMalformed
	}
	body, rest := src[:end], src[end+1:]
	if bytes.IndexByte(body, strEscape) < 0 {
		return string(body), rest, nil
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == strEscape {
			i++
			if i == len(body) || (body[i] != 1 && body[i] != 2) {
				return "", src, ErrMalformed
			}
			c = body[i] - 1
		}
		out = append(out, c)
	}
	return string(out), rest, nil
}

// TakeBytes reads n raw bytes, which alias src.
func TakeBytes(src []byte, n int) (b, rest []byte, err error) {
	if n < 0 || len(src) < n {
		return nil, src, ErrMalformed
	}
	return src[:n:n], src[n:], nil
}
