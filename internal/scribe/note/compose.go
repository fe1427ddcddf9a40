// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"

	"galen/internal/scribe/transcript"
)

// parts are what is said, in the parts of a note.
type parts map[string][]Sentence

// compose writes the parts of a note.
func compose(segments []transcript.Segment) parts {
	turns := turnsOf(segments)
	var all strings.Builder
	for _, t := range turns {
		all.WriteString(t.raw + " ")
	}
	who := subjectOf(all.String())
	list := statements(turns, who)
	place(list)
	out := parts{}
	seen := map[string]bool{}
	order := 0
	for _, s := range list {
		if !s.worth() {
			continue
		}
		text := finish(s)
		if key := strings.ToLower(text); text == "" || seen[key] {
			continue
		}
		seen[strings.ToLower(text)] = true
		order += 2
		out[s.place] = append(out[s.place], Sentence{Text: text, Segments: s.segments, Writer: Rules, clinician: s.clinician, order: order})
		if c := complaint(s); c != "" && len(out[chiefComplaint]) == 0 {
			out[chiefComplaint] = []Sentence{{Text: c, Segments: s.segments, Writer: Rules, clinician: s.clinician, order: order - 1}}
		}
	}
	return out
}

// stopWords are words that say nothing by themselves.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an the and or but if so to of in on at for with from by as is are was were be been am do does did have has had i you he she it we they me him her us them my your his its our their " +
		"this that these those there here what which who when where how why not no yes can could will would should may might just like get got go going know think really very much more some any all too also then than " +
		"about up down out over again okay well good great sure right now today thing things little bit lot kind sort way let's let i'm you're it's that's don't i'll we'll we're i've you've he's she's gonna want make see look say said tell come patient patient's reports denies") {
		m[w] = true
	}
	return m
}()

// content are the words of a text that say something.
func content(text string) int {
	n := 0
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '\'') }) {
		if !stopWords[w] {
			n++
		}
	}
	return n
}

var smallTalk = regexp.MustCompile(`(?i)^(hi|hello|good morning|good afternoon)\b|\b(nice to (meet|see)|good to see|how are you|have a (good|great|nice)|any questions|see you|take care|thank you|thanks|you're welcome|weather|vacation|birthday|i'll be right back|check you out|finalize the report|let me know|i'll let you know|do you mind|is that okay|sounds like a plan|tell dax|about dax|the nurse told|does that sound|go ahead and (do|take)|let me (go|take|do|see|look|just|check)|i'm (just )?going to (take|do|go|look|listen|check|press|push|examine))\b`)

// worth reports whether a statement says enough to be written down.
func (s *statement) worth() bool {
	if smallTalk.MatchString(s.source) && !introduces.MatchString(s.source) {
		return false
	}
	n := content(s.text)
	if s.answered {
		return n >= 1
	}
	return n >= 3
}

var (
	hedges     = regexp.MustCompile(`(?i)^(i think|i believe|i would say|it looks like|it seems like|it sounds like|i know|i see|i understand|i remember|i noticed|i do see|i do hear|i can see|i hear|what i|as far as|in terms of|you see|let's go ahead and|go ahead and|the plan is to|my recommendation (is|would be)( that)?( to)?|at this point|on exam|on physical exam(ination)?|in reviewing the results of)[ ,]+`)
	recommends = regexp.MustCompile(`(?i)^(recommend|suggest)( that)? (we|he|she|the patient)( will| should)? `)
	intend     = regexp.MustCompile(`(?i)^(i'm going to|i am going to|we're going to|we are going to|i'd like to|i would like to|i want to|we'll|i'll|we will|i will|let's|we can|we should|i'm just going to|i also want to|i also would like to|i do want to)( also| just| go ahead and)* `)
)

// finish gives a statement as it is written.
func finish(s statement) string {
	text := strings.TrimSuffix(strings.TrimSpace(s.text), ".")
	for range 2 {
		text = hedges.ReplaceAllString(text, "")
		text = strings.TrimLeft(text, " ,")
	}
	if s.clinician && !s.answered {
		if m := intend.FindString(text); m != "" {
			text = "We will " + recommends.ReplaceAllString(text[len(m):], "")
		}
	}
	if text == "" {
		return ""
	}
	return capital(Figures(text)) + "."
}

var reason = regexp.MustCompile(`(?i)\b(?:here|in|presents?|presenting|comes? in|came in|seen|today)(?: today| to the \w+| to \w+)* (?:for|with|because of|complaining of)(?: an| a| the| some| his| her| my| their| evaluation of| evaluation for)* ([a-z0-9' -]+)`)

// complaint is why the patient came, if a statement says so.
func complaint(s statement) string {
	if s.at > 0.35 {
		return ""
	}
	m := reason.FindStringSubmatch(s.source)
	if m == nil {
		return ""
	}
	text := ends.ReplaceAllString(m[1], "")
	if n := len(strings.Fields(text)); n == 0 || n > 10 || content(text) == 0 {
		return ""
	}
	return capital(Figures(strings.TrimSpace(text))) + "."
}

// ends are the words with which something else begins.
var ends = regexp.MustCompile(`(?i)\b(so|and (i|he|she|you|we|it)|today|i|you|we|that|which|because|who|when)\b.*$`)
