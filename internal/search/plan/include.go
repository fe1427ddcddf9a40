// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
)

// maxRounds bounds how often :iterate goes on from what was included.
const maxRounds = 10

// included is what a page brings with it.
type included struct {
	r     *run
	there map[fhir.Key]bool // matches and what is included
	asked map[fhir.Key]bool // references that were followed
	bytes int
	full  bool
}

// includes adds to the result what _include and _revinclude ask for.
//
// http://hl7.org/fhir/R4/search.html#include
func (r *run) includes(ctx context.Context) error {
	if len(r.q.Include)+len(r.q.RevInclude) == 0 || len(r.result.Matches) == 0 {
		return nil
	}
	in := &included{r: r, there: map[fhir.Key]bool{}, asked: map[fhir.Key]bool{}}
	for i := range r.result.Matches {
		in.there[r.keyOf(&r.result.Matches[i])] = true
	}
	from, round := r.result.Matches, 0
	for ; len(from) > 0 && round < maxRounds && !in.full; round++ {
		before := len(r.result.Included)
		for _, inc := range r.q.Include {
			if round > 0 && !inc.Iterate {
				continue
			}
			if err := in.forward(ctx, inc, from); err != nil {
				return err
			}
		}
		for _, inc := range r.q.RevInclude {
			if round > 0 && !inc.Iterate {
				continue
			}
			if err := in.reverse(ctx, inc, from); err != nil {
				return err
			}
		}
		from = r.result.Included[before:]
	}
	switch {
	case in.full:
		r.result.Warnings = append(r.result.Warnings, fmt.Sprintf("Only %d of the included resources are in this page: there are more than a page may have.", len(r.result.Included)))
	case len(from) > 0 && in.iterates():
		r.result.Warnings = append(r.result.Warnings, fmt.Sprintf("References of included resources were followed %d times; there may be more.", maxRounds-1))
	}
	return nil
}

// iterates reports whether any include goes on from what was included.
func (in *included) iterates() bool {
	iterate := func(i search.Include) bool { return i.Iterate }
	return slices.ContainsFunc(in.r.q.Include, iterate) || slices.ContainsFunc(in.r.q.RevInclude, iterate)
}

func (r *run) keyOf(v *record.Version) fhir.Key {
	return fhir.Key{Type: r.defs.TypeByID(def.TypeID(v.Type)).Name, ID: v.ID}
}

// forward adds what resources refer to.
func (in *included) forward(ctx context.Context, inc search.Include, from []record.Version) error {
	w := &wanted{ids: map[string][]string{}, canonicals: map[string][]fhir.Reference{}}
	var refs []fhir.Reference
	for i := range from {
		typ := in.r.keyOf(&from[i]).Type
		if inc.Source != "*" && inc.Source != typ {
			continue
		}
		node, err := in.r.parse(&from[i])
		if err != nil {
			return err
		}
		for _, p := range in.params(inc, typ) {
			if refs, err = in.r.terms.References(refs[:0], node, p); err != nil {
				return err
			}
			for i := range refs {
				in.want(w, &refs[i], p, inc.Target)
			}
		}
	}
	for _, typ := range w.types {
		if in.full {
			return nil
		}
		id := uint16(in.r.defs.Type(typ).ID)
		numbers, err := in.r.numbersOf(ctx, id, w.ids[typ])
		if err != nil {
			return err
		}
		if len(w.canonicals[typ]) > 0 {
			defined, err := in.r.defined(ctx, typ, w.canonicals[typ])
			if err != nil {
				return err
			}
			numbers = docset.Or(numbers, defined)
		}
		if err := in.add(ctx, id, numbers); err != nil {
			return err
		}
	}
	return nil
}

// wanted is what references lead to.
type wanted struct {
	types      []string // in the order they came
	ids        map[string][]string
	canonicals map[string][]fhir.Reference // by the type that they may lead to
}

func (w *wanted) add(typ string) {
	if w.ids[typ] == nil && w.canonicals[typ] == nil {
		w.types = append(w.types, typ)
	}
}

