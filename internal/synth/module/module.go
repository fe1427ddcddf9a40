// SPDX-License-Identifier: Apache-2.0

package module

// None is the number of an attribute or state that is not named.
const None = -1

// Set is modules that run together.
type Set struct {
	Modules    []*Module // those that a person starts with, by name
	Attributes []string  // the names of attributes, by number
}

// Module is one state machine.
type Module struct {
	Name   string // the file's name without .json
	Title  string
	Index  int // its number in the set, those called by others included
	States []State
	Start  int // the state to begin with
}

// Type is what a state does.
type Type uint8

// The types of states.
const (
	Simple Type = iota + 1
	Initial
	Terminal
	Guard
	Delay
	SetAttribute
	Counter
	Encounter
	EncounterEnd
	ConditionOnset
	ConditionEnd
	AllergyOnset
	AllergyEnd
	MedicationOrder
	MedicationEnd
	CarePlanStart
	CarePlanEnd
	Procedure
	VitalSign
	Observation
	MultiObservation
	DiagnosticReport
	Immunization
	Device
	DeviceEnd
	ImagingStudy
	Symptom
	Death
	CallSubmodule
	SupplyList
)

// types are the names of types in files.
var types = map[string]Type{
	"Simple": Simple, "Initial": Initial, "Terminal": Terminal, "Guard": Guard, "Delay": Delay,
	"SetAttribute": SetAttribute, "Counter": Counter, "Encounter": Encounter, "EncounterEnd": EncounterEnd,
	"ConditionOnset": ConditionOnset, "ConditionEnd": ConditionEnd, "AllergyOnset": AllergyOnset, "AllergyEnd": AllergyEnd,
	"MedicationOrder": MedicationOrder, "MedicationEnd": MedicationEnd, "CarePlanStart": CarePlanStart,
	"CarePlanEnd": CarePlanEnd, "Procedure": Procedure, "VitalSign": VitalSign, "Observation": Observation,
	"MultiObservation": MultiObservation, "DiagnosticReport": DiagnosticReport, "Immunization": Immunization,
	"Vaccine": Immunization, "Device": Device, "DeviceEnd": DeviceEnd, "ImagingStudy": ImagingStudy, "Symptom": Symptom,
	"Death": Death, "CallSubmodule": CallSubmodule, "SupplyList": SupplyList,
}

// State is one state, with every name that it uses resolved. Which members mean something is for its type to say.
type State struct {
	Name       string
	Type       Type
	Next       Transition
	Codes      []Code
	Attribute  int // assign_to_attribute, referenced_by_attribute, or attribute
	Refers     int // the state that target_encounter, condition_onset, medication_order and their like name
	ReasonAttr int // reason, read as an attribute
	ReasonFrom int // reason, read as a state

	Allow  *Condition // Guard
	Amount Amount     // how much: of time, of what is measured, of an attribute
	Unit   string     // of Amount as it is recorded
	Value  Value      // SetAttribute and Observation: a value that is no amount
	Vital  string     // the vital sign set or read

	Class    string // encounter_class
	Wellness bool
	Disposal Code // discharge_disposition

	Category  string // of an observation or allergy
	AllergyOf string // allergy_type
	Reactions []Reaction
	Parts     []State // observations that are part of it
	Count     int     // number_of_observations before it that belong to it

	Dose           Dose
	Chronic        bool
	Administration bool
	Activities     []Code
	Series         []Series
	SeriesNumber   int // of an immunization
	Maker, Model   string
	Probability    float64 // that a symptom shows
	Submodule      *Module
}

// Code is a coding.
type Code struct{ System, Code, Display string }

// Value is text, a code, a truth value, or, with all of them empty, nothing.
type Value struct {
	Text string
	Code Code
	Bool bool
	Kind ValueKind
}

// ValueKind says which member of a Value holds.
type ValueKind uint8

// The kinds of values.
const (
	NoValue ValueKind = iota
	TextValue
	CodeValue
	BoolValue
	NilValue // the attribute is taken away
)

// Reaction is one that an allergy may have, with how severe it is by chance.
type Reaction struct {
	Code       Code
	Severities []Chance // Name is low, moderate, severe or none
}

// Chance is a name with its probability.
type Chance struct {
	Name string
	P    float64
}

// Dose is how a drug is to be taken.
type Dose struct {
	AsNeeded          bool
	Amount, Frequency float64
	Period            float64
	PeriodUnit        string // UCUM: h, d, wk, mo
	Refills           int
	DurationDays      float64
	Instructions      []Code
}

// Series is one series of an imaging study.
type Series struct {
	BodySite, Modality Code
	Instances          []Instance
}

// Instance is one image.
type Instance struct {
	Title    string
	SOPClass Code
}

// Kind is how an Amount is distributed.
type Kind uint8

// The distributions.
const (
	NoAmount    Kind = iota
	Exact            // A
	Uniform          // from A to B
	Gaussian         // mean A, standard deviation B, within Min and Max
	Exponential      // mean A
	Triangular       // from A to B, most often C
	Attribute        // that of the attribute Attr
)

// Amount is a number by chance.
type Amount struct {
	Kind     Kind
	A, B, C  float64
	Attr     int
	Min, Max float64 // bounds of a Gaussian, where Min < Max
	Round    bool
	Seconds  float64 // what one of its time unit is; 0 if it is not of time
}

// Transition says what state follows.
type Transition struct {
	Branches []Branch // the first whose If holds is taken
	Table    *Table   // instead of Branches
}

// Branch is states by chance, under a condition.
type Branch struct {
	If   *Condition // nil holds always
	Ways []Way
}

// Way is a state with its probability.
type Way struct {
	To   int
	P    float64
	Attr int // the attribute that has the probability if it is set; None without one
}
