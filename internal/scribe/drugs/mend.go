// SPDX-License-Identifier: Apache-2.0

package drugs

import (
	"slices"
	"strings"

	"galen/internal/scribe/transcript"
)

// Mend gives a segment with the names of drugs in it corrected, and what was heard beside them. Its words are corrected if they are the words of
// its content, one for one.
func (l *Lexicon) Mend(s transcript.Segment) transcript.Segment {
	list := l.Corrections(s.Content)
	if len(list) == 0 {
		return s
	}
	words := strings.Fields(s.Content)
	aligned := len(words) == len(s.Words)
	s.Words = slices.Clone(s.Words)
	var content strings.Builder
	at := 0
	for _, c := range list {
		content.WriteString(s.Content[at:c.Begin])
		begin := content.Len()
		content.WriteString(c.Name)
		s.Mended = append(s.Mended, transcript.Mend{Begin: begin, End: content.Len(), Heard: c.Heard})
		at = c.End
	}
	content.WriteString(s.Content[at:])
	if aligned {
		for _, c := range slices.Backward(list) { // the last first, so that the places of the others stay
			from := len(strings.Fields(s.Content[:c.Begin]))
			if c.Begin > 0 && !strings.HasSuffix(s.Content[:c.Begin], " ") && from > 0 {
				from-- // signs stand before the name
			}
			s.Words = slices.Replace(s.Words, from, from+len(strings.Fields(c.Heard)), joined(s.Words[from:from+len(strings.Fields(c.Heard))], c))
		}
	}
	s.Content = content.String()
	return s
}

// joined is the word that takes the place of several.
func joined(words []transcript.Word, c Correction) transcript.Word {
	w := transcript.Word{Text: c.Name, Begin: words[0].Begin, End: words[len(words)-1].End, Heard: c.Heard, Confidence: words[0].Confidence}
	for _, x := range words {
		w.Confidence = min(w.Confidence, x.Confidence)
	}
	return w
}
