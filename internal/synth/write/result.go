// SPDX-License-Identifier: Apache-2.0

package write

import (
	"galen/internal/synth/life"
	"galen/internal/synth/module"
)

// profile is the US Core profile of an observation.
func profile(code, category string) string {
	switch code {
	case "85354-9":
		return "blood-pressure"
	case "8302-2":
		return "body-height"
	case "29463-7":
		return "body-weight"
	case "39156-5":
		return "bmi"
	case "8867-4":
		return "heart-rate"
	case "9279-1":
		return "respiratory-rate"
	case "8310-5":
		return "body-temperature"
	case "2708-6", "59408-5":
		return "pulse-oximetry"
	case "9843-4", "8287-5":
		return "head-circumference"
	case "72166-2":
		return "smokingstatus"
	}
	switch category {
	case "laboratory":
		return "observation-lab"
	case "vital-signs":
		return "vital-signs"
	}
	return ""
}

var categories = map[string]string{
	"vital-signs": "Vital Signs", "laboratory": "Laboratory", "survey": "Survey", "social-history": "Social History",
	"exam": "Exam", "imaging": "Imaging", "procedure": "Procedure", "therapy": "Therapy", "activity": "Activity",
}

func (w *Writer) observations() {
	for i := range w.life.Observations {
		o := &w.life.Observations[i]
		if w.in(o.At) {
			w.observation(i, o)
		}
	}
}

func (w *Writer) observation(i int, o *life.Observation) {
	u := w.id(ofObservation, i)
	if p := profile(o.Codes[0].Code, o.Category); p != "" {
		w.begin("Observation", u, p)
	} else {
		w.begin("Observation", u)
	}
	w.s(`,"status":"final"`)
	if d := categories[o.Category]; d != "" {
		w.s(`,"category":[`)
		w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/observation-category", Code: o.Category, Display: d})
		w.s(`]`)
	}
	codes := o.Codes
	w.concept("code", codes...)
	w.subject("subject")
	w.during(o.Encounter)
	w.time("effectiveDateTime", o.At)
	w.time("issued", o.At)
	_, doctor := w.seen(o.Encounter)
	w.s(`,"performer":[`)
	w.bareRef("Practitioner", doctor.id)
	w.s(`]`)
	if len(o.Parts) == 0 {
		w.result(&o.Result)
	}
	for j := range o.Parts {
		if j == 0 {
			w.s(`,"component":[{"code":`)
		} else {
			w.s(`,{"code":`)
		}
		w.bare(o.Parts[j].Codes...)
		w.result(&o.Parts[j].Result)
		w.s(`}`)
	}
	if len(o.Parts) > 0 {
		w.s(`]`)
	}
	w.finish()
}

// result writes value[x].
func (w *Writer) result(r *life.Result) {
	switch r.Kind {
	case module.CodeValue:
		w.concept("valueCodeableConcept", r.Code)
	case module.TextValue:
		w.f("valueString", r.Text)
	default:
		w.s(`,"valueQuantity":{"value":`)
		w.number(r.Number, r.Digits)
		unit := r.Unit
		if unit == "" {
			unit = "1"
		}
		w.f("unit", unit)
		w.s(`,"system":"http://unitsofmeasure.org"`)
		w.f("code", unit)
		w.s(`}`)
	}
}

func (w *Writer) reports() {
	for i := range w.life.Reports {
		r := &w.life.Reports[i]
		if !w.in(r.At) {
			continue
		}
		where, doctor := w.seen(r.Encounter)
		w.begin("DiagnosticReport", w.id(ofReport, i), "diagnosticreport-lab")
		w.s(`,"status":"final","category":[`)
		w.bare(module.Code{System: "http://terminology.hl7.org/CodeSystem/v2-0074", Code: "LAB", Display: "Laboratory"})
		w.s(`]`)
		w.concept("code", r.Codes...)
		w.subject("subject")
		w.during(r.Encounter)
		w.time("effectiveDateTime", r.At)
		w.time("issued", r.At)
		w.s(`,"performer":[`)
		w.bareRef("Organization", where.org)
		w.s(`],"resultsInterpreter":[`)
		w.bareRef("Practitioner", doctor.id)
		w.s(`]`)
		for j := r.First; j < r.Last; j++ {
			if j == r.First {
				w.s(`,"result":[`)
			} else {
				w.s(`,`)
			}
			w.bareRef("Observation", w.id(ofObservation, j))
		}
		if r.Last > r.First {
			w.s(`]`)
		}
		w.finish()
	}
}

func (w *Writer) studies() {
	for i := range w.life.Studies {
		s := &w.life.Studies[i]
		if !w.in(s.At) {
			continue
		}
		u := w.id(ofStudy, i)
		w.begin("ImagingStudy", u)
		w.s(`,"identifier":[{"use":"official","system":"urn:dicom:uid","value":"urn:oid:`)
		w.uid(u, 0, 0)
		w.s(`"}],"status":"available"`)
		w.subject("subject")
		w.during(s.Encounter)
		w.time("started", s.At)
		images := 0
		for _, x := range s.Series {
			images += len(x.Instances)
		}
		w.s(`,"numberOfSeries":`)
		w.int(len(s.Series))
		w.s(`,"numberOfInstances":`)
		w.int(images)
		w.s(`,"procedureCode":[`)
		w.bare(s.Codes...)
		w.s(`]`)
		where, _ := w.seen(s.Encounter)
		w.ref("location", "Location", where.location)
		for j := range s.Series {
			if j == 0 {
				w.s(`,"series":[`)
			} else {
				w.s(`,`)
			}
			w.series(u, j, s)
		}
		w.s(`]`)
		w.finish()
	}
}

func (w *Writer) series(u id, j int, s *life.Study) {
	x := &s.Series[j]
	w.s(`{"uid":"`)
	w.uid(u, j+1, 0)
	w.s(`","number":`)
	w.int(j + 1)
	w.s(`,"modality":`)
	w.coding(x.Modality)
	w.s(`,"numberOfInstances":`)
	w.int(len(x.Instances))
	if x.BodySite.Code != "" {
		w.s(`,"bodySite":`)
		w.coding(x.BodySite)
	}
	w.time("started", s.At)
	for k, in := range x.Instances {
		if k == 0 {
			w.s(`,"instance":[`)
		} else {
			w.s(`,`)
		}
		w.s(`{"uid":"`)
		w.uid(u, j+1, k+1)
		w.s(`","sopClass":`)
		w.coding(in.SOPClass)
		w.s(`,"number":`)
		w.int(k + 1)
		if in.Title != "" {
			w.f("title", in.Title)
		}
		w.s(`}`)
	}
	if len(x.Instances) > 0 {
		w.s(`]`)
	}
	w.s(`}`)
}

// uid writes a DICOM UID below 2.25.
func (w *Writer) uid(u id, series, image int) {
	w.s("2.25.")
	w.int(int(u[0] >> 2))
	for _, n := range []int{series, image} {
		if n > 0 {
			w.s(".")
			w.int(n)
		}
	}
}
