// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/search/index"
)

// referring is a reference parameter of a type.
type referring struct {
	typ   string
	param *def.SearchParam
}

// here is what absolute references to this server begin with; empty if the search does not say.
func (r *run) here() string {
	if r.q == nil {
		return ""
	}
	return r.q.Base
}

// isHere reports whether ref is to a resource of this server.
func (r *run) isHere(ref *fhir.Reference) bool { return ref.IsTo(r.here()) }

// base is here, or empty if param of typ holds no absolute reference to this server at all: then they need not be looked for.
func (r *run) base(ctx context.Context, typ string, param *def.SearchParam) (string, error) {
	if r.here() == "" {
		return "", nil
	}
	key := referring{typ, param}
	some, known := r.based[key]
	if !known {
		spans, err := r.terms.Addresses(typ, param, r.here())
		if err != nil {
			return "", err
		}
		for _, s := range spans {
			for _, err := range r.view.Snapshot().Terms(ctx, r.rangeOf(s), engine.Ascending) {
				if err != nil {
					return "", err
				}
				some = true
				break
			}
		}
		if r.based == nil {
			r.based = map[referring]bool{}
		}
		r.based[key] = some
	}
	if !some {
		return "", nil
	}
	return r.here(), nil
}

// referenceSpans gives the terms of references by param to target/id.
func (r *run) referenceSpans(ctx context.Context, typ string, param *def.SearchParam, target, id string) ([]index.Span, error) {
	base, err := r.base(ctx, typ, param)
	if err != nil {
		return nil, err
	}
	lookup, err := r.terms.Lookup(index.Clause{Type: typ, Param: param, Target: target, Base: base}, index.Value{Text: target + "/" + id})
	return lookup.Spans, err
}

// referenceTerms calls do with every id of type target that param of typ refers to, and the versions that refer to it. An id may come
// more than once.
func (r *run) referenceTerms(ctx context.Context, typ string, param *def.SearchParam, target string, do func(id string, docs docset.Set) error) error {
	const probe = "x"
	lookup, err := r.terms.Lookup(index.Clause{Type: typ, Param: param, Target: target}, index.Value{Text: target + "/" + probe})
	if err != nil {
		return err
	}
	var prefixes [][]byte
	for _, s := range lookup.Spans { // the id is the end of the term
		prefixes = append(prefixes, s.Low[:len(s.Low)-len(probe)])
	}
	base, err := r.base(ctx, typ, param)
	if err != nil {
		return err
	}
	if base != "" && len(prefixes) > 0 {
		spans, err := r.terms.Addresses(typ, param, base+target+"/")
		if err != nil {
			return err
		}
		for _, s := range spans {
			prefixes = append(prefixes, s.Low)
		}
	}
	for _, p := range prefixes {
		prefix := r.key(p)
		for term, err := range r.view.Snapshot().Terms(ctx, engine.Prefix(prefix), engine.Ascending) {
			if err == nil {
				err = r.visit()
			}
			if err != nil {
				return err
			}
			id, _, _ := bytes.Cut(term.Key[len(prefix):], []byte{0})
			if len(id) == 0 || id[0] == '#' {
				continue // not relative, or contained
			}
			if err := do(string(id), term.Docs); err != nil {
				return err
			}
		}
	}
	return nil
}
