// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fhir"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
)

// Numbers gives all that q finds on v, as version numbers: what Search would page through. Order, page and form are not asked. It
// fails with fault.TooCostly.
func (p *Planner) Numbers(ctx context.Context, v *record.View, q *search.Query) (docset.Set, error) {
	r, err := p.begin(ctx, v, q)
	if err != nil {
		return docset.Set{}, err
	}
	r.typ = uint16(p.defs.Type(q.Type).ID)
	if err := r.resolve(ctx, q.Where); err != nil {
		return docset.Set{}, err
	}
	nodes, err := r.nodes(ctx, q.Type, q.Where)
	if err != nil {
		return docset.Set{}, err
	}
	set, filters, err := r.candidates(ctx, r.typ, nodes, false)
	if err != nil || len(filters) == 0 {
		return set, err
	}
	return r.filterAll(ctx, r.typ, set, filters)
}

// Compartment gives the current resources of a type that are in the compartment of any of some resources, all of one type. A resource
// is in its own compartment.
//
// http://hl7.org/fhir/R4/compartmentdefinition.html
func (p *Planner) Compartment(ctx context.Context, v *record.View, typ string, of ...fhir.Key) (docset.Set, error) {
	id := uint16(p.defs.Type(typ).ID)
	if len(of) == 0 || v.Next(id) == 0 {
		return docset.Set{}, nil
	}
	definition := p.defs.Compartment(of[0].Type)
	r, err := p.begin(ctx, v, nil)
	if err != nil {
		return docset.Set{}, err
	}
	r.typ = id
	var found docset.Set
	for len(of) > 0 {
		some := of[:min(len(of), idChunk)]
		of = of[len(some):]
		var spans []index.Span
		var ids []string
		for _, key := range some {
			if key.Type == typ {
				ids = append(ids, key.ID)
			}
			for _, code := range definition.Params(typ) {
				param := p.defs.SearchParam(typ, code)
				if param == nil {
					continue // {def}: the resource itself
				}
				s, err := r.referenceSpans(ctx, typ, param, key.Type, key.ID)
				if err != nil {
					return docset.Set{}, err
				}
				spans = append(spans, s...)
			}
		}
		yes, _, err := r.spanDocs(ctx, spans)
		if err != nil {
			return docset.Set{}, err
		}
		found.Or(yes)
		own, err := r.numbersOf(ctx, id, ids)
		if err != nil {
			return docset.Set{}, err
		}
		found.Or(own)
	}
	live, err := v.Live(ctx, id)
	return docset.And(found, live), err
}

// CompartmentOfAny gives the current resources of a type that are in the compartment of any resource of the type named of; if that is
// the type itself, all of them.
func (p *Planner) CompartmentOfAny(ctx context.Context, v *record.View, typ, of string) (docset.Set, error) {
	id := uint16(p.defs.Type(typ).ID)
	live, err := v.Live(ctx, id)
	if err != nil || typ == of {
		return live.Clone(), err
	}
	const probe = "x"
	r, err := p.begin(ctx, v, nil)
	if err != nil {
		return docset.Set{}, err
	}
	r.typ = id
	var ranges []engine.Range
	for _, code := range p.defs.Compartment(of).Params(typ) {
		param := p.defs.SearchParam(typ, code)
		if param == nil {
			continue
		}
		spans, err := r.referenceSpans(ctx, typ, param, of, probe)
		if err != nil {
			return docset.Set{}, err
		}
		for _, s := range spans { // the id is the end of the term
			ranges = append(ranges, engine.Prefix(r.key(s.Low[:len(s.Low)-len(probe)])))
		}
	}
	found, err := r.rangeDocs(ctx, ranges)
	return docset.And(found, live), err
}

// Seal makes a token of text that the caller of a data store carries from page to page and can neither read nor change. about is
// what it is good for: Unseal must be given the same.
func (p *Planner) Seal(v *record.View, about, text string) string {
	nonce := make([]byte, p.seal.NonceSize(), p.seal.NonceSize()+len(text)+p.seal.Overhead())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(nonce, nonce, []byte(text), append(sealedFor(v), about...)))
}

// Unseal gives the text of a token. It fails with fault.Invalid for one that Seal did not make for this data store and purpose.
func (p *Planner) Unseal(v *record.View, about, token string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(sealed) < p.seal.NonceSize() {
		return "", errToken
	}
	text, err := p.seal.Open(nil, sealed[:p.seal.NonceSize()], sealed[p.seal.NonceSize():], append(sealedFor(v), about...))
	if err != nil {
		return "", errToken
	}
	return string(text), nil
}
