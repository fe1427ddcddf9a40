// SPDX-License-Identifier: Apache-2.0

package note

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/note/reword"
)

// partsInOrder are the parts of a note in the order in which a model is given them.
var partsInOrder = []reword.Part{{Name: chiefComplaint}, {Name: presentIllness}, {Name: reviewOfSystems}, {Name: pastMedical}, {Name: pastFamily}, {Name: pastSocial},
	{Name: physicalExam, Clinician: true}, {Name: diagnostics, Clinician: true}, {Name: assessment, Clinician: true}, {Name: plan, Clinician: true}}

// patience is how long a note waits for a model, if the Writer does not say.
const patience = time.Minute

// word lets the model word what was said, in place, and gives what the reader must know of it. What the client knew before the visit
// stays as it is and is not given to the model. What stands in no part may be put into one.
func (w *Writer) word(ctx context.Context, p parts, into []reword.Part) (notice string) {
	var lines []reword.Line
	var from []Sentence
	for _, part := range append(slices.Clip(into), reword.Part{Name: nowhere}) {
		for _, x := range p[part.Name] {
			if !x.Context {
				lines = append(lines, reword.Line{Part: part.Name, Text: x.Text, Segments: x.Segments, Clinician: x.clinician})
				from = append(from, x)
			}
		}
	}
	taken, _, err := reword.Ask(ctx, w.Model, cmp.Or(w.Patience, patience), lines, into)
	p.replace(from, taken, w.Model.Name())
	switch {
	case err == nil:
		return ""
	case len(taken) == 0:
		return "The language model could not be used (" + string(fault.KindOf(err)) + "): the note is written by rules."
	}
	return "The language model could not be used for all of the note (" + string(fault.KindOf(err)) + "): the rest is written by rules."
}

// nowhere is the part of what no section of a template takes.
const nowhere = ""

// replace puts the sentences of a model where the lines were that they take the place of.
func (p parts) replace(from []Sentence, taken []reword.Sentence, writer string) {
	gone := map[int]bool{} // orders of the sentences that are replaced
	for _, t := range taken {
		for _, i := range t.Lines {
			gone[from[i].order] = true
		}
	}
	for part, list := range p {
		p[part] = slices.DeleteFunc(list, func(s Sentence) bool { return gone[s.order] })
	}
	for _, t := range taken {
		first := from[t.Lines[0]]
		s := Sentence{Text: capital(t.Text), Writer: writer, Part: first.Part, clinician: first.clinician, order: first.order}
		for _, i := range t.Lines {
			s.order = min(s.order, from[i].order)
			for _, id := range from[i].Segments {
				if !slices.Contains(s.Segments, id) {
					s.Segments = append(s.Segments, id)
				}
			}
		}
		p[t.Part] = append(p[t.Part], s)
	}
	for _, list := range p {
		slices.SortStableFunc(list, func(a, b Sentence) int { return cmp.Compare(a.place(), b.place()) })
	}
}

// place is where a sentence stands in its part: what was known before comes last.
func (s *Sentence) place() int {
	if s.Context {
		return math.MaxInt
	}
	return s.order
}
