// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"
)

// answer is what a short answer says.
type answer uint8

const (
	open answer = iota // it says something of its own
	yes
	no
	empty // it says nothing
)

var (
	saysNo  = regexp.MustCompile(`(?i)^(no|nope|nah|none|negative|never|not really|not at all|nothing|nothing else|neither|(?:i don't|i do not|i haven't|i have not|i'm not|i am not)(?: ?[,.!]|$)|not that i know of|none at all|not that i can think of|no i don't|no i haven't|no not really|no none|no none whatsoever|no no|no sir|no ma'am|absolutely not|definitely not|not yet|not right now)\b[ ,.!]*`)
	saysYes = regexp.MustCompile(`(?i)^(yes|yeah|yep|yup|uh-huh|mm-hmm|mhm|(?:correct|right|exactly|sure)(?: ?[,.!]|$)|yes i do|yes i am|yes i have|(?:i do|i have|i am|i did|i was|it does|it is|it did|that's right|that is right|that's correct)(?: ?[,.!]|$)|definitely|absolutely|of course|sometimes|a little|a little bit|a bit|every now and then|occasionally|once in a while)\b[ ,.!]*`)
	nothing = regexp.MustCompile(`(?i)^[ ,.]*((uh|um|okay|ok|all right|alright|hmm|hi|hello|hey|thanks|thank you|sounds good|good|great|perfect|i see|got it|bye|sure|mm-hmm|no problem|no questions|i think i'm good)\b[ ,.!]*)*$`)
)

// read says what an answer says, and what is left of it after yes or no.
func read(text string) (answer, string) {
	text = strings.TrimSpace(text)
	if m := saysNo.FindString(text); m != "" {
		return no, strings.TrimSpace(text[len(m):])
	}
	if m := saysYes.FindString(text); m != "" {
		text = strings.TrimSpace(text[len(m):])
		if m := saysNo.FindString(text); m != "" { // "yeah, not really"
			return no, strings.TrimSpace(text[len(m):])
		}
		return yes, text
	}
	if nothing.MatchString(text) {
		return empty, ""
	}
	return open, text
}

// about finds what a question asks for: "have you had any fever or chills" asks for "fever or chills".
var about = regexp.MustCompile(`(?i)\b(?:(?:have|had) you (?:had|noticed|experienced|felt|been having|been experiencing|been feeling|ever had|gotten|seen)|do you (?:have|feel|get|notice|experience|take|use|suffer from|ever have|ever feel|ever get)|did you (?:have|notice|feel|get|experience)|are you (?:having|experiencing|feeling|taking|allergic to|noticing|getting)|were you (?:having|feeling)|is there|was there|are there|you have|you've had|you had|you're having|how about|what about|any)\s+(?:any |an |a |some |like |other |the |much |of |history of |problems with |trouble with |issues with )*([^?]*)`)

// asked gives the findings that a question asks for; empty if it asks for something that yes or no does not answer.
func asked(question string) string {
	m := about.FindAllStringSubmatch(question, -1)
	if len(m) == 0 {
		return ""
	}
	topic := m[len(m)-1][1]
	for inner := about.FindStringSubmatch(topic); inner != nil; inner = about.FindStringSubmatch(topic) { // "any symptoms, like, have you had a fever"
		topic = inner[1]
	}
	topic = such.ReplaceAllString(strings.TrimRight(topic, " ,.;?!"), "")
	topic = trailing.ReplaceAllString(topic, "")
	topic = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(topic, "any "), "or "), " ,.;")
	if words := len(strings.Fields(topic)); words == 0 || words > 14 || vague.MatchString(topic) {
		return ""
	}
	return topic
}

