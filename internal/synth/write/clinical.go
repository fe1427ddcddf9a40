// SPDX-License-Identifier: Apache-2.0

package write

import (
	"galen/internal/synth/life"
	"galen/internal/synth/module"
)

func (w *Writer) conditions() {
	for i := range w.life.Conditions {
		if !w.hasCondition(i) {
			continue
		}
		c := &w.life.Conditions[i]
		long := c.Stop == 0 || c.Stop-c.Start > 180*86400
		profile, category, display := "condition-encounter-diagnosis", "encounter-diagnosis", "Encounter Diagnosis"
		if long || c.Encounter == life.None || !w.kept[c.Encounter] {
			profile, category, display = "condition-problems-health-concerns", "problem-list-item", "Problem List Item"
		}
		w.begin("Condition", w.id(ofCondition, i), profile)
		status := "active"
		if c.Stop != 0 {
			status = "resolved"
		}
		w.s(`,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"` + status + `"}]}`)
		w.s(`,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]}`)
		w.s(`,"category":[`)
		w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/condition-category", Code: category, Display: display})
		w.s(`]`)
		w.concept("code", c.Codes...)
		w.subject("subject")
		w.during(c.Encounter)
		w.time("onsetDateTime", c.Start)
		if c.Stop != 0 {
			w.time("abatementDateTime", c.Stop)
		}
		w.time("recordedDate", c.Recorded)
		_, doctor := w.seen(c.Encounter)
		w.ref("recorder", "Practitioner", doctor.id)
		w.finish()
	}
}

func (w *Writer) allergies() {
	for i := range w.life.Allergies {
		a := &w.life.Allergies[i]
		if !w.open(a.Start, a.Stop) {
			continue
		}
		w.begin("AllergyIntolerance", w.id(ofAllergy, i), "allergyintolerance")
		status := "active"
		if a.Stop != 0 {
			status = "resolved"
		}
		w.s(`,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"` + status + `"}]}`)
		w.s(`,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"confirmed"}]}`)
		if a.Kind == "allergy" || a.Kind == "intolerance" {
			w.f("type", a.Kind)
		}
		switch a.Category {
		case "food", "medication", "environment", "biologic":
			w.s(`,"category":["` + a.Category + `"]`)
		case "drug":
			w.s(`,"category":["medication"]`)
		}
		severe := false
		for _, r := range a.Reactions {
			severe = severe || r.Severity == "severe"
		}
		if severe {
			w.s(`,"criticality":"high"`)
		} else {
			w.s(`,"criticality":"low"`)
		}
		w.concept("code", a.Codes...)
		w.subject("patient")
		w.during(a.Encounter)
		w.time("onsetDateTime", a.Start)
		w.time("recordedDate", a.Start)
		for j, r := range a.Reactions {
			if j == 0 {
				w.s(`,"reaction":[{"manifestation":[`)
			} else {
				w.s(`,{"manifestation":[`)
			}
			w.bare(r.Code)
			w.s(`],"severity":"` + r.Severity + `"}`)
		}
		if len(a.Reactions) > 0 {
			w.s(`]`)
		}
		w.finish()
	}
}

func (w *Writer) plans() {
	for i := range w.life.CarePlans {
		c := &w.life.CarePlans[i]
		if !w.open(c.Start, c.Stop) {
			continue
		}
		status := "active"
		if c.Stop != 0 {
			status = "completed"
		}
		w.team(i, c)
		w.begin("CarePlan", w.id(ofCarePlan, i), "careplan")
		w.s(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Care plan: `)
		w.html(c.Codes[0].Display)
		w.s(`</div>"},"status":"` + status + `","intent":"plan","category":[`)
		w.bare(module.Code{System: "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", Code: "assess-plan", Display: "Assessment and Plan of Treatment"})
		w.s(`,`)
		w.bare(c.Codes...)
		w.s(`]`)
		w.subject("subject")
		w.during(c.Encounter)
		w.period("period", c.Start, c.Stop)
		w.s(`,"careTeam":[`)
		w.bareRef("CareTeam", w.id(ofCareTeam, i))
		w.s(`]`)
		w.addresses(c.Reason, "addresses")
		for j, a := range c.Activities {
			if j == 0 {
				w.s(`,"activity":[`)
			} else {
				w.s(`,`)
			}
			w.s(`{"detail":{"code":`)
			w.bare(a)
			if c.Stop != 0 {
				w.s(`,"status":"completed"}}`)
			} else {
				w.s(`,"status":"in-progress"}}`)
			}
		}
		if len(c.Activities) > 0 {
			w.s(`]`)
		}
		w.finish()
	}
}

// addresses writes a list with the reference to a condition, if there is one.
func (w *Writer) addresses(condition int, name string) {
	if condition == life.None || !w.hasCondition(condition) {
		return
	}
	w.member(name)
	w.s(`[`)
	w.bareRef("Condition", w.id(ofCondition, condition))
	w.s(`]`)
}

// html writes text within a narrative that is within a JSON string.
func (w *Writer) html(text string) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '<':
			w.s("&lt;")
		case c == '&':
			w.s("&amp;")
		case c == '"' || c == '\\' || c < 0x20 || c >= 0x7f:
			w.s(" ")
		default:
			w.buf = append(w.buf, c)
		}
	}
}

