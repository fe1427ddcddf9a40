// SPDX-License-Identifier: Apache-2.0

package write

import (
	"strconv"

	"galen/internal/synth/life"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

// races are OMB categories.
var races = [...]module.Code{
	people.White:    {Code: "2106-3", Display: "White"},
	people.Black:    {Code: "2054-5", Display: "Black or African American"},
	people.Asian:    {Code: "2028-9", Display: "Asian"},
	people.Native:   {Code: "1002-5", Display: "American Indian or Alaska Native"},
	people.Islander: {Code: "2076-8", Display: "Native Hawaiian or Other Pacific Islander"},
	people.Other:    {Code: "2131-1", Display: "Other Race"},
}

func (w *Writer) patient() {
	p := &w.life.Person
	w.begin("Patient", w.id(ofPatient, 0), "patient")
	w.s(`,"extension":[`)
	race := races[p.Race]
	if p.Race == people.Other {
		w.s(`{"url":"` + usCore + `race","extension":[{"url":"text","valueString":"Other Race"}]}`)
	} else {
		w.omb("race", race)
	}
	w.s(",")
	ethnicity := module.Code{Code: "2186-5", Display: "Not Hispanic or Latino"}
	if p.Hispanic {
		ethnicity = module.Code{Code: "2135-2", Display: "Hispanic or Latino"}
	}
	w.omb("ethnicity", ethnicity)
	w.s(`,{"url":"` + usCore + `birthsex","valueCode":"` + birthSex(p.Female) + `"}`)
	w.s(`,{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":`)
	w.q(p.Maiden)
	w.s(`}]`)
	w.identifiers()
	w.s(`,"active":true,"name":[{"use":"official","family":`)
	w.q(p.Family)
	w.s(`,"given":[`)
	w.q(p.Given)
	if p.Middle != "" {
		w.s(",")
		w.q(p.Middle)
	}
	w.s(`]}],"telecom":[{"system":"phone"`)
	w.f("value", p.Phone)
	w.s(`,"use":"home"}]`)
	w.f("gender", gender(p.Female))
	w.date("birthDate", p.Birth)
	if w.life.Dead {
		w.time("deceasedDateTime", w.life.End)
	}
	w.s(`,"address":[`)
	w.address(p.Line, p.City)
	w.s("]")
	if p.Married {
		w.fixed("maritalStatus", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M", "Married")
	} else {
		w.fixed("maritalStatus", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "S", "Never Married")
	}
	lang := module.Code{System: "urn:ietf:bcp:47", Code: "en-US", Display: "English (United States)"}
	if p.Spanish {
		lang = module.Code{System: "urn:ietf:bcp:47", Code: "es-US", Display: "Spanish (United States)"}
	}
	w.s(`,"communication":[{"language":`)
	w.bare(lang)
	w.s(`}],"generalPractitioner":[`)
	w.bareRef("Practitioner", w.place.clinic.staff[w.doctor].id)
	w.s("]")
	w.ref("managingOrganization", "Organization", w.place.clinic.org)
	w.finish()
}

func birthSex(female bool) string {
	if female {
		return "F"
	}
	return "M"
}

// omb writes the extension of race or ethnicity.
func (w *Writer) omb(name string, c module.Code) {
	w.s(`{"url":"` + usCore + name + `","extension":[{"url":"ombCategory","valueCoding":`)
	c.System = "urn:oid:2.16.840.1.113883.6.238"
	w.coding(c)
	w.s(`},{"url":"text","valueString":`)
	w.q(c.Display)
	w.s(`}]}`)
}

func (w *Writer) identifiers() {
	w.s(`,"identifier":[{"type":`)
	w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/v2-0203", Code: "MR", Display: "Medical record number"})
	w.s(`,"system":"urn:oid:2.16.840.1.113883.19.5","value":"`)
	w.buf = w.id(ofPatient, 0).append(w.buf)
	w.s(`"},{"type":`)
	w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/v2-0203", Code: "SS", Display: "Social Security number"})
	w.s(`,"system":"http://hl7.org/fhir/sid/us-ssn"`)
	w.f("value", w.life.Person.SSN)
	w.s(`}]`)
}

// class is the ActCode of a class of encounters.
func class(name string) module.Code {
	c := module.Code{System: "http://terminology.hl7.org/CodeSystem/v3-ActCode", Code: "AMB", Display: "ambulatory"}
	switch name {
	case "emergency":
		c.Code, c.Display = "EMER", "emergency"
	case "inpatient", "hospice", "snf":
		c.Code, c.Display = "IMP", "inpatient encounter"
	case "virtual":
		c.Code, c.Display = "VR", "virtual"
	case "home":
		c.Code, c.Display = "HH", "home health"
	}
	return c
}

func (w *Writer) encounter(i int) {
	e := &w.life.Encounters[i]
	where, doctor := w.seen(i)
	u := w.id(ofEncounter, i)
	w.begin("Encounter", u, "encounter")
	w.s(`,"identifier":[{"use":"official","system":"urn:oid:2.16.840.1.113883.19.6","value":"`)
	w.buf = u.append(w.buf)
	w.s(`"}],"status":"finished","class":`)
	w.coding(class(e.Class))
	w.s(`,"type":[`)
	w.bare(e.Code)
	w.s(`]`)
	w.subject("subject")
	w.s(`,"participant":[{"type":[`)
	w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", Code: "PPRF", Display: "primary performer"})
	w.s(`]`)
	w.period("period", e.Start, e.Stop)
	w.ref("individual", "Practitioner", doctor.id)
	w.s(`}]`)
	w.period("period", e.Start, e.Stop)
	if e.Reason != life.None && w.hasCondition(e.Reason) {
		w.s(`,"reasonCode":[`)
		w.bare(w.life.Conditions[e.Reason].Codes...)
		w.s(`]`)
	}
	if e.Discharge.Code != "" {
		w.s(`,"hospitalization":{"dischargeDisposition":`)
		w.bare(e.Discharge)
		w.s(`}`)
	}
	w.s(`,"location":[{"location":`)
	w.bareRef("Location", where.location)
	w.s(`}]`)
	w.ref("serviceProvider", "Organization", where.org)
	w.finish()
}

func (w *Writer) provenance() {
	w.begin("Provenance", w.id(ofProvenance, 0), "provenance")
	w.s(`,"target":[`)
	w.bareRef("Patient", w.id(ofPatient, 0))
	for i := range w.life.Encounters {
		if w.kept[i] {
			w.s(",")
			w.bareRef("DocumentReference", w.id(ofNote, i))
		}
	}
	for i := range w.life.Conditions {
		if w.hasCondition(i) {
			w.s(",")
			w.bareRef("Condition", w.id(ofCondition, i))
		}
	}
	w.s(`]`)
	w.time("recorded", w.life.End)
	for i, role := range []module.Code{{Code: "author", Display: "Author"}, {Code: "transmitter", Display: "Transmitter"}} {
		role.System = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
		if i == 0 {
			w.s(`,"agent":[{"type":`)
		} else {
			role.System = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
			w.s(`,{"type":`)
		}
		w.bare(role)
		w.ref("who", "Practitioner", w.place.clinic.staff[w.doctor].id)
		w.ref("onBehalfOf", "Organization", w.place.clinic.org)
		w.s(`}`)
	}
	w.s(`]`)
	w.finish()
}

// ageText is an age as a note says it.
func ageText(years float64) string {
	if years < 1.0/12 {
		return "newborn"
	}
	if years < 2 {
		return strconv.Itoa(int(years*12)) + "-month-old"
	}
	return strconv.Itoa(int(years)) + "-year-old"
}
