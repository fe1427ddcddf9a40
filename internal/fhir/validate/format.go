// SPDX-License-Identifier: Apache-2.0

package validate

import "bytes"

// The formats of http://hl7.org/fhir/R4/datatypes.html#primitive, written out: they match the whole text.

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// validCode is [^\s]+(\s[^\s]+)*.
func validCode(s []byte) bool {
	gap := true // white space, or the beginning, came last
	for _, c := range s {
		space := isSpace(c)
		if space && gap {
			return false
		}
		gap = space
	}
	return !gap
}

// validID is [A-Za-z0-9\-\.]{1,64}.
func validID(s []byte) bool {
	for _, c := range s {
		if !(isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 64
}

// validOID is urn:oid:[0-2](\.(0|[1-9][0-9]*))+.
func validOID(s []byte) bool {
	s, ok := bytes.CutPrefix(s, []byte("urn:oid:"))
	if !ok || len(s) < 3 || s[0] < '0' || s[0] > '2' || s[1] != '.' {
		return false
	}
	for len(s) > 1 {
		s = s[1:] // to the dot
		if s[0] != '.' {
			return false
		}
		n := 1
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		if n == 1 || n > 2 && s[1] == '0' {
			return false
		}
		s = s[n-1:]
	}
	return true
}

// validUUID is urn:uuid: and lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12.
func validUUID(s []byte) bool {
	s, ok := bytes.CutPrefix(s, []byte("urn:uuid:"))
	if !ok || len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isDigit(c) && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// validBase64 is base64 in groups of four with white space anywhere, padding only at the end.
func validBase64(s []byte) bool {
	count, padding := 0, 0
	for _, c := range s {
		switch {
		case isSpace(c):
			continue
		case c == '=':
			padding++
		case padding > 0:
			return false
		case !(isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '+' || c == '/'):
			return false
		}
		count++
	}
	return count > 0 && count%4 == 0 && padding <= 2
}

// validXHTML looks only at the outside: one div element. What is in it is for the narrative rules.
func validXHTML(s []byte) bool {
	s = bytes.TrimSpace(s)
	rest, ok := bytes.CutPrefix(s, []byte("<div"))
	if !ok || len(rest) < 2 || !isSpace(rest[0]) && rest[0] != '>' && rest[0] != '/' {
		return false
	}
	return bytes.HasSuffix(s, []byte("</div>")) || bytes.HasSuffix(s, []byte("/>")) && bytes.Count(s, []byte("<")) == 1
}
