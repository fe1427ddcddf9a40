// SPDX-License-Identifier: Apache-2.0

package index

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"unicode"
)

// maxText is the length up to which texts stand in terms whole. Of a longer one there are the first maxText bytes and
// the hexadecimal digits of a hash of the whole, so that it is longer than any that stands whole.
const maxText = 256

// hashLength is the length of a hash in a term: the first bytes of SHA-256.
const hashLength = 16

type hash [hashLength]byte

func hashOf(s string) hash {
	if s == "" {
		return emptyHash
	}
	sum := sha256.Sum256([]byte(s))
	return hash(sum[:hashLength])
}

// emptyHash is that of no system: a constant in all but name.
var emptyHash = hash(sha256.New().Sum(nil)[:hashLength])

// cut gives the text as it stands in a term; buf is memory for it.
func cut[T ~string | ~[]byte](buf []byte, s T) []byte {
	if len(s) <= maxText {
		return append(buf[:0], s...)
	}
	sum := sha256.Sum256([]byte(s))
	return hex.AppendEncode(append(buf[:0], s[:maxText]...), sum[:hashLength])
}

// Normalize appends text as string parameters compare it: case folded, without diacritics, white space as single spaces
// and none at the ends. Punctuation is kept. Terms and searches both go through it.
func Normalize(dst []byte, text string) []byte {
	from := len(dst)
	space := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			return normalizeBeyondASCII(dst[:from], text)
		case c == ' ' || c-'\t' <= '\r'-'\t':
			space = true
			continue
		case c-'A' < 26:
			c |= 0x20
		}
		if space && len(dst) > from {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return dst
}

// normalizeBeyondASCII takes characters apart (NFKD), drops the marks, folds case, and takes what folding made apart again.
func normalizeBeyondASCII(dst []byte, text string) []byte {
	folded := cases.Fold().String(norm.NFKD.String(text))
	from, space := len(dst), false
	for _, r := range norm.NFKD.String(folded) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsSpace(r):
			space = true
			continue
		}
		if space && len(dst) > from {
			dst = append(dst, ' ')
		}
		space = false
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
