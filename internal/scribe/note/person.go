// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"
)

// subject is how the note speaks of the patient.
type subject struct{ he, him, his, self string }

var (
	male    = subject{"he", "him", "his", "himself"}
	female  = subject{"she", "her", "her", "herself"}
	unknown = subject{"the patient", "the patient", "the patient's", "themselves"}
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
		"seem check monitor drive play exercise experience deny believe prefer like love hate follow sit stand lie bend lift swallow cough throw lose gain give tell ask make put " +
		"show complain report describe remember forget remain appear require suffer tolerate breathe cook travel vape chew inject move reach sound wonder mean call visit wear hear read find") {
		m[v] = v + "s"
	}
	return m
}()

// between may stand between a pronoun and its verb.
var between = map[string]bool{"also": true, "just": true, "really": true, "still": true, "only": true, "never": true, "always": true, "usually": true, "sometimes": true,
	"probably": true, "currently": true, "definitely": true, "occasionally": true, "typically": true, "normally": true, "often": true, "recently": true, "even": true}

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
	agree := false // the next verb is the patient's
	for i, word := range words {
		core := strings.ToLower(strings.TrimRight(word, ",.;?!"))
		tail := word[len(core):]
		joined, isShort := short[core]
		switch {
		case core == me && isObject(words, i, byPatient):
			out = append(out, s.him+tail)
		case core == me:
			out, agree = append(out, s.he+tail), true
			continue
		case isShort && strings.HasPrefix(core, me+"'"):
			if core == me+"'d" && i+1 < len(words) && strings.HasPrefix(strings.ToLower(words[i+1]), "been") {
				joined = "had"
			}
			out = append(out, s.he, joined+tail)
		case core == my:
			out = append(out, s.his+tail)
		case core == mine:
			out = append(out, s.his+tail)
		case byPatient && core == "me":
			out = append(out, s.him+tail)
		case core == self:
			out = append(out, s.self+tail)
		case agree && between[core]:
			out = append(out, word)
			continue
		case agree:
			if v, ok := verbs[core]; ok {
				out = append(out, v+tail)
			} else {
				out = append(out, word)
			}
		default:
			out = append(out, word)
		}
		agree = false
	}
	return strings.Join(out, " ")
}

// isObject reports whether "you" at i is what something is done to: after a preposition or a verb that takes one.
func isObject(words []string, i int, byPatient bool) bool {
	if byPatient || i == 0 {
		return false
	}
	switch strings.ToLower(strings.Trim(words[i-1], ",.;")) {
	case "to", "for", "with", "on", "of", "at", "from", "about", "give", "put", "refer", "see", "send", "start", "tell", "have", "get", "keep", "let", "want", "prescribe", "recommend", "help", "call", "schedule", "need":
		return i+1 >= len(words) || !startsClause(words[i+1])
	}
	return false
}

// startsClause reports whether a word makes a "you" before it a subject.
func startsClause(word string) bool {
	word = strings.ToLower(strings.Trim(word, ",.;?!"))
	_, verb := verbs[word]
	return verb && word != "start" && word != "use" && word != "get" && word != "take" && word != "see" && word != "come" && word != "follow" || word == "had" || word == "can" || word == "will"
}
