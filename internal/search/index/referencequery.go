// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// referenceCondition asks for a reference: to an id of any of some types, or to an address.
type referenceCondition struct {
	x            *Index
	id           string
	base         string       // of this server; empty: absolute references are to others
	types        []def.TypeID // of what id may be; the union of Type/id for each
	url, version string       // version: only references to that version
	allowed      []def.TypeID // by :[type] and by what the parameter narrows to; nil is any
}

func (x *Index) newReference(c Clause, plan *plan, v Value) (*referenceCondition, error) {
	allowed, err := x.allowed(c, plan)
	if err != nil {
		return nil, err
	}
	q := &referenceCondition{x: x, allowed: allowed, base: c.Base}
	r := fhir.ParseReference(v.Text)
	switch {
	case r.Kind == fhir.Relative:
		if q.id = r.Key.ID; x.typeID(r.Key.Type) == 0 {
			return nil, fault.New(fault.Invalid, "a reference to an unknown type")
		}
		q.types, q.version = []def.TypeID{x.typeID(r.Key.Type)}, r.Version
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
			span := exactly(append(key, c.id...)).span(Yes)
			if c.version != "" {
				span = exactly(append(key, c.id...)).span(Maybe) // versions are not in these terms
			}
			spans = append(spans, span)
			if c.base != "" {
				spans = append(spans, versioned(appendCut(s.header.key(AddressClass), c.addressOf(t)), c.version))
			}
		}
		return spans
	}
	span := versioned(appendCut(s.header.key(AddressClass), c.url), c.version)
	if c.allowed != nil {
		span.Verdict = Maybe // the address alone does not say the type
	}
	return []Span{span}
}

// addressOf is the absolute form of what is asked for, of a type.
func (c *referenceCondition) addressOf(t def.TypeID) string {
	return c.base + c.x.defs.TypeByID(t).Name + "/" + c.id
}

// isAddress reports whether a url, as a component of a composite has it, is the absolute form of what is asked for.
func (c *referenceCondition) isAddress(url []byte) bool {
	return c.base != "" && slices.ContainsFunc(c.types, func(t def.TypeID) bool { return bytes.Equal(url, appendCut(nil, c.addressOf(t))) })
}

func (c *referenceCondition) match(v *fhirpath.Value, root fhirpath.Value) bool {
	r := referenceOf(v)
	if !c.x.permits(c.allowed, v, &r, root) {
		return false
	}
	switch {
	case c.url == "":
		return r.IsTo(c.base) && r.Key.ID == c.id && slices.Contains(c.types, c.x.typeID(r.Key.Type)) && (c.version == "" || c.version == r.Version)
	case r.Kind == fhir.Absolute:
		return c.has(baseOf(v.Node.Field("reference").Text(), &r), r.Version)
	}
	url, version := address(&r)
	return url != "" && c.has(url, version)
}

func (c *referenceCondition) permitsType(t def.TypeID) bool {
	return c.allowed == nil || slices.Contains(c.allowed, t)
}

func (c *referenceCondition) isType(t def.TypeID) bool { return slices.Contains(c.types, t) }

func (c *referenceCondition) has(url, version string) bool {
	return url == c.url && (c.version == "" || c.version == version)
}

// permits reports whether a reference points to one of the types; nil permits all.
func (x *Index) permits(allowed []def.TypeID, v *fhirpath.Value, r *fhir.Reference, root fhirpath.Value) bool {
	return allowed == nil || slices.Contains(allowed, x.typeID(targetOf(v, r, root)))
}

func (c *referenceCondition) prefix(dst []byte) ([]byte, bool) { return dst, false }

func (c *referenceCondition) judge(b []byte) (Verdict, []byte) {
	if len(b) < 3 {
		return No, nil
	}
	if Class(b[0]) == ReferenceClass {
		typ := def.TypeID(b[1])<<8 | def.TypeID(b[2])
		id, rest := takeOrdered(b[3:])
		switch {
		case c.url != "" || !bytes.Equal(id, appendCut(nil, c.id)) || !slices.Contains(c.types, typ):
			return No, rest
		case c.version != "":
			return Maybe, rest
		}
		return Yes, rest
	}
	url, rest := takeOrdered(b[1:])
	version, rest := takeOrdered(rest)
	if c.url == "" && c.isAddress(url) {
		return Maybe, rest
	}
	if c.url == "" || !bytes.Equal(url, appendCut(nil, c.url)) || c.version != "" && !bytes.Equal(version, appendCut(nil, c.version)) {
		return No, rest
	}
	return Maybe, rest
}

// Addresses gives the terms of references by p from typ whose text begins so. The text after the beginning ends in a zero byte, behind
// which stands the version. It fails as Lookup does.
func (x *Index) Addresses(typ string, p *def.SearchParam, beginning string) ([]Span, error) {
	pl, err := x.plan(typ, p)
	if err != nil {
		return nil, err
	}
	var spans []Span
	for _, s := range pl.sources {
		spans = append(spans, within(ordkey.AppendPrefix(s.header.key(AddressClass), beginning)).span(Maybe))
	}
	return spans, nil
}

// Inside gives the terms of references by p from typ to resources of a target type that are contained. It fails as Lookup does.
func (x *Index) Inside(typ string, p *def.SearchParam, target string) ([]Span, error) {
	pl, err := x.plan(typ, p)
	if err != nil {
		return nil, err
	}
	var spans []Span
	for _, s := range pl.sources {
		spans = append(spans, exactly(append(appendTarget(s.header.key(ReferenceClass), x.typeID(target)), inside)).span(Maybe))
	}
	return spans, nil
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
	t, err := x.newToken(&identifiers, v)
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
		found = c.token.has(&fhirpath.Value{}, &k)
	})
	return found
}

func (c *referenceCondition) doubt() Verdict { return Maybe }
