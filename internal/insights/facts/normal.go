// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strconv"

	"galen/internal/fhir"
)

// interval is what is usual in adults. An end that is 0 is open.
type interval struct {
	low, high    float64
	unit         string // UCUM
	source       string
	male, female [2]float64 // where they differ
}

// The sources of the table. They are what a value is flagged by where its resource has neither interpretation nor range.
const (
	abim  = "ABIM laboratory test reference ranges, 2024"
	ada   = "ADA Standards of Care in Diabetes, 2024"
	ncep  = "NCEP ATP III, 2002"
	acc   = "ACC/AHA hypertension guideline, 2017"
	cdc   = "CDC adult BMI categories"
	kdigo = "KDIGO CKD guideline, 2024"
	usual = "usual adult range at rest"
)

// adult has a line for each LOINC code whose usual range in adults is undisputed enough to draw an eye to a value.
var adult = map[string]interval{
	bloodPressure: {high: 129, unit: "mm[Hg]", source: acc},
	systolic:      {high: 129, unit: "mm[Hg]", source: acc},
	diastolic:     {high: 79, unit: "mm[Hg]", source: acc},
	"8867-4":      {low: 60, high: 100, unit: "/min", source: usual},
	"9279-1":      {low: 12, high: 20, unit: "/min", source: usual},
	"8310-5":      {low: 35.5, high: 37.9, unit: "Cel", source: usual},
	"2708-6":      {low: 94, unit: "%", source: usual},
	"59408-5":     {low: 94, unit: "%", source: usual},
	"39156-5":     {low: 18.5, high: 29.99, unit: "kg/m2", source: cdc},
	"4548-4":      {high: 5.69, unit: "%", source: ada},
	"2339-0":      {low: 70, high: 139, unit: "mg/dL", source: ada},
	"2345-7":      {low: 70, high: 139, unit: "mg/dL", source: ada},
	"1558-6":      {low: 70, high: 99, unit: "mg/dL", source: ada},
	"14959-1":     {high: 29.99, unit: "mg/g", source: kdigo},
	"33914-3":     {low: 60, unit: "mL/min", source: kdigo},
	"62238-1":     {low: 60, unit: "mL/min/{1.73_m2}", source: kdigo},
	"98979-8":     {low: 60, unit: "mL/min/{1.73_m2}", source: kdigo},
	"2093-3":      {high: 239.99, unit: "mg/dL", source: ncep},
	"18262-6":     {high: 159.99, unit: "mg/dL", source: ncep},
	"13457-7":     {high: 159.99, unit: "mg/dL", source: ncep},
	"2089-1":      {high: 159.99, unit: "mg/dL", source: ncep},
	"2085-9":      {low: 40, unit: "mg/dL", source: ncep},
	"2571-8":      {high: 199.99, unit: "mg/dL", source: ncep},
	"2160-0":      {low: 0.5, high: 1.3, unit: "mg/dL", source: abim},
	"38483-4":     {low: 0.5, high: 1.3, unit: "mg/dL", source: abim},
	"3094-0":      {low: 7, high: 20, unit: "mg/dL", source: abim},
	"6299-2":      {low: 7, high: 20, unit: "mg/dL", source: abim},
	"2951-2":      {low: 136, high: 145, unit: "mmol/L", source: abim},
	"2947-0":      {low: 136, high: 145, unit: "mmol/L", source: abim},
	"2823-3":      {low: 3.5, high: 5, unit: "mmol/L", source: abim},
	"6298-4":      {low: 3.5, high: 5, unit: "mmol/L", source: abim},
	"2028-9":      {low: 22, high: 29, unit: "mmol/L", source: abim},
	"17861-6":     {low: 8.6, high: 10.2, unit: "mg/dL", source: abim},
	"49765-1":     {low: 8.6, high: 10.2, unit: "mg/dL", source: abim},
	"1742-6":      {high: 40, unit: "U/L", source: abim},
	"1920-8":      {high: 40, unit: "U/L", source: abim},
	"1751-7":      {low: 3.5, high: 5.5, unit: "g/dL", source: abim},
	"1975-2":      {high: 1.2, unit: "mg/dL", source: abim},
	"3016-3":      {low: 0.5, high: 4, unit: "m[IU]/L", source: abim},
	"718-7":       {unit: "g/dL", source: abim, male: [2]float64{14, 18}, female: [2]float64{12, 16}},
	"4544-3":      {unit: "%", source: abim, male: [2]float64{42, 50}, female: [2]float64{37, 47}},
	"6690-2":      {low: 4, high: 11, unit: "10*3/uL", source: abim},
	"777-3":       {low: 150, high: 450, unit: "10*3/uL", source: abim},
}

