// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// sendsForm reports whether the body is declared as a form.
func sendsForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

func wantsPretty(rawQuery string) bool {
	if !strings.Contains(rawQuery, "_pretty=") {
		return false
	}
	query, err := url.ParseQuery(rawQuery)
	return err == nil && query.Get("_pretty") == "true"
}

// prefer is what the Prefer headers of a request ask for.
//
// http://hl7.org/fhir/R4/http.html#ops
type prefer struct {
	back    string // minimal, representation or OperationOutcome; empty: not said
	lenient bool   // handling=lenient
	async   bool   // respond-async
}

func parsePrefer(h http.Header) prefer {
	var p prefer
	for _, line := range h["Prefer"] {
		for _, one := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "respond-async":
				p.async = true
			case "return":
				p.back = value
			case "handling":
				p.lenient = value == "lenient"
			}
		}
	}
	return p
}

// version reads the version id of an entity tag: W/"3", "3" or 3. ok is false for a list of tags.
func version(tag string) (id string, ok bool) {
	tag = strings.TrimSpace(tag)
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) >= 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		tag = tag[1 : len(tag)-1]
	}
	return tag, tag != "" && !strings.ContainsAny(tag, `", `)
}
