// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"
	"strings"

	"galen/internal/fhir/def"
)

// finish takes out what the base definition says as well, drops nodes that then say nothing, and makes the tables of names.
func (n *node) finish(d *def.Definitions) {
	if n.def != nil {
		n.reduce()
	}
	for _, s := range n.slices {
		s.finish(d)
	}
	n.children = slices.DeleteFunc(n.children, func(c *node) bool {
		c.finish(d)
		return c.empty()
	})
	if len(n.children) == 0 {
		return
	}
	n.names = map[string]int{}
	for i, c := range n.children {
		for j := range c.def.Types {
			t := &c.def.Types[j]
			n.names[t.JSON] = i
			if t.Sibling != "" {
				n.names[t.Sibling] = i
			}
		}
	}
}

// reduce takes out what the base check does.
func (n *node) reduce() {
	e := n.def
	if n.slice == "" && n.min == e.Min || n.min == 0 {
		n.min = -1
	}
	if n.slice == "" && n.max == e.Max {
		n.max = -1
	}
	if n.sameTypes() {
		n.types = nil
	}
	if b := n.binding; b.strength == 0 || b.set == "" || e.Binding != nil && e.Binding.Strength == b.strength && b.strength == def.Required && bare(e.Binding.URL) == bare(b.set) {
		n.binding = binding{}
	}
	if n.binding.strength > def.Extensible {
		n.binding = binding{}
	}
	if n.maxLength == e.MaxLength {
		n.maxLength = 0
	}
}

func bare(canonical string) string {
	for i := range len(canonical) {
		if canonical[i] == '|' {
			return canonical[:i]
		}
	}
	return canonical
}

// sameTypes reports whether the types are the base definition's, without profiles and with the same targets.
func (n *node) sameTypes() bool {
	if n.def.Content != nil {
		return !slices.ContainsFunc(n.types, func(t typeRef) bool { return len(t.profiles) > 0 })
	}
	for _, t := range n.types {
		i := slices.IndexFunc(n.def.Types, func(b def.ElementType) bool { return b.Name == t.name })
		if i < 0 && len(t.profiles) == 0 && len(n.def.Types) == 1 && n.def.Types[0].Structure.Is(t.name) {
			continue // BackboneElement
		}
		if i < 0 {
			return strings.HasPrefix(t.name, "http:") // System.String of an id or url
		}
		if len(t.profiles) > 0 && !slices.Equal(t.profiles, n.def.Types[i].Profiles) {
			return false
		}
		for _, target := range t.targets {
			if !slices.Contains(n.def.Types[i].Targets, lastSegment(target)) && len(n.def.Types[i].Targets) > 0 {
				return false
			}
		}
		if len(t.targets) > 0 && len(t.targets) != len(n.def.Types[i].Targets) && lastSegment(t.targets[0]) != "Resource" {
			return false
		}
	}
	return len(n.types) == len(n.def.Types)
}

// empty reports whether a node says nothing.
func (n *node) empty() bool {
	return n.min <= 0 && n.max < 0 && n.types == nil && !n.fixed.Ok() && !n.pattern.Ok() && !n.minValue.Ok() && !n.maxValue.Ok() &&
		n.minLength == 0 && n.maxLength == 0 && !n.valued && len(n.languages) == 0 && len(n.instead) == 0 && n.binding.strength == 0 && len(n.also) == 0 && len(n.rules) == 0 && len(n.slices) == 0 && len(n.children) == 0 &&
		(n.slicing == nil || !n.slicing.closed)
}