// want notes where a reference by a parameter leads, unless it was followed before; target is the only type asked for, empty for any.
// The reference's text is not kept.
func (in *included) want(w *wanted, ref *fhir.Reference, p *def.SearchParam, target string) {
	if ref.Kind == fhir.URL {
		for _, typ := range in.r.canonicalTypes(p, target) {
			key := fhir.Key{Type: typ, ID: ref.Rest + "|" + ref.Version}
			if in.asked[key] {
				continue
			}
			in.asked[key] = true
			w.add(typ)
			url, version, _ := strings.Cut(key.ID, "|")
			w.canonicals[typ] = append(w.canonicals[typ], fhir.Reference{Kind: fhir.URL, Rest: url, Version: version})
		}
		return
	}
	key := ref.Key
	if !in.r.isHere(ref) || target != "" && target != key.Type || in.there[key] || in.asked[key] || in.r.defs.Type(key.Type) == nil {
		return
	}
	key = fhir.Key{Type: strings.Clone(key.Type), ID: strings.Clone(key.ID)}
	in.asked[key] = true
	w.add(key.Type)
	w.ids[key.Type] = append(w.ids[key.Type], key.ID)
}

// params lists the reference parameters of typ that an include follows.
func (in *included) params(inc search.Include, typ string) []*def.SearchParam {
	if inc.Param != nil {
		return []*def.SearchParam{inc.Param}
	}
	var all []*def.SearchParam
	for _, p := range in.r.terms.Definitions().SearchParams(typ) {
		if p.Type == def.ReferenceParam && !p.Pending {
			all = append(all, p)
		}
	}
	return all
}

// reverse adds what refers to resources.
func (in *included) reverse(ctx context.Context, inc search.Include, from []record.Version) error {
	definitions, err := in.r.definitions(from)
	if err != nil {
		return err
	}
	definitions = slices.DeleteFunc(definitions, func(d definition) bool { return inc.Target != "" && inc.Target != d.typ })
	for _, source := range in.r.defs.Types() {
		if in.full {
			return nil
		}
		if source.Abstract || inc.Source != "*" && inc.Source != source.Name || in.r.view.Next(uint16(source.ID)) == 0 {
			continue
		}
		var found docset.Set
		for _, p := range in.params(inc, source.Name) {
			var spans []index.Span
			for i := range from {
				key := in.r.keyOf(&from[i])
				if inc.Target != "" && inc.Target != key.Type {
					continue
				}
				s, err := in.r.referenceSpans(ctx, source.Name, p, key.Type, key.ID)
				if err != nil {
					return err
				}
				spans = append(spans, s...)
			}
			some, _, err := in.r.spanDocs(ctx, spans)
			if err != nil {
				return err
			}
			found.Or(some)
			if some, err = in.r.referringTo(ctx, source.Name, p, definitions); err != nil {
				return err
			}
			found.Or(some)
		}
		live, err := in.r.view.Live(ctx, uint16(source.ID))
		if err != nil {
			return err
		}
		if err := in.add(ctx, uint16(source.ID), docset.And(found, live)); err != nil {
			return err
		}
	}
	return nil
}

// add reads versions of a type and includes those that are not there yet, up to the limit.
func (in *included) add(ctx context.Context, typ uint16, numbers docset.Set) error {
	r := in.r
	return r.chunks(numbers, chunk, func(some []uint32) (bool, error) {
		versions, err := r.bodies(ctx, typ, some)
		if err != nil {
			return false, err
		}
		for i := range versions {
			key := r.keyOf(&versions[i])
			if in.there[key] {
				continue
			}
			if in.bytes += len(versions[i].Body); len(r.result.Included) == r.opt.MaxIncluded || in.bytes > r.opt.PageBytes {
				in.full = true
				return false, nil
			}
			in.there[key] = true
			r.result.Included = append(r.result.Included, versions[i])
		}
		return true, nil
	})
}
