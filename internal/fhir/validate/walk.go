// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

const (
	textOnlyID    = "ele-1: an element needs a value or children beside its id"
	textNoObject  = "this must be a JSON object: put its elements in {}"
	textEmpty     = "this object is empty: give it a member or leave it out"
	textNull      = "null is allowed only in the array of a repeating primitive or of its _sibling: leave the member out"
	textNeedsList = "this element may repeat, so JSON writes it as an array: put the value in []"
	textNoList    = "this element does not repeat: write the value without []"
	textEmptyList = "this array is empty: leave it out"
)

// root checks the resource given.
func (w *walk) root(n fhir.Node) {
	w.path = append(w.path, step{name: "Resource", index: -1})
	w.outer = n
	if sh := w.typeOf(n); sh != nil {
		w.path[0].name = sh.def.Name
		w.rootID(n)
		w.object(n, sh, nil)
	}
}

// rootID checks the id at Minimal, where it is the one element that can be wrong; at other levels the walk does.
func (w *walk) rootID(n fhir.Node) {
	id := n.Field("id")
	if w.level == Minimal && id.Ok() && !(id.Kind() == fhir.String && fhir.ValidID(id.Text())) {
		w.report(always, id, Value, "id", textID)
	}
}

// typeOf finds the shape of a resource; nil after a finding.
func (w *walk) typeOf(n fhir.Node) *shape {
	if n.Kind() != fhir.Object {
		w.report(always, n, Structure, "", "this must be a resource: a JSON object with a resourceType")
		return nil
	}
	name := n.Field("resourceType")
	if name.Kind() != fhir.String {
		w.report(always, n, Required, "", "resourceType is missing: add it with the name of the resource's type")
		return nil
	}
	sh := w.v.types[name.Text()]
	if sh == nil {
		w.report(always, name, NotSupported, "", "resourceType names no concrete resource type of FHIR R4 (4.0.1)")
	}
	return sh
}

// inside checks a resource within another: contained, or in a Bundle or Parameters.
func (w *walk) inside(n fhir.Node, f *field) {
	sh := w.typeOf(n)
	if sh == nil {
		return
	}
	outer, inner := w.outer, w.inner
	if f.element.Name == "contained" {
		if inner {
			w.report(detail, n, Invariant, "", "dom-2: a contained resource cannot contain resources: contain them in the outermost one")
		}
		w.inner = true
	} else {
		w.outer, w.inner = n, false
	}
	w.object(n, sh, f)
	w.outer, w.inner = outer, inner
}

// object checks an object by its shape. f is the field that holds it, nil for the root.
func (w *walk) object(n fhir.Node, sh *shape, f *field) {
	if n.Kind() != fhir.Object {
		w.report(search, n, Structure, "", textNoObject)
		return
	}
	first := n.First()
	if !first.Ok() {
		w.report(search, n, Structure, "", textEmpty)
		return
	}
	before := len(w.findings)
	var seen set
	for m := first; m.Ok() && !w.full(); m = m.Next() {
		name := m.Name()
		mf := sh.fields[name]
		if mf == nil {
			if name != "resourceType" || !sh.resource {
				w.unknown(m, name, sh)
			}
			continue
		}
		i := mf.element.Index
		if mf.element.Choice && seen.has(i) && !w.partner(n, mf) {
			w.push(mf)
			w.path[len(w.path)-1].typ = nil
			w.report(search, m, Structure, "", "this element has values of two types: keep one of them")
			w.pop()
			continue
		}
		seen.add(i)
		w.member(n, m, mf)
	}
	if seen.lacks(&sh.required) {
		w.missing(n, sh, &seen)
	}
	w.rules(n, sh, f, &seen)
	if w.level == Minimal || len(w.findings) > before {
		return
	}
	if sh.resource && !w.inner {
		w.unreferenced(n)
	}
	switch sh.rule {
	case bundleRule:
		w.bundle(n)
	case definitionRule:
		w.definition(n)
	case questionnaireRule:
		w.questions(n, 0)
	}
	v := fhirpath.Value{Node: n, Type: sh.def}
	if f != nil {
		v.Element = f.element
	}
	w.invariants(sh.invariants, v, &seen)
	if f != nil && !f.sibling {
		w.invariants(f.invariants, v, &seen)
	}
}

