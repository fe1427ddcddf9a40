// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"

	"galen/internal/fault"
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
		identifier(id, func(k token) { t.token(h, token{system: k.system, code: k.code}) })
	}
}

// appendRelative appends the target's type and its id, empty if the reference is not relative: then it is there to sort by.
func appendRelative(dst []byte, target def.TypeID, r *fhir.Reference) []byte {
	dst = appendTarget(dst, target)
	if r.Kind == fhir.Relative {
		dst = append(dst, r.Key.ID...)
	}
	return dst
}

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

// referenceCondition asks for a reference: to an id of any of some types, or to an address.
type referenceCondition struct {
	x            *Index
	id           string
	types        []def.TypeID // of what id may be; the union of Type/id for each
	url, version string
	allowed      []def.TypeID // by :[type] and by what the parameter narrows to; nil is any
}

func (x *Index) newReference(c Clause, plan *plan, v Value) (*referenceCondition, error) {
	allowed, err := x.allowed(c, plan)
	if err != nil {
		return nil, err
	}
	q := &referenceCondition{x: x, allowed: allowed}
	r := fhir.ParseReference(v.Text)
	switch {
	case r.Kind == fhir.Relative:
		if q.id = r.Key.ID; x.typeID(r.Key.Type) == 0 {
			return nil, fault.New(fault.Invalid, "a reference to an unknown type")
		}
		q.types = []def.TypeID{x.typeID(r.Key.Type)}
	case r.Kind == fhir.Absolute:
		q.url, q.version = baseOf(v.Text, &r), r.Version
	case r.Kind == fhir.URN, r.Kind == fhir.URL:
		q.url, q.version = address(&r)
	case fhir.ValidID(v.Text):
		q.id, q.types = v.Text, x.idTypes(c.Param, allowed)
	default:
		return nil, fault.New(fault.Invalid, "no reference")
	}
	if allowed != nil {
		q.types = slices.DeleteFunc(slices.Clone(q.types), func(t def.TypeID) bool { return !slices.Contains(allowed, t) })
	}
	return q, nil
}

// allowed is the types that a reference may point to to count at all; nil is any.
func (x *Index) allowed(c Clause, plan *plan) ([]def.TypeID, error) {
	if c.Target == "" {
		return plan.narrowed, nil
	}
	t := x.typeID(c.Target)
	if t == 0 {
		return nil, fault.New(fault.Invalid, "an unknown type after the colon")
	}
	if plan.narrowed != nil && !slices.Contains(plan.narrowed, t) {
		return []def.TypeID{}, nil
	}
	return []def.TypeID{t}, nil
}

// idTypes is the types that a bare id may be one of.
func (x *Index) idTypes(p *def.SearchParam, allowed []def.TypeID) (types []def.TypeID) {
	if allowed != nil {
		return allowed
	}
	for _, name := range p.Targets {
		types = append(types, x.typeID(name))
	}
	if len(types) == 0 {
		for _, t := range x.defs.Types() {
			types = append(types, t.ID)
		}
	}
	return types
}

func (c *referenceCondition) spans(s *source) []Span {
	if c.url == "" {
		var spans []Span
		for _, t := range c.types {
			key := ordkey.AppendUint16(s.header.key(ReferenceClass), uint16(t))
			spans = append(spans, exactly(append(key, c.id...)).span(Yes))
		}
		return spans
	}
	span := versioned(appendCut(s.header.key(AddressClass), c.url), c.version)
	if c.allowed != nil {
		span.Verdict = Maybe // the address alone does not say the type
	}
	return []Span{span}
}

func (c *referenceCondition) match(v *fhirpath.Value, root fhirpath.Value) bool {
	r := referenceOf(v)
	if !c.x.permits(c.allowed, v, &r, root) {
		return false
	}
	switch {
	case c.url == "":
		return r.Kind == fhir.Relative && r.Key.ID == c.id && slices.Contains(c.types, c.x.typeID(r.Key.Type))
	case r.Kind == fhir.Absolute:
		return c.has(baseOf(v.Node.Field("reference").Text(), &r), r.Version)
	}
	url, version := address(&r)
	return url != "" && c.has(url, version)
}

func (c *referenceCondition) has(url, version string) bool {
	return url == c.url && (c.version == "" || c.version == version)
}

// permits reports whether a reference points to one of the types; nil permits all.
func (x *Index) permits(allowed []def.TypeID, v *fhirpath.Value, r *fhir.Reference, root fhirpath.Value) bool {
	return allowed == nil || slices.Contains(allowed, x.typeID(targetOf(v, r, root)))
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

func (c *referenceCondition) prefix(dst []byte) ([]byte, bool) { return dst, false }

func (c *referenceCondition) judge(b []byte) (Verdict, []byte) {
	if len(b) < 3 {
		return No, nil
	}
	form, typ := Class(b[0]), def.TypeID(b[1])<<8|def.TypeID(b[2])
	if form == ReferenceClass {
		id, rest, err := ordkey.TakeString(b[3:])
		if err == nil && c.url == "" && id == c.id && slices.Contains(c.types, typ) {
			return Yes, rest
		}
		return No, rest
	}
	url, rest, err := ordkey.TakeString(b[1:])
	if err != nil {
		return No, nil
	}
	version, rest, err := ordkey.TakeString(rest)
	if err != nil || c.url == "" || url != string(cut(nil, c.url)) || c.version != "" && version != string(cut(nil, c.version)) {
		return No, rest
	}
	return Maybe, rest
}

// identifierCondition is :identifier on references.
type identifierCondition struct {
	x       *Index
	token   *tokenCondition
	allowed []def.TypeID
}

func (x *Index) newIdentifier(c Clause, plan *plan, v Value) (*identifierCondition, error) {
	allowed, err := x.allowed(c, plan)
	if err != nil {
		return nil, err
	}
	t, err := newToken(&noPlan, v)
	return &identifierCondition{x, t, allowed}, err
}

func (c *identifierCondition) spans(s *source) []Span {
	spans := c.token.spans(s)
	for i := range spans {
		if c.allowed != nil {
			spans[i].Verdict = Maybe
		}
	}
	return spans
}

func (c *identifierCondition) match(v *fhirpath.Value, root fhirpath.Value) bool {
	r := referenceOf(v)
	if !c.x.permits(c.allowed, v, &r, root) {
		return false
	}
	found := false
	identifier(v.Node.Field("identifier"), func(k token) {
		found = c.token.has(&fhirpath.Value{}, k)
	})
	return found
}

func (c *referenceCondition) doubt() Verdict { return Maybe }
