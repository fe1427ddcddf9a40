// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spoken text is brought into order: apostrophes joined, hesitations and repetitions taken out, split into sentences.

var (
	spaced    = regexp.MustCompile(` +([.,;:?!])`)
	apart     = regexp.MustCompile(`\b(do|does|did|is|are|was|were|has|have|had|ca|wo|would|could|should|must|need) n't\b`)
	lemme     = regexp.MustCompile(`\b(lem me|lemme)\b`)
	gone      = regexp.MustCompile(`\b(gon na|gonna)\b`)
	want      = regexp.MustCompile(`\b(wan na|wanna)\b`)
	cut       = regexp.MustCompile(`(^|[ ,.])[a-z']+-([ ,.]|$)`)
	ellipsis  = regexp.MustCompile(`\s*\.\.\.+\s*`)
	commas    = regexp.MustCompile(`(\s*,)+`)
	hesitates = regexp.MustCompile(`(?i)(,\s*)?\b(uh-huh|um-hum|mm-hmm|mm-hm|hmm|mhm|uh|um|er|ah|oh|huh|you know what i mean|you know|i mean|kind of like|kind of|sort of|kinda|sorta|basically|honestly|obviously|like i said|i guess|let's see|i would say|i'd say|or anything like that|or something like that|and stuff like that|and things like that|and stuff|and everything)\b(\s*,)?`)
	alone     = regexp.MustCompile(`(?i)(^|[.?!,;]) *(okay|ok|all right|alright|gosh|wow|well|actually|good|great|perfect)( *[,.?!;]| *$)`)
	doubled   = regexp.MustCompile(`([.?!;])[ ,]*[,;]`)
	dangling  = regexp.MustCompile(`,\s*([.?!])`)
	command   = regexp.MustCompile(`(?i)\b(hey[ ,]*)?dragon[ ,]*(show|order|finalize|pull|open|display|please)[^.?!]*[.?!]?`)
	address   = regexp.MustCompile(`(?i)\b(hey|okay|hi)?[ ,]*dragon\b[ ,]*`)
	leading   = regexp.MustCompile(`(?i)^(((so|and|but|then|or|now|because|well|also|okay|ok|alright|all right|wow|yeah|yep|hmm+|again|anyway|anyways|let's see|hey)\b[ ,.]*)|(right|good|great|sure|perfect|excellent|fine|thanks|thank you|no problem|sounds good|that's good|that's great|great question|absolutely|please)([,.]+ *|$))+`)
	breath    = regexp.MustCompile(`(?i) (?:okay|alright|all right)(?: (?:so|and|yeah|no|then|well|great|good))* `)
)

// clean gives what is said without what is only sound.
func clean(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "–", "-", "—", " - ").Replace(text)
	text = apart.ReplaceAllString(text, "${1}n't")
	text = lemme.ReplaceAllString(text, "let me")
	text = gone.ReplaceAllString(text, "going to")
	text = want.ReplaceAllString(text, "want to")
	text = command.ReplaceAllString(text, " ")
	text = address.ReplaceAllString(text, " ")
	text = ellipsis.ReplaceAllString(text, ", ")
	text = hesitates.ReplaceAllString(text, " ")
	for range 2 {
		text = alone.ReplaceAllString(text, "$1$3")
	}
	for range 2 {
		text = cut.ReplaceAllString(text, "$1$2")
	}
	text = strings.Join(strings.Fields(text), " ")
	text = spaced.ReplaceAllString(text, "$1")
	text = commas.ReplaceAllString(text, ",")
	text = doubled.ReplaceAllString(text, "$1")
	text = dangling.ReplaceAllString(text, "$1")
	return unrepeat(text)
}

