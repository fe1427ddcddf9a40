// SPDX-License-Identifier: Apache-2.0

package xml

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// declaration is the XML declaration; only that at the very beginning is one.
var declaration = regexp.MustCompile(`^<\?xml[ \t\r\n][^>]*\?>`)

var (
	declaredVersion  = regexp.MustCompile(`\bversion\s*=\s*["']([^"']*)["']`)
	declaredEncoding = regexp.MustCompile(`\bencoding\s*=\s*["']([^"']*)["']`)
)

// toUTF8 gives the document in UTF-8, with blanks for its byte order mark and declaration, so that line and column stay.
// Without a byte order mark, UTF-16 is known by its first character.
func toUTF8(src []byte) ([]byte, error) {
	wide := false
	switch {
	case bytes.HasPrefix(src, []byte{0xef, 0xbb, 0xbf}):
		src = src[3:]
	case bytes.HasPrefix(src, []byte{0xff, 0xfe}):
		return blanked(decode16(src[2:], binary.LittleEndian), true)
	case bytes.HasPrefix(src, []byte{0xfe, 0xff}):
		return blanked(decode16(src[2:], binary.BigEndian), true)
	case bytes.HasPrefix(src, []byte{'<', 0}):
		return blanked(decode16(src, binary.LittleEndian), true)
	case bytes.HasPrefix(src, []byte{0, '<'}):
		return blanked(decode16(src, binary.BigEndian), true)
	}
	return blanked(src, wide)
}

// blanked overwrites the declaration, after a look at it. wide says that the document was in UTF-16.
func blanked(src []byte, wide bool) ([]byte, error) {
	if !utf8.Valid(src) {
		return nil, fhir.NewSyntaxError(fault.Invalid, "XML", "bytes that are not of the document's encoding", nil, 0)
	}
	head := declaration.Find(src)
	if head == nil {
		return src, nil
	}
	if v := declaredVersion.FindSubmatch(head); v == nil || string(v[1]) != "1.0" {
		return nil, fhir.NewSyntaxError(fault.Invalid, "XML", "the version of XML is 1.0", src, 0)
	}
	if e := declaredEncoding.FindSubmatch(head); e != nil && !encodingFits(string(e[1]), wide) {
		return nil, fhir.NewSyntaxError(fault.Invalid, "XML", "the declared encoding is not that of the document, which is UTF-8 or UTF-16", src, 0)
	}
	out := bytes.Clone(src)
	for i := range head {
		if out[i] != '\n' {
			out[i] = ' '
		}
	}
	return out, nil
}

func encodingFits(name string, wide bool) bool {
	switch strings.ToLower(name) {
	case "utf-8", "us-ascii":
		return !wide
	case "utf-16", "utf-16le", "utf-16be":
		return wide
	}
	return false
}

// decode16 turns UTF-16 into UTF-8; what is not UTF-16 becomes bytes that are not UTF-8.
func decode16(src []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(src)/2+len(src)/8)
	for ; len(src) >= 2; src = src[2:] {
		c := rune(order.Uint16(src))
		if utf16.IsSurrogate(c) {
			second := rune(0)
			if len(src) >= 4 {
				second = rune(order.Uint16(src[2:]))
			}
			if c = utf16.DecodeRune(c, second); c == utf8.RuneError {
				return append(out, 0xff)
			}
			src = src[2:]
		}
		out = utf8.AppendRune(out, c)
	}
	if len(src) > 0 {
		out = append(out, 0xff)
	}
	return out
}