var (
	such     = regexp.MustCompile(`(?i)^(?:other )?symptoms[ ,]+(?:such as|like)?[ ,]*`)
	trailing = regexp.MustCompile(`(?i)[ ,]*\b(at all|recently|lately|or anything|anything like that|at this time|right now|today|with that|with this|with it|or no|or not|in general|as well|too|for me|that you know of|these days|before|in the past|currently|or)\s*$`)
	vague    = regexp.MustCompile(`(?i)^(?:your |the |any )*(questions?|else|that|this|it|you|your day|other questions.*|doing.*|how.*|what.*|when.*|going on|concerns?|thoughts?|time|plans.*|(?:a )?surger\w+|medical .*|past .*|allerg\w+|medications?(?: for \w+)?|pets|other.*)$|\b(does|did|do|is (?:that|this|it)|are|me|i|i'm|us|we|my|else|vacation|weekend|summer|holiday|kids?|if|when|feel|see|think|know)\b`)
)

// history is what a clinician asks of the past, in the words of a note.
var history = regexp.MustCompile(`(?i)\b(?:any|have|had|other) (?:other |known |drug |previous |prior |past )*((?:medical|surgical) (?:history|problems|conditions)|surger(?:y|ies)|allerg(?:y|ies)(?: to (?:any )?medications?)?|medications?|medicines?)\b`)

// pastOf makes a statement of a short answer to a question of the past: "Surgeries: appendix.", "Denies allergies."; empty if it is none.
func pastOf(question string, kind answer, text string) string {
	m := history.FindStringSubmatch(question)
	if m == nil || !strings.HasSuffix(question, "?") {
		return ""
	}
	topic := strings.ToLower(m[1])
	short := strings.TrimRight(text, " .")
	switch n := content(text); {
	case kind == no && !strings.HasPrefix(topic, "medic") && n == 0:
		return "Denies " + topic + "."
	case kind == open && n > 0 && n < 3 && len(strings.Fields(text)) < 6 && !strings.ContainsAny(short, ".?!"):
		return capital(topic) + ": " + short + "."
	}
	return ""
}

// declares reports whether a question is a statement that asks to be confirmed: "so you're still taking the metformin?".
var declares = regexp.MustCompile(`(?i)^(you|you're|you've|it|it's|your|the|that|there|he|she|they)\b`)

var (
	beginsAsking = regexp.MustCompile(`(?i)^((and|so|but|then|no|uh|um|like|also)[ ,]+)*((do|did|have|are|were|would|could|can|will|had) (you|they)|(is|was|does|did|has|are|were|do|can|could) (it|that|this|there|the|your|any|he|she)|how (about|long|often|much|many|are|is|has|have|do|does|did|was|were|bad|severe)|what (about|kind|brings|part|do|did|does|is|are|were|was|other|happened|medications?|else)|which|when (did|was|were|do)|where (is|does|do|did|are)|why (do|did|is|are)|any)\b`)
	asksAtEnd    = regexp.MustCompile(`(?i)(?:[ ,]+(?:and|so|but|then|or|okay|sorry))*[ ,]+(?:(?:how|what|when|where|why|which)(?: \w+){0,2} )?(?:(?:do|did|are|were) you|have you (?:\w+ )?(?:ever|had|been|taken|tried|noticed|experienced|gotten|done|felt|seen)|(?:is|does|did|was) (?:it|that|this|the|your)|any other questions|any questions)\b(?: [\w'-]+){0,12}\.$`)
	relative     = regexp.MustCompile(`(?i)\b(if|that|which|who|because|as|than|whether|when|what|how|will|to|would|should|could|can|we|i|they|not|also|just|and|or)$|'(ll|d|ve)$`)
)

// wonders is what a patient asks.
var wonders = regexp.MustCompile(`(?i)^((and|so|but|then|or)[ ,]+)*((is|are|was|does|do|should|can|could|will|would|am|did) (i|you|we|it|that|this|there|the|they)|what|why|how|when|where|which|who)\b.*\?$`)

// untilAsked is what a clinician says before he asks, where a recogniser writes no question marks; empty if all of it asks.
func untilAsked(sentence string) string {
	if strings.HasSuffix(sentence, "?") || beginsAsking.MatchString(sentence) {
		return ""
	}
	if at := asksAtEnd.FindStringIndex(sentence); at != nil && !relative.MatchString(sentence[:at[0]]) {
		return strings.TrimRight(sentence[:at[0]], " ,") + "."
	}
	return sentence
}
