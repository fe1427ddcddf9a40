// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// acceptsJSON reports whether the caller takes an answer in JSON: by _format, or else by Accept.
//
// http://hl7.org/fhir/R4/http.html#mime-type
func acceptsJSON(r *http.Request) bool {
	if strings.Contains(r.URL.RawQuery, "_format=") {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if format := query.Get("_format"); err == nil && format != "" {
			return isJSON(format)
		}
	}
	accept := r.Header["Accept"]
	if len(accept) == 0 {
		return true
	}
	for _, line := range accept {
		for line != "" {
			var one string
			one, line, _ = strings.Cut(line, ",")
			if one = strings.TrimSpace(one); acceptedType(one) {
				return true
			}
		}
	}
	return false
}

// acceptedType reports whether one part of an Accept header lets JSON through.
func acceptedType(s string) bool {
	switch s {
	case "application/fhir+json", "application/json", "*/*", "":
		return true
	}
	kind, params, _ := strings.Cut(s, ";")
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		if q, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok && strings.Trim(q, "0.") == "" {
			return false
		}
	}
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "*/*" || kind == "application/*" || isJSON(kind)
}

// isJSON reports whether a media type, or a short form of one, is FHIR's JSON. A plus sign that a query turned into a space
// is one.
func isJSON(s string) bool {
	kind, _, _ := strings.Cut(s, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "json", "application/json", "application/fhir+json", "application/fhir json", "text/json", "application/json+fhir":
		return true
	}
	return false
}

// sendsJSON reports whether the body is declared as JSON, or not at all.
func sendsJSON(r *http.Request) bool {
	switch t := r.Header.Get("Content-Type"); t {
	case "", "application/fhir+json", "application/json":
		return true
	default:
		kind, params, err := mime.ParseMediaType(t)
		charset := params["charset"]
		return err == nil && isJSON(kind) && kind != "json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
	}
}

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
}

func parsePrefer(h http.Header) prefer {
	var p prefer
	for _, line := range h["Prefer"] {
		for _, one := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
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