// team writes the care team of a plan.
func (w *Writer) team(i int, c *life.CarePlan) {
	w.begin("CareTeam", w.id(ofCareTeam, i), "careteam")
	if c.Stop != 0 {
		w.s(`,"status":"inactive"`)
	} else {
		w.s(`,"status":"active"`)
	}
	w.subject("subject")
	w.during(c.Encounter)
	w.period("period", c.Start, c.Stop)
	where, doctor := w.seen(c.Encounter)
	w.s(`,"participant":[{"role":[`)
	w.bare(module.Code{System: "SNOMED-CT", Code: "116154003", Display: "Patient"})
	w.s(`]`)
	w.subject("member")
	w.s(`},{"role":[`)
	w.bare(module.Code{System: "SNOMED-CT", Code: "223366009", Display: "Healthcare professional (occupation)"})
	w.s(`]`)
	w.ref("member", "Practitioner", doctor.id)
	w.s(`},{"role":[`)
	w.bare(module.Code{System: "SNOMED-CT", Code: "224891009", Display: "Healthcare services (qualifier value)"})
	w.s(`]`)
	w.ref("member", "Organization", where.org)
	w.s(`}]`)
	if c.Reason != life.None && w.hasCondition(c.Reason) {
		w.s(`,"reasonCode":[`)
		w.bare(w.life.Conditions[c.Reason].Codes...)
		w.s(`]`)
	}
	w.s(`,"managingOrganization":[`)
	w.bareRef("Organization", where.org)
	w.s(`]`)
	w.finish()
}

func (w *Writer) procedures() {
	for i := range w.life.Procedures {
		p := &w.life.Procedures[i]
		if !w.in(p.Start) {
			continue
		}
		where, doctor := w.seen(p.Encounter)
		w.begin("Procedure", w.id(ofProcedure, i), "procedure")
		w.s(`,"status":"completed"`)
		w.concept("code", p.Codes...)
		w.subject("subject")
		w.during(p.Encounter)
		w.period("performedPeriod", p.Start, p.Stop)
		w.s(`,"performer":[{"actor":`)
		w.bareRef("Practitioner", doctor.id)
		w.s(`}]`)
		w.ref("location", "Location", where.location)
		w.because(p.Reason)
		w.finish()
	}
}

func (w *Writer) immunizations() {
	for i := range w.life.Immunizations {
		v := &w.life.Immunizations[i]
		if !w.in(v.At) {
			continue
		}
		where, doctor := w.seen(v.Encounter)
		w.begin("Immunization", w.id(ofImmunization, i), "immunization")
		w.s(`,"status":"completed"`)
		w.concept("vaccineCode", v.Codes...)
		w.subject("patient")
		w.during(v.Encounter)
		w.time("occurrenceDateTime", v.At)
		w.s(`,"primarySource":true`)
		w.ref("location", "Location", where.location)
		w.s(`,"performer":[{"actor":`)
		w.bareRef("Practitioner", doctor.id)
		w.s(`}]`)
		if v.Series > 0 {
			w.s(`,"protocolApplied":[{"doseNumberPositiveInt":`)
			w.int(v.Series)
			w.s(`}]`)
		}
		w.finish()
	}
}

func (w *Writer) devices() {
	for i := range w.life.Devices {
		d := &w.life.Devices[i]
		if !w.open(d.Start, d.Stop) {
			continue
		}
		u := w.id(ofDevice, i)
		w.begin("Device", u, "implantable-device")
		w.s(`,"status":"`)
		if d.Stop != 0 {
			w.s("inactive")
		} else {
			w.s("active")
		}
		w.s(`"`)
		if d.Maker != "" {
			w.f("manufacturer", d.Maker)
		}
		w.date("manufactureDate", d.Start-60*86400)
		w.s(`,"serialNumber":"`)
		w.int(int(u[0] >> 20))
		w.s(`","deviceName":[{"name":`)
		w.q(d.Codes[0].Display)
		w.s(`,"type":"user-friendly-name"}]`)
		if d.Model != "" {
			w.f("modelNumber", d.Model)
		}
		w.concept("type", d.Codes...)
		w.subject("patient")
		w.finish()
	}
}
