// SPDX-License-Identifier: Apache-2.0

package transcript

import (
	"math"
	"regexp"
	"strings"
)

// cue is a way of speaking and how much it speaks for the clinician (over 0) or the patient (under 0).
type cue struct {
	pattern *regexp.Regexp
	weight  float64
}

var cues = []cue{
	{regexp.MustCompile(`(?i)\b(have you|do you|did you|are you|were you|how long|how often|how about|any (pain|other|history|fever|chest|shortness|nausea|allerg)|what brings|tell me|can you|does it|is there any)\b`), 1.6},
	{regexp.MustCompile(`(?i)\b(i'm going to|i am going to|we're going to|we'll|let's|i'd like to|i want you to|i recommend|prescribe|refer you|follow up|your (blood pressure|labs?|results?|x-?ray|exam|knee|heart|lungs|back)|on exam|take a deep breath|we can|the plan)\b`), 1.5},
	{regexp.MustCompile(`(?i)\b(milligrams?|twice a day|once a day|diagnos\w+|symptoms?|history of|assessment|tenderness|range of motion|murmur|consistent with)\b`), 0.8},
	{regexp.MustCompile(`(?i)\byou('re|'ve|r)?\b`), 0.35},
	{regexp.MustCompile(`\?`), 0.9},
	{regexp.MustCompile(`(?i)\b(i|i'm|i've|my|me|mine)\b`), -0.55},
	{regexp.MustCompile(`(?i)\b(it hurts|hurts|i feel|i've been|i had|i have|i take|i was|my (wife|husband|mom|mother|dad|father|son|daughter|doctor|job|boss|leg|knee|back|head|stomach|chest))\b`), -1.2},
	{regexp.MustCompile(`(?i)^\W*(yes|yeah|yep|no|nope|mm-hmm|uh-huh|not really)\b`), -1.1},
	{regexp.MustCompile(`(?i)^\W*(okay|all right|alright|great|perfect|good|excellent)\b`), 0.6},
	{regexp.MustCompile(`(?i)\b(doctor|doc)\b`), -0.6},
}

// Guess gives a role to each segment that has none, by what is said in it and before it, and says that it is a guess. Segments
// must be in order of time.
func Guess(segments []Segment) {
	last, answer := 0.0, false // the lean of what was said before, and whether it asked something
	for i := range segments {
		s := &segments[i]
		if s.Role != Unknown {
			last, answer = 0, false
			continue
		}
		lean := 0.2 // clinicians say a little more
		for _, c := range cues {
			lean += c.weight * float64(min(2, len(c.pattern.FindAllStringIndex(s.Content, 2))))
		}
		switch {
		case answer:
			lean -= 1.4 // after a question comes an answer
		case last > 0 && len(strings.Fields(s.Content)) < 4:
			lean -= 0.5
		case last < 0:
			lean += 0.5
		}
		s.Role, s.RoleBy = Clinician, ByText
		if lean < 0 {
			s.Role = Patient
		}
		s.RoleFor = math.Round(100/(1+math.Exp(-math.Abs(lean)))) / 100
		last, answer = lean, lean > 0 && asks.MatchString(s.Content)
	}
}

var asks = regexp.MustCompile(`(?i)\?\s*$|\b(have you|do you|did you|are you|how long|any)\b[^.]*$`)
