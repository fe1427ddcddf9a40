// SPDX-License-Identifier: Apache-2.0

package search

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"
)

// Canonical is the query as it was understood, without the page: ordered, percent-encoded, without a question mark.
func (q *Query) Canonical() string {
	var b strings.Builder
	for _, p := range q.pairs {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escapeQuery(p.Name))
		b.WriteByte('=')
		b.WriteString(escapeQuery(p.Value))
	}
	return b.String()
}

// escapeQuery escapes all but unreserved characters, a space as %20: clients sign a link as it is, and signatures know only this
// form.
func escapeQuery(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// Hash binds a page token to the query: type and parameters, as they were understood, without the page.
func (q *Query) Hash() [16]byte {
	h := sha256.New()
	write := func(s string) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	write(q.Type)
	if q.within.Type != "" {
		write(q.within.String())
	}
	for _, p := range q.pairs {
		write(p.Name)
		write(p.Value)
	}
	return [16]byte(h.Sum(nil))
}
