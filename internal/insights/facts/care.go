// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"cmp"
	"slices"
	"strings"

	"galen/internal/fhir"
)

// Encounter is a visit, a stay or a contact.
type Encounter struct {
	Fact
	Concept        // its type, or else its class
	Class   string `json:"class"` // AMB, EMER, IMP, VR, …
	Status  string `json:"status"`
	Visit   bool   `json:"visit"` // it took place: finished, or under way
	Start   Date   `json:"start"`
	End     Date   `json:"end"`
	Reason  string `json:"reason,omitempty"`
	Where   string `json:"where,omitempty"`
	Who     string `json:"who,omitempty"`
}

// Over is the date from which on something happened after the encounter: its end, or else its start.
func (e *Encounter) Over() Date {
	if e.End.Known() {
		return e.End
	}
	return e.Start
}

var classes = map[string]string{"AMB": "Office visit", "EMER": "Emergency visit", "IMP": "Hospital stay", "ACUTE": "Hospital stay",
	"NONAC": "Hospital stay", "OBSENC": "Observation stay", "SS": "Short stay", "VR": "Virtual visit", "HH": "Home visit", "FLD": "Field visit", "PRENC": "Pre-admission"}

func (b *builder) encounters() (out []Encounter) {
	for _, n := range b.Of("Encounter") {
		status := n.Field("status").Text()
		e := Encounter{Concept: concept(n.Field("type")), Class: n.Field("class").Field("code").Text(), Status: status,
			Visit: slices.Contains([]string{"finished", "in-progress", "onleave", "triaged", "arrived"}, status),
			Start: b.date(n.Field("period").Field("start")), End: b.date(n.Field("period").Field("end")),
			Where: n.Field("serviceProvider").Field("display").Text()}
		if e.Text == "" {
			e.Text = cmp.Or(classes[e.Class], e.Class)
		}
		if e.Where == "" {
			e.Where = b.Resource(b.Key(n.Field("serviceProvider"))).Field("name").Text()
		}
		if !e.Visit || !e.Start.Known() || b.later(e.Start) || e.Text == "" {
			continue
		}
		if b.later(e.End) {
			e.End = Date{}
		}
		e.Evidence = prove(n, "type", "class", "status", "period", "reasonCode", "reasonReference", "serviceProvider", "participant")
		if p := b.Resource(b.Key(n.Field("serviceProvider"))); p.Ok() && n.Field("serviceProvider").Field("display").Text() == "" {
			e.Evidence = append(e.Evidence, prove(p, "name")...)
		}
		reasons, proof := b.reasons(n)
		if len(reasons) > 0 {
			e.Reason = reasons[0]
		}
		e.Evidence = append(e.Evidence, proof...)
		e.Who = n.Field("participant").First().Field("individual").Field("display").Text()
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(x, y Encounter) int {
		return cmp.Or(cmp.Compare(y.Over().Micros(), x.Over().Micros()), cmp.Compare(y.Start.Micros(), x.Start.Micros()))
	})
	return out
}

// Procedure is what was done: one procedure, however often.
type Procedure struct {
	Fact
	Concept
	Dates   []Date   `json:"dates"` // latest first
	Reasons []string `json:"reasons,omitempty"`
	Outcome string   `json:"outcome,omitempty"`

	latest Evidence
}

// LatestEvidence is the resource that tells of the last time.
func (p *Procedure) LatestEvidence() Evidence { return p.latest }

// performed is when something was done.
func (b *builder) performed(n fhir.Node) Date {
	for _, e := range []string{"performedDateTime", "performedPeriod", "occurrenceDateTime"} {
		if d := b.date(n.Field(e)); d.Known() {
			return d
		}
	}
	return Date{}
}

