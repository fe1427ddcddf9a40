// SPDX-License-Identifier: Apache-2.0

package term

import (
	"iter"
	"slices"
	"strings"

	"galen/internal/fault"
)

// Members is a set of codes that is asked often, or listed: those of a value set, or a concept with its kin. It never changes.
type Members struct{ set *set }

// Members gives the codes of a value set (canonical, |version may follow; implicit ones too). It fails with fault.NotFound if
// the value set is not known, and if something that it draws on is not here: who has Members knows them all.
func (s *Service) Members(valueSet string) (*Members, error) {
	v, err := compiler{s: s}.set(valueSet, "")
	if err != nil {
		return nil, err
	}
	if err := v.blocked(""); err != nil {
		return nil, err
	}
	return &Members{v}, nil
}

// Kin gives a code and all that is below it in its system, or with above all that is above it. It fails with fault.NotFound
// if the system is not here or does not have the code.
func (s *Service) Kin(c Coding, above bool) (*Members, error) {
	sys, err := s.system(c.System, c.Version)
	if err != nil {
		return nil, err
	}
	i, ok := sys.has(c.Code)
	switch {
	case !ok:
		return nil, fault.New(fault.NotFound, "the system %s has no code %s", c.System, show(c.Code))
	case sys.IsGrammar(): // nothing is above or below: the code stands alone
		if sys, err = alone(c); err != nil {
			return nil, err
		}
		return &Members{&set{parts: []part{{sys: sys, members: sys.all()}}}}, nil
	}
	key := cacheKey{"below", c.System + "\n" + c.Code, c.Version}
	if above {
		key.kind = "above"
	}
	return cached(s, key, func() (*Members, error) {
		p := part{sys: sys, members: sys.Descendants(i)}
		if above {
			p.members = sys.Ancestors(i)
		}
		p.members.Add(i)
		return &Members{&set{parts: []part{p}}}, nil
	})
}

// alone is a system of one code.
func alone(c Coding) (*System, error) {
	b := NewBuilder(Info{URL: c.System, Content: Fragment})
	b.Concept(c.Code)
	return b.Build()
}

// Has reports whether a code of a system is a member.
func (m *Members) Has(system, code string) bool {
	_, _, ok := m.set.find(system, "", code)
	return ok
}

// Systems lists the systems that members are of.
func (m *Members) Systems() []string {
	var all []string
	for k := range m.set.parts {
		if url := m.set.parts[k].sys.URL; !slices.Contains(all, url) {
			all = append(all, url)
		}
	}
	return all
}

// Listed reports whether All has every spelling of every member, and how many members there are at most. Codes of a grammar
// cannot be listed, and codes of a system that does not tell upper from lower case have many spellings.
func (m *Members) Listed() (n int, ok bool) {
	ok = true
	for k := range m.set.parts {
		p := &m.set.parts[k]
		if p.whole || p.sys.CaseInsensitive {
			ok = false
		}
		n += p.members.Len()
	}
	return n, ok
}

// All gives the members that can be listed, as system and code.
func (m *Members) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for k := range m.set.parts {
			p := &m.set.parts[k]
			if p.whole {
				continue
			}
			for i := range p.members.All() {
				if m.set.activeOnly && p.sys.Inactive(i) {
					continue
				}
				if !yield(p.sys.URL, strings.Clone(p.sys.Code(i))) {
					return
				}
			}
		}
	}
}
