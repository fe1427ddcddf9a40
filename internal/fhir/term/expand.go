// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"
	"strings"
	"unicode"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
)

const (
	maxFilterText  = 500 // bytes of ExpandRequest.Filter
	maxFilterWords = 20
)

// Expand lists the concepts of a value set: as a hierarchy if nothing is asked that makes it a list (Filter, Offset, Count,
// Flat), else in the order of the definition. It fails with fault.TooCostly if there are more than Options.MaxExpansion and
// no page is asked for, and if what the value set draws on is not here or cannot be listed.
func (s *Service) Expand(r ExpandRequest) (*Expansion, error) {
	v, err := s.toExpand(r)
	if err != nil {
		return nil, err
	}
	if r.Offset < 0 || r.Count < 0 {
		return nil, fault.New(fault.Invalid, "offset and count are not negative")
	}
	x := expander{r: r, max: s.opt.MaxExpansion}
	if err := x.take(v); err != nil {
		return nil, err
	}
	e := &Expansion{URL: v.url, Version: v.version, Name: v.name, Title: v.title, Offset: r.Offset,
		Paged: r.Offset > 0 || r.Count > 0 || r.CountOnly, Systems: v.systems(), Given: r.Given}
	for _, p := range x.parts {
		e.Total += p.members.Len()
	}
	if r.Definition {
		if e.Compose, err = s.definition(r); err != nil {
			return nil, err
		}
	}
	switch {
	case r.CountOnly:
		return e, nil
	case !e.Paged && e.Total > x.max:
		return nil, fault.New(fault.TooCostly, "the expansion has %d concepts, more than %d: ask for a page with count and offset, or narrow it with filter",
			e.Total, x.max).WithCode("too-costly")
	case r.Count > x.max:
		return nil, fault.New(fault.TooCostly, "a page may have at most %d concepts", x.max).WithCode("too-costly")
	}
	if !e.Paged && r.Filter == "" && !r.Flat {
		e.Contains = x.nested()
		return e, nil
	}
	e.Contains = x.page(r.Offset, min(max(r.Count, 0), x.max))
	return e, nil
}

func (s *Service) toExpand(r ExpandRequest) (*set, error) {
	c := compiler{s: s, pins: r.SystemVersions, forced: r.ForcedVersions}
	switch {
	case len(r.OnlyDesignations) > maxFilters:
		return nil, fault.New(fault.Invalid, "at most %d languages and uses of designations can be asked for", maxFilters)
	case len(r.SystemVersions)+len(r.ForcedVersions) > maxFilters:
		return nil, fault.New(fault.Invalid, "at most %d systems can be pinned to a version", maxFilters)
	case r.ValueSet.Ok():
		return c.resource(r.ValueSet)
	case r.URL != "":
		return c.set(r.URL, r.Version)
	}
	return nil, fault.New(fault.Invalid, "say which value set to expand: url, or valueSet")
}

// definition is the compose of the value set that a request is about; absent for one that is implicit.
func (s *Service) definition(r ExpandRequest) (fhir.Node, error) {
	n := r.ValueSet
	if !n.Ok() {
		url, version := r.URL, r.Version
		if version == "" {
			url, version = canonical(url)
		}
		var err error
		if n, err = s.resource("ValueSet", url, version); err != nil {
			return fhir.Node{}, err
		}
	}
	return n.Field("compose"), nil
}

