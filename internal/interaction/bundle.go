// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"galen/internal/fhir"
	"galen/internal/record"
)

// bundle writes a Bundle as bytes, entry by entry.
type bundle struct {
	buf     []byte
	base    string
	entries int
}

// link is one of a Bundle's links.
type link struct{ relation, url string }

// newBundle begins a Bundle. total below 0 is left out.
func newBundle(base, kind string, at time.Time, total int, links ...link) *bundle {
	b := &bundle{base: base, buf: make([]byte, 0, 4096)}
	b.text(`{"resourceType":"Bundle","type":"`, kind, `"`)
	if !at.IsZero() {
		b.text(`,"timestamp":"`)
		b.buf = append(fhir.AppendInstant(b.buf, at), '"')
	}
	if total >= 0 {
		b.text(`,"total":`)
		b.buf = strconv.AppendInt(b.buf, int64(total), 10)
	}
	if len(links) > 0 {
		b.text(`,"link":[`)
		for i, l := range links {
			if i > 0 {
				b.text(`,`)
			}
			b.text(`{"relation":"`, l.relation, `","url":`)
			b.buf = fhir.AppendString(b.buf, l.url)
			b.text(`}`)
		}
		b.text(`]`)
	}
	return b
}

// grow makes room for n bytes more.
func (b *bundle) grow(n int) { b.buf = slices.Grow(b.buf, n) }

func (b *bundle) text(parts ...string) {
	for _, p := range parts {
		b.buf = append(b.buf, p...)
	}
}

// begin starts an entry; end, with what belongs into it between them, ends it.
func (b *bundle) begin(typ, id string) {
	if b.entries == 0 {
		b.text(`,"entry":[{`)
	} else {
		b.text(`,{`)
	}
	b.entries++
	if id != "" {
		b.text(`"fullUrl":`)
		b.buf = fhir.AppendString(b.buf, b.base+"/"+typ+"/"+id)
		b.text(`,`)
	}
}

func (b *bundle) end() { b.text(`}`) }

// bytes ends the Bundle.
func (b *bundle) bytes() []byte {
	if b.entries > 0 {
		b.text(`]`)
	}
	b.text(`}`)
	return b.buf
}

// version adds an entry of a history.
//
// http://hl7.org/fhir/R4/http.html#history
func (b *bundle) version(typ string, v *record.Version) {
	b.begin(typ, v.ID)
	if !v.Deleted() {
		b.text(`"resource":`)
		b.buf = append(b.buf, v.Body...)
		b.text(`,`)
	}
	b.text(`"request":{"method":"`, v.Method.String(), `","url":"`, typ)
	if v.Method != record.Post {
		b.text(`/`, v.ID)
	}
	status := "200 OK"
	switch {
	case v.Deleted():
		status = "204 No Content"
	case v.Previous == record.None:
		status = "201 Created"
	}
	b.text(`"},"response":{"status":"`, status, `","etag":"W/\"`, strconv.FormatUint(uint64(v.VersionID), 10))
	b.text(`\"","lastModified":"`)
	b.buf = append(fhir.AppendInstant(b.buf, v.Time), `"}`...)
	b.end()
}

// address is an URL under base with a query, as it is if that is empty.
func address(base, path, query string) string {
	if query != "" {
		query = "?" + query
	}
	return base + "/" + path + query
}

// formed is a query with the _format of the request that it answers, so that who follows a link gets the same form.
func formed(query, request string) string {
	for part := range strings.SplitSeq(request, "&") {
		if strings.HasPrefix(part, "_format=") {
			if query != "" {
				query += "&"
			}
			return query + part
		}
	}
	return query
}

// with is query with one parameter set.
func with(query url.Values, name, value string) string {
	q := url.Values{}
	for k, v := range query {
		q[k] = v
	}
	q.Set(name, value)
	return q.Encode()
}
