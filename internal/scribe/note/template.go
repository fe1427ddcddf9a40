// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"slices"
	"strings"

	"galen/internal/scribe"
)

// layout is a section of a template and the parts that go into it.
type layout struct {
	name  string
	parts []string
	who   voice
}

// voice narrows a section to what one speaker brought up.
type voice uint8

const (
	both voice = iota
	clinicians
	patients
)

var (
	subjective = []string{chiefComplaint, presentIllness, reviewOfSystems, pastMedical, pastFamily, pastSocial}
	objective  = []string{physicalExam, diagnostics}
)

// layouts are the managed templates.
//
// https://docs.aws.amazon.com/connecthealth/latest/userguide/al-templates.html
var layouts = map[string][]layout{
	"HISTORY_AND_PHYSICAL": {{chiefComplaint, []string{chiefComplaint}, both}, {presentIllness, []string{presentIllness}, both},
		{reviewOfSystems, []string{reviewOfSystems}, both}, {pastMedical, []string{pastMedical}, both}, {pastFamily, []string{pastFamily}, both},
		{pastSocial, []string{pastSocial}, both}, {physicalExam, []string{physicalExam}, both}, {diagnostics, []string{diagnostics}, both},
		{assessment, []string{assessment}, both}, {plan, []string{plan}, both}},
	"PHYSICAL_SOAP":   {{"SUBJECTIVE", subjective, both}, {"OBJECTIVE", objective, both}, {assessment, []string{assessment}, both}, {plan, []string{plan}, both}},
	"BEHAVIORAL_SOAP": {{"SUBJECTIVE", subjective, both}, {"OBJECTIVE", objective, both}, {assessment, []string{assessment}, both}, {plan, []string{plan}, both}},
	"DAP":             {{"DATA", slices.Concat(subjective, objective), both}, {assessment, []string{assessment}, both}, {plan, []string{plan}, both}},
	"GIRPP": {{"GOAL", []string{chiefComplaint}, both}, {"INTERVENTION", slices.Concat(subjective, objective), clinicians},
		{"RESPONSE", slices.Concat(subjective, objective), patients}, {"PROGRESS", []string{assessment}, both}, {plan, []string{plan}, both}},
	"BIRP": {{"BEHAVIOR", subjective, patients}, {"INTERVENTION", slices.Concat(subjective, objective), clinicians},
		{"RESPONSE", slices.Concat(objective, []string{assessment}), both}, {plan, []string{plan}, both}},
	"SIRP": {{"SITUATION", subjective, patients}, {"INTERVENTION", slices.Concat(subjective, objective), clinicians},
		{"RESPONSE", slices.Concat(objective, []string{assessment}), both}, {plan, []string{plan}, both}},
}

// lay puts parts into the sections of a template. A sentence stands in one section only, the first that takes it.
func lay(p parts, t scribe.Template) ([]Section, string) {
	sections := layouts[t.Type]
	var notice string
	if t.Custom {
		sections, notice = custom(t)
	}
	taken := map[string]bool{}
	var list []Section
	for _, l := range sections {
		s := Section{Name: l.name, Sentences: []Sentence{}}
		for _, part := range l.parts {
			for _, x := range p[part] {
				if l.who == clinicians && !x.clinician || l.who == patients && x.clinician || taken[x.Text] {
					continue
				}
				taken[x.Text] = true
				x.Part = part
				s.Sentences = append(s.Sentences, x)
			}
		}
		list = append(list, s)
	}
	return list, notice
}

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

// custom makes the sections of a custom template. Without a model its headers are followed, its instructions are not.
func custom(t scribe.Template) ([]layout, string) {
	var list []layout
	var unknown []string
	for _, i := range t.Instructions {
		l := layout{name: i.Header}
		for _, n := range named {
			if n.header.MatchString(i.Header) {
				l.parts = n.parts
				break
			}
		}
		if l.parts == nil {
			unknown = append(unknown, i.Header)
		}
		list = append(list, l)
	}
	notice := "The instructions of the custom template need a model and were not followed; its headers were."
	if len(unknown) > 0 {
		notice += " Nothing could be put under " + strings.Join(unknown, ", ") + "."
	}
	return list, notice
}
