// SPDX-License-Identifier: Apache-2.0

package write

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"galen/internal/synth/life"
	"galen/internal/synth/module"
)

// note writes the clinical note of an encounter: what the record has of it, in words.
func (w *Writer) note(i int) {
	e := &w.life.Encounters[i]
	_, doctor := w.seen(i)
	w.compose(i, e, doctor)
	u := w.id(ofNote, i)
	w.begin("DocumentReference", u, "documentreference")
	w.s(`,"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:`)
	w.buf = u.append(w.buf)
	w.s(`"}],"status":"current"`)
	kind := module.Code{System: "LOINC", Code: "11506-3", Display: "Progress note"}
	switch e.Class {
	case "inpatient":
		kind.Code, kind.Display = "18842-5", "Discharge summary"
	case "emergency":
		kind.Code, kind.Display = "34111-5", "Emergency department Note"
	case "wellness":
		kind.Code, kind.Display = "34117-2", "History and physical note"
	}
	w.concept("type", kind)
	w.s(`,"category":[`)
	w.bare(module.Code{System: "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", Code: "clinical-note", Display: "Clinical Note"})
	w.s(`]`)
	w.subject("subject")
	w.time("date", e.Stop)
	w.s(`,"author":[`)
	w.bareRef("Practitioner", doctor.id)
	w.s(`],"content":[{"attachment":{"contentType":"text/plain; charset=utf-8","data":"`)
	w.buf = base64.StdEncoding.AppendEncode(w.buf, w.text)
	w.s(`"},"format":{"system":"http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode","code":"urn:ihe:iti:xds:2017:mimeTypeSufficient","display":"mimeType Sufficient"}}],"context":{"encounter":[`)
	w.bareRef("Encounter", w.id(ofEncounter, i))
	w.s(`]`)
	w.period("period", e.Start, e.Stop)
	w.s(`}`)
	w.finish()
}

func (w *Writer) t(parts ...string) {
	for _, p := range parts {
		w.text = append(w.text, p...)
	}
}

// plain is a code's display without the SNOMED kind after it.
func plain(c module.Code) string {
	text, _, _ := strings.Cut(c.Display, " (")
	return text
}

// compose writes the note's text.
func (w *Writer) compose(i int, e *life.Encounter, doctor *practitioner) {
	l := w.life
	w.text = w.text[:0]
	w.text = time.Unix(e.Start, 0).UTC().AppendFormat(w.text, "2006-01-02")
	w.t("\n\nReason for visit\n", plain(e.Code))
	if e.Reason != life.None && w.hasCondition(e.Reason) {
		w.t(" because of ", strings.ToLower(plain(l.Conditions[e.Reason].Codes[0])))
	}
	w.t(".\n\nHistory\n", l.Person.Given, " ", l.Person.Family, " is a ", ageText(l.Age(e.Start)), " ")
	if l.Person.Female {
		w.t("female")
	} else {
		w.t("male")
	}
	w.list(" with a history of ", ", ", func(add func(string)) {
		for j := range l.Conditions {
			if c := &l.Conditions[j]; w.hasCondition(j) && c.Recorded < e.Start && (c.Stop == 0 || c.Stop > e.Start) {
				add(strings.ToLower(plain(c.Codes[0])))
			}
		}
	})
	w.t(".\n\nAllergies\n")
	if !w.list("", ", ", func(add func(string)) {
		for j := range l.Allergies {
			if a := &l.Allergies[j]; w.open(a.Start, a.Stop) && a.Start <= e.Stop && (a.Stop == 0 || a.Stop > e.Start) {
				add(plain(a.Codes[0]))
			}
		}
	}) {
		w.t("No known allergies")
	}
	w.t(".\n\nMedications\n")
	if !w.list("", "; ", func(add func(string)) {
		for j := range l.Medications {
			if m := &l.Medications[j]; w.open(m.Start, m.Stop) && m.Start < e.Start && (m.Stop == 0 || m.Stop > e.Start) {
				add(m.Codes[0].Display)
			}
		}
	}) {
		w.t("No active medications")
	}
	w.t(".\n")
	w.findings(i)
	w.assessment(i)
	w.t("\nDr. ", doctor.given, " ", doctor.family, "\n")
}

// list writes items with a beginning and separators, and reports whether there were any.
func (w *Writer) list(begin, between string, each func(add func(string))) bool {
	n := 0
	each(func(text string) {
		if n == 0 {
			w.t(begin)
		} else {
			w.t(between)
		}
		n++
		w.t(text)
	})
	return n > 0
}

// findings writes what was measured at an encounter.
func (w *Writer) findings(i int) {
	l := w.life
	if w.list("\nFindings\n", "\n", func(add func(string)) {
		for j := range l.Observations {
			o := &l.Observations[j]
			if o.Encounter != i || !w.in(o.At) {
				continue
			}
			if len(o.Parts) == 0 {
				add(plain(o.Codes[0]) + ": " + resultText(&o.Result))
			}
			for k := range o.Parts {
				add(plain(o.Parts[k].Codes[0]) + ": " + resultText(&o.Parts[k].Result))
			}
		}
	}) {
		w.t("\n")
	}
}

func resultText(r *life.Result) string {
	switch r.Kind {
	case module.CodeValue:
		return plain(r.Code)
	case module.TextValue:
		return r.Text
	}
	return strings.TrimSpace(strconv.FormatFloat(r.Number, 'f', r.Digits, 64) + " " + r.Unit)
}

// assessment writes what was found, done and ordered.
func (w *Writer) assessment(i int) {
	l := w.life
	w.t("\nAssessment and plan\n")
	if !w.list("", "\n", func(add func(string)) {
		for j := range l.Conditions {
			if w.hasCondition(j) && l.Conditions[j].Encounter == i {
				add("Diagnosed: " + plain(l.Conditions[j].Codes[0]) + ".")
			}
		}
		for j := range l.Procedures {
			if p := &l.Procedures[j]; p.Encounter == i && w.in(p.Start) {
				add("Done: " + plain(p.Codes[0]) + ".")
			}
		}
		for j := range l.Immunizations {
			if v := &l.Immunizations[j]; v.Encounter == i && w.in(v.At) {
				add("Given: " + v.Codes[0].Display + ".")
			}
		}
		for j := range l.Medications {
			if m := &l.Medications[j]; m.Encounter == i && w.open(m.Start, m.Stop) {
				add("Prescribed: " + m.Codes[0].Display + ". " + doseText(&m.State.Dose) + ".")
			}
		}
		for j := range l.CarePlans {
			if c := &l.CarePlans[j]; c.Encounter == i && w.open(c.Start, c.Stop) {
				add("Care plan: " + plain(c.Codes[0]) + ".")
			}
		}
	}) {
		w.t("No new findings. Return as scheduled.")
	}
	w.t("\n")
}
