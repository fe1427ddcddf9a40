// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"slices"
	"strings"

	"galen/internal/scribe"
)

// group is a part of the summary.
type group struct {
	begins string // its first sentence
	list   []string
}

// add adds what a sentence of the note says, in short plain ones.
func (g *group) add(text string) {
	for _, short := range shortly(text) {
		if !slices.Contains(g.list, short) {
			g.list = append(g.list, short)
		}
	}
}

var (
	comeBack  = regexp.MustCompile(`(?i)\b(follow[- ]?up|come back|return|see (you|him|her|them|the patient|me|us) (again|in|back)|call (me|us|the (office|clinic))|let (me|us) know|in (about )?(a|an|one|two|three|four|five|six|\d+) (days?|weeks?|months?|years?))\b`)
	medicines = regexp.MustCompile(`(?i)\b(milligrams?|mg|micrograms?|mcg|units|tablets?|pills?|inhaler|puffs?|cream|ointment|prescri\w+|medications?|medicines?|insulin|dose|once a day|twice a day|times a day)\b`)
)

// summaryFile is afterVisitSummary.json, made of the note alone: why the patient came, what was found, the medicines, what is to be done, and when to come
// back, told to the patient in plain words and short sentences.
func summaryFile(v scribe.Visit, n Note) scribe.File {
	why, found := group{begins: "You came in for: "}, group{begins: "What we found: "}
	takes, next, back := group{begins: "Your medicines: "}, group{begins: "What happens next: "}, group{begins: "When to come back or call: "}
	for _, s := range n.Sections {
		for _, x := range s.Sentences {
			if x.Context || x.Template {
				continue
			}
			part := s.Name
			if n.Template == customTemplate {
				part = x.Part
			}
			switch part {
			case chiefComplaint, "GOAL":
				why.list = append(why.list, lower(simple(told(x.Text))))
			case assessment, "PROGRESS":
				found.add(x.toPatient())
			case plan:
				text := x.toPatient()
				switch {
				case comeBack.MatchString(text):
					back.add(text)
				case medicines.MatchString(text):
					takes.add(text)
				default:
					next.add(text)
				}
			}
		}
	}
	var doc struct {
		AfterVisitSummary struct{ SummarizedSegments []summaryLine }
	}
	doc.AfterVisitSummary.SummarizedSegments = summaryLines(n.Silent, why, found, takes, next, back)
	return jsonFile("afterVisitSummary.json", doc)
}

// summaryLine is a sentence of the summary.
type summaryLine struct{ SummarizedSegment string }

func summaryLines(silent bool, groups ...group) []summaryLine {
	var lines []summaryLine
	if silent {
		return []summaryLine{{"Nothing was said in this visit, so there is no summary of it."}}
	}
	for _, g := range groups {
		for i, text := range g.list {
			if i == 0 {
				text = g.begins + text
			}
			lines = append(lines, summaryLine{text})
		}
	}
	if lines == nil {
		return []summaryLine{{"There is nothing to do after this visit. Ask your care team if you are not sure what to do next."}}
	}
	return append(lines, summaryLine{"Call your care team if you have questions or if you feel worse."})
}

// toPatient is a sentence as it is told to the patient: as the clinician said it, if he did.
func (x *Sentence) toPatient() string {
	if x.Said != "" {
		return x.Said
	}
	return told(x.Text)
}

// A sentence for the patient is split after longSaid words where another one begins, unless that leaves fewer than shortSaid.
const (
	longSaid  = 9
	shortSaid = 3
)

var (
	padding   = regexp.MustCompile(`(?i)\b(go ahead and|of course|at this point|at this time|obviously|basically|actually|definitely|really|certainly|essentially|typically|just|in terms of|as far as)\b,? ?`)
	connected = regexp.MustCompile(`(?i)^(and|so|but|then)\b[ ,]*(?:then |so )?`)
)

// shortly gives the short plain sentences of a longer one. The words that joined them are left out, but for "but".
func shortly(text string) []string {
	words := strings.Fields(simple(padding.ReplaceAllString(strings.TrimSuffix(text, "."), "")))
	var list []string
	begin := 0
	cut := func(end int) {
		s := strings.Trim(strings.Join(words[begin:end], " "), " ,;")
		if m := connected.FindString(s); !strings.HasPrefix(strings.ToLower(m), "but") {
			s = s[len(m):]
		}
		if s != "" {
			list = append(list, capital(s)+".")
		}
		begin = end
	}
	for i := shortSaid; i+shortSaid < len(words); i++ {
		if i-begin >= shortSaid && len(words)-begin > longSaid && !condition.MatchString(strings.Join(words[begin:i], " ")) && startsAnew(strings.TrimRight(words[i-1], ",;"), words[i], strings.ToLower(words[i+1])) {
			cut(i)
		}
	}
	cut(len(words))
	return list
}

// condition begins a sentence whose second half depends on the first.
var condition = regexp.MustCompile(`(?i)^(?:and |so |but )?(if|when|once|unless|until|after|before|because|since)\b`)

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

var (
	possessive = regexp.MustCompile(`(?i)\bthe patient's\b`)
	theirs     = regexp.MustCompile(`(?i)\b(his|her)( own)?\b`)
	herself    = regexp.MustCompile(`(?i)\bher( (?:to|and|or|but|in|on|with|at|from|for|as|when|if|every|a|an|the|some|back|again|up|about|until|that|this)\b|[.,;:]|$)`)
	object     = regexp.MustCompile(`(?i)\b(have|put|give|refer|see|send|start|to|for|with|on|get|keep|call|help|asked|ask|want|need|like|told|tell|prescribe|advised|let|of|at|from|about) (him|the patient)\b`)
	theyAre    = regexp.MustCompile(`(?i)\b(he|she|the patient) (is|was|has|does|goes|takes|uses|feels|needs|gets|had|can|will|should|would|may|could|did)\b`)
	they       = regexp.MustCompile(`(?i)\b(he|she|him|the patient)\b`)
)

// toYou gives a verb its form after "you".
var toYou = map[string]string{"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go", "takes": "take", "uses": "use", "feels": "feel", "needs": "need", "gets": "get"}

// told says to the patient what a note says of him.
func told(text string) string {
	text = possessive.ReplaceAllString(text, "your")
	text = object.ReplaceAllString(text, "$1 you")
	text = herself.ReplaceAllString(text, "you$1")
	text = theyAre.ReplaceAllStringFunc(text, func(m string) string {
		verb := m[strings.LastIndexByte(m, ' ')+1:]
		if v, ok := toYou[strings.ToLower(verb)]; ok {
			verb = v
		}
		return "you " + verb
	})
	text = they.ReplaceAllString(text, "you")
	text = theirs.ReplaceAllString(text, "your$2")
	return capital(text)
}
