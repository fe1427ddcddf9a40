// SPDX-License-Identifier: Apache-2.0

package search

import (
	"strings"
	"unicode"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/search/index"
)

// Words is a condition on the words of a resource: exactly one of Phrase, All, Any and Not is set.
type Words struct {
	Phrase string // words in their order, normalised, with single spaces between and around them
	All    []Words
	Any    []Words
	Not    *Words
}

// Text is a condition on the narrative of a resource, or on all its texts.
type Text struct {
	Content bool // _content: all texts; else _text: the narrative
	Words   Words
}

// Hold reports whether a resource fulfils the condition. One without a narrative does not fulfil any on it.
func (t *Text) Hold(resource fhir.Node) bool {
	if t.Content {
		return t.Words.Hold(index.ContentWords(resource))
	}
	words := index.NarrativeWords(resource)
	return words != " " && t.Words.Hold(words)
}

// maxWords is how many words and phrases one _text or _content has.
const maxWords = 100

// text reads _text and _content: words that all must be there, phrases in quotes, NOT before one of them, OR or a comma between
// alternatives.
//
// http://hl7.org/fhir/R4/search.html#content
func (p *parser) text(name, value string) (Clause, error) {
	var either, all []Words
	not, n := false, 0
	alternative := func() {
		if len(all) > 0 {
			either = append(either, Words{All: all})
		}
		all = nil
	}
	for value = strings.TrimSpace(value); value != ""; value = strings.TrimSpace(value) {
		var word string
		quoted := value[0] == '"'
		switch {
		case value[0] == ',':
			word, value = "OR", value[1:]
		case quoted:
			end := strings.IndexByte(value[1:], '"')
			if end < 0 {
				return Clause{}, fault.New(fault.Invalid, "a quotation mark is not closed").WithCode("value")
			}
			word, value = value[1:1+end], value[2+end:]
		default:
			end := strings.IndexFunc(value, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '"' })
			if end < 0 {
				end = len(value)
			}
			word, value = value[:end], value[end:]
		}
		switch {
		case word == "OR" && !quoted:
			alternative()
			continue
		case word == "AND" && !quoted:
			continue
		case word == "NOT" && !quoted:
			not = true
			continue
		}
		phrase := Words{Phrase: index.WordsOf(word)}
		if n++; n > maxWords {
			return Clause{}, fault.New(fault.TooCostly, "more than %d words", maxWords)
		}
		if phrase.Phrase == " " {
			return Clause{}, fault.New(fault.Invalid, "there are no letters and no digits in a word").WithCode("value")
		}
		if not {
			phrase = Words{Not: &Words{Phrase: phrase.Phrase}}
		}
		all, not = append(all, phrase), false
	}
	if alternative(); len(either) == 0 || not {
		return Clause{}, fault.New(fault.Invalid, "write words, \"a phrase\", NOT word, or alternatives with OR between them").WithCode("value")
	}
	return Clause{Name: name, Text: &Text{Content: name == "_content", Words: Words{Any: either}}}, nil
}

// Hold reports whether the words of a text, as index.WordsOf gives them, fulfil the condition.
func (w *Words) Hold(text string) bool {
	switch {
	case w.Phrase != "":
		return strings.Contains(text, w.Phrase)
	case w.Not != nil:
		return !w.Not.Hold(text)
	case w.All != nil:
		for i := range w.All {
			if !w.All[i].Hold(text) {
				return false
			}
		}
		return true
	}
	for i := range w.Any {
		if w.Any[i].Hold(text) {
			return true
		}
	}
	return false
}
