// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"
)

// Clinicians go through problems: "for your first problem, your back pain. i'd like to …". What is found and done stands under its problem: "For his
// back pain: …".

var ofProblem = regexp.MustCompile(`(?i)^(?:from a, )?(?:for|as for|regarding|with) (?:his|her|their|your|the patient's|the) (?:first|second|third|fourth|fifth|next|last|other|final|1st|2nd|3rd|4th)(?: problem| issue| concern| diagnosis| one)?,? ` +
	`?(?:of |is |which is )?((?:his|her|their|your|the patient's|the|a|an) )?([^,.]+?)(?:, (.*?))?\.?$`)

// headings is the problem that clinicians are at, and the parts of the note that have not named it yet.
type headings struct {
	named    string // in the third person
	said     string // to the patient
	segments []string
	left     int // statements that it may still stand over
	parts    map[string]bool
}

// goesOn is how many statements a problem stands over at most, unless they name another.
const goesOn = 4

// longestProblem is how many words the name of a problem has at most.
const longestProblem = 8

// over puts a statement under the problem that it is about, once in each part. It is false for one that only names a problem.
func (h *headings) over(s *statement) bool {
	if !s.clinician || s.answered {
		return true
	}
	if m := ofProblem.FindStringSubmatch(s.text); m != nil && len(strings.Fields(m[2])) <= longestProblem {
		said := ofProblem.FindStringSubmatch(s.said)
		if said == nil {
			return true
		}
		*h = headings{named: "for " + m[1] + m[2], said: "for " + said[1] + said[2], segments: s.segments, left: goesOn, parts: map[string]bool{}}
		s.text, s.said = m[3], said[3]
		if m[3] == "" {
			return false
		}
	}
	if h.left == 0 || s.place != plan && s.place != assessment {
		return true
	}
	h.left--
	if !h.parts[s.place] && s.worth() {
		h.parts[s.place] = true
		s.about, s.toYou = h.named, h.said
		s.segments = united(h.segments, s.segments)
	}
	return true
}
