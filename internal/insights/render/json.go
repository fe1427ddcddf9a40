// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"time"
)

type fileJSON struct {
	PatientSummaries []patientSummaries
	TotalCount       int
	GeneratedAt      string
	HccIncluded      bool
}

type patientSummaries struct{ PatientSummary patientSummary }

type patientSummary struct {
	JobID       string `json:"JobId"`
	SummaryType string
	PatientID   string `json:"PatientId"`
	GeneratedAt string
	Sections    []sectionJSON
}

type sectionJSON struct {
	SectionName       string
	ClinicalNarrative []fragmentJSON
}

type fragmentJSON struct {
	Text     string
	Evidence []string
}

// JSON is the summary as clients of the original read it: the texts of a section, put together, are Markdown. A bullet
// begins with "* ", every line ends with a line break, and headings have no evidence.
func (s *Summary) JSON(at time.Time) []byte {
	// The original writes local times without a zone, to the microsecond.
	now := at.UTC().Format("2006-01-02T15:04:05.000000")
	p := patientSummary{JobID: s.Request.JobID, SummaryType: "Pre-visit", PatientID: s.Request.PatientID, GeneratedAt: now}
	for i := range s.Sections {
		p.Sections = append(p.Sections, s.Sections[i].json())
	}
	return encode(fileJSON{PatientSummaries: []patientSummaries{{p}}, TotalCount: 1, GeneratedAt: now, HccIncluded: true})
}

func (s *Section) json() sectionJSON {
	out := sectionJSON{SectionName: "# " + s.Name + "\n", ClinicalNarrative: []fragmentJSON{}}
	for i := range s.Parts {
		p := &s.Parts[i]
		if s.Name == Overview {
			out.ClinicalNarrative = append(out.ClinicalNarrative, fragmentJSON{"## " + p.Heading + "\n", []string{}})
		}
		for j := range p.Lines {
			out.ClinicalNarrative = p.Lines[j].json(out.ClinicalNarrative)
		}
	}
	return out
}

func (l *Line) json(dst []fragmentJSON) []fragmentJSON {
	for i, f := range l.Fragments {
		text := f.Text
		if i == 0 && l.Bullet {
			text = "* " + text
		}
		if i == len(l.Fragments)-1 {
			text += "\n"
		}
		evidence := f.Evidence
		if evidence == nil {
			evidence = []string{}
		}
		dst = append(dst, fragmentJSON{text, evidence})
	}
	return dst
}

// encode writes v as JSON for people and programs: indented, and letters as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // plain structs of strings
	}
	return b.Bytes()
}

// Facts is the fact base with the lines of the summary, each with who wrote it and the facts it tells.
func (s *Summary) Facts() []byte {
	type line struct {
		Section string   `json:"section"`
		Text    string   `json:"text"`
		Writer  Writer   `json:"writer"`
		Facts   []string `json:"facts"`
	}
	out := struct {
		Base  any    `json:"facts"`
		Lines []line `json:"lines"`
	}{Base: s.Base, Lines: []line{}}
	for i := range s.Sections {
		for _, p := range s.Sections[i].Parts {
			for j := range p.Lines {
				l := &p.Lines[j]
				out.Lines = append(out.Lines, line{s.Sections[i].Name, l.Text(), l.Writer, l.facts()})
			}
		}
	}
	return encode(out)
}

func (l *Line) facts() []string {
	out := []string{}
	seen := map[string]bool{}
	for _, f := range l.Fragments {
		for _, id := range f.Facts {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}
