// SPDX-License-Identifier: Apache-2.0

package write

import (
	"strconv"

	"galen/internal/synth/life"
	"galen/internal/synth/module"
)

func (w *Writer) medications() {
	for i := range w.life.Medications {
		m := &w.life.Medications[i]
		if !w.open(m.Start, m.Stop) {
			continue
		}
		w.order(i, m)
		if m.State.Administration {
			w.administration(i, m)
		}
	}
}

func (w *Writer) order(i int, m *life.Medication) {
	w.begin("MedicationRequest", w.id(ofMedication, i), "medicationrequest")
	if m.Stop == 0 {
		w.s(`,"status":"active"`)
	} else if m.State.Dose.DurationDays > 0 || m.State.Administration {
		w.s(`,"status":"completed"`)
	} else {
		w.s(`,"status":"stopped"`)
	}
	w.s(`,"intent":"order","category":[`)
	category := module.Code{System: "http://terminology.hl7.org/CodeSystem/medicationrequest-category", Code: "community", Display: "Community"}
	if m.State.Administration {
		category.Code, category.Display = "inpatient", "Inpatient"
	}
	w.bare(category)
	w.s(`],"reportedBoolean":false`)
	w.concept("medicationCodeableConcept", m.Codes...)
	w.subject("subject")
	w.during(m.Encounter)
	w.time("authoredOn", m.Start)
	_, doctor := w.seen(m.Encounter)
	w.ref("requester", "Practitioner", doctor.id)
	w.because(m.Reason)
	w.dosage(&m.State.Dose)
	w.s(`,"dispenseRequest":{`)
	w.s(`"numberOfRepeatsAllowed":`)
	w.int(max(m.State.Dose.Refills, 0))
	w.period("validityPeriod", m.Start, m.Stop)
	w.s(`}`)
	w.finish()
}

// doseText is a dosage as a prescription says it.
func doseText(d *module.Dose) string {
	text := "Take as directed"
	if d.Amount > 0 && d.Frequency > 0 {
		text = "Take " + strconv.FormatFloat(d.Amount, 'f', -1, 64) + ", " + strconv.FormatFloat(d.Frequency, 'f', -1, 64) +
			" time(s) every " + strconv.FormatFloat(max(d.Period, 1), 'f', -1, 64) + " " + d.PeriodUnit
	}
	if d.DurationDays > 0 {
		text += ", for " + strconv.FormatFloat(d.DurationDays, 'f', 0, 64) + " days"
	}
	if d.AsNeeded {
		text += ", as needed"
	}
	return text
}

func (w *Writer) dosage(d *module.Dose) {
	w.s(`,"dosageInstruction":[{"sequence":1`)
	w.f("text", doseText(d))
	for i, c := range d.Instructions {
		if i == 0 {
			w.s(`,"additionalInstruction":[`)
		} else {
			w.s(`,`)
		}
		w.bare(c)
	}
	if len(d.Instructions) > 0 {
		w.s(`]`)
	}
	if d.Frequency > 0 {
		w.s(`,"timing":{"repeat":{"frequency":`)
		w.int(max(int(d.Frequency), 1))
		w.s(`,"period":`)
		w.number(max(d.Period, 1), 2)
		w.s(`,"periodUnit":"` + d.PeriodUnit + `"}}`)
	}
	if d.AsNeeded {
		w.s(`,"asNeededBoolean":true`)
	}
	if d.Amount > 0 {
		w.s(`,"doseAndRate":[{"type":`)
		w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/dose-rate-type", Code: "ordered", Display: "Ordered"})
		w.s(`,"doseQuantity":{"value":`)
		w.number(d.Amount, 3)
		w.s(`}}]`)
	}
	w.s(`}]`)
}

func (w *Writer) administration(i int, m *life.Medication) {
	w.begin("MedicationAdministration", w.id(ofAdministration, i))
	w.s(`,"status":"completed"`)
	w.concept("medicationCodeableConcept", m.Codes...)
	w.subject("subject")
	if m.Encounter != life.None && w.kept[m.Encounter] {
		w.ref("context", "Encounter", w.id(ofEncounter, m.Encounter))
	}
	w.time("effectiveDateTime", m.Start)
	_, doctor := w.seen(m.Encounter)
	w.s(`,"performer":[{"actor":`)
	w.bareRef("Practitioner", doctor.id)
	w.s(`}]`)
	w.because(m.Reason)
	w.ref("request", "MedicationRequest", w.id(ofMedication, i))
	w.finish()
}
