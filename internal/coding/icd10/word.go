// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	"slices"
	"strings"
	"unicode"
)

// word is a word of a text.
type word struct {
	text       string // in lower case, singular, numbers as figures
	begin, end int    // bytes
	kind       kindOfWord
}

// kindOfWord is what a word is to the naming of conditions.
type kindOfWord uint8

const (
	content kindOfWord = iota
	filler             // says nothing: "of", "the"
	wall               // nothing is named across it: "no", a comma
)

// split makes words of text. What stands between words and is more than blanks and hyphens is a wall.
func split(text string) []word {
	var list []word
	begin := -1
	flush := func(end int) {
		if begin >= 0 {
			w := normal(text[begin:end])
			list = append(list, word{w, begin, end, kindOf(w)})
			begin = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || (r == '\'' || r == '’') && begin >= 0:
			if begin < 0 {
				begin = i
			}
		default:
			flush(i)
			if !unicode.IsSpace(r) && r != '-' && r != '/' && r != '–' {
				list = append(list, word{begin: i, end: i + len(string(r)), kind: wall})
			}
		}
	}
	flush(len(text))
	for i := range len(list) - 1 {
		if text[list[i].begin] == ',' && qualifies[list[i+1].text] {
			list[i].kind = filler // "kidney disease, stage 4"
		}
	}
	return list
}

// qualifies are words that go with what stands before a comma.
var qualifies = set("stage type class unspecified uncomplicated mild moderate severe uncontrolled")

var figures = map[string]string{"i": "1", "ii": "2", "iii": "3", "iv": "4", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
	"iiia": "3a", "iiib": "3b"}

// normal is the form of a word that texts and titles share.
func normal(w string) string {
	w = strings.ToLower(strings.ReplaceAll(w, "’", "'"))
	w = strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(w, "'"), "'s"), "'", "")
	if f, ok := figures[w]; ok {
		return f
	}
	switch {
	case len(w) > 5 && strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case len(w) > 4 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		return w[:len(w)-1]
	}
	return w
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var (
	fillers = set("of in on the a an to by at for with and or his her their my your its is as side sided involving")
	walls   = set("no not without but denies denied deny never nor neither except due secondary because from caused versus vs then which who that status after before if when while")
)

func kindOf(w string) kindOfWord {
	switch {
	case fillers[w]:
		return filler
	case walls[w]:
		return wall
	}
	return content
}

// key names what words of content name, in whatever order; empty if one of them comes twice.
func key(words []string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	if len(slices.Compact(slices.Clone(words))) != len(words) {
		return ""
	}
	return strings.Join(words, " ")
}
