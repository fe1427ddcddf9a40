// SPDX-License-Identifier: Apache-2.0

package note

import "slices"

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
func lay(p parts, sections []layout) []Section {
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
	return list
}
