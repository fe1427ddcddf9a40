// SPDX-License-Identifier: Apache-2.0

package def

import "strings"

// loadTerminology reads the records Y, H, V and I; gen/terminology.go says what they hold.
func (d *Definitions) loadTerminology(text string) {
	d.systems = make(map[string]*CodeSystem, 1200)
	d.sets = make(map[string]*ValueSet, 1500)
	var c *CodeSystem
	var v *ValueSet
	records(text, func(kind byte, r *record) {
		switch kind {
		case 'Y':
			c = loadSystem(r)
			d.systems[c.URL] = c
		case 'H':
			c.moreParents(r)
		case 'V':
			v = &ValueSet{URL: r.next(), Enumerable: r.next() == "e"}
			d.sets[v.URL] = v
		case 'I':
			v.parts = append(v.parts, d.part(r))
		}
	})
}

func loadSystem(r *record) *CodeSystem {
	c := &CodeSystem{URL: r.next(), Version: r.next()}
	flags := r.next()
	c.Complete = strings.Contains(flags, "c")
	c.CaseSensitive = strings.Contains(flags, "s")
	if r.rest == "" {
		return c
	}
	n := 1 + strings.Count(r.rest, "\t")
	c.Concepts = make([]Concept, 0, n)
	c.byCode = make(map[string]int32, n)
	var above []int32 // index of the last concept at each depth
	for r.rest != "" {
		field := r.next()
		depth, index := int(field[0]-'a'), int32(len(c.Concepts))
		concept := Concept{Code: field[1:], Parent: -1}
		if depth > 0 {
			concept.Parent = above[depth-1]
		}
		above = append(above[:depth], index)
		c.byCode[concept.Code] = index
		c.Concepts = append(c.Concepts, concept)
	}
	return c
}

// moreParents notes the children that a concept has beside those nested in it.
func (c *CodeSystem) moreParents(r *record) {
	parent := c.Find(r.next())
	for r.rest != "" {
		child := c.Find(r.next())
		if parent < 0 || child < 0 || c.Concepts[child].Parent == int32(parent) {
			continue
		}
		if c.more == nil {
			c.more = map[int32][]int32{}
		}
		c.more[int32(child)] = append(c.more[int32(child)], int32(parent))
	}
}

func (d *Definitions) part(r *record) valueSetPart {
	p := valueSetPart{system: r.next()}
	if r.rest == "*" {
		p.whole = d.systems[p.system]
		return p
	}
	p.codes = strings.Split(r.rest, "\t")
	if len(p.codes) > manyCodes {
		p.byCode = make(map[string]struct{}, len(p.codes))
		for _, code := range p.codes {
			p.byCode[code] = struct{}{}
		}
	}
	return p
}
