// SPDX-License-Identifier: Apache-2.0

package term

import "strings"

// Systems whose codes follow a grammar.
const (
	ucumSystem        = "http://unitsofmeasure.org"
	mimeSystem        = "urn:ietf:bcp:13"
	languageSystem    = "urn:ietf:bcp:47"
	subdivisionSystem = "urn:iso:std:iso:3166:-2"
)

// maxGrammar is the longest code that a grammar looks at, in bytes.
const maxGrammar = 300

// grammars makes the systems that are neither lists of R4 nor imported. unit may be nil.
func grammars(unit func(code string) bool) map[string]*System {
	if unit == nil {
		unit = unitForm
	}
	systems := map[string]*System{}
	for _, sys := range isoSystems() {
		systems[sys.URL] = sys
	}
	for _, g := range []*System{
		{Info: Info{URL: ucumSystem, Name: "UCUM", Title: "Unified Code for Units of Measure"}, grammar: unit},
		{Info: Info{URL: mimeSystem, Name: "BCP13", Title: "Mime types (BCP 13)"}, grammar: mimeType},
		{Info: Info{URL: languageSystem, Name: "BCP47", Title: "Language tags (BCP 47)"}, grammar: languageTag},
		{Info: Info{URL: subdivisionSystem, Name: "ISO3166Part2", Title: "Country subdivisions (ISO 3166-2)"}, grammar: subdivision},
	} {
		accepts := g.grammar
		g.Content = Complete
		g.grammar = func(code string) bool { return code != "" && len(code) <= maxGrammar && accepts(code) }
		systems[g.URL] = g
	}
	return systems
}

// unitForm accepts visible ASCII: what UCUM is written in.
//
// http://unitsofmeasure.org/ucum.html §2
func unitForm(code string) bool {
	for i := range len(code) {
		if code[i] <= ' ' || code[i] > '~' {
			return false
		}
	}
	return true
}

// mimeType accepts type/subtype with parameters.
//
// RFC 2045 §5.1, RFC 6838 §4.2
func mimeType(code string) bool {
	essence, parameters, more := strings.Cut(code, ";")
	kind, subtype, ok := strings.Cut(strings.TrimSpace(essence), "/")
	if !ok || !token(kind) || !token(subtype) {
		return false
	}
	for more {
		var p string
		p, parameters, more = strings.Cut(parameters, ";")
		name, value, ok := strings.Cut(strings.TrimSpace(p), "=")
		if !ok || !token(name) || !token(strings.Trim(value, `"`)) && !quoted(value) {
			return false
		}
	}
	return true
}

func token(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

func quoted(s string) bool {
	return len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' && !strings.ContainsAny(s[1:len(s)-1], "\"\r\n")
}

func subdivision(code string) bool {
	country, rest, ok := strings.Cut(code, "-")
	upper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	return ok && len(country) == 2 && all(country, upper) && len(rest) >= 1 && len(rest) <= 3 &&
		all(rest, func(c byte) bool { return upper(c) || digit(c) })
}

func all(s string, ok func(c byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }
