// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"strings"

	"galen/internal/fhir"
)

// unreferenced is dom-3: a contained resource is referenced by the resource that contains it, or references that by "#".
// A narrative's src="#id" and href="#id" count.
//
// http://hl7.org/fhir/R4/references.html#contained
func (w *walk) unreferenced(n fhir.Node) {
	contained := n.Field("contained")
	if contained.Kind() != fhir.Array {
		return
	}
	if w.fragments == nil {
		w.fragments = map[string]bool{}
	}
	clear(w.fragments)
	w.fragmentsOf(n, "")
	for i, c := range contained.Elements() {
		id := c.Field("id")
		if id.Kind() != fhir.String || w.fragments[id.Text()] || w.refersOut(c) {
			continue
		}
		w.path = append(w.path, step{name: "contained", index: i})
		w.report(detail, c, Invariant, "", "dom-3: nothing references this contained resource: reference it by # and its id, or take it out")
		w.pop()
	}
}

// fragmentsOf collects what is referenced by # within a value.
func (w *walk) fragmentsOf(n fhir.Node, name string) {
	switch n.Kind() {
	case fhir.String:
		text := n.Text()
		if id, ok := strings.CutPrefix(text, "#"); ok {
			w.fragments[strings.Clone(id)] = true
		} else if name == "div" {
			w.fragmentsOfNarrative(text)
		}
	case fhir.Object, fhir.Array:
		for m := n.First(); m.Ok(); m = m.Next() {
			if n.Kind() == fhir.Object {
				name = m.Name()
			}
			w.fragmentsOf(m, name)
		}
	}
}

func (w *walk) fragmentsOfNarrative(text string) {
	for {
		_, rest, ok := strings.Cut(text, `="#`)
		if !ok {
			return
		}
		id, after, _ := strings.Cut(rest, `"`)
		w.fragments[strings.Clone(id)] = true
		text = after
	}
}

// refersOut reports whether a contained resource references the one that contains it.
func (w *walk) refersOut(n fhir.Node) bool {
	switch n.Kind() {
	case fhir.String:
		return n.Is("#")
	case fhir.Object, fhir.Array:
		for m := n.First(); m.Ok(); m = m.Next() {
			if w.refersOut(m) {
				return true
			}
		}
	}
	return false
}
