// SPDX-License-Identifier: Apache-2.0

package note

// Note is what is written of a visit.
type Note struct {
	Template string    `json:"template"` // of the managed templates, or CUSTOM
	Writer   string    `json:"writer"`   // rules, or with them the name of a model: "rules, m"
	Sections []Section `json:"sections"`
	Notice   string    `json:"notice,omitempty"` // what the reader must know
	Silent   bool      `json:"silent,omitempty"` // nothing was said
}

// Section is a part of a note.
type Section struct {
	Name      string     `json:"name"` // as clients know it: CHIEF_COMPLAINT
	Sentences []Sentence `json:"sentences"`
}

// Sentence is one item of a section and where it comes from.
type Sentence struct {
	Text     string   `json:"text"`
	Segments []string `json:"segments,omitempty"` // ids of the segments that say so
	Context  bool     `json:"context,omitempty"`  // it is from what the client knew of the encounter
	Template bool     `json:"template,omitempty"` // it is what the custom template says to write where nothing was said
	Writer   string   `json:"writer"`             // rules, or the name of a model
	Said     string   `json:"said,omitempty"`     // the same as the clinician said it to the patient
	Part     string   `json:"part,omitempty"`     // of a note, that it belongs to: PLAN

	clinician bool // who brought it up
	order     int  // where in the visit, counted from 1; what was known before has none
}

// customTemplate is the Template of notes whose sections the client named.
const customTemplate = "CUSTOM"

// Rules is the Writer of sentences that no model had a hand in.
const Rules = "rules"

// The parts of a note that sentences are put in, before a template takes them.
const (
	chiefComplaint  = "CHIEF_COMPLAINT"
	presentIllness  = "HISTORY_OF_PRESENT_ILLNESS"
	reviewOfSystems = "REVIEW_OF_SYSTEMS"
	pastMedical     = "PAST_MEDICAL_HISTORY"
	pastFamily      = "PAST_FAMILY_HISTORY"
	pastSocial      = "PAST_SOCIAL_HISTORY"
	physicalExam    = "PHYSICAL_EXAMINATION"
	diagnostics     = "DIAGNOSTIC_TESTING"
	assessment      = "ASSESSMENT"
	plan            = "PLAN"
)