func (b *builder) procedures() (out []Procedure) {
	var nodes []fhir.Node
	for _, n := range b.Of("Procedure") {
		status := n.Field("status").Text()
		if (status == "completed" || status == "in-progress") && concept(n.Field("code")).Text != "" && !b.later(b.performed(n)) {
			nodes = append(nodes, n)
		}
	}
	for _, group := range union(nodes, func(n fhir.Node) []string { return concept(n.Field("code")).keys() }) {
		newest(group, func(n *fhir.Node) Date { return b.performed(*n) })
		p := Procedure{Concept: concept(group[0].Field("code")), Outcome: concept(group[0].Field("outcome")).Text}
		p.latest = Evidence{keyOf(group[0]), "Procedure.code"}
		for _, n := range group {
			p.Codes = append(p.Codes, concept(n.Field("code")).Codes...)
			if d := b.performed(n); d.Known() {
				p.Dates = append(p.Dates, d)
			}
			p.Evidence = append(p.Evidence, prove(n, "code", "performedDateTime", "performedPeriod", "outcome")...)
			reasons, proof := b.reasons(n)
			p.Reasons, p.Evidence = append(p.Reasons, reasons...), append(p.Evidence, proof...)
		}
		p.Codes, p.Reasons = distinct(p.Codes), dedupe(p.Reasons)
		out = append(out, p)
	}
	newest(out, (*Procedure).last)
	return out
}

// Last is when it was done last; none if that is not known.
func (p *Procedure) Last() Date { return p.last() }

func (p *Procedure) last() Date {
	if len(p.Dates) == 0 {
		return Date{}
	}
	return p.Dates[0]
}

// Immunization is a vaccine with the days it was given.
type Immunization struct {
	Fact
	Concept
	Dates []Date `json:"dates"` // latest first

	latest Evidence
}

// Last is when it was given last; none if that is not known.
func (m *Immunization) Last() Date {
	if len(m.Dates) == 0 {
		return Date{}
	}
	return m.Dates[0]
}

// LatestEvidence is the resource that tells of the last time.
func (m *Immunization) LatestEvidence() Evidence { return m.latest }

func (b *builder) immunizations() (out []Immunization) {
	var nodes []fhir.Node
	for _, n := range b.Of("Immunization") {
		if n.Field("status").Text() == "completed" && concept(n.Field("vaccineCode")).Text != "" && !b.later(b.performed(n)) {
			nodes = append(nodes, n)
		}
	}
	for _, group := range union(nodes, func(n fhir.Node) []string { return concept(n.Field("vaccineCode")).keys() }) {
		newest(group, func(n *fhir.Node) Date { return b.performed(*n) })
		m := Immunization{Concept: concept(group[0].Field("vaccineCode")), latest: Evidence{keyOf(group[0]), "Immunization.vaccineCode"}}
		for _, n := range group {
			m.Codes = append(m.Codes, concept(n.Field("vaccineCode")).Codes...)
			if d := b.performed(n); d.Known() && (len(m.Dates) == 0 || !m.Dates[len(m.Dates)-1].SameDay(d)) {
				m.Dates = append(m.Dates, d)
			}
			m.Evidence = append(m.Evidence, prove(n, "vaccineCode", "occurrenceDateTime", "status")...)
		}
		m.Codes = distinct(m.Codes)
		out = append(out, m)
	}
	newest(out, func(m *Immunization) Date { return m.Last() })
	return out
}

func (b *builder) devices() (out []Named) {
	for _, n := range b.Of("Device") {
		f := Named{Concept: concept(n.Field("type")), Status: n.Field("status").Text(), Date: b.date(n.Field("manufactureDate"))}
		if f.Text == "" {
			f.Text = plainName(n.Field("deviceName").First().Field("name").Text())
		}
		if f.Text == "" || f.Status == "inactive" {
			continue
		}
		f.Date = Date{} // the day of manufacture says nothing of the patient
		f.Evidence = prove(n, "type", "deviceName", "status")
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(x, y Named) int { return strings.Compare(x.Text, y.Text) })
	return out
}
