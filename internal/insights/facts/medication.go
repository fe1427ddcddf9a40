// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"galen/internal/fhir"
)

// Medication is a medicine: one product, however often it was ordered or reported.
type Medication struct {
	Fact
	Concept
	Current    bool     `json:"current"`
	Held       bool     `json:"onHold"`
	Prohibited bool     `json:"doNotGive"`      // an order says that it must not be given
	Status     string   `json:"status"`         // of the resource that decides
	Dose       string   `json:"dose,omitempty"` // in plain words, as the record has it
	Started    Date     `json:"started"`        // of the first order
	Latest     Date     `json:"latest"`         // of the order that decides
	Ended      Date     `json:"ended"`
	Reasons    []string `json:"reasons,omitempty"`
	Conflict   bool     `json:"conflict"` // an older order is active though a newer one is not
}

// medicine is the name of what a request or statement is about: its code, or that of the Medication it points at.
func (b *builder) medicine(n fhir.Node) (Concept, []Evidence) {
	if c := n.Field("medicationCodeableConcept"); c.Ok() {
		return concept(c), prove(n, "medicationCodeableConcept")
	}
	ref := n.Field("medicationReference")
	if c := contained(n, ref); c.Ok() {
		return concept(c.Field("code")), prove(n, "medicationReference", "contained")
	}
	if m := b.Resource(b.Key(ref)); m.Ok() && m.Field("status").Text() != "entered-in-error" {
		return concept(m.Field("code")), append(prove(n, "medicationReference"), prove(m, "code")...)
	}
	return Concept{Text: plainName(ref.Field("display").Text())}, prove(n, "medicationReference")
}

// medicationState reads the status of a request or statement: taken now, on hold.
//
// http://hl7.org/fhir/R4/valueset-medicationrequest-status.html
// http://hl7.org/fhir/R4/valueset-medication-statement-status.html
func medicationState(n fhir.Node) (current, held bool) {
	if n.Field("doNotPerform").Bool() {
		return false, false
	}
	switch n.Field("status").Text() {
	case "active":
		return true, false
	case "on-hold":
		return true, true
	}
	return false, false
}

func (b *builder) ordered(n fhir.Node) Date {
	for _, e := range []string{"authoredOn", "effectiveDateTime", "effectivePeriod", "dateAsserted"} {
		if d := b.date(n.Field(e)); d.Known() {
			return d
		}
	}
	return Date{}
}

func (b *builder) medications() (out []Medication) {
	var nodes []fhir.Node
	for _, typ := range []string{"MedicationRequest", "MedicationStatement"} {
		for _, n := range b.Of(typ) {
			c, _ := b.medicine(n)
			intent, status := n.Field("intent").Text(), n.Field("status").Text()
			if c.Text == "" || intent == "proposal" || intent == "option" || status == "draft" || b.later(b.ordered(n)) {
				continue
			}
			nodes = append(nodes, n)
		}
	}
	// What must not be given is told by itself: it is never one fact with what is taken.
	forbidden := func(n fhir.Node) bool { return n.Field("doNotPerform").Bool() }
	for _, group := range union(nodes, func(n fhir.Node) []string {
		c, _ := b.medicine(n)
		keys := c.keys()
		for i := range keys {
			if forbidden(n) {
				keys[i] = "not " + keys[i]
			}
		}
		return keys
	}) {
		out = append(out, b.medication(group))
	}
	newest(out, func(m *Medication) Date { return m.Latest })
	slices.SortStableFunc(out, func(x, y Medication) int { return boolean(y.Current) - boolean(x.Current) })
	return out
}

// medication makes one of resources that name the same product. It is current if any of them is; the latest current one
// decides dose and status, or else the latest.
func (b *builder) medication(group []fhir.Node) Medication {
	newest(group, func(n *fhir.Node) Date { return b.ordered(*n) })
	last := b.ordered(group[0])
	slices.SortStableFunc(group, func(x, y fhir.Node) int {
		cx, _ := medicationState(x)
		cy, _ := medicationState(y)
		return boolean(cy) - boolean(cx)
	})
	first := group[0]
	c, _ := b.medicine(first)
	m := Medication{Concept: c, Status: first.Field("status").Text(), Latest: b.ordered(first), Started: b.ordered(group[len(group)-1])}
	m.Current, m.Held = medicationState(first)
	m.Prohibited = first.Field("doNotPerform").Bool() && m.Status == "active"
	m.Conflict = m.Current && last.After(m.Latest)
	for _, n := range group {
		each, proof := b.medicine(n)
		m.Codes = append(m.Codes, each.Codes...)
		// The latest that says how much decides, among those that are current if any is.
		if current, _ := medicationState(n); m.Dose == "" && current == m.Current {
			if m.Dose = Dose(n.Field("dosageInstruction")); m.Dose == "" {
				m.Dose = Dose(n.Field("dosage"))
			}
		}
		m.Evidence = append(append(m.Evidence, proof...), prove(n, "status", "doNotPerform", "authoredOn", "effectiveDateTime", "effectivePeriod",
			"dateAsserted", "dosageInstruction", "dosage", "reasonCode", "reasonReference")...)
		if d := b.ordered(n); d.Known() && (!m.Started.Known() || d.Micros() < m.Started.Micros()) {
			m.Started = d
		}
		if d := b.date(n.Field("effectivePeriod").Field("end")); !m.Current && d.Known() && !b.later(d) {
			m.Ended = d
		}
		reasons, more := b.reasons(n)
		m.Reasons, m.Evidence = append(m.Reasons, reasons...), append(m.Evidence, more...)
	}
	m.Codes, m.Reasons = distinct(m.Codes), dedupe(m.Reasons)
	return m
}

// reasons names what a resource was done for.
func (b *builder) reasons(n fhir.Node) (names []string, proof []Evidence) {
	for _, c := range n.Field("reasonCode").Elements() {
		if t := concept(c).Text; t != "" {
			names = append(names, t)
		}
	}
	for _, ref := range n.Field("reasonReference").Elements() {
		c := b.Resource(b.Key(ref))
		if fhir.Type(c) != "Condition" || verdict(c, "entered-in-error", "refuted") {
			continue
		}
		if t := concept(c.Field("code")).Text; t != "" {
			names, proof = append(names, t), append(proof, prove(c, "code")...)
		}
	}
	return names, proof
}
