// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/fault"
)

// language is a language tag in its parts; each is empty if the tag has none.
//
// RFC 5646 §2.1. Whether a subtag is registered is not looked at.
type language struct{ language, extLang, script, region, variant, extension, privateUse string }

func languageTag(code string) bool {
	_, ok := parseLanguage(code)
	return ok
}

// parseLanguage reads a well-formed tag: language, script, region, variants, extensions, private use; or x-… alone.
func parseLanguage(code string) (l language, ok bool) {
	tags := strings.Split(code, "-")
	for _, t := range tags {
		if t == "" || len(t) > 8 || !all(t, func(c byte) bool { return letter(c) || digit(c) }) {
			return l, false
		}
	}
	first := tags[0]
	if equalFold(first, "x") || equalFold(first, "i") {
		l.privateUse = strings.Join(tags[1:], "-")
		return l, len(tags) > 1
	}
	if len(first) < 2 || !all(first, letter) {
		return l, false
	}
	l.language, tags = first, tags[1:]
	// take joins the leading tags that ok accepts, at most n.
	take := func(n int, ok func(t string) bool) string {
		k := 0
		for k < len(tags) && k < n && ok(tags[k]) {
			k++
		}
		taken := strings.Join(tags[:k], "-")
		tags = tags[k:]
		return taken
	}
	if len(first) <= 3 {
		l.extLang = take(3, func(t string) bool { return len(t) == 3 && all(t, letter) })
	}
	l.script = take(1, func(t string) bool { return len(t) == 4 && all(t, letter) })
	l.region = take(1, func(t string) bool { return len(t) == 2 && all(t, letter) || len(t) == 3 && all(t, digit) })
	l.variant = take(len(tags), func(t string) bool { return len(t) >= 5 || len(t) == 4 && digit(t[0]) })
	for len(tags) > 0 {
		singleton := tags[0]
		if len(singleton) != 1 {
			return l, false
		}
		tags = tags[1:]
		private := equalFold(singleton, "x")
		rest := take(len(tags), func(t string) bool { return private || len(t) >= 2 })
		switch {
		case rest == "":
			return l, false
		case private:
			l.privateUse = rest
		default:
			l.extension = strings.TrimPrefix(l.extension+"-"+singleton+"-"+rest, "-")
		}
	}
	return l, true
}

// filterLanguages narrows the language tags by the properties that FHIR gives them.
//
// http://hl7.org/fhir/R4/valueset-filter-operator.html
func filterLanguages(sys *System, filters []filter) (part, error) {
	var tests []func(l *language) bool
	for _, f := range filters {
		of, ok := languageParts[f.property]
		if !ok {
			return part{}, fault.New(fault.Unprocessable, "languages have the properties language, ext-lang, script, region, variant, extension and private-use, not %s", f.property)
		}
		if f.op != "=" && f.op != "in" && f.op != "not-in" && f.op != "exists" && f.op != "regex" {
			return part{}, fault.New(fault.Unsupported, "languages can be filtered by =, in, not-in, exists and regex, not by %s", f.op)
		}
		match, asked, err := f.matcher()
		if err != nil {
			return part{}, err
		}
		if asked != nil {
			match = asked.re.MatchString // of one short code at a time
		}
		negative := f.op == "not-in" || f.op == "exists" && f.value == "false"
		tests = append(tests, func(l *language) bool { v := of(l); return (v != "" && match(v)) != negative })
	}
	some := &System{Info: sys.Info, grammar: func(code string) bool {
		l, ok := parseLanguage(code)
		if !ok || len(code) > maxGrammar {
			return false
		}
		for _, test := range tests {
			if !test(&l) {
				return false
			}
		}
		return true
	}}
	return part{sys: some, whole: true}, nil
}

var languageParts = map[string]func(l *language) string{
	"language":    func(l *language) string { return l.language },
	"ext-lang":    func(l *language) string { return l.extLang },
	"script":      func(l *language) string { return l.script },
	"region":      func(l *language) string { return l.region },
	"variant":     func(l *language) string { return l.variant },
	"extension":   func(l *language) string { return l.extension },
	"private-use": func(l *language) string { return l.privateUse },
}
