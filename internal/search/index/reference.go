// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// referenceOf reads a value as a reference. A resource (Bundle.entry[0].resource) refers to itself.
func referenceOf(v *fhirpath.Value) fhir.Reference {
	switch s := shapeOf(v); {
	case s == referenceShape:
		return fhir.ReferenceOf(v.Node)
	case s == resourceShape:
		key := fhir.Key{Type: fhir.Type(v.Node), ID: fhir.ID(v.Node)}
		if key.ID == "" {
			return fhir.Reference{}
		}
		return fhir.Reference{Kind: fhir.Relative, Key: key}
	case s.isText():
		text := v.Node.Text()
		if text == "" {
			return fhir.Reference{}
		}
		r := fhir.Reference{Kind: fhir.URL}
		r.Rest, r.Version = splitURI(text)
		return r
	}
	return fhir.Reference{}
}

// targetOf is the type that a reference points to as far as it says itself; empty if it does not.
func targetOf(v *fhirpath.Value, r *fhir.Reference, root fhirpath.Value) string {
	switch {
	case r.Kind == fhir.Fragment && r.Rest == "":
		return fhir.Type(root.Node)
	case r.Kind == fhir.Fragment:
		for c := list(root.Node.Field("contained")); c.Ok(); c = c.Next() {
			if c.Field("id").Is(r.Rest) {
				return fhir.Type(c)
			}
		}
		return ""
	case v.Node.Kind() == fhir.String:
		return fhir.ParseReference(v.Node.Text()).Key.Type
	case r.Key.Type != "":
		return r.Key.Type
	}
	return v.Node.Field("type").Text()
}

// address is the url and version by which a reference that is not relative is found; empty if there is none.
func address(r *fhir.Reference) (url, version string) {
	if r.Kind == fhir.URN || r.Kind == fhir.URL {
		return r.Rest, r.Version
	}
	return "", ""
}

func (x *Index) references(t *Terms, h *header, v *fhirpath.Value) {
	r := referenceOf(v)
	target := x.typeID(targetOf(v, &r, t.root))
	t.open(h, AnyClass)
	t.keys = ordkey.AppendUint16(t.keys, uint16(target))
	t.done()
	t.open(h, ReferenceClass)
	t.keys = appendRelative(t.keys, target, &r)
	t.done()
	switch r.Kind {
	case fhir.Absolute:
		t.open(h, AddressClass)
		t.keys = appendCut(t.keys, baseOf(v.Node.Field("reference").Text(), &r))
		t.keys = append(t.keys, r.Version...)
		t.done()
	case fhir.URN, fhir.URL:
		url, version := address(&r)
		t.open(h, AddressClass)
		t.string(url)
		t.keys = append(t.keys, version[:min(len(version), maxText)]...)
		t.done()
	}
	if id := v.Node.Field("identifier"); id.Kind() == fhir.Object {
		identifier(id, func(k token) { x.token(t, h, token{system: k.system, code: k.code, casing: k.casing}) })
	}
}

// appendRelative appends the target's type and its id, a # if the resource itself contains it. The id is empty if the reference is of
// another form: then it is there to sort by.
func appendRelative(dst []byte, target def.TypeID, r *fhir.Reference) []byte {
	dst = appendTarget(dst, target)
	switch {
	case r.Kind == fhir.Relative:
		dst = append(dst, r.Key.ID...)
	case r.Kind == fhir.Fragment && r.Rest != "":
		dst = append(dst, inside)
	}
	return dst
}

// inside stands for the id of what is contained, which is the resource's own affair. No id has it.
const inside = '#'

// baseOf is the text of an absolute reference without its version.
func baseOf(text string, r *fhir.Reference) string {
	return text[:min(len(text), len(r.Base)+1+len(r.Key.Type)+1+len(r.Key.ID))]
}

func (x *Index) typeID(name string) def.TypeID {
	if name == "" {
		return 0
	}
	if t := x.defs.Type(name); t != nil {
		return t.ID
	}
	return 0
}

// appendReferencePart appends a reference as a component of a composite: one byte for its form, then type and id or url
// and version. ok is false if it is found by neither.
func (x *Index) appendReferencePart(dst []byte, v *fhirpath.Value) (_ []byte, ok bool) {
	r := referenceOf(v)
	switch r.Kind {
	case fhir.Relative:
		dst = ordkey.AppendUint16(append(dst, byte(ReferenceClass)), uint16(x.typeID(r.Key.Type)))
		return appendCut(dst, r.Key.ID), true
	case fhir.Absolute:
		dst = appendCut(append(dst, byte(AddressClass)), baseOf(v.Node.Field("reference").Text(), &r))
		return appendCut(dst, r.Version), true
	case fhir.URN, fhir.URL:
		url, version := address(&r)
		return appendCut(appendCut(append(dst, byte(AddressClass)), url), version), true
	}
	return dst, false
}
