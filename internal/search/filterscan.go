// SPDX-License-Identifier: Apache-2.0

package search

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"galen/internal/fault"
)

// filterScanner reads the words of a _filter.
type filterScanner struct {
	text string
	at   int
}

func (s *filterScanner) end() bool { return s.at >= len(s.text) }

// space passes over white space.
func (s *filterScanner) space() {
	for !s.end() {
		r, n := utf8.DecodeRuneInString(s.text[s.at:])
		if !unicode.IsSpace(r) {
			return
		}
		s.at += n
	}
}

// peek is the very next byte; 0 at the end.
func (s *filterScanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.at]
}

// next reads one byte, white space before it left out, if it is that one.
func (s *filterScanner) next(c byte) bool {
	before := s.at
	if s.space(); s.peek() == c {
		s.at++
		return true
	}
	s.at = before
	return false
}

// word reads a word, white space before it left out, if it is that one and stands alone.
func (s *filterScanner) word(w string) bool {
	before := s.at
	s.space()
	if strings.HasPrefix(s.text[s.at:], w) && (s.at+len(w) == len(s.text) || !nameByte(s.text[s.at+len(w)])) {
		s.at += len(w)
		return true
	}
	s.at = before
	return false
}

func nameByte(c byte) bool {
	return c == '_' || c == '-' || c-'0' < 10 || c|0x20-'a' < 26
}

// name reads the name of a parameter; empty if there is none.
func (s *filterScanner) name() string {
	s.space()
	from := s.at
	for !s.end() && nameByte(s.text[s.at]) {
		s.at++
	}
	return s.text[from:s.at]
}

// operator reads an operator; empty if there is none.
func (s *filterScanner) operator() string {
	before := s.at
	if name := s.name(); filterOperators[name] && !s.end() {
		return name
	}
	s.at = before
	return ""
}

// filterOperators are those of the specification's table.
//
// http://hl7.org/fhir/R4/search_filter.html#ops
var filterOperators = map[string]bool{"eq": true, "ne": true, "co": true, "sw": true, "ew": true, "gt": true, "lt": true, "ge": true, "le": true,
	"ap": true, "sa": true, "eb": true, "pr": true, "po": true, "ss": true, "sb": true, "in": true, "re": true}

// value reads a JSON string, or what stands up to white space or a closing bracket.
func (s *filterScanner) value() (string, error) {
	s.space()
	if s.peek() == '"' {
		return s.quoted()
	}
	from := s.at
	for !s.end() {
		r, n := utf8.DecodeRuneInString(s.text[s.at:])
		if unicode.IsSpace(r) || r == ')' || r == ']' {
			break
		}
		s.at += n
	}
	if from == s.at {
		return "", s.wrong("a value is expected")
	}
	return s.text[from:s.at], nil
}

func (s *filterScanner) quoted() (string, error) {
	from := s.at
	for s.at++; !s.end(); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			var text string
			if json.Unmarshal([]byte(s.text[from:s.at]), &text) != nil || text == "" {
				return "", s.wrong("the text before this is no JSON string, or an empty one")
			}
			return text, nil
		}
	}
	s.at = from
	return "", s.wrong("this text has no end")
}

// wrong is the fault that something else is expected where the scanner is.
func (s *filterScanner) wrong(what string) error {
	return fault.New(fault.Invalid, "the filter cannot be read at character %d: %s", utf8.RuneCountInString(s.text[:min(s.at, len(s.text))])+1, what).WithCode("value")
}
