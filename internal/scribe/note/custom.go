// SPDX-License-Identifier: Apache-2.0

package note

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"galen/internal/scribe"
	"galen/internal/scribe/note/reword"
)

// named says which parts a header of a custom template means.
var named = []struct {
	header *regexp.Regexp
	parts  []string
}{
	{regexp.MustCompile(`(?i)chief|complaint|reason|^cc$|goal`), []string{chiefComplaint}},
	{regexp.MustCompile(`(?i)assessmentandplan|assessmentplan|^ap$`), []string{assessment, plan}},
	{regexp.MustCompile(`(?i)assess|impression|diagnos|progress`), []string{assessment}},
	{regexp.MustCompile(`(?i)plan|follow|instruction|recommend|order|nextstep`), []string{plan}},
	{regexp.MustCompile(`(?i)family`), []string{pastFamily}},
	{regexp.MustCompile(`(?i)social`), []string{pastSocial}},
	{regexp.MustCompile(`(?i)review|^ros$|symptom`), []string{reviewOfSystems}},
	{regexp.MustCompile(`(?i)present|^hpi$|interval|situation|behavio`), []string{presentIllness}},
	{regexp.MustCompile(`(?i)past|medicalhistory|surg|allerg|medication|history|^pmh$`), []string{pastMedical}},
	{regexp.MustCompile(`(?i)exam|vital|physical`), []string{physicalExam}},
	{regexp.MustCompile(`(?i)test|result|lab|imaging|diagnosticdata`), []string{diagnostics}},
	{regexp.MustCompile(`(?i)subjective|data`), subjective},
	{regexp.MustCompile(`(?i)objective|response`), objective},
	{regexp.MustCompile(`(?i)summary|note|visit`), slices.Concat(subjective, objective, []string{assessment, plan})},
}

// ofClinicians are the parts that hold what clinicians find, think and intend.
var ofClinicians = []string{physicalExam, diagnostics, assessment, plan}

// ofPatients is what says that a section holds what the patient says.
var ofPatients = regexp.MustCompile(`(?i)patient|client|subjective|report|concern|goal`)

// meant are the parts that a header means; none if it is not known.
func meant(header string) []string {
	for _, n := range named {
		if n.header.MatchString(header) {
			return n.parts
		}
	}
	return nil
}

// custom makes the sections of a custom template, and what the reader must know of them. Headers say what stands where. Instructions are followed by
// the model, if there is one, within what it may do with any note; without it by what they say to write where nothing was said.
func (w *Writer) custom(ctx context.Context, p parts, t scribe.Template) (list []Section, notice string) {
	var sections []layout
	var into []reword.Part
	for _, i := range t.Instructions {
		takes := meant(i.Header)
		sections = append(sections, layout{name: i.Header, parts: takes})
		clinician := takes == nil && !ofPatients.MatchString(i.Header+" "+i.Text) || slices.ContainsFunc(takes, func(part string) bool { return slices.Contains(ofClinicians, part) })
		into = append(into, reword.Part{Name: i.Header, Instruction: i.Text, Clinician: clinician})
	}
	list = lay(p, sections)
	notice = "The instructions of the custom template need a model and were not followed; its headers were."
	if w.Model != nil && len(p) > 0 {
		if failed := w.follow(ctx, p, list, into); failed == "" {
			notice = "The model was given the instructions of the custom template. It may follow them in what stands where and how it is worded; nothing is added or left out for them."
		} else {
			notice = sentence(notice, failed)
		}
	}
	var empty []string
	for k, s := range list {
		if len(s.Sentences) > 0 {
			continue
		}
		if text := instead(t.Instructions[k].Text); text != "" {
			list[k].Sentences = []Sentence{{Text: text, Template: true, Writer: Rules}}
		} else if sections[k].parts == nil {
			empty = append(empty, s.Name)
		}
	}
	if len(empty) > 0 {
		notice += " Nothing could be put under " + strings.Join(empty, ", ") + "."
	}
	return list, notice
}

// follow lets the model word sections by their instructions, in place, what stands in none of them included.
func (w *Writer) follow(ctx context.Context, p parts, list []Section, into []reword.Part) (notice string) {
	byHeader, placed := parts{}, map[string]bool{}
	for _, s := range list {
		byHeader[s.Name] = append(byHeader[s.Name], s.Sentences...)
		for _, x := range s.Sentences {
			placed[x.Text] = true
		}
	}
	for _, part := range partsInOrder {
		for _, x := range p[part.Name] {
			if x.Part = part.Name; !placed[x.Text] {
				byHeader[nowhere] = append(byHeader[nowhere], x)
			}
		}
	}
	notice = w.word(ctx, byHeader, into)
	for k, s := range list { // the first of a name has all
		list[k].Sentences = append([]Sentence{}, byHeader[s.Name]...)
		delete(byHeader, s.Name)
	}
	return notice
}

// literal is what an instruction says to write, in capitals: write INFORMATION NOT FOUND.
var literal = regexp.MustCompile(`\b(?:[Ww]rite|[Pp]ut|[Ss]ay|[Ss]tate|[Uu]se|[Ee]nter)\s+["'` + "`" + `]?([A-Z][A-Z/-]*(?: [A-Z/-]+){1,7})\b`)

// instead is what an instruction says to write where nothing was said; empty if it does not say.
func instead(instruction string) string {
	if m := literal.FindStringSubmatch(instruction); m != nil {
		return m[1]
	}
	return ""
}
