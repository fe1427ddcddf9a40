// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// unreserved are the bytes that AWS leaves as they are in paths and queries.
var unreserved = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		t[c] = true
	}
	return t
}()

const upperHex = "0123456789ABCDEF"

// appendEscaped percent-encodes s, slashes too unless keepSlash.
func appendEscaped(b []byte, s string, keepSlash bool) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] || keepSlash && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// unescape decodes percent-encoding and leaves a percent sign that begins no escape as it is.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if hi, lo := nibble(s, i+1), nibble(s, i+2); s[i] == '%' && hi >= 0 && lo >= 0 {
			b = append(b, byte(hi<<4|lo))
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func nibble(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// pair is one query parameter, key and value in canonical encoding.
type pair struct{ key, value string }

// parseQuery splits a query into canonical pairs, sorted by key, then value. Go's rules for queries apply, so that what
// is signed is what handlers see: a semicolon does not separate, a plus sign is a space.
func parseQuery(raw string) ([]pair, error) {
	if raw == "" {
		return nil, nil
	}
	n := strings.Count(raw, "&") + 1
	if n > maxQueryPairs {
		return nil, fail(IncompleteSignature, "The query string has too many parameters to be signed.")
	}
	pairs := make([]pair, 0, n)
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, pair{canonicalEscape(key), canonicalEscape(value)})
	}
	sortPairs(pairs)
	return pairs, nil
}

func sortPairs(pairs []pair) {
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
}

// canonicalEscape brings a query component into the one encoding that is signed, without copying if it is already so.
func canonicalEscape(s string) string {
	canonical := true
	for i := 0; i < len(s); i++ {
		if unreserved[s[i]] {
			continue
		}
		if s[i] == '%' && i+2 < len(s) && strings.IndexByte(upperHex, s[i+1]) >= 0 && strings.IndexByte(upperHex, s[i+2]) >= 0 &&
			!unreserved[nibble(s, i+1)<<4|nibble(s, i+2)] {
			i += 2
			continue
		}
		canonical = false
		break
	}
	if canonical {
		return s
	}
	return string(appendEscaped(make([]byte, 0, 3*len(s)), unescape(strings.ReplaceAll(s, "+", " ")), false))
}

func appendQuery(b []byte, pairs []pair, without string) []byte {
	first := true
	for _, p := range pairs {
		if p.key == without {
			continue
		}
		if !first {
			b = append(b, '&')
		}
		first = false
		b = append(b, p.key...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// wirePath returns the path as the client sent it: escaped as it was.
func wirePath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// appendPath writes the canonical path. A raw path is decoded and encoded once; any other loses dot segments and double
// slashes and is encoded on top of what is on the wire.
func appendPath(b []byte, path string, raw bool) []byte {
	switch {
	case path == "":
		return append(b, '/')
	case raw:
		return appendEscaped(b, unescape(path), true)
	case strings.Contains(path, "//") || strings.Contains(path, "/."):
		path = normalise(path)
	}
	return appendEscaped(b, path, true)
}

func normalise(path string) string {
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
		}
	}
	out := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") && len(kept) > 0 {
		out += "/"
	}
	return out
}

// appendHeaders writes the signed headers, each with its values trimmed, inner spaces collapsed, joined by commas.
func appendHeaders(b []byte, r *http.Request, signed string) []byte {
	for name := range strings.SplitSeq(signed, ";") {
		b = append(append(b, name...), ':')
		switch name {
		case "host":
			host := r.Host
			if host == "" {
				host = r.URL.Host
			}
			b = appendTrimmed(b, host)
		case "content-length":
			if v := r.Header["Content-Length"]; len(v) > 0 {
				b = appendTrimmed(b, v[0])
			} else if r.ContentLength >= 0 {
				b = strconv.AppendInt(b, r.ContentLength, 10)
			}
		case "transfer-encoding":
			b = append(b, strings.Join(r.TransferEncoding, ",")...)
		default:
			for i, v := range r.Header[http.CanonicalHeaderKey(name)] {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendTrimmed(b, v)
			}
		}
		b = append(b, '\n')
	}
	return b
}

// appendTrimmed writes v without space around it and with each run of white space within as one space.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t\r\n")
	space := false
	for i := range len(v) {
		switch c := v[i]; c {
		case ' ', '\t', '\r', '\n':
			space = true
		default:
			if space {
				b = append(b, ' ')
				space = false
			}
			b = append(b, c)
		}
	}
	return b
}

// appendCanonical writes the canonical request.
func appendCanonical(b []byte, r *http.Request, query []pair, without, signed, payload string, raw bool) []byte {
	b = append(append(b, r.Method...), '\n')
	b = append(appendPath(b, wirePath(r), raw), '\n')
	b = append(appendQuery(b, query, without), '\n')
	b = append(appendHeaders(b, r, signed), '\n')
	b = append(append(b, signed...), '\n')
	return append(b, payload...)
}
