// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"strings"

	"galen/internal/fhir"
)

// Allergy is an allergy or intolerance, or the statement that there is none.
type Allergy struct {
	Fact
	Concept
	None         bool     `json:"noKnown"` // the record says that there is none of this kind
	Active       bool     `json:"active"`
	Verification string   `json:"verification"`
	Kind         string   `json:"kind,omitempty"` // allergy, intolerance
	Categories   []string `json:"categories,omitempty"`
	Criticality  string   `json:"criticality,omitempty"` // low, high, unable-to-assess
	Reactions    []string `json:"reactions,omitempty"`
	Severity     string   `json:"severity,omitempty"` // the worst reaction's
	Recorded     Date     `json:"recorded"`
}

// noneKnown are the codes of SNOMED CT that say there is no allergy (of a kind).
//
// http://hl7.org/fhir/R4/valueset-allergyintolerance-code.html
var noneKnown = []string{"716186003", "409137002", "428607008", "429625007", "428197003", "1003774007", "716220001", "716184000"}

func (b *builder) allergies() (out []Allergy) {
	var nodes []fhir.Node
	for _, n := range b.Of("AllergyIntolerance") {
		if c, _ := allergen(n); c.Text != "" && !b.later(b.recorded(n)) {
			nodes = append(nodes, n)
		}
	}
	for _, group := range union(nodes, func(n fhir.Node) []string {
		c, _ := allergen(n)
		return c.keys()
	}) {
		out = append(out, b.allergy(group))
	}
	newest(out, func(a *Allergy) Date { return a.Recorded })
	slices.SortStableFunc(out, func(x, y Allergy) int { return danger(x) - danger(y) })
	return out
}

// allergen is the code, or else the substance of the first reaction.
func allergen(n fhir.Node) (Concept, []Evidence) {
	if c := concept(n.Field("code")); c.Text != "" {
		return c, prove(n, "code")
	}
	return concept(n.Field("reaction").First().Field("substance")), prove(n, "reaction")
}

func (b *builder) recorded(n fhir.Node) Date {
	for _, e := range []string{"recordedDate", "onsetDateTime", "onsetPeriod"} {
		if d := b.date(n.Field(e)); d.Known() {
			return d
		}
	}
	return Date{}
}

// danger orders allergies: active before past, high criticality first.
func danger(a Allergy) int {
	switch {
	case !a.Active:
		return 3
	case a.Criticality == "high" || a.Severity == "severe":
		return 0
	case a.None:
		return 2
	}
	return 1
}

func (b *builder) allergy(group []fhir.Node) Allergy {
	active := func(n fhir.Node) bool { c := code(n.Field("clinicalStatus")); return c == "active" || c == "" }
	newest(group, func(n *fhir.Node) Date { return b.recorded(*n) })
	slices.SortStableFunc(group, func(x, y fhir.Node) int { return boolean(active(y)) - boolean(active(x)) })
	first := group[0]
	c, _ := allergen(first)
	a := Allergy{Concept: c, Active: active(first), Verification: code(first.Field("verificationStatus")), Kind: first.Field("type").Text(),
		Recorded: b.recorded(first)}
	a.None = c.Has(SNOMED, noneKnown...) || strings.HasPrefix(strings.ToLower(c.Text), "no known")
	for _, n := range group {
		each, proof := allergen(n)
		a.Codes = append(a.Codes, each.Codes...)
		a.Evidence = append(append(a.Evidence, proof...), prove(n, "clinicalStatus", "verificationStatus", "criticality", "reaction", "recordedDate",
			"onsetDateTime")...)
		if a.Active && !active(n) {
			continue
		}
		for _, k := range n.Field("category").Elements() {
			a.Categories = append(a.Categories, k.Text())
		}
		if k := n.Field("criticality").Text(); a.Criticality == "" || k == "high" {
			a.Criticality = k
		}
		a.react(n)
	}
	a.Codes, a.Categories, a.Reactions = distinct(a.Codes), dedupe(a.Categories), dedupe(a.Reactions)
	return a
}

// react adds the reactions that a resource tells of.
func (a *Allergy) react(n fhir.Node) {
	for _, r := range n.Field("reaction").Elements() {
		for _, m := range r.Field("manifestation").Elements() {
			if t := concept(m).Text; t != "" {
				a.Reactions = append(a.Reactions, t)
			}
		}
		worse := map[string]int{"mild": 1, "moderate": 2, "severe": 3}
		if s := r.Field("severity").Text(); worse[s] > worse[a.Severity] {
			a.Severity = s
		}
	}
}
