// SPDX-License-Identifier: Apache-2.0

package ips

import (
	"encoding/json"
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/insights/facts"
)

// builder gathers one section.
type builder struct {
	*document
	section section
	texts   []string
}

func (d *document) section(title, code, display string) *builder {
	return &builder{document: d, section: section{Title: title, Code: loinc(code, display)}}
}

// add puts a resource with a text in, once.
func (b *builder) add(key, text string) {
	if text != "" {
		b.texts = append(b.texts, text)
	}
	if key == "" || slices.Contains(b.section.Entry, reference{key}) || !b.include(key) {
		return
	}
	b.section.Entry = append(b.section.Entry, reference{key})
}

func (b *builder) done() section {
	b.section.Text = list(b.texts)
	return b.section
}

// sections are the three that the guide requires, and those of the others that the record has something for.
func (d *document) sections() []section {
	out := []section{d.medications(), d.allergies(), d.problems(true)}
	for _, s := range []section{d.procedures(), d.immunizations(), d.results("laboratory"), d.results("vital-signs"), d.problems(false), d.social(), d.plans()} {
		if len(s.Entry) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// first is the resource of a type that a fact's evidence names first: the one that decides.
func first(f facts.Fact, types ...string) string {
	for _, e := range f.Evidence {
		for _, t := range types {
			if strings.HasPrefix(e.Reference, t+"/") {
				return e.Reference
			}
		}
	}
	return ""
}

func (d *document) medications() section {
	b := d.section("Medication Summary", "10160-0", "History of Medication use Narrative")
	for i := range d.Medications {
		if m := &d.Medications[i]; m.Current {
			b.add(first(m.Fact, "MedicationRequest", "MedicationStatement"), dated(strings.TrimSpace(m.Text+" "+m.Dose), m.Started))
		}
	}
	if len(b.section.Entry) == 0 {
		b.unknown("MedicationStatement", "no-medication-info", `"status":"unknown","medicationCodeableConcept":`, "subject",
			`,"effectivePeriod":{"extension":[`+absent+`]}`, "No information about medications")
	}
	return b.done()
}

func (d *document) allergies() section {
	b := d.section("Allergies and Intolerances", "48765-2", "Allergies and adverse reactions Document")
	for i := range d.Allergies {
		if a := &d.Allergies[i]; a.Active {
			text := a.Text
			if len(a.Reactions) > 0 {
				text += ": " + strings.Join(a.Reactions, ", ")
			}
			b.add(first(a.Fact, "AllergyIntolerance"), text)
		}
	}
	if len(b.section.Entry) == 0 {
		b.unknown("AllergyIntolerance", "no-allergy-info",
			`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":`, "patient", "",
			"No information about allergies")
	}
	return b.done()
}

func (d *document) problems(active bool) section {
	b := d.section("Active Problems", "11450-4", "Problem list - Reported")
	if !active {
		b = d.section("History of Past Illness", "11348-0", "History of Past illness Narrative")
	}
	for i := range d.Problems {
		if p := &d.Problems[i]; p.Active == active {
			b.add(first(p.Fact, "Condition"), dated(p.Text, p.Onset))
		}
	}
	if active && len(b.section.Entry) == 0 {
		b.unknown("Condition", "no-problem-info",
			`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":`, "subject", "",
			"No information about problems")
	}
	return b.done()
}

func (d *document) procedures() section {
	b := d.section("History of Procedures", "47519-4", "History of Procedures Document")
	for i := range d.Procedures {
		if p := &d.Procedures[i]; p.Last().Known() {
			b.add(p.LatestEvidence().Reference, dated(p.Text, p.Last()))
		}
	}
	return b.done()
}

func (d *document) immunizations() section {
	b := d.section("Immunizations", "11369-6", "History of Immunization Narrative")
	for i := range d.Immunizations {
		if m := &d.Immunizations[i]; m.Last().Known() {
			b.add(m.LatestEvidence().Reference, dated(m.Text, m.Last()))
		}
	}
	return b.done()
}

func (d *document) results(category string) section {
	b := d.section("Results", "30954-2", "Relevant diagnostic tests/laboratory data Narrative")
	if category == "vital-signs" {
		b = d.section("Vital Signs", "8716-3", "Vital signs")
	}
	for i := range d.Series {
		if s := &d.Series[i]; s.Category == category && len(b.section.Entry) < maxResults {
			b.add(s.Latest().Evidence.Reference, dated(s.Text+": "+s.Latest().Text, s.Latest().Date))
		}
	}
	return b.done()
}

func (d *document) social() section {
	b := d.section("Social History", "29762-2", "Social history Narrative")
	for i := range d.Series {
		if s := &d.Series[i]; s.LOINC() == "72166-2" || s.LOINC() == "74013-4" {
			b.add(s.Latest().Evidence.Reference, dated(s.Text+": "+s.Latest().Text, s.Latest().Date))
		}
	}
	return b.done()
}

func (d *document) plans() section {
	b := d.section("Plan of Care", "18776-5", "Plan of care note")
	for i := range d.Plans {
		b.add(first(d.Plans[i].Fact, "CarePlan"), dated(d.Plans[i].Text, d.Plans[i].Start))
	}
	return b.done()
}

func dated(text string, d facts.Date) string {
	if !d.Known() {
		return text
	}
	return text + " (" + d.Text() + ")"
}

const absent = `{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}`

// unknown adds a resource that says that nothing is known, as the guide has it.
func (b *builder) unknown(typ, code, opening, subject, more, text string) {
	key := typ + "/" + code
	src := `{"resourceType":"` + typ + `","id":"` + code + `",` + opening +
		`{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"` + code + `","display":"` + text + `"}]},"` +
		subject + `":{"reference":"Patient/` + fhir.ID(b.record.Patient()) + `"}` + more + `}`
	b.entries = append(b.entries, entry{b.base + "/" + key, json.RawMessage(src)})
	b.section.Entry = append(b.section.Entry, reference{key})
	b.texts = append(b.texts, text)
}
