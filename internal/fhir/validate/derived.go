// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/pack"
)

// derived checks a profile against those it is derived from, as far as they are installed: what one of them fixes, or asks for by
// a pattern, stays so.
//
// http://hl7.org/fhir/R4/profiling.html#snapshot
func (w *profileWalk) derived(n fhir.Node) {
	if !n.Field("derivation").Is("constraint") {
		return
	}
	base := n.Field("baseDefinition")
	for range maxBases {
		r := w.p.definition(base.Text())
		tape := new(fhir.Tape)
		if r == nil || w.full() || tape.Parse(r.JSON, fhir.Limits{Size: pack.MaxFile}) != nil {
			return
		}
		w.constrained(n, tape.Root())
		base = tape.Root().Field("baseDefinition")
	}
}

// stated is what an element's definition asks of a value: fixed or a pattern.
type stated struct{ fixed, pattern fhir.Node }

func statedOf(e fhir.Node) stated { return stated{valueOf(e, "fixed"), valueOf(e, "pattern")} }

// constrained checks the differential of a profile against what one of its bases states.
func (w *profileWalk) constrained(n, base fhir.Node) {
	states := map[string]stated{}
	for _, list := range [...]string{"snapshot", "differential"} {
		for _, e := range base.Field(list).Field("element").Elements() {
			if s := statedOf(e); s.fixed.Ok() || s.pattern.Ok() {
				states[elementID(e)] = s
			}
		}
	}
	if len(states) == 0 {
		return
	}
	w.path = append(w.path, step{name: "differential", index: -1})
	for i, e := range n.Field("differential").Field("element").Elements() {
		of, ok := states[elementID(e)]
		got := statedOf(e).fixed
		if !ok || !got.Ok() {
			continue
		}
		if of.fixed.Ok() && !equal(got, of.fixed) || of.pattern.Ok() && !has(got, of.pattern) {
			w.path = append(w.path, step{name: "element", index: i})
			w.fail(got, Value, "", "the profile that this one is derived from asks for another value here: a derived profile can only ask for more")
			w.path = w.path[:len(w.path)-1]
		}
	}
	w.path = w.path[:len(w.path)-1]
}

// elementID is the id of an element's definition, or its path where it has none.
func elementID(e fhir.Node) string {
	if id := e.Field("id"); id.Kind() == fhir.String {
		return strings.Clone(id.Text())
	}
	return strings.Clone(e.Field("path").Text())
}
