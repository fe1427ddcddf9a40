// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// rules checks what the elements alone do not say. f is the field that holds n, nil for the root.
func (w *walk) rules(n fhir.Node, sh *shape, f *field, seen *set) {
	if !sh.resource && (f == nil || !f.sibling) && onlyID(n) {
		w.report(detail, n, Invariant, "", textOnlyID)
	}
	if f == nil {
		return
	}
	if f.typ.Profiles != nil && n.Field("comparator").Ok() {
		w.report(detail, n, Structure, "comparator", "a quantity here states no comparator: remove it")
	}
	switch sh.rule {
	case extensionRule:
		w.extension(n, sh, seen)
	case referenceRule:
		w.reference(n, f.typ)
	case attachmentRule:
		w.attachment(n)
	case conceptRule:
		if f.codes != nil && !conceptIn(f.codes, n) {
			w.notInSet(n, f.codes)
		}
	}
}

func onlyID(n fhir.Node) bool {
	first := n.First()
	return first.Name() == "id" && !first.Next().Ok()
}

// extension is ext-1: a value or extensions, not both, not neither.
func (w *walk) extension(n fhir.Node, sh *shape, seen *set) {
	value, nested := seen.has(sh.def.Element("value").Index), seen.has(sh.def.Element("extension").Index)
	switch {
	case value && nested:
		w.report(detail, n, Invariant, "", "ext-1: an extension has a value or extensions, not both: remove one")
	case !value && !nested:
		w.report(detail, n, Invariant, "", "ext-1: an extension has a value or extensions: add one")
	}
}

// attachment compares the size stated with that of the data.
func (w *walk) attachment(n fhir.Node) {
	size, data := n.Field("size"), n.Field("data")
	if !size.Ok() || data.Kind() != fhir.String {
		return
	}
	stated, ok := integer(size)
	if is := decodedSize(data.Text()); ok && is >= 0 && is != stated {
		w.report(detail, size, Value, "size", "the size stated is not that of the data: correct it, or leave it out")
	}
}

// reference checks where a Reference points.
//
// http://hl7.org/fhir/R4/references.html
func (w *walk) reference(n fhir.Node, t *def.ElementType) {
	text := n.Field("reference")
	if text.Kind() != fhir.String {
		return // a logical reference, or reported already
	}
	r := fhir.ParseReference(text.Text())
	switch r.Kind {
	case fhir.NoReference:
		w.report(search, text, Value, "reference", "this reference has no form that FHIR knows: write Type/id, an absolute URL, urn:uuid:… or #id of a contained resource")
	case fhir.Fragment:
		if r.Rest != "" && !w.contains(r.Rest) {
			w.report(detail, text, Invariant, "reference", "no contained resource has this id: contain it, or reference it by Type/id")
		}
	case fhir.Relative, fhir.Conditional:
		w.target(n, text, r.Key.Type, t)
	}
}

// target checks the type that a reference points to.
func (w *walk) target(n, text fhir.Node, typeName string, t *def.ElementType) {
	stated := n.Field("type")
	switch {
	case w.v.types[typeName] == nil:
		w.report(detail, text, Value, "reference", "this reference names no concrete resource type of FHIR R4: write Type/id")
	case !t.AllowsTarget(typeName):
		w.report(detail, text, Structure, "reference", fmt.Sprintf("a %s cannot be referenced here, only %s", typeName, oneOf(t.Targets)))
	case stated.Kind() == fhir.String && w.v.types[stated.Text()] != nil && !stated.Is(typeName):
		w.report(detail, stated, Value, "type", "the type stated differs from the type in the reference: make them equal, or leave the type out")
	}
}

// contains reports whether the resource at hand contains one of that id.
func (w *walk) contains(id string) bool {
	for c := w.outer.Field("contained").First(); c.Ok(); c = c.Next() {
		if c.Field("id").Is(id) {
			return true
		}
	}
	return false
}

// conceptIn reports whether a coding of a CodeableConcept is in the set. One without codings passes if an extension says why.
func conceptIn(codes *def.ValueSet, n fhir.Node) bool {
	codings := n.Field("coding")
	if codings.Kind() != fhir.Array {
		return n.Field("extension").Ok()
	}
	for c := codings.First(); c.Ok(); c = c.Next() {
		if codingIn(codes, c) {
			return true
		}
	}
	return false
}

// codingIn reports whether a Coding is in the set. One without a code passes if an extension says why.
func codingIn(codes *def.ValueSet, n fhir.Node) bool {
	code, system := n.Field("code"), n.Field("system")
	switch {
	case code.Kind() != fhir.String:
		return n.Field("extension").Ok() || n.Field("_code").Ok()
	case system.Kind() != fhir.String:
		return codes.HasCode(code.Text())
	}
	return codes.Has(system.Text(), code.Text())
}

func (w *walk) notInSet(n fhir.Node, codes *def.ValueSet) {
	w.report(detail, n, CodeInvalid, "", "no code here is in the required value set "+codes.URL+": use "+someOf(codes))
}

// someOf says which codes a value set has: all of them if they are few.
func someOf(codes *def.ValueSet) string {
	var few []string
	for _, code := range codes.Codes() {
		if len(few) == maxShown {
			return "one of its codes"
		}
		few = append(few, code)
	}
	return oneOf(few)
}

const maxShown = 12 // codes of a value set that a text names

// oneOf lists names for a text.
func oneOf(names []string) string {
	text := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " or "
		default:
			text += ", "
		}
		text += name
	}
	return text
}
