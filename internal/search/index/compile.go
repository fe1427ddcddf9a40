// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// source is something whose terms stand under one parameter's number: what one or several parameters find.
type source struct {
	header     header
	kind       def.ParamType
	form       form
	program    *fhirpath.Program
	walks      []fhirpath.Walk // if plain
	plain      bool
	components []*plan

	paths []string  // what it finds, sorted; equal ones find the same
	parts []*source // those that together find what it does; it then has no terms of its own
}

// typeCompiler makes the plans of one resource type.
type typeCompiler struct {
	x       *Index
	typ     *def.Type
	sources []*source
}

func (c *typeCompiler) compile() (*typePlan, error) {
	tp := &typePlan{root: &branch{typ: c.typ.Structure}, plans: map[def.ParamID]*plan{}}
	params := slices.Clone(c.x.defs.SearchParams(c.typ.Name))
	slices.SortFunc(params, func(a, b *def.SearchParam) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range params {
		expression := p.ExpressionFor(c.typ.Name)
		if expression == "" || p.Type == def.SpecialParam {
			continue
		}
		pl, err := c.plan(p, expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Code, err)
		}
		tp.plans[p.ID] = pl
	}
	c.divide()
	for _, pl := range tp.plans {
		pl.sources = leaves(pl.sources)
	}
	for _, s := range c.sources {
		switch {
		case s.parts != nil:
		case s.plain:
			tp.root.plant(s)
		default:
			tp.sources = append(tp.sources, s)
		}
	}
	return tp, c.special(tp)
}

// plant puts the walks of a source into the tree.
func (b *branch) plant(s *source) {
	for _, w := range s.walks {
		at := b
		for _, step := range w {
			at = at.add(step)
		}
		at.emits = append(at.emits, s)
	}
}

// unposted are the parameters that are answered without terms.
func unposted(code string) bool { return code == "_id" || code == "_lastUpdated" }

func (c *typeCompiler) plan(p *def.SearchParam, expression string) (*plan, error) {
	pl, err := c.x.component(p, expression, c.typ.Structure)
	if err != nil || unposted(p.Code) {
		return pl, err
	}
	if p.Type == def.CompositeParam {
		focus, _ := pl.program.Types()
		for _, component := range p.Components {
			part, err := c.x.component(component.Param, component.Expression, focus...)
			if err != nil {
				return nil, err
			}
			pl.components = append(pl.components, part)
		}
	}
	base, target := narrowing(expression)
	if target != "" {
		if pl.narrowed = []def.TypeID{c.x.typeID(target)}; pl.narrowed[0] == 0 {
			return nil, fault.New(fault.Internal, "unknown type in %q", expression)
		}
	}
	s, err := c.source(p, base, pl)
	pl.sources = []*source{s}
	return pl, err
}

// narrowing splits an expression that keeps only the references to one type into what it keeps from and that type.
func narrowing(expression string) (base, target string) {
	base, rest, ok := strings.Cut(expression, ".where(resolve() is ")
	target, end, closed := strings.Cut(rest, ")")
	if !ok || !closed || end != "" || strings.Contains(base, "|") {
		return expression, ""
	}
	return base, target
}

// component compiles one parameter's expression, and notes what its codes are.
func (x *Index) component(p *def.SearchParam, expression string, focus ...*def.Structure) (*plan, error) {
	program, err := fhirpath.Compile(x.defs, expression, focus...)
	if err != nil {
		return nil, err
	}
	pl := &plan{param: p, program: program}
	walks, plain := program.Walks()
	pl.onlyCodes = plain
	if !plain {
		pl.casings = casings{true, true, true}
	}
	for _, w := range walks {
		if len(w) == 0 {
			pl.onlyCodes = false
			continue
		}
		last := w[len(w)-1]
		pl.casings.add(casingsOf(last.Type))
		switch shapeOfType(last.Type) {
		case codeShape:
			if set := boundSet(last.Element); set != nil && !slices.Contains(pl.sets, set) {
				pl.sets = append(pl.sets, set)
			}
		case booleanShape:
			pl.booleans = true
		default:
			pl.onlyCodes = false
		}
	}
	return pl, nil
}

// source finds or makes the source of a parameter.
func (c *typeCompiler) source(p *def.SearchParam, expression string, pl *plan) (*source, error) {
	program, err := fhirpath.Compile(c.x.defs, expression, c.typ.Structure)
	if err != nil {
		return nil, err
	}
	s := &source{header: headerOf(c.typ.ID, p.ID), kind: p.Type, program: program, components: pl.components}
	signature := ""
	for _, part := range pl.components {
		signature += fmt.Sprintf(" %d %s", part.param.Type, part.program.Source())
	}
	walks, plain := program.Walks()
	if s.plain = plain; plain {
		for _, w := range walks {
			if s.kind == def.CompositeParam || len(w) > 0 && indexable(s.kind, shapeOfType(w[len(w)-1].Type)) {
				s.walks = append(s.walks, w)
				s.paths = append(s.paths, pathOf(w)+signature)
			}
		}
	} else {
		s.paths = []string{expression + signature}
	}
	slices.Sort(s.paths)
	s.paths = slices.Compact(s.paths)
	for _, other := range c.sources {
		if other.kind == s.kind && slices.Equal(other.paths, s.paths) {
			return other, nil
		}
	}
	c.sources = append(c.sources, s)
	return s, nil
}

func pathOf(w fhirpath.Walk) string {
	var b strings.Builder
	for _, step := range w {
		b.WriteString("." + step.Name)
	}
	return b.String()
}

// divide finds the sources that others together make up: combo-code is code and component-code.
func (c *typeCompiler) divide() {
	bySize := slices.Clone(c.sources)
	slices.SortStableFunc(bySize, func(a, b *source) int { return cmp.Compare(len(b.paths), len(a.paths)) })
	for _, s := range c.sources {
		var parts []*source
		covered := map[string]bool{}
		for _, other := range bySize {
			if other.kind != s.kind || len(other.paths) >= len(s.paths) || !subset(other.paths, s.paths) {
				continue
			}
			before := len(covered)
			for _, path := range other.paths {
				covered[path] = true
			}
			if len(covered) > before {
				parts = append(parts, other)
			}
		}
		if len(covered) == len(s.paths) && len(parts) > 0 {
			s.parts = parts
		}
	}
}

func subset(small, large []string) bool {
	for _, path := range small {
		if _, ok := slices.BinarySearch(large, path); !ok {
			return false
		}
	}
	return true
}

// leaves replaces sources by those that have terms.
func leaves(list []*source) (out []*source) {
	for _, s := range list {
		found := []*source{s}
		if s.parts != nil {
			found = leaves(s.parts)
		}
		for _, leaf := range found {
			if !slices.Contains(out, leaf) {
				out = append(out, leaf)
			}
		}
	}
	return out
}
