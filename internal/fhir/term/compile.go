// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strings"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
)

const maxNesting = 32 // value sets within value sets

// compiler makes a set of a definition. path is the value sets that are being made, outermost first.
type compiler struct {
	s      *Service
	pins   []string // url|version of systems
	forced []string // the same, whatever version a value set names
	path   []string
}

// set finds a value set, stored, built in or implicit, and compiles it, once.
func (c compiler) set(url, version string) (*set, error) {
	if version == "" {
		url, version = canonical(url)
	}
	name := url
	if version != "" {
		name += "|" + version
	}
	if slices.Contains(c.path, name) {
		return nil, fault.New(fault.Unprocessable, "the value set %s includes itself: %s", name, strings.Join(append(c.path, name), " → "))
	}
	if len(c.path) == maxNesting {
		return nil, fault.New(fault.TooCostly, "value sets may be nested at most %d deep, as these are: %s", maxNesting, strings.Join(c.path, " → "))
	}
	key := cacheKey{"ValueSet", url, version}
	for _, pin := range c.pins {
		key.kind += "\n" + pin
	}
	for _, pin := range c.forced {
		key.kind += "\n\n" + pin
	}
	return cached(c.s, key, func() (*set, error) {
		n, err := c.s.resource("ValueSet", url, version)
		if err != nil {
			return nil, err
		}
		inner := compiler{s: c.s, pins: c.pins, forced: c.forced, path: append(slices.Clip(c.path), name)}
		if n.Ok() {
			return inner.resource(n)
		}
		definition, err := c.s.implicit(url)
		if err != nil {
			return nil, err
		}
		if definition == nil {
			return nil, fault.New(fault.NotFound, "the value set %s is not known here: create it in the data store, or add the package that has it", name)
		}
		return inner.compose(definition)
	})
}

// resource compiles a ValueSet resource.
func (c compiler) resource(n fhir.Node) (*set, error) {
	definition, err := readCompose(n)
	if err != nil {
		return nil, err
	}
	v, err := c.compose(definition)
	if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Unsupported && kind != fault.Unprocessable {
		return nil, err
	}
	if expansion := n.Field("expansion"); (err != nil || v.blocked("") != nil) && completeExpansion(expansion) {
		definition.include, definition.exclude = nil, nil
		if err := definition.fromExpansion(expansion); err != nil {
			return nil, err
		}
		return c.compose(definition)
	}
	return v, err
}

// completeExpansion reports whether a value set's stored expansion lists all that it had. It stands in for a definition that
// draws on what is not here.
func completeExpansion(n fhir.Node) bool {
	count := 0
	var walk func(list fhir.Node)
	walk = func(list fhir.Node) {
		for _, c := range list.Elements() {
			if c.Field("code").Ok() {
				count++
			}
			walk(c.Field("contains"))
		}
	}
	walk(n.Field("contains"))
	total, ok := fhir.DecimalOf(n.Field("total"))
	if !ok {
		return count > 0 && !n.Field("offset").Ok() && !n.Field("extension").Ok()
	}
	want, _ := total.Int64()
	return count > 0 && int64(count) >= want
}

func (c compiler) compose(d *compose) (*set, error) {
	v := &set{url: d.url, version: d.version, name: d.name, title: d.title, activeOnly: d.activeOnly}
	parts, err := c.includes(d.include)
	if err != nil {
		return nil, err
	}
	if len(d.exclude) > 0 {
		not, err := c.includes(d.exclude)
		if err != nil {
			return nil, err
		}
		parts = minus(parts, not)
	}
	v.parts, err = disjoint(parts)
	return v, err
}

