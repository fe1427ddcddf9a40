// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"slices"
	"strings"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
)

// A reference may be a canonical: the url of a definition, and its version after a bar. It leads to the resources that have that url
// as their own and, if it names one, that version.
//
// http://hl7.org/fhir/R4/references.html#canonical

// canonicalTypes lists the types that canonicals of a reference parameter may lead to; target is the only one asked for, empty for any.
func (r *run) canonicalTypes(p *def.SearchParam, target string) (types []string) {
	for _, t := range r.defs.Types() {
		if (target == "" || target == t.Name) && (len(p.Targets) == 0 || slices.Contains(p.Targets, t.Name)) && r.urlOf(t.Name) != nil {
			types = append(types, t.Name)
		}
	}
	return types
}

// urlOf is the parameter that finds resources of a type by their own url; nil if they have none.
func (r *run) urlOf(typ string) *def.SearchParam {
	if p := r.defs.SearchParam(typ, "url"); p != nil && p.Type == def.URIParam {
		return p
	}
	return nil
}

// defined finds the resources of a type that canonicals lead to.
func (r *run) defined(ctx context.Context, typ string, refs []fhir.Reference) (docset.Set, error) {
	var found docset.Set
	var anyVersion []index.Value
	leaf := func(p *def.SearchParam, values ...index.Value) search.Clause {
		return search.Clause{Leaf: &search.Leaf{Clause: index.Clause{Type: typ, Param: p}, Values: values}}
	}
	version := r.defs.SearchParam(typ, "version")
	for _, ref := range refs {
		if ref.Version == "" || version == nil {
			anyVersion = append(anyVersion, index.Value{Text: ref.Rest})
			continue
		}
		both := []search.Clause{leaf(r.urlOf(typ), index.Value{Text: ref.Rest}), leaf(version, index.Value{Text: ref.Version})}
		docs, err := r.all(ctx, search.Link{Type: typ, Clause: search.Clause{All: both}})
		if err != nil {
			return found, err
		}
		found.Or(docs)
	}
	if len(anyVersion) == 0 {
		return found, nil
	}
	docs, err := r.all(ctx, search.Link{Type: typ, Clause: leaf(r.urlOf(typ), anyVersion...)})
	found.Or(docs)
	return found, err
}

// hasDefined finds the resources of a type that canonicals lead to which some versions have in a reference parameter.
func (r *run) hasDefined(ctx context.Context, typ, source string, p *def.SearchParam, sources docset.Set) (docset.Set, error) {
	if len(r.canonicalTypes(p, typ)) == 0 {
		return docset.Set{}, nil
	}
	var all []fhir.Reference
	seen := map[string]bool{}
	err := r.eachBody(ctx, uint16(r.defs.Type(source).ID), sources, func(_ uint32, body fhir.Node) error {
		refs, err := r.terms.References(nil, body, p)
		for _, ref := range refs {
			if text := ref.Rest + "|" + ref.Version; ref.Kind == fhir.URL && !seen[text] {
				seen[text] = true
				all = append(all, fhir.Reference{Kind: fhir.URL, Rest: strings.Clone(ref.Rest), Version: strings.Clone(ref.Version)})
			}
		}
		return err
	})
	if err != nil || len(all) == 0 {
		return docset.Set{}, err
	}
	return r.defined(ctx, typ, all)
}

// canonicallyReferring finds the versions of typ whose reference parameter is a canonical of one of some targets.
func (r *run) canonicallyReferring(ctx context.Context, typ string, p *def.SearchParam, target string, targets docset.Set) (docset.Set, error) {
	if len(r.canonicalTypes(p, target)) == 0 {
		return docset.Set{}, nil
	}
	var all []definition
	err := r.chunks(targets, chunk, func(numbers []uint32) (bool, error) {
		versions, err := r.bodies(ctx, uint16(r.defs.Type(target).ID), numbers)
		if err != nil {
			return false, err
		}
		some, err := r.definitions(versions)
		all = append(all, some...)
		return true, err
	})
	if err != nil {
		return docset.Set{}, err
	}
	return r.referringTo(ctx, typ, p, all)
}

// definition is the url and version of a resource that canonicals may lead to.
type definition struct{ typ, url, version string }

// definitions gives those of the versions that have a url.
func (r *run) definitions(from []record.Version) (all []definition, err error) {
	for i := range from {
		typ := r.keyOf(&from[i]).Type
		if r.urlOf(typ) == nil {
			continue
		}
		body, err := r.parse(&from[i])
		if err != nil {
			return nil, err
		}
		if url := body.Field("url").Text(); url != "" {
			all = append(all, definition{typ, strings.Clone(url), strings.Clone(body.Field("version").Text())}) // the body is not kept
		}
	}
	return all, nil
}

// referringTo finds the versions of typ whose reference parameter is a canonical of one of some definitions.
func (r *run) referringTo(ctx context.Context, typ string, p *def.SearchParam, definitions []definition) (docset.Set, error) {
	if len(definitions) == 0 {
		return docset.Set{}, nil
	}
	wanted := map[string][]string{} // versions by url
	var spans []index.Span
	for _, d := range definitions {
		if len(p.Targets) > 0 && !slices.Contains(p.Targets, d.typ) {
			continue
		}
		if wanted[d.url] == nil {
			lookup, err := r.terms.Lookup(index.Clause{Type: typ, Param: p}, index.Value{Text: d.url})
			if err != nil {
				continue // no url that a reference can have
			}
			spans = append(spans, lookup.Spans...)
		}
		wanted[d.url] = append(wanted[d.url], d.version)
	}
	sure, maybe, err := r.spanDocs(ctx, spans)
	candidates := docset.Or(sure, maybe)
	if err != nil || candidates.IsEmpty() {
		return docset.Set{}, err
	}
	number := uint16(r.defs.Type(typ).ID)
	live, err := r.view.Live(ctx, number)
	if err != nil {
		return docset.Set{}, err
	}
	var kept []uint32
	err = r.eachBody(ctx, number, docset.And(candidates, live), func(number uint32, body fhir.Node) error {
		refs, err := r.terms.References(nil, body, p)
		if slices.ContainsFunc(refs, func(ref fhir.Reference) bool {
			versions := wanted[ref.Rest]
			return ref.Kind == fhir.URL && (ref.Version == "" && versions != nil || slices.Contains(versions, ref.Version))
		}) {
			kept = append(kept, number)
		}
		return err
	})
	return docset.Of(kept...), err
}
