// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is the part of a note that a sentence stands in.
type place uint8

const (
	anywhere   place = iota // the note has no headings
	assessment              // what the clinician concludes
	reasoning               // why, below a problem of the assessment
	plan
	complaint
	history
	past
	elsewhere // where nothing is named that the patient has now, or nothing that a clinician concludes: examination, family, tests
)

// weight is how far what a part names is believed.
var weight = map[place]float64{anywhere: 0.9, assessment: 1, reasoning: 0.9, plan: 0.9, complaint: 0.85, history: 0.8, past: 0.7}

// sentence is a stretch of the note.
type sentence struct {
	begin, end int // bytes
	place      place
	line       int // its number, for what stands beside it
}

// headings tell the parts; the first that fits.
var headings = []struct {
	pattern *regexp.Regexp
	place   place
}{
	{regexp.MustCompile(`family|social|surgical|allerg|medication|review of systems|^ros$|exam|vital|objective|results?$|^labs?|imaging|diagnostic (testing|studies)|procedure|immuni|instructions?$|` +
		`education|counsel|agreement|additional testing|referral|medical treatment|screening|health maintenance|^pe$|response|intervention|goal|gyn`), elsewhere},
	{regexp.MustCompile(`reasoning`), reasoning},
	{regexp.MustCompile(`assessment|impression|diagnos[ei]s$|conclusion|^a ?(/|and|&) ?p$`), assessment},
	{regexp.MustCompile(`plan|recommendation|follow.?up|disposition`), plan},
	{regexp.MustCompile(`complaint|^cc$|reason for (the )?visit|presenting problem`), complaint},
	{regexp.MustCompile(`past|medical history|^pmhx?$|problem list|^history$`), past},
	{regexp.MustCompile(`history|^hpi$|subjective|^data$|situation|behavior|progress|interval|course`), history},
}

// headingOf tells whether text is a heading and of what part.
func headingOf(text string) (place, bool) {
	text = strings.ToLower(strings.Trim(text, " \t\r#*:•-"))
	if text == "" || len(text) > 60 {
		return 0, false
	}
	for _, h := range headings {
		if h.pattern.MatchString(text) {
			return h.place, true
		}
	}
	return 0, false
}

// sentences splits a note. Headings are not among them; a label before a colon acts on its line.
func sentences(note string) []sentence {
	var list []sentence
	now, number := anywhere, 0
	for at := 0; at < len(note); number++ {
		end := at + strings.IndexByte(note[at:], '\n')
		if end < at {
			end = len(note)
		}
		begin, here := at, now
		at = end + 1
		line := note[begin:end]
		switch label, rest, cut := strings.Cut(line, ":"); {
		case isHeading(line):
			if p, ok := headingOf(line); ok {
				now = p
			} else {
				now = elsewhere
			}
			continue
		case cut && len(strings.Fields(label)) <= 5:
			p, ok := headingOf(label)
			loud := strings.TrimSpace(label) == strings.ToUpper(strings.TrimSpace(label))
			if !ok || now == elsewhere && !loud {
				break // "Impression:" of a picture is no assessment
			}
			begin, here = end-len(rest), p
			if loud { // "IMPRESSION: …" begins a part
				now = p
			}
		}
		list = cutLine(list, note, begin, end, here, number)
	}
	return list
}

// isHeading reports whether a line is nothing but a heading: in capitals, marked as one, or a known one that ends in a colon.
func isHeading(line string) bool {
	text := strings.TrimSpace(line)
	bare := strings.TrimSpace(strings.TrimRight(text, ":"))
	if bare == "" || len(bare) > 60 || strings.HasSuffix(bare, ".") {
		return false
	}
	if strings.HasPrefix(text, "#") {
		return true
	}
	_, known := headingOf(bare)
	letters := strings.ContainsFunc(bare, unicode.IsLetter)
	return letters && bare == strings.ToUpper(bare) && (known || !strings.ContainsAny(bare, "0123456789,")) && len(bare) > 1 && known ||
		known && strings.HasSuffix(text, ":") && len(strings.Fields(bare)) <= 5
}

// maxSentence is where a sentence without an end is cut, in bytes.
const maxSentence = 1500

// cutLine appends the sentences of a line.
func cutLine(list []sentence, note string, begin, end int, p place, number int) []sentence {
	from := begin
	for i := begin; i < end; i++ {
		if c := note[i]; c != '.' && c != '?' && c != '!' && c != ';' && (c != ' ' || i-from < maxSentence) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(note[i+1:])
		if i+1 < end && !unicode.IsSpace(next) && note[i] != ' ' {
			continue // "7.5"
		}
		list = append(list, sentence{from, i + 1, p, number})
		from = i + 1
	}
	if strings.TrimSpace(note[from:end]) != "" {
		list = append(list, sentence{from, end, p, number})
	}
	return list
}
