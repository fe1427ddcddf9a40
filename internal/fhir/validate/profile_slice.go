// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"cmp"
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// slices sorts the values of an element into the slices of n and checks each in its own.
//
// http://hl7.org/fhir/R4/profiling.html#slicing
func (w *profileWalk) slices(parent item, items []item, n *node) {
	groups := make([][]item, len(n.slices))
	last, others := -1, false
	for _, it := range items {
		i := slices.IndexFunc(n.slices, func(s *node) bool { return w.in(it, n, s) })
		w.enter(it, n)
		switch s := n.slicing; {
		case i < 0 && s != nil && s.closed:
			w.fail(it.at(), Structure, "", "this is in no slice that the profile has, and it allows no others ("+n.id+"): remove it, or make it one of "+sliceNames(n))
		case i < 0:
			others = true
		case s != nil && s.end && others:
			w.fail(it.at(), Structure, "", "the profile asks for its slices before all others ("+n.id+"): move it to the front")
		case s != nil && s.ordered && i < last:
			w.fail(it.at(), Structure, "", "the profile asks for its slices in order ("+n.id+"): "+sliceNames(n))
		}
		w.path = w.path[:len(w.path)-1]
		if i >= 0 {
			last = i
			groups[i] = append(groups[i], it)
		}
	}
	for i, s := range n.slices {
		w.child(parent, groups[i], s)
	}
}

func sliceNames(n *node) string {
	var names []string
	for _, s := range n.slices {
		names = append(names, s.slice)
	}
	return strings.Join(names, ", ")
}

// in reports whether a value belongs to the slice s of n.
func (w *profileWalk) in(it item, n, s *node) bool {
	if w.full() {
		return false
	}
	w.matching++
	defer func() { w.matching-- }()
	ds := extensionSlicing
	if n.slicing != nil && len(n.slicing.discriminators) > 0 {
		ds = n.slicing.discriminators
	} else if it.typ == nil || it.typ.Name != "Extension" {
		return w.conforms(it, func(it item) { w.node(it, s) })
	}
	some := false
	for _, d := range ds {
		match, stated := w.discriminates(it, s, d)
		if stated && !match {
			return false
		}
		some = some || stated
	}
	return some
}

// extensionSlicing is that of extensions where a profile states none.
var extensionSlicing = []discriminator{{"value", "url"}}

// discriminates reports whether a value is of slice s by one discriminator. stated is false if the slice says nothing of what
// that looks at: the other discriminators then decide alone.
func (w *profileWalk) discriminates(it item, s *node, d discriminator) (match, stated bool) {
	if d.path == "url" && len(s.types) == 1 && len(s.types[0].profiles) > 0 && it.typ != nil && it.typ.Name == "Extension" {
		return it.node.Field("url").Is(bare(s.types[0].profiles[0])), true
	}
	values, spec, rest := w.follow([]item{it}, s, steps(d.path))
	switch d.kind {
	case "exists":
		return (len(values) > 0) != (spec != nil && spec.max == 0), true
	case "type":
		return spec != nil && len(values) > 0 && w.ofType(values[0], spec), spec != nil
	}
	if spec == nil {
		return false, false
	}
	for _, v := range values {
		if len(rest) > 0 {
			if patternAt(spec, rest, v) {
				return true, true
			}
			continue
		}
		if w.is(v, spec) {
			return true, true
		}
	}
	return len(values) == 0 && spec.max == 0, true
}

// is reports whether what a discriminator leads to passes what the slice says of it: a resource that was resolved, what the
// slice says of the reference's targets.
func (w *profileWalk) is(v item, spec *node) bool {
	refers := slices.ContainsFunc(spec.types, func(t typeRef) bool { return t.name == "Reference" })
	if !refers || v.typ == nil || v.typ.Kind != def.Resource {
		return w.conforms(v, func(v item) { w.node(v, spec) })
	}
	return slices.ContainsFunc(spec.types, func(t typeRef) bool { return t.name == "Reference" && w.isTarget(v, t.targets) })
}

// isTarget reports whether a resource is of one of a reference's targets: of its type, and conforming where it is at hand.
func (w *profileWalk) isTarget(v item, targets []string) bool {
	return len(targets) == 0 || slices.ContainsFunc(targets, func(u string) bool {
		typ := w.targetType(u)
		return typ != nil && v.typ.Is(typ.Name) &&
			(!v.node.Ok() || w.conforms(v, func(v item) { w.against(v, u, v.at().Offset(), "") }))
	})
}

// steps splits a discriminator's path: a.b, extension('url'), resolve(), ofType(X), $this.
func steps(path string) []string {
	if path == "$this" || path == "" {
		return nil
	}
	var list []string
	depth, start := 0, 0
	for i := range len(path) {
		switch path[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '.':
			if depth == 0 {
				list = append(list, path[start:i])
				start = i + 1
			}
		}
	}
	list = append(list, path[start:])
	return slices.DeleteFunc(list, func(s string) bool { return s == "$this" })
}

// follow goes down a path in the values and in the slice's definition. Where the definition ends in a fixed value or pattern
// before the path does, rest is what is left of the path. spec is nil if the definition says nothing there.
func (w *profileWalk) follow(values []item, spec *node, path []string) (out []item, end *node, rest []string) {
	at := -1 // where a pattern above was found
	for i, name := range path {
		var next []item
		for _, v := range values {
			next = append(next, w.step(v, name)...)
		}
		values = next
		if at >= 0 {
			continue
		}
		switch down := w.down(spec, name); {
		case down != nil:
			spec = down
		case spec.pattern.Ok() || spec.fixed.Ok():
			at = i
		default:
			return values, nil, nil
		}
	}
	if at >= 0 {
		rest = path[at:]
	}
	return values, spec, rest
}

// down finds what a slice says of the child that a step of a discriminator leads to: itself, or by the one profile of its type.
func (w *profileWalk) down(n *node, name string) *node {
	if c := n.down(name); c != nil || len(n.types) != 1 || len(n.types[0].profiles) != 1 {
		return c
	}
	if of := w.p.part(n.types[0].profiles[0]); of != nil {
		return of.down(name)
	}
	return nil
}

// down finds the child that a step of a discriminator leads to.
func (n *node) down(name string) *node {
	switch {
	case name == "resolve()" || strings.HasPrefix(name, "ofType("):
		return n
	case strings.HasPrefix(name, "extension("):
		url := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(name, "extension("), ")"), `'"`)
		for _, c := range n.children {
			if c.name != "extension" {
				continue
			}
			for _, s := range c.slices {
				if len(s.types) == 1 && slices.ContainsFunc(s.types[0].profiles, func(p string) bool { return bare(p) == url }) {
					return s
				}
			}
		}
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			if len(c.slices) == 1 && c.def != nil && c.def.Choice && c.types == nil && !c.fixed.Ok() && !c.pattern.Ok() {
				return c.slices[0]
			}
			return c
		}
	}
	return nil
}

// step gives the values that one step of a discriminator leads to.
func (w *profileWalk) step(it item, name string) (out []item) {
	switch {
	case name == "resolve()":
		target := w.resolve(it)
		name := fhir.Type(target)
		if !target.Ok() { // elsewhere: its type may be known
			name = cmp.Or(fhir.ParseReference(it.node.Field("reference").Text()).Key.Type, it.node.Field("type").Text())
		}
		if typ := w.p.defs.Structure(name); typ != nil && typ.Kind == def.Resource {
			out = append(out, item{node: target, typ: typ, index: -1})
		}
		return out
	case strings.HasPrefix(name, "ofType("):
		if it.typ != nil && "ofType("+it.typ.Name+")" == name {
			out = append(out, it)
		}
		return out
	}
	url := ""
	if rest, ok := strings.CutPrefix(name, "extension("); ok {
		name, url = "extension", strings.Trim(strings.TrimSuffix(rest, ")"), `'"`)
	}
	w.collect(it, func(_ string, child item) {
		if child.element != nil && child.element.Name == name && (url == "" || child.node.Field("url").Is(url)) {
			out = append(out, child)
		}
	})
	return out
}

// patternAt compares a value with the part of a fixed value or pattern that a path leads to.
func patternAt(spec *node, path []string, v item) bool {
	want := spec.pattern
	if !want.Ok() {
		want = spec.fixed
	}
	for _, name := range path {
		if want.Kind() == fhir.Array {
			want = want.First()
		}
		want = want.Field(name)
	}
	if want.Kind() == fhir.Array {
		want = want.First()
	}
	return want.Ok() && has(v.node, want)
}

// ofType reports whether a value has one of the types of n.
func (w *profileWalk) ofType(it item, n *node) bool {
	if it.typ == nil {
		return false
	}
	if it.typ.Kind == def.Resource && len(n.types) == 0 {
		return true
	}
	return slices.ContainsFunc(n.types, func(t typeRef) bool {
		return it.typ.Is(t.name) || t.name == "Reference" && it.typ.Kind == def.Resource && w.allows(t, it.typ)
	})
}
