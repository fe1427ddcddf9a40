// SPDX-License-Identifier: Apache-2.0

package ips

import (
	"bytes"
	"encoding/json"
	"slices"

	"galen/internal/fhir"
	"galen/internal/insights/facts"
)

// required are the elements that the guide requires of a type beyond R4, each with what stands in for one that is missing.
var required = map[string][]struct {
	names []string // one of them suffices
	value string
}{
	"Patient": {{[]string{"name"}, `"name":[{"_text":{"extension":[` + absent + `]}}]`},
		{[]string{"birthDate", "_birthDate"}, `"_birthDate":{"extension":[` + absent + `]}`}},
	"Observation": {{[]string{"effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming", "_effectiveDateTime"},
		`"_effectiveDateTime":{"extension":[` + absent + `]}`},
		{[]string{"performer"}, `"performer":[{"extension":[` + absent + `]}]`}},
	"MedicationStatement": {{[]string{"effectiveDateTime", "effectivePeriod", "_effectiveDateTime"}, `"effectivePeriod":{"extension":[` + absent + `]}`}},
	"Condition": {{[]string{"clinicalStatus"},
		`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}`}},
}

// include puts a resource of the record among the entries, once, and with it the Medication and the lab results it
// consists of. It reports whether the record has it.
func (d *document) include(key string) bool {
	if d.within[key] {
		return true
	}
	n := d.record.Resource(key)
	if !n.Ok() {
		return false
	}
	d.within[key] = true
	d.entries = append(d.entries, entry{d.base + "/" + key, d.fill(n)})
	if m := d.record.Key(n.Field("medicationReference")); m != "" {
		d.include(m)
	}
	return true
}

// fill is a resource as it is, with what the guide requires and it lacks put before its last brace, and references that the
// record knows by Type/id written so.
func (d *document) fill(n fhir.Node) json.RawMessage {
	src := slices.Clone(fhir.Compact(nil, n.Raw()))
	for _, r := range required[fhir.Type(n)] {
		if !slices.ContainsFunc(r.names, func(name string) bool { return n.Field(name).Ok() }) {
			src = append(append(src[:len(src)-1], ","+r.value...), '}')
		}
	}
	return d.record.Relative(answer(src, n))
}

// smoking are the answers of LOINC, which the guide requires, for the codes of SNOMED CT that US Core has for the same.
var smoking = map[string]coding{
	"449868002":       {facts.LOINC, "LA18976-3", "Current every day smoker"},
	"428041000124106": {facts.LOINC, "LA18977-1", "Current some day smoker"},
	"8517006":         {facts.LOINC, "LA15920-4", "Former smoker"},
	"266919005":       {facts.LOINC, "LA18978-9", "Never smoker"},
	"77176002":        {facts.LOINC, "LA18979-7", "Smoker, current status unknown"},
	"266927001":       {facts.LOINC, "LA18980-5", "Unknown if ever smoked"},
	"428071000124103": {facts.LOINC, "LA18981-3", "Heavy tobacco smoker"},
	"428061000124105": {facts.LOINC, "LA18982-1", "Light tobacco smoker"},
}

// answer adds LOINC's answer to a smoking status that SNOMED CT codes.
func answer(src []byte, n fhir.Node) []byte {
	const opening = `"valueCodeableConcept":{"coding":[`
	c, ok := smoking[n.Field("valueCodeableConcept").Field("coding").First().Field("code").Text()]
	if at := bytes.Index(src, []byte(opening)); ok && at >= 0 {
		return slices.Insert(src, at+len(opening), append(encode(c), ',')...)
	}
	return src
}
