// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"

	"galen/internal/fhir"
)

// measured checks a MeasureReport against the Measure that it names, if that is contained or in a package: its groups, their
// populations and stratifiers are the Measure's, and a cohort has no score.
//
// http://hl7.org/fhir/R4/measurereport.html#notes
func (w *profileWalk) measured(n fhir.Node) {
	m := w.named(n, "Measure", n.Field("measure"))
	if !m.Ok() || n.Field("type").Is("data-collection") {
		return
	}
	cohort := slices.ContainsFunc(members(m.Field("scoring").Field("coding")), func(c fhir.Node) bool { return c.Field("code").Is("cohort") })
	groups := members(n.Field("group"))
	for i, g := range groups {
		w.path = append(w.path, step{name: "group", index: i})
		if of, ok := counterpart(g, groups, members(m.Field("group")), sameMeaning); ok {
			w.group(g, of, cohort)
		} else {
			w.fail(g, Invariant, "", "the Measure has no such group: give the group the code of one that it has, and each of them once")
		}
		w.path = w.path[:len(w.path)-1]
	}
}

// group checks a group against the Measure's.
func (w *profileWalk) group(g, of fhir.Node, cohort bool) {
	w.score(g, cohort)
	populations := members(g.Field("population"))
	for i, p := range populations {
		if _, ok := counterpart(p, populations, members(of.Field("population")), sameMeaning); !ok {
			w.path = append(w.path, step{name: "population", index: i})
			w.fail(p, Invariant, "", "the Measure's group has no such population: give it the code of one that the group has")
			w.path = w.path[:len(w.path)-1]
		}
	}
	stratifiers := members(g.Field("stratifier"))
	for i, s := range stratifiers {
		w.path = append(w.path, step{name: "stratifier", index: i})
		if _, ok := counterpart(s, stratifiers, members(of.Field("stratifier")), sameStratifier); !ok {
			w.fail(s, Invariant, "", "the Measure's group has no such stratifier: give it, or the components of its strata, the codes of one that the group has")
		}
		for j, stratum := range s.Field("stratum").Elements() {
			w.path = append(w.path, step{name: "stratum", index: j})
			w.score(stratum, cohort)
			w.path = w.path[:len(w.path)-1]
		}
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *profileWalk) score(n fhir.Node, cohort bool) {
	if score := n.Field("measureScore"); cohort && score.Ok() {
		w.fail(score, Invariant, "measureScore", "a Measure whose scoring is cohort has no score: remove it")
	}
}

// counterpart finds what a Measure says of one of the things reported: that of the same meaning. Where nothing has a code, as
// many are reported as there are, in their order.
func counterpart(n fhir.Node, reported, defined []fhir.Node, same func(reported, defined fhir.Node) bool) (fhir.Node, bool) {
	for _, d := range defined {
		if same(n, d) {
			return d, true
		}
	}
	coded := func(list []fhir.Node) bool {
		return slices.ContainsFunc(list, func(n fhir.Node) bool { return n.Field("code").Ok() || n.Field("component").Ok() })
	}
	if len(reported) == len(defined) && (!coded(reported) || !coded(defined)) {
		i := slices.IndexFunc(reported, func(r fhir.Node) bool { return r.Offset() == n.Offset() })
		return defined[i], true
	}
	return fhir.Node{}, false
}

// sameMeaning compares the codes of two things. Reports give several to a stratifier.
func sameMeaning(reported, defined fhir.Node) bool {
	code := reported.Field("code")
	if code.Kind() != fhir.Array {
		return sameConcept(code, defined.Field("code"))
	}
	return slices.ContainsFunc(members(code), func(c fhir.Node) bool { return sameConcept(c, defined.Field("code")) })
}

// sameConcept compares two concepts: one coding in common (a missing system is any), or the same text.
func sameConcept(a, b fhir.Node) bool {
	for _, x := range a.Field("coding").Elements() {
		for _, y := range b.Field("coding").Elements() {
			systems := !x.Field("system").Ok() || !y.Field("system").Ok() || x.Field("system").Is(y.Field("system").Text())
			if systems && x.Field("code").Ok() && x.Field("code").Is(y.Field("code").Text()) {
				return true
			}
		}
	}
	text := a.Field("text")
	return text.Ok() && text.Is(b.Field("text").Text())
}

// sameStratifier compares a stratifier with the Measure's: by code, or by the codes of components.
func sameStratifier(reported, defined fhir.Node) bool {
	if sameMeaning(reported, defined) {
		return true
	}
	components := members(defined.Field("component"))
	strata := members(reported.Field("stratum"))
	for _, s := range strata {
		for _, c := range s.Field("component").Elements() {
			if !slices.ContainsFunc(components, func(d fhir.Node) bool { return sameMeaning(c, d) }) {
				return false
			}
		}
		if s.Field("component").Len() != len(components) {
			return false
		}
	}
	return len(components) > 0 && len(strata) > 0
}

// members is the elements of an array.
func members(array fhir.Node) (list []fhir.Node) {
	for _, n := range array.Elements() {
		list = append(list, n)
	}
	return list
}
