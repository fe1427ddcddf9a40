// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"galen/internal/fhir"
)

// Problem is a condition: one problem, however often it was recorded.
type Problem struct {
	Fact
	Concept
	Active       bool   `json:"active"`
	Status       string `json:"status"`       // clinicalStatus of the resource that decides; empty if not stated
	Verification string `json:"verification"` // provisional, unconfirmed, differential, confirmed, or empty
	Severity     string `json:"severity,omitempty"`
	Onset        Date   `json:"onset"`    // of the episode that decides
	Ended        Date   `json:"ended"`    // of the last episode, if it has
	Assessed     Date   `json:"assessed"` // when it was last recorded
	Episodes     int    `json:"episodes"` // distinct onsets
	Listed       bool   `json:"problemListItem"`
}

// activeCondition reads clinicalStatus; without it, a condition that has not ended is active.
//
// http://hl7.org/fhir/R4/condition-definitions.html#Condition.clinicalStatus
func activeCondition(n fhir.Node) bool {
	switch code(n.Field("clinicalStatus")) {
	case "active", "recurrence", "relapse":
		return true
	case "inactive", "remission", "resolved":
		return false
	}
	for _, e := range []string{"abatementDateTime", "abatementPeriod", "abatementAge", "abatementString", "abatementRange"} {
		if n.Field(e).Ok() {
			return false
		}
	}
	return true
}

// onset is when a condition began, or else when it was recorded.
func (b *builder) onset(n fhir.Node) Date {
	for _, e := range []string{"onsetDateTime", "onsetPeriod", "recordedDate"} {
		if d := b.date(n.Field(e)); d.Known() {
			return d
		}
	}
	return Date{}
}

func (b *builder) assessed(n fhir.Node) Date {
	if d := b.date(n.Field("recordedDate")); d.Known() {
		return d
	}
	return b.onset(n)
}

func (b *builder) problems() (out []Problem) {
	var nodes []fhir.Node
	for _, n := range b.Of("Condition") {
		if concept(n.Field("code")).Text != "" && !b.later(b.onset(n)) {
			nodes = append(nodes, n)
		}
	}
	for _, group := range union(nodes, func(n fhir.Node) []string { return concept(n.Field("code")).keys() }) {
		out = append(out, b.problem(group))
	}
	newest(out, func(p *Problem) Date { return p.Onset })
	slices.SortStableFunc(out, func(x, y Problem) int { return rank(x) - rank(y) })
	return out
}

// rank orders problems: active and on the problem list, active, past.
func rank(p Problem) int {
	switch {
	case p.Active && p.Listed:
		return 0
	case p.Active:
		return 1
	}
	return 2
}

// problem makes one of resources that name the same condition. It is active if any of them is; the latest active one
// decides its status and when it began, or else the latest.
func (b *builder) problem(group []fhir.Node) Problem {
	newest(group, func(n *fhir.Node) Date { return b.onset(*n) })
	slices.SortStableFunc(group, func(x, y fhir.Node) int { return boolean(activeCondition(y)) - boolean(activeCondition(x)) })
	first := group[0]
	p := Problem{Concept: concept(first.Field("code")), Active: activeCondition(first), Status: code(first.Field("clinicalStatus")),
		Verification: code(first.Field("verificationStatus")), Severity: concept(first.Field("severity")).Text, Onset: b.onset(first)}
	for _, n := range group {
		c := concept(n.Field("code"))
		p.Codes = append(p.Codes, c.Codes...)
		p.Listed = p.Listed || codeIn(n.Field("category"), "problem-list-item")
		if d := b.assessed(n); d.Micros() > p.Assessed.Micros() || !p.Assessed.Known() {
			p.Assessed = d
		}
		for _, e := range []string{"abatementDateTime", "abatementPeriod"} {
			if d := b.date(n.Field(e)); !p.Active && d.Known() && !b.later(d) && (!p.Ended.Known() || d.Micros() > p.Ended.Micros()) {
				p.Ended = d
			}
		}
		p.Evidence = append(p.Evidence, prove(n, "code", "clinicalStatus", "verificationStatus", "onsetDateTime", "onsetPeriod", "recordedDate",
			"abatementDateTime", "abatementPeriod")...)
	}
	p.Codes = distinct(p.Codes)
	p.Episodes = b.episodes(group)
	return p
}

// episodes counts the days on which the condition began anew.
func (b *builder) episodes(group []fhir.Node) int {
	days := map[Date]bool{}
	for _, n := range group {
		days[b.onset(n).day()] = true
	}
	return len(days)
}

func distinct(codes []Coding) []Coding {
	seen, out := map[Coding]bool{}, codes[:0]
	for _, c := range codes {
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
