// SPDX-License-Identifier: Apache-2.0

package def

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

type typeCode struct{ typeName, code string }

// loadParams reads the records Q, K, M and R; gen/params.go says what they hold.
func (d *Definitions) loadParams(text string) {
	d.paramByURL = map[string]*SearchParam{}
	type component struct {
		of              *SearchParam
		url, expression string
	}
	var components []component
	records(text, func(kind byte, r *record) {
		switch kind {
		case 'Q':
			p := &SearchParam{ID: ParamID(len(d.params) + 1), URL: r.next(), Code: r.next(), Type: paramTypeOf(r.next()),
				Bases: r.list(","), Expression: r.next(), Targets: r.list(","), Comparators: r.list(","), Modifiers: r.list(",")}
			flags := r.next()
			p.MultipleOr = !strings.Contains(flags, "o")
			p.MultipleAnd = !strings.Contains(flags, "a")
			d.params = append(d.params, p)
			d.paramByURL[p.URL] = p
		case 'K':
			components = append(components, component{d.params[len(d.params)-1], r.next(), r.next()})
		case 'M':
			d.compartments = append(d.compartments, &Compartment{Type: r.next(), URL: r.next(), members: map[string][]string{}})
		case 'R':
			c := d.compartments[len(d.compartments)-1]
			name := r.next()
			c.members[name] = r.list(",")
			c.types = append(c.types, name)
		}
	})
	for _, c := range components {
		p := d.paramByURL[c.url]
		if p == nil {
			panic(fmt.Sprintf("def: a component of %s names %s, which is not there", c.of.URL, c.url))
		}
		c.of.Components = append(c.of.Components, Component{Param: p, Expression: c.expression})
	}
	d.bindParams()
}

// bindParams gives each resource type its parameters, and each parameter the expressions of its bases.
func (d *Definitions) bindParams() {
	own := map[string][]*SearchParam{}
	for _, p := range d.params {
		d.bind(p)
		for _, base := range p.Bases {
			own[base] = append(own[base], p)
		}
	}
	d.paramsOf = make(map[string][]*SearchParam, len(d.types))
	d.paramByCode = make(map[typeCode]*SearchParam, 4*len(d.params))
	for _, t := range d.types {
		var all []*SearchParam
		for s := t.Structure; s != nil; s = s.Base {
			all = append(all, own[s.Name]...)
		}
		slices.SortFunc(all, func(a, b *SearchParam) int { return cmp.Compare(a.Code, b.Code) })
		d.paramsOf[t.Name] = all
		for _, p := range all {
			d.paramByCode[typeCode{t.Name, p.Code}] = p
		}
	}
}

// bind gives a parameter the expressions of its bases.
func (d *Definitions) bind(p *SearchParam) {
	p.expressions = make([]string, len(p.Bases))
	parts := unionParts(p.Expression)
	for i, base := range p.Bases {
		p.expressions[i] = d.partsFor(d.structures[base], p.Expression, parts)
	}
}

// unionParts splits an expression at its outermost | operators.
func unionParts(expression string) (parts []string) {
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case quoted:
			if c == '\\' {
				i++
			}
			quoted = c != '\''
		case c == '\'':
			quoted = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			parts = append(parts, strings.TrimSpace(expression[from:i]))
			from = i + 1
		}
	}
	return append(parts, strings.TrimSpace(expression[from:]))
}

// partsFor joins the parts of a union that apply to a structure: those that begin with its name or with that of one it
// specialises, or with no resource type.
func (d *Definitions) partsFor(s *Structure, whole string, parts []string) string {
	var kept []string
	for _, part := range parts {
		head := strings.TrimLeft(part, "( ")
		if end := strings.IndexFunc(head, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') }); end >= 0 {
			head = head[:end]
		}
		if other := d.structures[head]; other == nil || other.Kind != Resource || s.Is(head) {
			kept = append(kept, part)
		}
	}
	if len(kept) == len(parts) {
		return whole
	}
	return strings.Join(kept, " | ")
}
