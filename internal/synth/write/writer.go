// SPDX-License-Identifier: Apache-2.0

package write

import (
	"galen/internal/synth/chance"
	"galen/internal/synth/life"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

// kind is what an id is of.
type kind uint8

const (
	ofPatient kind = iota + 1
	ofEncounter
	ofCondition
	ofAllergy
	ofMedication
	ofAdministration
	ofCarePlan
	ofCareTeam
	ofProcedure
	ofObservation
	ofReport
	ofImmunization
	ofDevice
	ofStudy
	ofNote
	ofNoteReport
	ofClaim
	ofDrugClaim
	ofBenefit
	ofDrugBenefit
	ofProvenance
	ofOrganization
	ofLocation
	ofPractitioner
	ofRole
)

// Line is one resource: the bytes up to End that the line before left.
type Line struct {
	Type string
	End  int
}

// Writer gives lives as FHIR.
type Writer struct {
	world *World
	buf   []byte
	lines []Line

	life   *life.Life
	key    uint64
	random chance.Stream
	since  int64  // what ended before is left out
	kept   []bool // encounters that are written
	place  *place
	doctor int // the practitioner who is seen at check-ups
	text   []byte
}

// NewWriter makes a writer for the people of a world.
func NewWriter(w *World) *Writer { return &Writer{world: w} }

// begin begins a resource with its profiles, if it has some.
func (w *Writer) begin(resource string, u id, profiles ...string) {
	w.s(`{"resourceType":"`)
	w.s(resource)
	w.s(`","id":"`)
	w.buf = u.append(w.buf)
	w.s(`","meta":{`)
	for i, p := range profiles {
		if i == 0 {
			w.s(`"profile":["`)
		} else {
			w.s(`","`)
		}
		w.s(usCore)
		w.s(p)
	}
	if len(profiles) > 0 {
		w.s(`"],`)
	}
	w.s(`"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":"test health data"}]}`)
	w.lines = append(w.lines, Line{Type: resource})
}

const usCore = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

// finish ends a resource.
func (w *Writer) finish() {
	w.s("}\n")
	w.lines[len(w.lines)-1].End = len(w.buf)
}

// Life writes the record of the nth person, without what ended more than some years before its end. The bytes, lines that
// end in a line feed, are good until the next call.
func (w *Writer) Life(n int, l *life.Life, years int) ([]byte, []Line) {
	w.buf, w.lines, w.life = w.buf[:0], w.lines[:0], l
	w.key = personKey(w.world.seed, n)
	w.random = chance.New(w.world.seed, 3, uint64(n))
	w.since = l.Person.Birth
	if years > 0 {
		w.since = max(w.since, l.End-int64(years)*people.Year)
	}
	w.place = w.world.byCity[l.Person.City]
	w.doctor = w.random.Int(len(w.place.clinic.staff))
	w.keep()
	w.patient()
	for i := range l.Encounters {
		if w.kept[i] {
			w.encounter(i)
		}
	}
	w.conditions()
	w.allergies()
	w.medications()
	w.plans()
	w.procedures()
	w.observations()
	w.reports()
	w.immunizations()
	w.devices()
	w.studies()
	for i := range l.Encounters {
		if w.kept[i] {
			w.note(i)
			w.claim(i)
		}
	}
	w.provenance()
	return w.buf, w.lines
}

func personKey(seed uint64, n int) uint64 { return chance.Mix(chance.Mix(seed)*31 + uint64(n) + 1<<48) }

// keep marks the encounters that are written: those in time, and those that something written points at.
func (w *Writer) keep() {
	l := w.life
	w.kept = w.kept[:0]
	for i := range l.Encounters {
		e := &l.Encounters[i]
		w.kept = append(w.kept, e.Start >= w.since && l.Within(e.Start))
	}
	mark := func(ok bool, e int) {
		if ok && e != life.None && l.Within(l.Encounters[e].Start) {
			w.kept[e] = true
		}
	}
	for i := range l.Conditions {
		mark(w.hasCondition(i), l.Conditions[i].Encounter)
	}
	for i := range l.Allergies {
		mark(w.open(l.Allergies[i].Start, l.Allergies[i].Stop), l.Allergies[i].Encounter)
	}
	for i := range l.Medications {
		mark(w.open(l.Medications[i].Start, l.Medications[i].Stop), l.Medications[i].Encounter)
	}
	for i := range l.CarePlans {
		mark(w.open(l.CarePlans[i].Start, l.CarePlans[i].Stop), l.CarePlans[i].Encounter)
	}
	for i := range l.Devices {
		mark(w.open(l.Devices[i].Start, l.Devices[i].Stop), l.Devices[i].Encounter)
	}
}

// open reports whether something is written: it is in the record, and not over before the time that is kept.
func (w *Writer) open(start, stop int64) bool {
	return w.life.Within(start) && (start >= w.since || stop == 0 || stop >= w.since)
}

// in reports whether a moment is written.
func (w *Writer) in(at int64) bool { return at >= w.since && w.life.Within(at) }

func (w *Writer) hasCondition(i int) bool {
	c := &w.life.Conditions[i]
	return c.Diagnosed && w.open(c.Start, c.Stop)
}

func (w *Writer) id(k kind, n int) id { return newID(w.key, k, n) }

// subject writes the reference to the patient.
func (w *Writer) subject(name string) { w.ref(name, "Patient", w.id(ofPatient, 0)) }

// during writes the reference to an encounter, if there is one.
func (w *Writer) during(encounter int) {
	if encounter != life.None && w.kept[encounter] {
		w.ref("encounter", "Encounter", w.id(ofEncounter, encounter))
	}
}

// because writes the reasonReference, if there is one.
func (w *Writer) because(condition int) {
	if condition == life.None || !w.hasCondition(condition) {
		return
	}
	w.s(`,"reasonReference":[`)
	w.bareRef("Condition", w.id(ofCondition, condition))
	w.s("]")
}

// fixed writes a CodeableConcept of one coding.
func (w *Writer) fixed(name, system, code, display string) {
	w.concept(name, module.Code{System: system, Code: code, Display: display})
}

// seen gives who saw the patient at an encounter, and where.
func (w *Writer) seen(encounter int) (*site, *practitioner) {
	if encounter != life.None {
		switch w.life.Encounters[encounter].Class {
		case "emergency", "inpatient", "hospice", "snf":
			s := &w.place.hospital
			return s, &s.staff[encounter%len(s.staff)]
		}
	}
	s := &w.place.clinic
	return s, &s.staff[w.doctor]
}