// systems lists the systems that a set draws on, as url|version.
func (v *set) systems() (used []string) {
	for _, p := range v.parts {
		if p.missing != nil {
			continue
		}
		name := p.sys.URL
		if p.sys.Version != "" {
			name += "|" + p.sys.Version
		}
		if !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	return used
}

// expander makes one expansion.
type expander struct {
	r     ExpandRequest
	max   int
	parts []part
}

// take narrows the parts of v to what the request asks for.
func (x *expander) take(v *set) error {
	match, err := wordMatcher(x.r.Filter)
	if err != nil {
		return err
	}
	for _, p := range v.parts {
		switch {
		case x.excluded(&p):
			continue
		case p.missing != nil:
			return p.missing
		case p.whole:
			return fault.New(fault.TooCostly, "codes of %s follow a grammar and cannot be listed", p.sys.URL).WithCode("too-costly")
		}
		if v.activeOnly || x.r.ActiveOnly {
			p.members = docset.AndNot(p.members, p.sys.inactive())
		}
		if x.r.NotForUI {
			p.members = p.selected(func(i uint32) bool { return !p.sys.Abstract(i) })
		}
		if match != nil {
			p.members = p.selected(func(i uint32) bool {
				return match(p.sys.Code(i)) || p.sys.hasWording(i, match) || match(p.display(i, ""))
			})
		}
		if !p.members.IsEmpty() {
			x.parts = append(x.parts, p)
		}
	}
	return nil
}

// excluded reports whether the request leaves the system of a part out.
func (x *expander) excluded(p *part) bool {
	return slices.ContainsFunc(x.r.ExcludeSystems, func(name string) bool {
		url, version, _ := strings.Cut(name, "|")
		if p.missing != nil {
			return p.url == url && version == ""
		}
		return p.of(url, version)
	})
}

func (p *part) selected(ok func(i uint32) bool) docset.Set {
	var found []uint32
	for i := range p.members.All() {
		if ok(i) {
			found = append(found, i)
		}
	}
	var set docset.Set
	set.AddMany(found)
	return set
}

// wordMatcher accepts texts that have, for each word of filter, a word that begins with it; case does not matter. nil if
// filter has no words.
func wordMatcher(filter string) (func(text string) bool, error) {
	if len(filter) > maxFilterText {
		return nil, fault.New(fault.Invalid, "filter may have at most %d bytes", maxFilterText)
	}
	words := strings.FieldsFunc(strings.ToLower(filter), func(r rune) bool { return unicode.IsSpace(r) })
	switch {
	case len(words) == 0:
		return nil, nil
	case len(words) > maxFilterWords:
		return nil, fault.New(fault.Invalid, "filter may have at most %d words", maxFilterWords)
	}
	return func(text string) bool {
		for _, w := range words {
			if !hasWord(text, w) {
				return false
			}
		}
		return true
	}, nil
}

// hasWord reports whether a word of text begins with word, which is in lower case.
func hasWord(text, word string) bool {
	if !ascii(word) {
		text = strings.ToLower(text)
	}
	first := word[0]
	for at := 0; at+len(word) <= len(text); at++ {
		if lower(text[at]) == first && (at == 0 || !wordByte(text[at-1])) && equalFold(text[at:at+len(word)], word) {
			return true
		}
	}
	return false
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func wordByte(c byte) bool { return letter(c) || digit(c) || c >= 0x80 }

// page is the concepts from offset on; all of them if count is 0, which the caller has checked.
func (x *expander) page(offset, count int) []Contains {
	var out []Contains
	if count == 0 {
		count = x.max
	}
	for k := range x.parts {
		p := &x.parts[k]
		if n := p.members.Len(); offset >= n {
			offset -= n
			continue
		}
		skip := offset
		offset = 0
		for i := range p.from(&skip) {
			if skip > 0 {
				skip--
				continue
			}
			if len(out) == count {
				return out
			}
			out = append(out, x.contains(p, i))
		}
	}
	return out
}

// from iterates over the members in their order. It may leave out the first *skip of them itself, and sets *skip to 0 then.
func (p *part) from(skip *int) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		if p.order == nil {
			members := p.members.All()
			if first, ok := p.members.Select(*skip); ok && *skip > 0 {
				*skip = 0
				if !yield(first) {
					return
				}
				members = p.members.After(first)
			}
			members(yield)
			return
		}
		for _, i := range p.order {
			if p.members.Contains(i) && !yield(i) {
				return
			}
		}
	}
}

func (x *expander) contains(p *part, i uint32) Contains {
	c := Contains{Coding: Coding{System: p.sys.URL, Code: p.sys.Code(i), Display: p.display(i, x.r.DisplayLanguage)},
		Abstract: p.sys.Abstract(i), Inactive: p.sys.Inactive(i)}
	if x.r.Designations || len(x.r.OnlyDesignations) > 0 {
		c.Designations = append(p.sys.Designations(nil, i), p.over[i].designations...)
	}
	if len(x.r.OnlyDesignations) > 0 {
		c.Designations = slices.DeleteFunc(c.Designations, func(d Designation) bool { return !d.isAny(x.r.OnlyDesignations) })
	}
	if len(x.r.Properties) > 0 {
		c.Properties = slices.DeleteFunc(p.sys.Properties(nil, i), func(v Property) bool { return !slices.Contains(x.r.Properties, v.Code) })
	}
	return c
}

// isAny reports whether a designation is in one of some languages or for one of some uses: each a code, or system|code.
func (d Designation) isAny(tokens []string) bool {
	return slices.ContainsFunc(tokens, func(token string) bool {
		system, code, of := strings.Cut(token, "|")
		if !of {
			system, code = "", token
		}
		return (system == "" || system == languageSystem) && d.Language != "" && sameLanguage(d.Language, code) ||
			(!of || d.Use.System == system) && d.Use.Code != "" && d.Use.Code == code
	})
}

// nested puts concepts below their first parent that is in the expansion too. What a cycle keeps from any root comes last.
func (x *expander) nested() []Contains {
	var out []Contains
	for k := range x.parts {
		p := &x.parts[k]
		if p.order != nil || !p.sys.hasHierarchy() {
			for i := range p.from(new(int)) {
				out = append(out, x.contains(p, i))
			}
			continue
		}
		out = append(out, x.tree(p)...)
	}
	return out
}

func (x *expander) tree(p *part) []Contains {
	below := map[uint32][]uint32{}
	var roots, line []uint32
	for i := range p.members.All() {
		line = p.sys.Parents(line[:0], i)
		if at := slices.IndexFunc(line, p.members.Contains); at >= 0 {
			below[line[at]] = append(below[line[at]], i)
		} else {
			roots = append(roots, i)
		}
	}
	done := map[uint32]bool{}
	var walk func(list []uint32, depth int) []Contains
	walk = func(list []uint32, depth int) []Contains {
		out := make([]Contains, 0, len(list))
		for _, i := range list {
			if done[i] {
				continue
			}
			done[i] = true
			c := x.contains(p, i)
			if children := below[i]; len(children) > 0 && depth < maxTree {
				c.Contains = walk(children, depth+1)
			}
			out = append(out, c)
		}
		return out
	}
	out := walk(roots, 0)
	if len(done) < p.members.Len() {
		for i := range p.members.All() {
			if !done[i] {
				done[i] = true
				out = append(out, x.contains(p, i))
			}
		}
	}
	return out
}

const maxTree = 100 // levels of a nested expansion; what is deeper stands at its end
