// SPDX-License-Identifier: Apache-2.0

package index

import (
	"html"
	"strings"
	"unicode"

	"galen/internal/fhir"
)

// WordsOf gives the words of a text as a search of words compares them: normalised, runs of letters and digits, with one space before
// and after each. A text without any is a single space.
func WordsOf(text string) string { return string(appendWords(nil, text)) }

func appendWords(dst []byte, text string) []byte {
	dst = append(dst, ' ')
	open := false
	for _, r := range string(Normalize(nil, text)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			dst = append(dst, string(r)...)
			open = true
		case open:
			dst = append(dst, ' ')
			open = false
		}
	}
	if open {
		dst = append(dst, ' ')
	}
	return dst
}

// NarrativeWords gives the words of a resource's narrative, its markup left out.
func NarrativeWords(resource fhir.Node) string {
	return string(appendWords(nil, plainText(resource.Field("text").Field("div").Text())))
}

// ContentWords gives the words of all texts of a resource, those of the narrative without its markup. What stands in different elements is
// parted by a bar, so that no phrase goes from one to the next.
func ContentWords(resource fhir.Node) string { return string(appendContent(nil, resource)) }

func appendContent(dst []byte, n fhir.Node) []byte {
	switch n.Kind() {
	case fhir.String:
		text := n.Text()
		if n.Name() == "div" {
			text = plainText(text)
		}
		return append(appendWords(dst, text), '|')
	case fhir.Object, fhir.Array:
		for m := n.First(); m.Ok(); m = m.Next() {
			dst = appendContent(dst, m)
		}
	}
	return dst
}

// plainText is XHTML without its tags; where a tag was, words end.
func plainText(div string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(div, "<")
		b.WriteString(html.UnescapeString(text))
		if !found {
			return b.String()
		}
		b.WriteByte(' ')
		_, div, _ = strings.Cut(rest, ">")
	}
}
