// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"

	"galen/internal/scribe/transcript"
)

// turn is what one speaker says until the other does.
type turn struct {
	clinician bool
	pieces    []piece
	text      string // cleaned
	raw       string
}

// turnsOf brings the segments of each speaker together. Who is not known to be the patient counts as the clinician only if a role
// says so.
func turnsOf(segments []transcript.Segment) []turn {
	var list []turn
	for _, s := range segments {
		clinician := s.Role == transcript.Clinician
		n := len(list)
		if n > 1 && list[n-2].clinician == clinician && brokenOff(list[n-2].raw) && hums.MatchString(list[n-1].raw) { // the other one only hummed
			list[n-2].raw = strings.TrimRight(list[n-2].raw, " -")
			list = list[:n-1]
			n--
			s.Content = strings.TrimLeft(s.Content, " .,")
		}
		if n > 0 && list[n-1].clinician == clinician {
			list[n-1].pieces = append(list[n-1].pieces, newPiece(s.ID, s.Content))
			if goesWith.MatchString(s.Content) && !strings.ContainsAny(last(list[n-1].raw), "?!") {
				list[n-1].raw = strings.TrimSuffix(list[n-1].raw, ".")
			}
			list[n-1].raw += " " + stop(s.Content)
			continue
		}
		list = append(list, turn{clinician: clinician, pieces: []piece{newPiece(s.ID, s.Content)}, raw: stop(s.Content)})
	}
	for i := range list {
		list[i].text = clean(list[i].raw)
	}
	return list
}

// goesWith is how a segment begins that goes on with the one before, whatever the pause: how much and how often.
var goesWith = regexp.MustCompile(`^(once|twice|(one|two|three|four|\d+) times|every|daily|a day|per|at (night|bedtime)|by mouth|until|milligrams?|mg|micrograms?|units|tablets?|as needed|with food)\b`)

// last is the sign that a text ends with.
func last(text string) string {
	if text == "" {
		return ""
	}
	return text[len(text)-1:]
}

// hums are turns that only say that one listens.
var hums = regexp.MustCompile(`(?i)^[ ,.]*((okay|mm-hmm|mm-hm|uh-huh|hmm|all right|alright|right|sure|gotcha|i see)[ ,.]*)*$`)

// brokenOff reports whether a turn ends within a sentence, after a whole word.
func brokenOff(text string) bool {
	word := text[strings.LastIndexByte(text, ' ')+1:]
	return len(word) > 4 && strings.HasSuffix(word, "-")
}

// statement is a sentence that may go into the note.
type statement struct {
	text      string // as it would be written
	said      string // the same as it was said to the patient; empty of what the patient said
	source    string // as it was said, or answered
	clinician bool   // who said it, or asked
	answered  bool   // it is made of a question and its answer
	denied    bool   // of one that was answered with no
	segments  []string
	place     string
	about     string  // the problem that it is under: "for his back pain"
	toYou     string  // the same, to the patient: "for your back pain"
	at        float64 // where in the visit, 0 to 1
}

// stop ends what a recogniser wrote without punctuation: each of its segments is a sentence. What breaks off is left open.
func stop(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text, ".?!") || strings.HasSuffix(text, "-") {
		return text
	}
	return text + "."
}

// statements makes sentences of the turns: what is said is told in the third person, and what is asked and answered becomes one
// statement.
func statements(turns []turn, s subject) []statement {
	var list []statement
	for i, t := range turns {
		at := float64(i) / float64(max(1, len(turns)-1))
		said := sentences(t.text)
		if t.clinician {
			list = append(list, t.told(said, at, s)...)
			continue
		}
		var question string
		if i > 0 {
			question = lastQuestion(turns[i-1])
		}
		list = append(list, t.answers(question, previous(turns, i), at, s)...)
	}
	return list
}

func previous(turns []turn, i int) *turn {
	if i == 0 {
		return &turn{}
	}
	return &turns[i-1]
}

// lastQuestion is the question that a turn ends with. What follows a pause in one's speech, "any fever, or-", counts as one.
func lastQuestion(t turn) string {
	said := sentences(t.text)
	if len(said) == 0 {
		return ""
	}
	last := said[len(said)-1]
	if strings.HasSuffix(last, "?") || asked(last) != "" && len(strings.Fields(last)) < 20 {
		return last
	}
	return ""
}

// longestFragment is how many words an answer has at most that is told with its question.
const longestFragment = 8

// fragment reports whether an answer is no sentence by itself.
func fragment(s string) bool {
	words := strings.Fields(s)
	return content(s) > 0 && len(words) <= longestFragment && !strings.HasSuffix(s, "?") && qualifies[strings.ToLower(strings.TrimRight(words[0], ",.;"))]
}

// qualifies are the words that such an answer begins with: when, where, how much.
var qualifies = set("sometimes occasionally mostly mainly usually only especially at in on when after before during since for about every once twice a little some maybe probably from with all both left right around")

// told are the statements of a clinician's turn; questions are left to their answers.
func (t *turn) told(said []string, at float64, s subject) []statement {
	var list []statement
	for _, sentence := range said {
		if sentence = untilAsked(sentence); sentence == "" {
			continue
		}
		list = append(list, statement{text: reported(sentence, false, s), said: sentence, source: sentence, clinician: true, segments: t.evidence(sentence), at: at})
	}
	return list
}

// answers are the statements of a patient's turn after a question.
func (t *turn) answers(question string, asker *turn, at float64, s subject) []statement {
	kind, rest := read(t.text)
	var list []statement
	both := united(asker.evidence(question), t.answered(kind))
	if topic := asked(question); topic != "" && (kind == no || kind == yes) {
		verb := "Reports "
		if kind == no {
			verb = "Denies "
		}
		text := verb + reported(topic, false, s)
		if first := sentences(rest); kind == yes && len(first) > 0 && fragment(first[0]) { // "yes, sometimes at night"
			both = united(both, t.evidence(first[0]))
			text += ", " + strings.TrimSuffix(uncapital(reported(first[0], true, s)), ".")
			rest = strings.Join(first[1:], " ")
		}
		list = append(list, statement{text: text + ".", source: question, clinician: true, answered: true,
			denied: kind == no, segments: both, at: at})
	} else if kind == yes && question != "" && declares.MatchString(question) {
		list = append(list, statement{text: reported(strings.TrimSuffix(question, "?")+".", false, s), source: question, clinician: true, answered: true,
			segments: both, at: at})
	}
	if past := pastOf(question, kind, rest); past != "" && len(list) == 0 {
		return []statement{{text: reported(past, true, s), source: question, clinician: true, answered: true, place: pastMedical, segments: united(asker.evidence(question), t.answered(kind)), at: at}}
	}
	if kind == open {
		rest = t.text
	}
	for _, sentence := range sentences(rest) {
		if wonders.MatchString(sentence) {
			continue
		}
		list = append(list, statement{text: reported(strings.TrimSuffix(sentence, "?"), true, s), source: question + " " + sentence, segments: t.evidence(sentence), at: at})
	}
	return list
}
