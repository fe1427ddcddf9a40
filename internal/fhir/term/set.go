// SPDX-License-Identifier: Apache-2.0

package term

import (
	"slices"

	"galen/internal/docset"
	"galen/internal/fault"
)

const maxVariants = 256 // ways in which the codes of one system may come into one value set

// set is a compiled value set. It never changes.
type set struct {
	url, version, name, title string
	activeOnly                bool
	parts                     []part // what they have is disjoint
}

// part is what a set has of one system. A part that is missing stands for codes that cannot be known: missing says why.
type part struct {
	sys     *System // nil if missing
	members docset.Set
	order   []uint32            // of the members, as listed; nil: by number
	over    map[uint32]listed   // displays and designations that the value set gives
	whole   bool                // all that a grammar recognises
	without map[string]struct{} // but these

	url     string // of the system that is missing; empty: of any
	missing error
}

// find gives the number of a code in a part; ok says whether the part has it. The number means nothing for a grammar.
func (p *part) find(code string) (i uint32, ok bool) {
	if p.whole {
		_, not := p.without[code]
		return 0, !not && p.sys.grammar(code)
	}
	i, ok = p.sys.Find(code)
	return i, ok && p.members.Contains(i)
}

func (p *part) of(system, version string) bool {
	return p.missing == nil && p.sys.URL == system && (version == "" || p.sys.Version == "" || sameVersion(p.sys.Version, version))
}

// find gives the part that has a code of a system.
func (v *set) find(system, version, code string) (p *part, i uint32, ok bool) {
	for k := range v.parts {
		p := &v.parts[k]
		if !p.of(system, version) {
			continue
		}
		if i, ok := p.find(code); ok && !(v.activeOnly && !p.whole && p.sys.Inactive(i)) {
			return p, i, true
		}
	}
	return nil, 0, false
}

// blocked is why it cannot be known whether a code of the system, of any if it is empty, is in the set; nil if it can.
func (v *set) blocked(system string) error {
	for k := range v.parts {
		if p := &v.parts[k]; p.missing != nil && (p.url == "" || system == "" || p.url == system) {
			return p.missing
		}
	}
	return nil
}

// display of a member in a language, as the value set has it or else the system.
func (p *part) display(i uint32, language string) string {
	if own, ok := p.over[i]; ok {
		if language != "" {
			for _, d := range own.designations {
				if sameLanguage(d.Language, language) {
					return d.Value
				}
			}
		}
		if own.display != "" {
			return own.display
		}
	}
	return p.sys.displayIn(i, language)
}

// keep makes the members of p those that ok accepts.
func (p *part) keep(ok func(code string) bool) {
	var left docset.Set
	for i := range p.members.All() {
		if ok(p.sys.Code(i)) {
			left.Add(i)
		}
	}
	p.members = left
}

func hasAny(parts []part, system, code string) bool {
	for k := range parts {
		if q := &parts[k]; q.missing == nil && q.sys.URL == system {
			if _, ok := q.find(code); ok {
				return true
			}
		}
	}
	return false
}

// minus takes out of parts what is in not.
func minus(parts, not []part) []part {
	var left []part
	for _, p := range parts {
		for k := range not {
			q := &not[k]
			switch {
			case p.missing != nil:
			case q.missing != nil:
				if q.url == "" || q.url == p.sys.URL {
					p = part{url: p.sys.URL, missing: q.missing}
				}
			case q.sys.URL != p.sys.URL:
			case p.sys == q.sys && !p.whole:
				p.members = docset.AndNot(p.members, q.members)
			case !p.whole:
				p.keep(func(code string) bool { _, has := q.find(code); return !has })
			case q.whole:
				p.whole = false
			default:
				p.leave(q)
			}
		}
		if p.missing != nil || p.whole || !p.members.IsEmpty() {
			left = append(left, p)
		}
	}
	return left
}

// leave takes the codes of q out of a grammar's whole.
func (p *part) leave(q *part) {
	without := map[string]struct{}{}
	for code := range p.without {
		without[code] = struct{}{}
	}
	for i := range q.members.All() {
		without[q.sys.Code(i)] = struct{}{}
	}
	p.without = without
}

// both is what a and b have in common.
func both(a, b []part) []part {
	var common []part
	for _, p := range a {
		if p.missing != nil {
			common = append(common, p)
			continue
		}
		for k := range b {
			if q := &b[k]; q.missing != nil && (q.url == "" || q.url == p.sys.URL) {
				common = append(common, part{url: p.sys.URL, missing: q.missing})
			}
		}
		if p.whole {
			common = append(common, p.within(b)...)
			continue
		}
		p.keepIn(b)
		if !p.members.IsEmpty() {
			common = append(common, p)
		}
	}
	for _, q := range b {
		if q.missing != nil && q.url != "" && slices.ContainsFunc(a, func(p part) bool { return p.missing != nil && p.url == "" }) {
			common = append(common, q)
		}
	}
	return common
}

// keepIn leaves the members that one of parts has.
func (p *part) keepIn(parts []part) {
	var same docset.Set
	others := false
	for k := range parts {
		switch q := &parts[k]; {
		case q.missing != nil || q.sys.URL != p.sys.URL:
		case q.sys == p.sys:
			same.Or(q.members)
		default:
			others = true
		}
	}
	if others {
		p.keep(func(code string) bool { return hasAny(parts, p.sys.URL, code) })
		return
	}
	p.members = docset.And(p.members, same)
}

// within is what parts have of what the grammar p recognises.
func (p *part) within(parts []part) (common []part) {
	for _, q := range parts {
		switch {
		case q.missing != nil || q.sys.URL != p.sys.URL:
		case q.whole:
			q.leaveAlso(p)
			common = append(common, q)
		default:
			q.keep(func(code string) bool { _, ok := p.find(code); return ok })
			if !q.members.IsEmpty() {
				common = append(common, q)
			}
		}
	}
	return common
}

// leaveAlso leaves out of q what p leaves out.
func (p *part) leaveAlso(q *part) {
	without := map[string]struct{}{}
	for _, m := range []map[string]struct{}{p.without, q.without} {
		for code := range m {
			without[code] = struct{}{}
		}
	}
	p.without = without
}

// disjoint makes each part have only what none before it has.
func disjoint(parts []part) ([]part, error) {
	var all []part
	bySystem := map[*System]docset.Set{}
	byURL := map[string][]part{} // the last part of each system, with all its members; grammars
	for _, p := range parts {
		if p.missing != nil {
			all = append(all, p)
			continue
		}
		others := byURL[p.sys.URL]
		if len(others) > maxVariants {
			return nil, fault.New(fault.TooCostly, "a value set may list codes of %s in at most %d forms", p.sys.URL, maxVariants)
		}
		before, had := bySystem[p.sys]
		if had && !p.whole {
			p.members = docset.AndNot(p.members, before)
		}
		if others = slices.DeleteFunc(slices.Clone(others), func(q part) bool { return q.sys == p.sys && !q.whole }); len(others) > 0 {
			rest := minus([]part{p}, others)
			if len(rest) == 0 {
				continue
			}
			p = rest[0]
		}
		if !p.whole && p.members.IsEmpty() {
			continue
		}
		sum := docset.Or(before, p.members)
		bySystem[p.sys] = sum
		byURL[p.sys.URL] = append(others, part{sys: p.sys, members: sum, whole: p.whole, without: p.without})
		all = append(all, p)
	}
	return all, nil
}
