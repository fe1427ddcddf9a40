// SPDX-License-Identifier: Apache-2.0

// Package section says which part of a clinical note a passage of conversation belongs to.
//
// It is a linear classifier over words, pairs of words and who said them, trained on the 1,201 dialogues of MTS-Dialog's training set
// (Ben Abacha and others, 2023; CC BY 4.0). `go generate` trains it anew; the table of weights is weights_gen.bin.
package section

import (
	_ "embed"
	"sync"
)

//go:generate go run galen/internal/scribe/note/section/train -data ../../../../../shared/data/clinical/mts-dialog/MTS-Dialog-TrainingSet.csv -out weights_gen.bin

// Section is a part of a note, as MTS-Dialog names it.
type Section string

// The sections.
const (
	History         Section = "GENHX" // of the present illness
	ChiefComplaint  Section = "CC"
	PastMedical     Section = "PASTMEDICALHX"
	PastSurgical    Section = "PASTSURGICAL"
	FamilyAndSocial Section = "FAM/SOCHX"
	Allergies       Section = "ALLERGY"
	Medications     Section = "MEDICATIONS"
	ReviewOfSystems Section = "ROS"
	Exam            Section = "EXAM"
	Imaging         Section = "IMAGING"
	Labs            Section = "LABS"
	Procedures      Section = "PROCEDURES"
	Assessment      Section = "ASSESSMENT"
	Diagnosis       Section = "DIAGNOSIS"
	Plan            Section = "PLAN"
	Disposition     Section = "DISPOSITION"
	EmergencyCourse Section = "EDCOURSE"
	Immunizations   Section = "IMMUNIZATIONS"
	Gynecologic     Section = "GYNHX"
	Other           Section = "OTHER_HISTORY"
)

// Turn is what one speaker says at a stretch.
type Turn struct {
	Clinician bool
	Text      string
}

//go:embed weights_gen.bin
var weights []byte

var loaded = sync.OnceValue(func() *Model {
	m, err := Decode(weights)
	if err != nil {
		panic("section: the embedded weights: " + err.Error()) // a build that is broken
	}
	return m
})

// Of gives the section that a passage most likely belongs to, and how far it stands before the next one: 0 is undecided.
func Of(turns []Turn) (Section, float64) {
	best, next := loaded().scores(Features(turns))
	return best.Section, best.Score - next.Score
}

// Scored is a section and how well a passage fits it.
type Scored struct {
	Section Section
	Score   float64
}

// Scores gives how well a passage fits each section, in no order.
func Scores(turns []Turn) []Scored { return loaded().all(Features(turns)) }
