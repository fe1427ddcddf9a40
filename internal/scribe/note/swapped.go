// SPDX-License-Identifier: Apache-2.0

package note

import (
	"strings"

	"galen/internal/scribe/transcript"
)

// What makes it likely that the channels are the wrong way round: of at least fewestSpoken segments of shortestSpoken words, no more than
// seldomRight are said by whom the text alone says.
const (
	fewestSpoken   = 20
	shortestSpoken = 4
	seldomRight    = 0.3
)

// swapped is what a note says then.
const swapped = "The clinician's channel sounds like the patient's, and the patient's like the clinician's: if the channels were the wrong way round, so is this note."

// soundsSwapped reports whether what is said on the channels speaks for their roles being the wrong way round.
func soundsSwapped(segments []transcript.Segment) bool {
	alone := make([]transcript.Segment, len(segments))
	for i, s := range segments {
		alone[i].Content = s.Content
	}
	transcript.Guess(alone)
	right, all := 0.0, 0.0
	for i, s := range segments {
		if s.RoleBy != transcript.ByChannel || len(strings.Fields(s.Content)) < shortestSpoken {
			continue
		}
		if all++; alone[i].Role == s.Role {
			right++
		}
	}
	return all >= fewestSpoken && right <= seldomRight*all
}