// unrepeat takes out words and pairs of words that are said again at once: "in, in, in the" and "you have, you have".
func unrepeat(text string) string {
	words := strings.Fields(text)
	bare := func(i int) string { return strings.ToLower(strings.Trim(words[i], ",.;")) }
	var out []string
	for i := 0; i < len(words); i++ {
		if first, rest, ok := strings.Cut(words[i], "-"); ok && first != "" && strings.EqualFold(first, strings.TrimRight(shortened.ReplaceAllString(rest, ""), ",.;?!")) { // i-i, i-i'd
			words[i] = rest
		}
		if i+1 < len(words) && bare(i) == bare(i+1) && bare(i) != "" && (bare(i) != "had" && bare(i) != "that" || strings.HasSuffix(words[i], ",")) && !strings.ContainsAny(words[i], ".?!") {
			continue
		}
		if i+3 < len(words) && bare(i) == bare(i+2) && bare(i+1) == bare(i+3) && !strings.ContainsAny(words[i]+words[i+1], ".?!") {
			i++
			continue
		}
		out = append(out, words[i])
	}
	return strings.Join(out, " ")
}

var shortened = regexp.MustCompile(`'\w+`)

// titles are the words that a full stop does not end a sentence after.
var titles = map[string]bool{"dr": true, "mr": true, "mrs": true, "ms": true, "st": true, "vs": true}

// sentences splits cleaned text. What ends a sentence stays with it.
func sentences(text string) []string {
	var list []string
	begin := 0
	for i, r := range text {
		if r != '.' && r != '?' && r != '!' {
			continue
		}
		next, _ := utf8.DecodeRuneInString(text[i+1:])
		word := text[begin:i]
		word = strings.ToLower(word[strings.LastIndexByte(word, ' ')+1:])
		if i+1 < len(text) && !unicode.IsSpace(next) || r == '.' && (titles[word] || len(word) == 1 && word != "i") {
			continue
		}
		list = append(list, text[begin:i+1])
		begin = i + 1
	}
	list = append(list, text[begin:])
	var kept []string
	for _, s := range list {
		for _, s = range breaths(s) {
			if s = trim(s); s != "" {
				kept = append(kept, s)
			}
		}
	}
	return kept
}

// A sentence of more than longBreath words is split where one takes breath, if what is before has shortBreath words.
const (
	longBreath  = 30
	shortBreath = 6
)

// breaths splits what a recogniser that knows no full stops took for one sentence.
func breaths(s string) []string {
	if len(strings.Fields(s)) <= longBreath {
		return []string{s}
	}
	var list []string
	for _, piece := range breath.Split(s, -1) {
		words := strings.Fields(piece)
		if len(words) <= longBreath {
			list = append(list, piece)
			continue
		}
		begin := 0
		for i := shortBreath; i+2 < len(words); i++ {
			if i-begin >= shortBreath && startsAnew(words[i-1], words[i], words[i+1]) {
				list = append(list, strings.Join(words[begin:i], " ")+".")
				begin = i
			}
		}
		list = append(list, strings.Join(words[begin:], " "))
	}
	return list
}

// startsAnew reports whether a word between two begins a sentence where nothing else tells.
func startsAnew(before, word, next string) bool {
	switch strings.ToLower(word) {
	case "so":
		return starters[next]
	case "and", "but", "now", "then":
		return starters[next] && !owners[next] && !joiners[before]
	case "i'm", "we're", "i'd":
		return (next == "going" || next == "also" || next == "like") && !joiners[before]
	case "let's":
		return !joiners[before]
	}
	return false
}

var (
	starters = set("i i'm i'll i'd i've we we're we'll you you're you'll your let's they they're it it's that's there there's for on then the my")
	owners   = set("your the my on for")
	joiners  = set("and but so that what if because which when where who as until than then while since how are were have do did")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// trim takes away what a sentence begins with and does not say anything.
func trim(s string) string {
	s = strings.Trim(s, " ,;-\"")
	question := strings.HasSuffix(s, "?")
	for {
		short := strings.TrimLeft(leading.ReplaceAllString(s, ""), " ,.;-")
		if short == s {
			break
		}
		s = short
	}
	s = strings.TrimRight(s, " ,.;-?!")
	if s == "" {
		return ""
	}
	if question {
		return s + "?"
	}
	return s + "."
}

// capital gives a sentence with its first letter and the word i as capitals.
func capital(s string) string {
	s = lonelyI.ReplaceAllString(s, "I")
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

var lonelyI = regexp.MustCompile(`\bi\b`)