// flag fills in how a value lies: by the resource's interpretation, by its range, or by the table for adults.
func (b *builder) flag(v *Value, c Concept, from fhir.Node, when Date) {
	if f := interpreted(from.Field("interpretation")); f != "" {
		v.Flag, v.FlagBy = f, "interpretation"
	}
	low, high, text := stated(from.Field("referenceRange"), v.unit)
	if v.Range = text; v.Flag != "" || !v.Numeric {
		return
	}
	if low.known || high.known {
		v.Flag, v.FlagBy = lie(v.Number, low, high), "referenceRange"
		return
	}
	r, ok := adult[c.Code(LOINC)]
	if !ok || age(b.date(b.Record.Patient().Field("birthDate")), when) < 20 {
		return
	}
	x, ok := inUnit(v.Number, v.unit, r.unit)
	if !ok {
		return
	}
	switch gender := b.Record.Patient().Field("gender").Text(); {
	case gender == "male" && r.male[1] != 0:
		r.low, r.high = r.male[0], r.male[1]
	case gender == "female" && r.female[1] != 0:
		r.low, r.high = r.female[0], r.female[1]
	case r.male[1] != 0:
		r.low, r.high = min(r.male[0], r.female[0]), max(r.male[1], r.female[1])
	}
	v.Flag, v.FlagBy = lie(x, end{r.low, r.low != 0}, end{r.high, r.high != 0}), r.source
	if c.Has(LOINC, bloodPressure) && v.Second >= 80 {
		v.Flag = High
	}
}

// end is one end of a range.
type end struct {
	value float64
	known bool
}

func lie(x float64, low, high end) Flag {
	switch {
	case low.known && x < low.value:
		return Low
	case high.known && x > high.value:
		return High
	}
	return Normal
}

// interpreted reads Observation.interpretation.
//
// http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
func interpreted(list fhir.Node) (f Flag) {
	for _, c := range concept(list).Codes {
		switch c.Code {
		case "HH", "LL", "AA", "HU", "LU":
			return Critical
		case "H", "HX", ">":
			f = High
		case "L", "LX", "<":
			f = Low
		case "A", "POS", "R":
			f = Abnormal
		case "N", "NEG", "S":
			f = Normal
		}
	}
	return f
}

// stated reads the range that a resource gives as the normal one, if it is in the value's unit.
func stated(list fhir.Node, unit string) (low, high end, text string) {
	for _, r := range list.Elements() {
		if t := code(r.Field("type")); t != "" && t != "normal" {
			continue
		}
		read := func(q fhir.Node) (e end) {
			if q.Field("value").Ok() && (codeOf(q) == unit || codeOf(q) == "") {
				f, err := strconv.ParseFloat(q.Field("value").Number(), 64)
				e = end{f, err == nil}
			}
			return e
		}
		low, high = read(r.Field("low")), read(r.Field("high"))
		if text = r.Field("text").Text(); text == "" {
			switch l, h := quantity(r.Field("low")), quantity(r.Field("high")); {
			case l != "" && h != "":
				text = l + " to " + h
			case l != "":
				text = "at least " + l
			case h != "":
				text = "up to " + h
			}
		}
		return low, high, text
	}
	return low, high, ""
}
