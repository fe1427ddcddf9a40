// SPDX-License-Identifier: Apache-2.0

package life

import (
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

// None is no entry, and no moment.
const None = -1

// Life is the record of a person. Times are Unix seconds; an end of 0 is none yet.
type Life struct {
	Person        people.Person
	End           int64 // death or now
	Dead          bool
	Cause         module.Code // of death, if it is known
	Encounters    []Encounter
	Conditions    []Condition
	Allergies     []Allergy
	Medications   []Medication
	CarePlans     []CarePlan
	Procedures    []Procedure
	Observations  []Observation
	Reports       []Report
	Immunizations []Immunization
	Devices       []Device
	Studies       []Study
}

// Encounter is a visit or a stay.
type Encounter struct {
	Class       string // wellness, ambulatory, outpatient, inpatient, emergency, urgentcare, virtual, home, snf, hospice
	Code        module.Code
	Start, Stop int64
	Reason      int // a condition
	Discharge   module.Code
}

// Condition is a problem. Encounter is the one that it was diagnosed in; one that never was is not Diagnosed.
type Condition struct {
	Codes       []module.Code
	Start, Stop int64
	Encounter   int
	Diagnosed   bool
	Recorded    int64
}

// Allergy is an intolerance.
type Allergy struct {
	Codes          []module.Code
	Kind, Category string
	Start, Stop    int64
	Encounter      int
	Reactions      []Reaction
}

// Reaction is one that an allergy showed.
type Reaction struct {
	Code     module.Code
	Severity string // mild, moderate or severe
}

// Medication is a drug ordered.
type Medication struct {
	Codes       []module.Code
	Start, Stop int64
	Encounter   int
	Reason      int // a condition
	State       *module.State
}

// CarePlan is a plan of care.
type CarePlan struct {
	Codes, Activities []module.Code
	Start, Stop       int64
	Encounter         int
	Reason            int
}

// Procedure is something done.
type Procedure struct {
	Codes       []module.Code
	Start, Stop int64
	Encounter   int
	Reason      int
}

// Observation is something measured, or with Parts some things at once.
type Observation struct {
	Codes     []module.Code
	Category  string
	At        int64
	Encounter int
	Result    Result
	Parts     []Part
}

// Part is a component.
type Part struct {
	Codes  []module.Code
	Result Result
}

// Result is a value: a number with a unit, a code or a text.
type Result struct {
	Kind   module.ValueKind // NoValue with HasNumber is a number
	Number float64
	Digits int // after the point
	Unit   string
	Code   module.Code
	Text   string
}

// Report is a diagnostic report on observations.
type Report struct {
	Codes       []module.Code
	At          int64
	Encounter   int
	First, Last int // observations [First, Last)
}

// Immunization is a shot.
type Immunization struct {
	Codes     []module.Code
	At        int64
	Encounter int
	Series    int
}

// Device is one put into use.
type Device struct {
	Codes        []module.Code
	Maker, Model string
	Start, Stop  int64
	Encounter    int
}

// Study is pictures taken.
type Study struct {
	Codes     []module.Code
	At        int64
	Encounter int
	Series    []module.Series
}

// reset empties the record and keeps its room.
func (l *Life) reset(p people.Person) {
	*l = Life{
		Person: p, Encounters: l.Encounters[:0], Conditions: l.Conditions[:0], Allergies: l.Allergies[:0],
		Medications: l.Medications[:0], CarePlans: l.CarePlans[:0], Procedures: l.Procedures[:0],
		Observations: l.Observations[:0], Reports: l.Reports[:0], Immunizations: l.Immunizations[:0],
		Devices: l.Devices[:0], Studies: l.Studies[:0],
	}
}

// Age is the age in years at a time.
func (l *Life) Age(at int64) float64 { return float64(at-l.Person.Birth) / people.Year }
