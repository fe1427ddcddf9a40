// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"

	"galen/internal/insights/facts"
)

// Request is what steers a summary.
type Request struct {
	JobID     string
	PatientID string
	Reason    string // why the patient comes
	Pronouns  string // HE_HIM, SHE_HER, THEY_THEM, or empty: by the record's gender
	Specialty string // PRIMARY_CARE, or empty
	Quotes    []Quote
}

// Quote is words of a document that came beside the record.
type Quote struct {
	Document string // its name
	Evidence string
	Text     string
}

// Writer says who wrote a line.
type Writer string

// The writers.
const (
	Rules Writer = "rules" // this package
	Model Writer = "model" // a language model, checked against the facts
)

// Fragment is part of a sentence and what it rests on.
type Fragment struct {
	Text     string
	Evidence []string // Type/id
	Facts    []string // ids of facts
}

// Line is a sentence or a list item.
type Line struct {
	Bullet    bool
	Fragments []Fragment
	Writer    Writer
	Series    *facts.Series // drawn beside the line where there are pictures; usually nil
}

// Text is the line without evidence.
func (l *Line) Text() string {
	var b strings.Builder
	for _, f := range l.Fragments {
		b.WriteString(f.Text)
	}
	return b.String()
}

// Evidence lists what the line rests on, each resource once.
func (l *Line) Evidence() (out []string) {
	for _, f := range l.Fragments {
		for _, e := range f.Evidence {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// Part is a heading with lines.
type Part struct {
	Heading string
	First   bool // on the first screen
	Lines   []Line
}

// Section is one of the five of the output.
type Section struct {
	Name  string // SINCE_LAST_VISIT
	Title string // for people
	Parts []Part
}

// The sections, in their order.
const (
	Overview = "PATIENT_AND_ENCOUNTER_OVERVIEW"
	Since    = "SINCE_LAST_VISIT"
	Trends   = "TRENDS"
	CMS      = "CMS_HCC_CODING_ANALYSIS"
	HHS      = "HHS_HCC_CODING_ANALYSIS"
)

// Summary is a summary before it takes one of its forms.
type Summary struct {
	Request  Request
	Base     *facts.Base
	Sections []Section
}

// FirstScreen lists the parts of the first screen in the order in which they are read.
func (s *Summary) FirstScreen() (out []*Part) {
	sections := []*Section{&s.Sections[0], &s.Sections[1]}
	for _, sec := range sections {
		for i := range sec.Parts {
			if p := &sec.Parts[i]; p.First {
				out = append(out, p)
			}
		}
	}
	// What changed comes right after who it is.
	for i, p := range out {
		if p.Heading == sinceHeading {
			return slices.Insert(slices.Delete(out, i, i+1), 1, p)
		}
	}
	return out
}

// Rest lists the parts that are read on demand: the trends, then the other parts in the order of their sections.
func (s *Summary) Rest() (out []*Part) {
	for _, i := range []int{2, 0, 1, 3, 4} {
		for j := range s.Sections[i].Parts {
			if p := &s.Sections[i].Parts[j]; !p.First {
				out = append(out, p)
			}
		}
	}
	return out
}

// Words counts the words of the first screen, headings included.
func (s *Summary) Words() (n int) {
	for _, p := range s.FirstScreen() {
		n += len(strings.Fields(p.Heading))
		for i := range p.Lines {
			n += len(strings.Fields(p.Lines[i].Text()))
		}
	}
	return n
}

// bullet begins a list item, sentence a sentence of its own.
func bullet() *Line   { return &Line{Bullet: true, Writer: Rules} }
func sentence() *Line { return &Line{Writer: Rules} }

// say adds a fragment that rests on a fact.
func (l *Line) say(text string, f facts.Fact) *Line {
	return l.cite(text, f.ID, f.References()...)
}

// cite adds a fragment that rests on some of a fact's evidence.
func (l *Line) cite(text, fact string, refs ...string) *Line {
	f := Fragment{Text: text, Evidence: refs}
	if fact != "" {
		f.Facts = []string{fact}
	}
	l.Fragments = append(l.Fragments, f)
	return l
}

// state adds a fragment that rests on nothing: that something is not recorded, or what was asked.
func (l *Line) state(text string) *Line {
	l.Fragments = append(l.Fragments, Fragment{Text: text})
	return l
}

// end puts a full stop after the last fragment.
func (l *Line) end() Line {
	if n := len(l.Fragments); n > 0 && !strings.HasSuffix(l.Fragments[n-1].Text, ".") {
		l.Fragments[n-1].Text += "."
	}
	return *l
}

// add puts a line into the part.
func (p *Part) add(l Line) {
	if len(l.Fragments) > 0 {
		p.Lines = append(p.Lines, l)
	}
}

// put adds a part to the section, if it says anything.
func (s *Section) put(p Part) {
	if len(p.Lines) > 0 {
		s.Parts = append(s.Parts, p)
	}
}
