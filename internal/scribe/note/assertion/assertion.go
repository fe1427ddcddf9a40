// SPDX-License-Identifier: Apache-2.0

// Package assertion says how a sentence speaks of a finding: as being there or not, as of the past, of somebody else, or of what may come.
//
// It follows the NegEx and ConText algorithms (Chapman and others, 2001 and 2009): trigger phrases act on the words before or
// after them, up to a word that ends their reach or the end of the sentence. It is made for clinical reports; in conversations a
// question's findings have to be brought to the answer first.
package assertion

import (
	"strings"
	"unicode"
)

// Status is how a finding is spoken of. The zero Status is a finding that the patient has now.
type Status struct {
	Negated      bool // it is not there
	Possible     bool // it may be there
	Hypothetical bool // it may come: "return if you have fever"
	Historical   bool // it was there before
	Other        bool // somebody else has it: the family
}

// token is a word or a sign of a sentence.
type token struct {
	text       string // lower case
	begin, end int    // bytes
}

// tokens splits a sentence.
func tokens(sentence string) []token {
	var list []token
	begin := -1
	flush := func(end int) {
		if begin >= 0 {
			list = append(list, token{strings.ToLower(sentence[begin:end]), begin, end})
			begin = -1
		}
	}
	for i, r := range sentence {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '-' && begin >= 0:
			if begin < 0 {
				begin = i
			}
		default:
			flush(i)
			if !unicode.IsSpace(r) {
				list = append(list, token{string(r), i, i + len(string(r))})
			}
		}
	}
	flush(len(sentence))
	return list
}

// How many words a trigger acts on at most.
const (
	reach     = 40 // after it
	reachBack = 8  // before it
)

// Of says how sentence speaks of what stands at its bytes from begin up to end.
func Of(sentence string, begin, end int) Status {
	words := tokens(sentence)
	first, last := span(words, begin, end)
	if first < 0 {
		return Status{}
	}
	var s Status
	for i := 0; i < len(words); {
		limit := len(words)
		if i < first {
			limit = first - i // a phrase that reaches into the finding is the finding's
		}
		t, n := match(words[i:], limit)
		if n == 0 {
			i++
			continue
		}
		if acts(words, t, i, n, first, last) {
			s.set(t.means)
		}
		i += n
	}
	return s
}

// span is the first and the last word that touch the bytes from begin to end; -1 if none does.
func span(words []token, begin, end int) (first, last int) {
	first, last = -1, -1
	for i, w := range words {
		if w.end <= begin || w.begin >= end {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	return first, last
}

func (s *Status) set(m meaning) {
	switch m {
	case negates:
		s.Negated = true
	case doubts:
		s.Possible = true
	case supposes:
		s.Hypothetical = true
	case recalls:
		s.Historical = true
	case names:
		s.Other = true
	}
}

// acts reports whether the trigger of n words at i reaches the words from first to last.
func acts(words []token, t trigger, i, n, first, last int) bool {
	switch {
	case t.means == nothing:
		return false
	case i >= first && i+n-1 <= last: // part of the finding's own name: "no-show", "absence seizure"
		return false
	case t.after && i+n <= first:
		return first-(i+n) < reach && !ended(words[i+n:first], t.means)
	case t.before && i > last:
		return i-last <= reachBack && !ended(words[last+1:i], t.means) && !colon(words[last+1:i])
	}
	return false
}

// ended reports whether a word between a trigger and a finding ends the trigger's reach.
func ended(between []token, m meaning) bool {
	for i := range between {
		if n := terminator(between[i:], m); n > 0 {
			return true
		}
	}
	return false
}

// colon reports whether a new heading begins between a finding and a trigger after it.
func colon(between []token) bool {
	for i, w := range between {
		if w.text == ":" && i > 0 {
			return true
		}
	}
	return false
}
