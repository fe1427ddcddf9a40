// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
)

type valueSet struct {
	URL     string
	Compose struct{ Include, Exclude []include }
}

type include struct {
	System   string
	Concept  []struct{ Code string }
	Filter   []struct{ Property, Op, Value string }
	ValueSet []string
}

// expander enumerates value sets from R4's own complete code systems and from lists of codes.
type expander struct {
	systems map[string]codeSystem
	sets    map[string]valueSet
}

// set is the codes of a value set by system; a nil list is the whole system.
type set map[string][]string

// licensed are systems whose codes are not listed here, for they have licences of their own; but for a handful of units, such
// as those of time.
var licensed = []string{"http://snomed.info/sct", "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm", ucum}

const (
	ucum     = "http://unitsofmeasure.org"
	fewUnits = 20
)

func (x expander) write(v valueSet, w *lines) {
	codes, ok := x.expand(v.URL, 0)
	if !ok {
		w.line("V", v.URL)
		return
	}
	w.line("V", v.URL, "e")
	for _, system := range slices.Sorted(maps.Keys(codes)) {
		if list := codes[system]; list != nil {
			w.line(append([]string{"I", system}, list...)...)
		} else {
			w.line("I", system, "*")
		}
	}
}

// expand gives the codes of a value set; ok is false if they cannot all be known.
func (x expander) expand(url string, depth int) (codes set, ok bool) {
	url, _, _ = strings.Cut(url, "|")
	v, found := x.sets[url]
	if !found || depth > 8 || len(v.Compose.Include) == 0 {
		return nil, false
	}
	codes = set{}
	for _, in := range v.Compose.Include {
		part, ok := x.include(in, depth)
		if !ok {
			return nil, false
		}
		for system, list := range part {
			old, had := codes[system]
			switch {
			case list == nil || had && old == nil:
				codes[system] = nil
			default:
				codes[system] = unique(append(slices.Clip(old), list...))
			}
		}
	}
	for _, out := range v.Compose.Exclude {
		part, ok := x.include(out, depth)
		if !ok {
			return nil, false
		}
		for system := range part {
			gone := x.list(system, part[system])
			left := slices.DeleteFunc(slices.Clone(x.list(system, codes[system])), func(c string) bool { return slices.Contains(gone, c) })
			if _, had := codes[system]; had {
				codes[system] = append([]string{}, left...)
			}
		}
	}
	return codes, true
}

// include gives the codes of one include or exclude.
func (x expander) include(in include, depth int) (set, bool) {
	var codes set
	if in.System != "" {
		list, ok := x.fromSystem(in)
		if !ok {
			return nil, false
		}
		codes = set{in.System: list}
	}
	for _, url := range in.ValueSet {
		other, ok := x.expand(url, depth+1)
		if !ok {
			return nil, false
		}
		if codes == nil {
			codes = other
			continue
		}
		codes = x.intersect(codes, other)
	}
	return codes, codes != nil
}

func (x expander) fromSystem(in include) (list []string, ok bool) {
	few := in.System == ucum && len(in.Concept) > 0 && len(in.Concept) <= fewUnits
	if slices.Contains(licensed, in.System) && !few {
		return nil, false
	}
	s, known := x.systems[in.System]
	known = known && s.Content == "complete" && len(s.Concept) > 0
	switch {
	case len(in.Concept) > 0:
		for _, c := range in.Concept {
			list = append(list, c.Code)
		}
		return list, true
	case !known:
		return nil, false
	case len(in.Filter) == 0:
		return nil, true
	}
	list = flat(s.Concept)
	for _, f := range in.Filter {
		below := []string{}
		switch {
		case f.Property != "concept" && f.Property != "code":
			return nil, false
		case f.Op == "is-a":
			below = append(closure(s, f.Value), f.Value)
		case f.Op == "descendent-of":
			below = closure(s, f.Value)
		default:
			return nil, false
		}
		list = slices.DeleteFunc(list, func(c string) bool { return !slices.Contains(below, c) })
	}
	return list, true
}

func (x expander) intersect(a, b set) set {
	both := set{}
	for system := range a {
		if _, ok := b[system]; !ok {
			continue
		}
		other := x.list(system, b[system])
		both[system] = slices.DeleteFunc(slices.Clone(x.list(system, a[system])), func(c string) bool { return !slices.Contains(other, c) })
	}
	return both
}

// list spells out the whole system that a nil list stands for.
func (x expander) list(system string, codes []string) []string {
	if codes != nil {
		return codes
	}
	return flat(x.systems[system].Concept)
}

// flat lists codes, parents before children.
func flat(list []concept) (codes []string) {
	for _, c := range list {
		codes = append(append(codes, c.Code), flat(c.Concept)...)
	}
	return codes
}

// closure lists the codes below one, by nesting and by the child property.
func closure(s codeSystem, root string) []string {
	children := map[string][]string{}
	var walk func(list []concept)
	walk = func(list []concept) {
		for _, c := range list {
			for _, below := range c.Concept {
				children[c.Code] = append(children[c.Code], below.Code)
			}
			for _, p := range c.Property {
				if p.Code == "child" {
					children[c.Code] = append(children[c.Code], p.ValueCode)
				}
			}
			walk(c.Concept)
		}
	}
	walk(s.Concept)
	seen := map[string]bool{}
	var visit func(code string)
	visit = func(code string) {
		for _, c := range children[code] {
			if !seen[c] {
				seen[c] = true
				visit(c)
			}
		}
	}
	visit(root)
	delete(seen, root)
	return slices.Sorted(maps.Keys(seen))
}

func unique(codes []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(codes, func(c string) bool {
		had := seen[c]
		seen[c] = true
		return had
	})
}
