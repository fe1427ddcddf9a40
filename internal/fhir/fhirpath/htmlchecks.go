// SPDX-License-Identifier: Apache-2.0

package fhirpath

import "strings"

// htmlChecks reports whether a narrative is a div that has only the elements and attributes which FHIR allows, and something to
// be read or seen. That it is well-formed is for who reads it.
//
// http://hl7.org/fhir/R4/narrative.html#xhtml
func htmlChecks(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
	v, ok, err := e.single(in)
	if err != nil || !ok {
		return len(e.stack), err
	}
	return e.give(boolean(narrative(v.Text)))
}

// narrativeElements is those of HTML 4.0's chapters 7 to 11 and 15, but for section 9.4, and a, img and what images need.
var narrativeElements = words("a abbr acronym address area b big blockquote br caption center cite code col colgroup dd dfn div dl dt em " +
	"font h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q s samp small span strike strong style sub sup table tbody td tfoot th thead tr tt u ul var")

var narrativeAttributes = words("abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class " +
	"clear color colspan compact coords dir face frame headers height href hreflang id ismap lang longdesc name noshade nowrap rel rev rowspan rules " +
	"scope shape size span src start style summary tabindex target title type usemap valign value width xml:lang xml:space")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// narrative checks the text of a narrative.
func narrative(text string) bool {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "<div") {
		return false
	}
	seen := false // something to be read or seen
	for text != "" {
		before, rest, found := strings.Cut(text, "<")
		seen = seen || strings.TrimSpace(before) != ""
		switch {
		case !found:
			return seen
		case strings.HasPrefix(rest, "!--"):
			_, text, _ = strings.Cut(rest, "-->")
			continue
		case strings.HasPrefix(rest, "![CDATA["):
			var data string
			data, text, _ = strings.Cut(rest[len("![CDATA["):], "]]>")
			seen = seen || strings.TrimSpace(data) != ""
			continue
		}
		name, after, ok := tag(rest)
		if !ok {
			return false
		}
		seen, text = seen || name == "img", after
	}
	return seen
}

// tag reads a tag behind its <. ok is false if it is not allowed.
func tag(text string) (name, after string, ok bool) {
	if end, found := strings.CutPrefix(text, "/"); found {
		name, after, ok = strings.Cut(end, ">")
		return "", after, ok && narrativeElements[strings.TrimSpace(name)]
	}
	name, text = word(text)
	if !narrativeElements[name] {
		return name, "", false
	}
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if after, ok = strings.CutPrefix(text, "/>"); ok {
			return name, after, true
		}
		if after, ok = strings.CutPrefix(text, ">"); ok {
			return name, after, true
		}
		var attribute string
		if attribute, text = word(text); !narrativeAttributes[attribute] && attribute != "xmlns" && !strings.HasPrefix(attribute, "xmlns:") {
			return name, "", false
		}
		if text, ok = strings.CutPrefix(strings.TrimLeft(text, " \t\r\n"), "="); !ok {
			return name, "", false
		}
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" || text[0] != '"' && text[0] != '\'' {
			return name, "", false
		}
		if _, text, ok = strings.Cut(text[1:], text[:1]); !ok {
			return name, "", false
		}
	}
}

// word reads up to white space, =, / or >.
func word(text string) (w, rest string) {
	if i := strings.IndexAny(text, " \t\r\n=/>"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}
