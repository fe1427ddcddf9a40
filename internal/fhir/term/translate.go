// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strings"

	"galen/internal/fault"
)

const (
	maxMapChain = 16     // maps that hand on to others
	maxMatches  = 10_000 // of one translation
)

// Translate gives the concepts that the codings are mapped to; with Reverse, those that are mapped to them. A coding that no map
// has is no error. It fails with fault.NotFound if a map that is named is not here.
func (s *Service) Translate(r TranslateRequest) (*Translation, error) {
	if len(r.Codings) == 0 {
		return nil, fault.New(fault.Invalid, "say which code to translate: code with system, coding or codeableConcept")
	}
	maps, err := s.maps(r)
	if err != nil {
		return nil, err
	}
	x := translator{s: s, r: r, seen: map[seenMatch]bool{}}
	if r.Target != "" {
		if v, err := (compiler{s: s}).set(r.Target, ""); err == nil {
			x.target = v
		}
	}
	for _, m := range maps {
		for _, c := range r.Codings {
			if err := x.translate(m, c, nil); err != nil {
				return nil, err
			}
		}
	}
	if !x.out.Result {
		x.out.Message = "No mapping was found"
	}
	return &x.out, nil
}

// maps is the maps to ask.
func (s *Service) maps(r TranslateRequest) ([]*conceptMap, error) {
	if r.Map.Ok() {
		m, err := readConceptMap(r.Map)
		return []*conceptMap{m}, err
	}
	if r.URL != "" {
		m, err := s.conceptMap(r.URL, r.Version)
		return []*conceptMap{m}, err
	}
	urls, err := s.mapURLs()
	if err != nil {
		return nil, err
	}
	var maps []*conceptMap
	seen := map[string]bool{}
	for _, url := range urls {
		if seen[url] {
			continue
		}
		seen[url] = true
		m, err := s.conceptMap(url, "")
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return nil, err
		case serves(m, r):
			maps = append(maps, m)
		}
	}
	return maps, nil
}

// serves reports whether a map is between the value sets asked for.
func serves(m *conceptMap, r TranslateRequest) bool {
	from, to := m.source, m.target
	if r.Reverse {
		from, to = to, from
	}
	same := func(a, b string) bool {
		a, _, _ = strings.Cut(a, "|")
		b, _, _ = strings.Cut(b, "|")
		return a == b
	}
	return (r.Source == "" || same(r.Source, from)) && (r.Target == "" || same(r.Target, to))
}

func (s *Service) conceptMap(url, version string) (*conceptMap, error) {
	if version == "" {
		url, version, _ = strings.Cut(url, "|")
	}
	return cached(s, cacheKey{"ConceptMap", url, version}, func() (*conceptMap, error) {
		n, err := s.resource("ConceptMap", url, version)
		if err != nil {
			return nil, err
		}
		if !n.Ok() {
			return nil, fault.New(fault.NotFound, "the concept map %s is not known here: create it in the data store, or add the package that has it", url)
		}
		return readConceptMap(n)
	})
}

// translator makes one translation.
type translator struct {
	s      *Service
	r      TranslateRequest
	target *set // nil: any
	out    Translation
	seen   map[seenMatch]bool
}

type seenMatch struct {
	Coding
	equivalence, source string
}

// translate asks one map; path is the maps that handed on to it.
func (x *translator) translate(m *conceptMap, c Coding, path []string) error {
	for k := range m.groups {
		g := &m.groups[k]
		from, to, table := g.source, g.target, g.forward
		if x.r.Reverse {
			from, to, table = g.target, g.source, g.backward
		}
		if c.System != "" && from != "" && c.System != from ||
			x.r.TargetSystem != "" && to != x.r.TargetSystem && g.mode != "other-map" {
			continue
		}
		found, ok := table[c.Code]
		for _, t := range found {
			if x.depends(t) && (x.r.TargetSystem == "" || t.System == x.r.TargetSystem) {
				x.add(m, t)
			}
		}
		if !ok && !x.r.Reverse && (c.System != "" || len(m.groups) == 1) {
			if err := x.unmapped(m, g, c, path); err != nil {
				return err
			}
		}
		if len(x.out.Matches) > maxMatches {
			return fault.New(fault.TooCostly, "the translation has more than %d matches: name a map with url", maxMatches)
		}
	}
	return nil
}

// depends reports whether the values that a mapping depends on were given as it wants them.
func (x *translator) depends(t mapping) bool {
	return x.r.Reverse || !slices.ContainsFunc(t.dependsOn, func(d Dependency) bool {
		return !slices.ContainsFunc(x.r.Dependencies, func(given Dependency) bool {
			return given.Property == d.Property && given.Code == d.Code && (d.System == "" || given.System == "" || given.System == d.System)
		})
	})
}

func (x *translator) add(m *conceptMap, t mapping) {
	if x.target != nil && t.Code != "" {
		if _, _, ok := x.target.find(t.System, "", t.Code); !ok && x.target.blocked(t.System) == nil {
			return
		}
	}
	source := m.url
	if m.version != "" {
		source += "|" + m.version
	}
	key := seenMatch{t.Coding, t.equivalence, source}
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	if t.Display == "" && t.Code != "" {
		if sys, err := x.s.system(t.System, ""); err == nil {
			if i, ok := sys.Find(t.Code); ok {
				t.Display = sys.Display(i)
			}
		}
	}
	x.out.Matches = append(x.out.Matches, Match{Equivalence: t.equivalence, Coding: t.Coding, Source: source, Comment: t.comment, Products: t.product})
	if t.equivalence != "unmatched" && t.equivalence != "disjoint" {
		x.out.Result = true
	}
}

// unmapped does what a group says of codes that it does not have.
func (x *translator) unmapped(m *conceptMap, g *mapGroup, c Coding, path []string) error {
	switch g.mode {
	case "provided":
		x.add(m, mapping{Coding: Coding{System: g.target, Version: g.targetVersion, Code: c.Code}, equivalence: "equal"})
	case "fixed":
		fixed := g.fixed
		fixed.System, fixed.Version = g.target, g.targetVersion
		x.add(m, mapping{Coding: fixed, equivalence: "inexact"})
	case "other-map":
		if len(path) >= maxMapChain || slices.Contains(path, g.other) || g.other == m.url {
			return fault.New(fault.Unprocessable, "the concept map %s hands codes on in a circle, or more than %d times", m.url, maxMapChain)
		}
		other, err := x.s.conceptMap(g.other, "")
		if err != nil {
			return err
		}
		return x.translate(other, c, append(slices.Clip(path), g.other))
	}
	return nil
}
