// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"slices"
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
	return written(list)
}

// written writes the statements that say enough, each once. What names a problem of the plan begins the sentence after it.
func written(list []statement) parts {
	out := parts{}
	seen := map[string]bool{}
	order := 0
	problems := headings{}
	for _, s := range list {
		if !problems.over(&s) || !s.worth() {
			continue
		}
		text := s.finish(s.text, s.about)
		if key := strings.ToLower(text); text == "" || seen[key] || out.says(s.place, text) {
			continue
		}
		seen[strings.ToLower(text)] = true
		order += 2
		x := Sentence{Text: text, Segments: s.segments, Writer: Rules, clinician: s.clinician, order: order}
		if s.said != "" && (s.place == plan || s.place == assessment) {
			if x.Said = s.finish(s.said, s.toYou); x.Said == text {
				x.Said = ""
			}
		}
		out[s.place] = append(out[s.place], x)
		if c := complaint(s); c != "" && len(out[chiefComplaint]) == 0 {
			out[chiefComplaint] = []Sentence{{Text: c, Segments: s.segments, Writer: Rules, clinician: s.clinician, order: order - 1}}
		}
	}
	return out
}

// says reports whether a sentence that stands in a part already has all that a text says.
func (p parts) says(part, text string) bool {
	words := slices.DeleteFunc(contents(text), func(w string) bool { return w == "order" || w == "prescribe" })
	return len(words) > 0 && slices.ContainsFunc(p[part], func(x Sentence) bool {
		had := contents(x.Text)
		return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(had, w) })
	})
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

// contents are the words of a text that say something, and those that deny.
func contents(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '\'' || r == '.' || r == '/')
	})
	for i, w := range words {
		words[i] = strings.Trim(w, ".'/")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" || stopWords[w] && !denies[w] })
}

var denies = map[string]bool{"no": true, "not": true, "don't": true, "never": true, "denies": true, "without": true}

// content is how many words of a text say something.
func content(text string) int {
	n := 0
	for _, w := range contents(text) {
		if !denies[w] {
			n++
		}
	}
	return n
}

var (
	smallTalk = regexp.MustCompile(`(?i)^(hi|hello|good morning|good afternoon)\b|^show me\b|\b(nice to (meet|see)|good to see|how are you|have a (good|great|nice)|any (other )?questions|see you|take care|thank you|thanks|you're welcome|weather|vacation|birthday|i'll be right back|check you out|finalize the report|let me know|i'll let you know|do you mind|is that okay|sounds like a plan|tell dax|about dax|the nurse told|does that sound|go ahead and (do|take)|let me (go|take|do|see|look|just|check)|i'm (just )?going to (take|do|go|look|listen|check|press|push|examine)|hear me (talk|call)\w* |physical exam template|how does that sound)\b`)
	announces = regexp.MustCompile(`(?i)^(let's|we'll|we will|i'll|i will|i'd like to|i would like to|i want to|i just want to|we're (just )?going to|i'm (just )?going to|we are going to|gonna)( just| go ahead and| also| quickly)* (start (by|with)|take a (quick |little )?(look|listen|peek)|look at|have a (quick )?look|go over|talk (a little bit )?(about|through)|review|(do|perform) (a |an |my |your )?(quick )?(physical )?exam\w*|examine|check your|move on|discuss|start)\b`)
	commands  = regexp.MustCompile(`(?i)^(just )?(kick|push|press|squeeze|lift|raise|bend|straighten|turn|lay|lie|hop|breathe|take a deep breath|hold|relax|open|close|follow my|pull|wiggle|touch|look (up|down|at|right|left|over))\b.*\b(me|my|up|down|here|there|back|this|that|out|breath|eyes?|mouth|head|legs?|arms?|hands?|fingers?|toes)\b`)
)

// finds is how a short sentence says what an examination found.
var finds = regexp.MustCompile(`(?i)\b(no|not|normal|clear|intact|negative|positive|soft|tender|stable|regular)\b|n't\b`)

// worth reports whether a statement says enough to be written down.
func (s *statement) worth() bool {
	if smallTalk.MatchString(s.source) && !introduces.MatchString(s.source) {
		return false
	}
	if s.clinician && !s.answered && len(strings.Fields(s.source)) < 14 && (s.announces() || commands.MatchString(s.source)) {
		return false
	}
	n := content(s.text)
	if s.answered || (s.place == physicalExam || s.place == diagnostics) && s.clinician && finds.MatchString(s.source) && examWords.MatchString(s.source+" "+s.text) {
		return n >= 1
	}
	return n >= 3
}

var (
	hedges     = regexp.MustCompile(`(?i)^(that means|i think|i believe|i would say|it looks like|it seems like|it sounds like|i know|i see|i understand|i remember|i noticed|i do see|i do hear|i can see|i hear|what i|as far as|in terms of|you see|let's go ahead and|go ahead and|the plan is to|my recommendation (is|would be)( that)?( to)?|at this point|on exam|on physical exam(ination)?|in reviewing the results of)(?: that)?[ ,]+`)
	recommends = regexp.MustCompile(`(?i)^(recommend|suggest)( that)? (we|he|she|the patient)( will| should)? `)
	intend     = regexp.MustCompile(`(?i)^(i'm going to|i am going to|we're going to|we are going to|i'd like to|i would like to|i want to|we'll|i'll|we will|i will|let's|we can|we should|i'm just going to|i also want to|i also would like to|i do want to)( also| just| go ahead and)* `)
)

// dangles are words that a sentence does not end with: it was broken off there.
var (
	dangles = regexp.MustCompile(`(?i)[ ,]+(and|or|but|so|because|the|a|an|of|to|for|with|in|at|from|that|which|who|if|when|than|as|based|like|is|are|was|were|my|your|his|her|their|(which|that) (could|would|might|may|can|will|should)( make| be| cause)?)$`)
	person  = regexp.MustCompile(`\b(mr|mrs|ms|dr|Mr|Mrs|Ms|Dr)(\.?) ([a-z])`)
)

// finish gives what a statement says as it is written, under a problem if there is one.
func (s *statement) finish(text, about string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	for range 2 {
		text = hedges.ReplaceAllString(text, "")
		text = strings.TrimLeft(text, " ,")
	}
	for range 3 {
		text = dangles.ReplaceAllString(text, "")
	}
	if s.clinician && !s.answered {
		if m := intend.FindString(text); m != "" {
			text = "We will " + recommends.ReplaceAllString(text[len(m):], "")
		}
	}
	if text = strings.TrimRight(unrepeat(text), " ,-"); text == "" {
		return ""
	}
	if about != "" {
		text = about + ": " + uncapital(text)
	}
	text = person.ReplaceAllStringFunc(text, func(m string) string { return capital(m[:len(m)-1]) + strings.ToUpper(m[len(m)-1:]) })
	return capital(Figures(text)) + "."
}

// uncapital begins a text small, but for words that are always begun large.
func uncapital(text string) string {
	if first, _, _ := strings.Cut(text, " "); first == "I" || strings.HasPrefix(first, "I'") || len(first) > 1 && strings.ToUpper(first) == first {
		return text
	}
	return lower(text)
}

// announces reports whether a clinician only says what he will do next.
func (s *statement) announces() bool {
	return !orders.MatchString(s.source) && (announces.MatchString(s.source) || announces.MatchString(intend.ReplaceAllString(s.source, "")))
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