func (c compiler) includes(list []include) (parts []part, err error) {
	for i := range list {
		some, err := c.include(&list[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, some...)
	}
	return parts, nil
}

// include is the parts of one include: those of the system that are in all the value sets.
func (c compiler) include(in *include) (parts []part, err error) {
	started := false
	if in.system != "" {
		p, err := c.fromSystem(in)
		switch k := fault.KindOf(err); {
		case err == nil:
		case k == fault.NotFound || k == fault.Unsupported:
			p = part{url: in.system, missing: err}
		default:
			return nil, err
		}
		parts, started = []part{p}, true
	}
	for _, url := range in.valueSets {
		var some []part
		v, err := c.set(url, "")
		switch {
		case err == nil:
			some = v.parts
			if v.activeOnly {
				some = active(some)
			}
		case fault.KindOf(err) == fault.NotFound:
			some = []part{{missing: err}}
		default:
			return nil, err
		}
		if started {
			parts = both(parts, some)
		} else {
			parts, started = slices.Clone(some), true
		}
	}
	return parts, nil
}

// active leaves the inactive members out.
func active(parts []part) []part {
	parts = slices.Clone(parts)
	for k := range parts {
		if p := &parts[k]; p.missing == nil && !p.whole {
			p.members = docset.AndNot(p.members, p.sys.inactive())
		}
	}
	return parts
}

func (s *System) inactive() (set docset.Set) {
	for i, f := range s.sections[secFlags] {
		if f&flagInactive != 0 {
			set.Add(uint32(i))
		}
	}
	return set
}

// fromSystem is what an include takes of its system.
func (c compiler) fromSystem(in *include) (part, error) {
	if in.omitted {
		return part{}, fault.New(fault.Unsupported, "the codes of %s that this value set lists are not distributed with galen, for their licence: create the ValueSet in the data store", in.system)
	}
	sys, err := c.s.system(in.system, c.pinned(in.system, in.version))
	if url, version, ok := strings.Cut(in.system, "|"); err != nil && ok && in.version == "" { // published packages have system|version here
		unpacked := *in
		unpacked.system, unpacked.version = url, version
		return c.fromSystem(&unpacked)
	}
	if len(in.concepts) > 0 {
		return list(sys, in)
	}
	switch {
	case err != nil:
		return part{}, err
	case sys.IsGrammar() && len(in.filters) == 0:
		return part{sys: sys, whole: true}, nil
	case sys.URL == languageSystem:
		return filterLanguages(sys, in.filters)
	case sys.IsGrammar():
		return part{}, fault.New(fault.Unsupported, "codes of %s are told by a grammar, which filters do not work on", in.system)
	case sys.Content == NotPresent || sys.Content == Example && sys.Len() == 0:
		return part{}, unknownSystem(in.system, "")
	}
	p := part{sys: sys, members: sys.all()}
	for _, f := range in.filters {
		some, err := sys.filter(f)
		if err != nil {
			return part{}, err
		}
		p.members = docset.And(p.members, some)
	}
	return p, nil
}

// pinned is the version of a system that is meant where a value set names version.
func (c compiler) pinned(system, version string) string {
	pins := c.forced
	if version == "" {
		pins = slices.Concat(c.forced, c.pins)
	}
	for _, pin := range pins {
		if url, v, _ := strings.Cut(pin, "|"); url == system {
			return v
		}
	}
	return version
}

// list is the codes that an include lists. The value set is taken at its word: codes that the system does not have are kept.
// sys is nil if it is not known here.
func list(sys *System, in *include) (part, error) {
	p := part{sys: sys}
	if sys != nil && !sys.IsGrammar() && p.lists(in.concepts) {
		return p, nil
	}
	info := Info{URL: in.system, Version: in.version, Content: Fragment}
	if sys != nil {
		info = sys.Info
		info.PropertyDefinitions, info.Content = nil, Fragment
	}
	b := NewBuilder(info)
	for _, l := range in.concepts {
		i := b.Concept(l.code)
		switch known, ok := uint32(0), false; {
		case l.display != "":
			b.Display(i, l.display)
		case sys != nil:
			if known, ok = sys.Find(l.code); ok {
				b.Display(i, sys.Display(known))
			}
		}
		for _, d := range l.designations {
			b.Designate(i, d)
		}
	}
	own, err := b.Build()
	if err != nil {
		return p, err
	}
	return part{sys: own, members: own.all()}, nil
}

// lists makes the members of p those that are listed; false if the system does not have all of them.
func (p *part) lists(concepts []listed) bool {
	p.order = make([]uint32, 0, len(concepts))
	for _, l := range concepts {
		i, ok := p.sys.Find(l.code)
		if !ok {
			return false
		}
		if p.members.Contains(i) {
			continue
		}
		p.members.Add(i)
		p.order = append(p.order, i)
		if len(l.designations) > 0 || l.display != "" && l.display != p.sys.Display(i) {
			if p.over == nil {
				p.over = map[uint32]listed{}
			}
			p.over[i] = l
		}
	}
	return true
}
