// SPDX-License-Identifier: Apache-2.0

package note

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/llm"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/note/section"
	"galen/internal/scribe/transcript"
)

// Writer writes the documents of visits, by rules; a model may word what the rules wrote. It is a scribe.Writer, and safe for concurrent use.
type Writer struct {
	// Model words the note, if there is one; what it says is checked, and without it or its answer the note is whole too.
	Model *llm.Model
	// Patience is how long a note waits for the model in all; a minute if zero.
	Patience time.Duration
	// Recogniser is what hears, for what documents say of it.
	Recogniser asr.Info
}

// guessed is what a note says whose audio had one channel.
const guessed = "Who spoke is a guess from what was said."

// silence is what documents say where nothing was said.
const silence = "Nothing was said in this session."

// Of writes the note of a visit. It does not fail because of the model: Note.Notice says if it could not be used.
func (w *Writer) Of(ctx context.Context, v scribe.Visit) Note {
	n := Note{Template: v.Session.Config.Template.Type, Writer: Rules, Notice: v.Session.Notice}
	if v.Session.Config.Template.Custom {
		n.Template = customTemplate
	}
	p := parts{}
	if len(v.Segments) == 0 {
		n.Silent = true
		n.Notice = sentence(n.Notice, silence)
	} else {
		n.Notice = sentence(n.Notice, corrected(v.Segments))
		if slices.ContainsFunc(v.Segments, func(s transcript.Segment) bool { return s.RoleBy == transcript.ByText }) {
			n.Notice = sentence(n.Notice, guessed)
		}
		if soundsSwapped(v.Segments) {
			n.Notice = sentence(n.Notice, swapped)
		}
		p = compose(v.Segments)
		if w.Model != nil && !v.Session.Config.Template.Custom {
			n.Notice = sentence(n.Notice, w.word(ctx, p, partsInOrder))
		}
	}
	known(p, v.Session.Config.Context)
	if v.Session.Config.Template.Custom {
		var notice string
		n.Sections, notice = w.custom(ctx, p, v.Session.Config.Template)
		n.Notice = sentence(n.Notice, notice)
	} else {
		n.Sections = lay(p, layouts[v.Session.Config.Template.Type])
	}
	if w.Model != nil && n.by(w.Model.Name()) {
		n.Writer = Rules + ", " + w.Model.Name()
	}
	return n
}

// manyCorrected is how many corrected names a note lists.
const manyCorrected = 12

// corrected says which names of drugs are not as they were heard; empty if all are.
func corrected(segments []transcript.Segment) string {
	var list []string
	for _, s := range segments {
		for _, m := range s.Mended {
			if one := fmt.Sprintf("%s (heard: %q)", strings.ToLower(s.Content[m.Begin:m.End]), m.Heard); !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	if len(list) == 0 {
		return ""
	}
	rest := ""
	if more := len(list) - manyCorrected; more > 0 {
		list, rest = list[:manyCorrected], fmt.Sprintf(" and %d more", more)
	}
	return "Names of drugs were corrected after hearing, which may be wrong: " + strings.Join(list, ", ") + rest + "."
}

// by reports whether a writer wrote a sentence of the note.
func (n *Note) by(writer string) bool {
	return slices.ContainsFunc(n.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Sentences, func(x Sentence) bool { return x.Writer == writer })
	})
}

// written says to people who wrote the note.
func (n *Note) written() string {
	_, model, ok := strings.Cut(n.Writer, ", ")
	if !ok {
		return "Written by rules from what was said. A clinician must read it before it is used."
	}
	return "Written by rules from what was said; the sentences marked " + mark + " were worded by the language model " + model +
		" and checked against it. A clinician must read it before it is used."
}

// mark stands after a sentence that a model worded.
const mark = "\u25c7"

// sentence adds one to a text.
func sentence(text, more string) string {
	if text == "" || more == "" {
		return text + more
	}
	return text + " " + more
}

// known puts what the client knew of the encounter before it into the parts, a line or a sentence at a time, as it stands.
func known(p parts, context string) {
	place := presentIllness
	for _, line := range lines(context) {
		if s, lead := section.Of([]section.Turn{{Text: line}}); lead > decided {
			place = partOf(s, place)
		}
		p[place] = append(p[place], Sentence{Text: line, Context: true, Writer: Rules, clinician: true})
	}
}

// partOf is the part of a note that holds a section.
func partOf(s section.Section, otherwise string) string {
	switch s {
	case section.ChiefComplaint, section.History:
		return presentIllness
	case section.PastMedical, section.PastSurgical, section.Allergies, section.Medications, section.Immunizations, section.Gynecologic, section.Other:
		return pastMedical
	case section.FamilyAndSocial:
		return pastSocial
	case section.ReviewOfSystems:
		return reviewOfSystems
	case section.Exam:
		return physicalExam
	case section.Labs, section.Imaging, section.Procedures:
		return diagnostics
	}
	return otherwise
}

// Transcript gives transcript.json.
func (w *Writer) Transcript(_ context.Context, v scribe.Visit) ([]scribe.File, error) {
	return []scribe.File{transcriptFile(v)}, nil
}

// Note gives clinicalDoc.json and beside it the note as Markdown, as a page, and as FHIR.
func (w *Writer) Note(ctx context.Context, v scribe.Visit) ([]byte, []scribe.File, error) {
	n := w.Of(ctx, v)
	own, err := json.Marshal(n)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "a note cannot be encoded")
	}
	return own, []scribe.File{documentFile(v, n), markdownFile(v, n), pageFile(v, n), fhirFile(v, n)}, nil
}

// Text gives a note in the Writer's own form as the text of note.md.
func (w *Writer) Text(v scribe.Visit, note []byte) (string, error) {
	var n Note
	if err := json.Unmarshal(note, &n); err != nil {
		return "", fault.Wrap(fault.Internal, err, "a note cannot be read")
	}
	return string(markdownFile(v, n).Body), nil
}

// Summary gives afterVisitSummary.json, made of the note alone.
func (w *Writer) Summary(_ context.Context, v scribe.Visit, note []byte) ([]scribe.File, error) {
	var n Note
	if err := json.Unmarshal(note, &n); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a note cannot be read")
	}
	return []scribe.File{summaryFile(v, n)}, nil
}