// partner reports whether the object has the other half of a primitive: value and _value are one choice.
func (w *walk) partner(n fhir.Node, f *field) bool {
	switch {
	case f.sibling:
		return n.Field(f.typ.JSON).Ok()
	case f.typ.Sibling != "":
		return n.Field(f.typ.Sibling).Ok()
	}
	return false
}

// unknown reports a member that the definition does not have.
func (w *walk) unknown(m fhir.Node, name string, sh *shape) {
	name = plain(name)
	what := fmt.Sprintf("%s has no element %q: remove it, or move it to an extension", sh.def.Name, name)
	if e := sh.def.Element(name); e != nil && e.Choice {
		what = fmt.Sprintf("%q needs the name of its type: write it as %s, for example", name, e.Types[0].JSON)
	}
	w.report(detail, m, Structure, name, what)
}

// missing reports the elements that must be there and are not.
func (w *walk) missing(n fhir.Node, sh *shape, seen *set) {
	for _, e := range sh.def.Elements {
		if e.Min > 0 && !seen.has(e.Index) {
			w.report(detail, n, Required, e.Name, fmt.Sprintf("%s is missing: every %s needs it", e.Path, sh.def.Name))
		}
	}
}

// member checks one member m of the object n.
func (w *walk) member(n, m fhir.Node, f *field) {
	if f.scalar == def.ID && w.level == Minimal && len(w.path) == 1 {
		return // rootID
	}
	w.push(f)
	if f.sibling && !f.list && m.Kind() == fhir.Object && onlyID(m) && !n.Field(f.typ.JSON).Ok() {
		w.report(detail, m, Invariant, "", textOnlyID)
	}
	switch kind := m.Kind(); {
	case kind == fhir.Null:
		w.report(search, m, Structure, "", textNull)
	case f.list && kind != fhir.Array:
		w.report(search, m, Structure, "", textNeedsList)
	case !f.list && kind == fhir.Array:
		w.report(search, m, Structure, "", textNoList)
	case f.list:
		w.items(n, m, f)
	default:
		w.value(m, f)
	}
	w.pop()
}

// value checks one value: a member's, or an item's.
func (w *walk) value(m fhir.Node, f *field) {
	switch {
	case f.scalar != def.NoScalar:
		w.primitive(m, f)
		if len(f.invariants) > 0 && w.level != Minimal {
			w.invariants(f.invariants, fhirpath.Value{Node: m, Type: f.typ.Structure, Element: f.element}, &set{^uint64(0), ^uint64(0)})
		}
	case f.inside:
		w.inside(m, f)
	default:
		w.object(m, f.shape, f)
	}
}

// items checks the array m under a member of n.
func (w *walk) items(n, m fhir.Node, f *field) {
	item := m.First()
	if !item.Ok() {
		w.report(search, m, Structure, "", textEmptyList)
		return
	}
	var other fhir.Node // the item of the other half that stands beside this one
	paired := f.sibling || f.typ.Sibling != ""
	if paired {
		other = w.otherHalf(n, m, f)
	}
	for i := 0; item.Ok() && !w.full(); i++ {
		w.at(i)
		switch {
		case item.Kind() != fhir.Null:
			w.value(item, f)
		case !paired:
			w.report(search, item, Structure, "", textNull)
		case !other.Ok() || other.Kind() == fhir.Null:
			if !f.sibling || !other.Ok() {
				w.report(search, item, Structure, "", "null needs a value or an extension beside it, in the other array of this primitive")
			}
		}
		item, other = item.Next(), other.Next()
	}
	w.at(-1)
}

// otherHalf gives the first item of the array beside a primitive's values, or beside its siblings.
func (w *walk) otherHalf(n, m fhir.Node, f *field) fhir.Node {
	name := f.typ.Sibling
	if f.sibling {
		name = f.typ.JSON
	}
	other := n.Field(name)
	if other.Kind() != fhir.Array {
		return fhir.Node{}
	}
	if f.sibling && other.Len() != m.Len() {
		w.report(search, m, Structure, "", "the arrays of this primitive and its _sibling differ in length: fill the shorter with null")
	}
	return other.First()
}
