// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"fmt"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// Range is the keys from Low up to but not including High, without the tenant.
type Range struct{ Low, High []byte }

// Run is terms that stand in the order of their values, which begin after the first Skip bytes (without the tenant).
type Run struct {
	Range
	Skip int
}

// Walk says which terms to visit to see a type's versions in the order of a parameter: those of all runs, merged by their values.
// Forwards the first visit of a version counts, backwards too.
type Walk struct {
	Runs  []Run
	Units []Range // of a quantity: each unit in them is a run. UnitRun gives that of a term
}

// UnitRun is the run of the terms that have the unit of one, which lies in Walk.Units.
func UnitRun(term []byte) Run {
	unit, _ := (&quantityCondition{}).unitOf(term)
	unit = bytes.Clone(unit)
	return Run{within(unit), len(unit)}
}

// Walk gives the terms to walk for _sort. ok is false if the parameter cannot be sorted by (composite, special).
func (x *Index) Walk(typeName string, p *def.SearchParam) (w Walk, ok bool) {
	pl, err := x.plan(typeName, p)
	if err != nil || len(pl.sources) == 0 {
		return w, false
	}
	add := func(ranges ...Range) {
		for _, r := range ranges {
			w.Runs = append(w.Runs, Run{r, HeaderLength})
		}
	}
	for _, s := range pl.sources {
		switch p.Type {
		case def.TokenParam:
			add(s.header.class(CodeClass))
		case def.StringParam:
			add(s.header.class(StringClass))
		case def.URIParam:
			add(s.header.class(URIClass))
		case def.NumberParam:
			add(s.header.class(NumberClass), s.header.class(RangeClass))
		case def.QuantityParam:
			w.Units = append(w.Units, s.header.class(QuantityClass), s.header.class(RangeClass))
		case def.DateParam:
			add(s.header.class(WithinClass), s.header.class(LongClass))
		case def.ReferenceParam:
			add(s.targets(pl.narrowed)...)
		}
	}
	return w, len(w.Runs)+len(w.Units) > 0
}

// targets is the reference terms of some types; nil is any.
func (s *source) targets(types []def.TypeID) (list []Range) {
	if types == nil {
		return []Range{s.header.class(ReferenceClass)}
	}
	for _, t := range types {
		list = append(list, within(appendTarget(s.header.key(ReferenceClass), t)))
	}
	return list
}

func appendTarget(dst []byte, t def.TypeID) []byte { return ordkey.AppendUint16(dst, uint16(t)) }

// Sortable reports whether SortKey knows an order for the parameter.
func Sortable(p *def.SearchParam) bool {
	return p.Type != def.CompositeParam && p.Type != def.SpecialParam
}

// SortKey appends to dst what the resource sorts by: the lowest of its values, or the highest if descending, as bytes that
// compare as the values do (smaller first; the caller turns them round for descending). ok is false if it has no value,
// which is so for exactly the versions that the Lookup of Missing does not give. Tokens sort by code, without its case where case does not
// count, then system, those without a code first; quantities by number, whatever their units; references by target type and id, those that are not
// relative first, then those to what is contained.
//
// http://hl7.org/fhir/R4/search.html#sort
func (x *Index) SortKey(dst []byte, resource fhir.Node, p *def.SearchParam, descending bool) (key []byte, ok bool, err error) {
	pl, err := x.plan(fhir.Type(resource), p)
	if err != nil {
		return dst, false, err
	}
	if !Sortable(p) {
		return dst, false, fault.New(fault.Unsupported, "%q cannot be sorted by", p.Code)
	}
	var e fhirpath.Evaluator
	root := fhirpath.Root(x.defs, resource)
	items, err := pl.evaluate(&e, root)
	if err != nil {
		return dst, false, fmt.Errorf("sort: %w", err)
	}
	s := sorter{x: x, root: root, dst: dst, from: len(dst), end: len(dst), descending: descending}
	for i := range items {
		if v := &items[i]; present(v) && indexable(p.Type, shapeOf(v)) {
			s.value(p.Type, v)
		}
	}
	return s.dst[:s.end], s.found, nil
}

// sorter keeps the best key so far in dst[from:end].
type sorter struct {
	x          *Index
	root       fhirpath.Value
	dst        []byte
	from, end  int
	found      bool
	descending bool
}

// offer compares the key that f appends with the best so far.
func (s *sorter) offer(f func(dst []byte) ([]byte, bool)) {
	key, ok := f(s.dst[:s.end])
	if s.dst = key; !ok {
		return
	}
	candidate := key[s.end:]
	order := bytes.Compare(candidate, key[s.from:s.end])
	if !s.found || order < 0 != s.descending && order != 0 {
		n := copy(key[s.from:], candidate)
		s.end = s.from + n
	}
	s.found = true
}

func (s *sorter) value(kind def.ParamType, v *fhirpath.Value) {
	switch kind {
	case def.TokenParam:
		tokens(v, func(k token) {
			s.offer(func(dst []byte) ([]byte, bool) {
				return appendCode(dst, k.code, hashOf(k.system), s.x.folds(&k)), k.counts() && !k.beside
			})
		})
	case def.StringParam:
		texts(v, func(n fhir.Node) {
			s.offer(func(dst []byte) ([]byte, bool) { return append(dst, cut(nil, Normalize(nil, n.Text()))...), true })
		})
	case def.URIParam:
		s.offer(func(dst []byte) ([]byte, bool) {
			url, version := splitURI(uriOf(v))
			return append(appendCut(dst, url), version[:min(len(version), maxText)]...), uriOf(v) != ""
		})
	case def.DateParam:
		if p, ok := periodOf(v); ok {
			s.offer(func(dst []byte) ([]byte, bool) { return p.append(dst), true })
		}
	case def.NumberParam:
		numbers(v, s.extent)
	case def.QuantityParam:
		quantities(v, func(q quantity) { s.extent(q.extent) })
	case def.ReferenceParam:
		r := referenceOf(v)
		target := s.x.typeID(targetOf(v, &r, s.root))
		s.offer(func(dst []byte) ([]byte, bool) { return appendRelative(dst, target, &r), true })
	}
}

func (s *sorter) extent(e extent) { s.offer(e.append) }
