// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"
)

// subject is how the note speaks of the patient.
type subject struct {
	he, him, his, self string
	plural             bool // verbs stand as after "they"
}

var (
	male    = subject{"he", "him", "his", "himself", false}
	female  = subject{"she", "her", "her", "herself", false}
	unknown = subject{"the patient", "the patient", "the patient's", "themselves", false} // once in a sentence, then
	again   = subject{"they", "them", "their", "themselves", true}
)

var (
	isMale   = regexp.MustCompile(`(?i)\b(mr\.?|sir|\d+[- ]year[- ]old (\w+ )?(male|man|gentleman|boy)|years? old (male|man|gentleman|boy))\b`)
	isFemale = regexp.MustCompile(`(?i)\b(mrs\.?|ms\.?|miss|ma'am|\d+[- ]year[- ]old (\w+ )?(female|woman|lady|girl)|years? old (female|woman|lady|girl)|pregnan\w+)\b`)
)

// subjectOf guesses from all that is said how to speak of the patient.
func subjectOf(text string) subject {
	m, f := len(isMale.FindAllString(text, -1)), len(isFemale.FindAllString(text, -1))
	switch {
	case m > f:
		return male
	case f > m:
		return female
	}
	return unknown
}

// verbs that follow "I" or "you" and take an s with "he".
var verbs = func() map[string]string {
	m := map[string]string{"have": "has", "am": "is", "are": "is", "were": "was", "do": "does", "go": "goes", "don't": "does not", "haven't": "has not",
		"aren't": "is not", "weren't": "was not", "try": "tries", "watch": "watches", "wash": "washes", "cry": "cries", "worry": "worries", "carry": "carries",
		"can't": "cannot", "won't": "will not", "didn't": "did not", "wasn't": "was not", "couldn't": "could not", "hadn't": "had not", "wouldn't": "would not"}
	for v := range strings.FieldsSeq("feel take get think know want need use see work eat drink smoke sleep notice hurt live walk run start stop keep say wake come look " +
		"seem check monitor drive play exercise experience deny believe prefer like love hate follow sit stand lie bend lift swallow climb bike cough throw lose gain give tell ask make put " +
		"show tend complain report describe remember forget remain appear require suffer tolerate breathe cook travel vape chew inject move reach sound wonder mean call visit wear hear read find") {
		m[v] = v + "s"
	}
	return m
}()

// between reports whether a word may stand between a pronoun and its verb.
func between(word string) bool {
	switch word {
	case "also", "just", "still", "never", "always", "sometimes", "often", "even", "first", "now", "kind", "sort":
		return true
	}
	return len(word) > 4 && strings.HasSuffix(word, "ly")
}

// auxiliary are the verbs that have the pronoun between them and the verb that is said of it.
var auxiliary = set("do does did can could would will should may might")

// plural are the verbs after "they" that are not those after "I" and "you".
var plural = map[string]string{"am": "are", "was": "were", "wasn't": "were not", "is": "are", "has": "have"}

// short are the pronouns with a verb joined on, and what they become after "he".
var short = map[string]string{"i'm": "is", "you're": "is", "i've": "has", "you've": "has", "i'd": "would", "you'd": "would", "i'll": "will", "you'll": "will"}

// reported tells in the third person what the patient says of himself (byPatient) or what the clinician says to him.
func reported(sentence string, byPatient bool, s subject) string {
	me, mine, my, self := "you", "yours", "your", "yourself"
	if byPatient {
		me, mine, my, self = "i", "mine", "my", "myself"
	}
	words := strings.Fields(sentence)
	var out []string
	told := s
	say := func(word string) { // of the patient, who is named once
		out, told = append(out, word), s
		if s == unknown {
			s = again
		}
	}
	agree := false // the next verb is the patient's
	for i, word := range words {
		plain := strings.TrimRight(word, ",.;?!")
		core, tail := strings.ToLower(plain), word[len(plain):]
		joined, isShort := short[core]
		switch {
		case core == me && isObject(words, i, byPatient):
			say(s.him + tail)
		case core == me:
			say(s.he + tail)
			agree = i == 0 || !auxiliary[strings.ToLower(words[i-1])] // "how long do you have"
			continue
		case isShort && strings.HasPrefix(core, me+"'"):
			if core == me+"'d" && i+1 < len(words) && strings.HasPrefix(strings.ToLower(words[i+1]), "been") {
				joined = "had"
			}
			say(s.he)
			out = append(out, told.agreed(joined)+tail)
		case core == my || core == mine:
			say(s.his + tail)
		case byPatient && core == "me":
			say(s.him + tail)
		case core == self:
			say(s.self + tail)
		case agree && between(core):
			out = append(out, word)
			continue
		case agree:
			out = append(out, told.verb(plain, core)+tail)
		default:
			out = append(out, word)
		}
		agree = false
	}
	return strings.Join(out, " ")
}

// agreed is a verb that was told of "he" as it is told of the subject.
func (s subject) agreed(verb string) string {
	if v, ok := plural[verb]; ok && s.plural {
		return v
	}
	return verb
}

// verb is a word that was said of "I" or "you", which may be a verb, as it is told of the subject. core is the word in small letters.
func (s subject) verb(word, core string) string {
	if s.plural {
		if v, ok := plural[core]; ok {
			return v
		}
	} else if v, ok := verbs[core]; ok {
		return v
	}
	return word
}

// isObject reports whether "you" at i is what something is done to: after a preposition or a verb that takes one.
func isObject(words []string, i int, byPatient bool) bool {
	if byPatient || i == 0 {
		return false
	}
	if words[i] != strings.TrimRight(words[i], ",.;?!") && !strings.HasSuffix(words[i], ",") {
		return true // a sentence ends with it
	}
	next := ""
	if i+1 < len(words) {
		next = strings.ToLower(strings.Trim(words[i+1], ",.;?!"))
	}
	if afterObjects[next] && !joiners[strings.ToLower(words[i-1])] {
		return true
	}
	switch strings.ToLower(strings.Trim(words[i-1], ",.;")) {
	case "have", "let", "make", "help", "watch", "having": // "we'll have you take"
		return next != "had" && next != "been" && next != "ever"
	case "like", "want", "need", "asked", "ask", "advise":
		return next == "to"
	case "seen", "saw", "told", "gave", "given", "started", "examine", "examined", "bothering", "hurting", "bother", "hurt", "helping", "remind", "warn", "treat", "brace", "referred", "to", "for", "with", "on", "of", "at", "from", "about", "give", "put", "refer", "see", "send", "start", "tell", "get", "keep", "prescribe", "recommend", "call", "schedule":
		return i+1 >= len(words) || !startsClause(words[i+1])
	}
	return false
}

// afterObjects are words that hardly follow a subject.
var afterObjects = set("a an the some any in on at to for with there here up out off back this that more as or")

// startsClause reports whether a word makes a "you" before it a subject.
func startsClause(word string) bool {
	word = strings.ToLower(strings.Trim(word, ",.;?!"))
	_, verb := verbs[word]
	return verb && word != "start" && word != "use" && word != "get" && word != "take" && word != "see" && word != "come" && word != "follow" || word == "had" || word == "can" || word == "will"
}
