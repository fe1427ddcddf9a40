// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// profileWalk is the state of one check against profiles.
type profileWalk struct {
	p         *Profiles
	member    MemberOf
	findings  []Finding
	path      []step
	evaluator fhirpath.Evaluator
	root      fhir.Node      // the resource given
	container fhir.Node      // the resource at hand, for %resource and for #references
	outer     fhirpath.Value // the container as %rootResource
	depth     int
	targeted  []int // offsets of the resources that are looked at as targets of references
	work      int
	matching  int        // above 0 while asking whether a value is of a slice: its rules then do not count
	base      *Validator // of what R4 itself says, for conformsTo; nil where that is checked beside
	asking    []question // of the rules that asked for this walk, outermost first
	quiet     int        // above 0 while asking whether a value conforms: the first finding is enough, and is dropped
}

// The limits of one check. Past them it says so and stops.
const (
	maxProfileDepth = 64
	maxProfileWork  = 2_000_000
)

// item is a value with its type.
type item struct {
	node, sibling fhir.Node
	typ           *def.Structure
	element       *def.Element
	member        *def.ElementType // which of a choice
	index         int              // within its list, else -1
}

// at is a node to point to.
func (it item) at() fhir.Node {
	if it.node.Ok() && it.node.Kind() != fhir.Null {
		return it.node
	}
	return it.sibling
}

func (it item) value() fhirpath.Value {
	return fhirpath.Value{Node: it.node, Sibling: it.sibling, Type: it.typ, Element: it.element}
}

func (w *profileWalk) report(severity fhir.Severity, offset int, code, more, text string) {
	if len(w.findings) >= MaxFindings {
		return
	}
	f := Finding{Severity: severity, Code: code, Offset: offset, Text: text}
	if w.quiet == 0 {
		inner := walk{path: w.path}
		f.Expression = inner.expression(more)
		if slices.Contains(w.findings, f) {
			return
		}
	}
	w.findings = append(w.findings, f)
}

func (w *profileWalk) fail(n fhir.Node, code, more, text string) {
	w.report(fhir.Error, n.Offset(), code, more, text)
}

// full reports whether to stop.
func (w *profileWalk) full() bool {
	w.work++
	return len(w.findings) >= MaxFindings || w.work > maxProfileWork || w.depth > maxProfileDepth
}

// claims checks a resource, and those within it, against the profiles that they name.
func (w *profileWalk) claims(it item) {
	for i, m := range it.node.Field("meta").Field("profile").Elements() {
		if len(w.p.missing) > 0 {
			w.report(fhir.Error, m.Offset(), NotSupported, fmt.Sprintf("meta.profile[%d]", i), "the data store's default profiles "+plainURL(w.p.missing[0])+
				" are not installed: add their package with galen package add and start the server again")
			continue
		}
		if m.Kind() == fhir.String {
			w.against(it, m.Text(), m.Offset(), fmt.Sprintf("meta.profile[%d]", i))
		}
	}
	for _, canonical := range w.p.globals[fhir.Type(it.node)] {
		w.against(it, canonical, it.node.Offset(), "")
	}
	switch fhir.Type(it.node) {
	case "Observation":
		if w.p.rules.Global {
			w.vital(it)
		}
	case "QuestionnaireResponse":
		w.response(it.node)
	case "MeasureReport":
		w.measured(it.node)
	case "StructureDefinition":
		w.derived(it.node)
	}
	outer := w.container
	for _, name := range [...]string{"contained", "entry", "parameter"} {
		for i, m := range it.node.Field(name).Elements() {
			w.path = append(w.path, step{name: name, index: i})
			at := len(w.path)
			if name != "contained" {
				m = m.Field("resource")
				w.path = append(w.path, step{name: "resource", index: -1})
			}
			if typ := w.p.defs.Structure(fhir.Type(m)); typ != nil && typ.Kind == def.Resource && !w.full() {
				if name != "contained" {
					w.container = m
				}
				w.depth++
				w.claims(item{node: m, typ: typ, index: -1})
				w.depth--
			}
			w.container = outer
			w.path = w.path[:at-1]
		}
	}
}

// against checks a value against a profile named. offset and more say where the name is.
func (w *profileWalk) against(it item, canonical string, offset int, more string) {
	if part := w.p.part(canonical); part != nil && strings.Contains(canonical, "#") {
		w.depth++
		w.node(it, part)
		w.depth--
		return
	}
	pr, err := w.p.profile(canonical)
	url := plainURL(canonical)
	switch {
	case errors.Is(err, fault.NotFound):
		w.report(fhir.Error, offset, NotSupported, more, "the profile "+url+" is not installed: "+add(canonical)+", or take it out of meta.profile")
	case err != nil:
		w.report(fhir.Error, offset, NotSupported, more, "the profile "+url+" cannot be used: "+err.Error())
	case pr == nil:
		if typ := w.p.defs.Structure(lastSegment(bare(canonical))); typ != nil && it.typ != nil && !it.typ.Is(typ.Name) {
			w.report(fhir.Error, offset, Structure, more, "the profile "+url+" is for another type of resource")
		}
	case it.typ == nil || !it.typ.Is(pr.typ.Name):
		w.report(fhir.Error, offset, Structure, more, "the profile "+url+" is for "+pr.typ.Name+", and this is another type")
	default:
		w.depth++
		w.node(it, pr.root)
		w.depth--
	}
}

// plainURL makes a canonical of a resource fit for a text.
func plainURL(s string) string {
	if len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '<' }) {
		return "named here"
	}
	return s
}

// conforms reports whether a value passes what n says, without findings.
func (w *profileWalk) conforms(it item, check func(item)) bool {
	before := len(w.findings)
	w.quiet++
	check(it)
	w.quiet--
	ok := !Failed(w.findings[before:])
	w.findings = w.findings[:before]
	return ok
}

// node checks one value by what a profile says of it.
func (w *profileWalk) node(it item, n *node) {
	if w.full() || w.quiet > 0 && len(w.findings) > 0 && w.findings[len(w.findings)-1].Severity == fhir.Error && w.work > maxProfileWork/2 {
		return
	}
	w.types(it, n)
	w.values(it, n)
	w.rules(it, n)
	if len(n.children) > 0 {
		w.children(it, n)
	}
}

// children checks the members of an object by the children of n.
func (w *profileWalk) children(it item, n *node) {
	groups := make([][]item, len(n.children))
	w.collect(it, func(name string, child item) {
		if i, ok := n.names[name]; ok {
			groups[i] = append(groups[i], child)
		}
	})
	for i, c := range n.children {
		w.child(it, groups[i], c)
	}
}

// collect calls f for each value among the members of an object, or of a primitive's sibling.
func (w *profileWalk) collect(it item, f func(name string, child item)) {
	obj := it.node
	if obj.Kind() != fhir.Object {
		obj = it.sibling
	}
	typ := it.typ
	if typ == nil || obj.Kind() != fhir.Object {
		return
	}
	for m := obj.First(); m.Ok(); m = m.Next() {
		name := m.Name()
		member, ok := typ.Member(name)
		if !ok {
			continue
		}
		value, sibling := m, fhir.Node{}
		if member.Sibling {
			if obj.Field(member.Type.JSON).Ok() {
				continue // with the value
			}
			value, sibling = fhir.Node{}, m
		} else if member.Type.Sibling != "" {
			sibling = obj.Field(member.Type.Sibling)
		}
		w.spread(name, value, sibling, member, f)
	}
}

func (w *profileWalk) spread(name string, value, sibling fhir.Node, member def.Member, f func(string, item)) {
	base := item{typ: member.Type.Structure, element: member.Element, member: member.Type, index: -1}
	list := value
	if !list.Ok() {
		list = sibling
	}
	if list.Kind() != fhir.Array {
		base.node, base.sibling = value, sibling
		base.inside(w.p.defs)
		f(name, base)
		return
	}
	v, s := value.First(), sibling.First()
	for i := 0; v.Ok() || s.Ok(); i++ {
		it := base
		it.node, it.sibling, it.index = v, s, i
		it.inside(w.p.defs)
		f(name, it)
		v, s = v.Next(), s.Next()
	}
}

// inside gives a resource within another its own type.
func (it *item) inside(d *def.Definitions) {
	if it.typ != nil && it.typ.Kind == def.Resource {
		it.typ = d.Structure(fhir.Type(it.node))
	}
}

// child checks all values of one element: how many there are, each, and the slices.
func (w *profileWalk) child(parent item, items []item, n *node) {
	w.count(parent, n, len(items))
	for _, it := range items {
		w.enter(it, n)
		w.node(it, n)
		w.path = w.path[:len(w.path)-1]
	}
	if len(n.slices) > 0 || n.slicing != nil && n.slicing.closed {
		w.slices(parent, items, n)
	}
}

func (w *profileWalk) enter(it item, n *node) {
	s := step{name: n.name, index: it.index}
	if it.element != nil && it.element.Choice {
		s.typ = it.member
	}
	w.path = append(w.path, s)
}

// count checks a cardinality.
func (w *profileWalk) count(parent item, n *node, count int) {
	what, more := n.name, n.name
	if n.slice != "" {
		what = fmt.Sprintf("the slice %s of %s", n.slice, n.name)
	}
	switch {
	case n.min > count && n.min == 1:
		w.fail(parent.at(), Required, more, what+" is missing: the profile asks for it ("+n.id+")")
	case n.min > count:
		w.fail(parent.at(), Required, more, fmt.Sprintf("%s is there %d times: the profile asks for at least %d (%s)", what, count, n.min, n.id))
	case n.max == 0 && count > 0:
		w.fail(parent.at(), Structure, more, what+" is not allowed by the profile: remove it ("+n.id+")")
	case n.max > 0 && count > n.max:
		w.fail(parent.at(), Structure, more, fmt.Sprintf("%s is there %d times: the profile allows at most %d (%s)", what, count, n.max, n.id))
	}
}

// rules evaluates invariants. What the language cannot answer is let pass.
func (w *profileWalk) rules(it item, n *node) {
	if w.matching > 0 {
		return
	}
	for i := range n.rules {
		r := &n.rules[i]
		if r.program == nil {
			w.report(fhir.Warning, it.at().Offset(), NotSupported, "", r.key+": "+r.human)
			continue
		}
		result, err := w.evaluator.Evaluate(r.program, it.value(), w.resource(it))
		if errors.Is(err, fault.TooCostly) {
			w.report(fhir.Warning, it.at().Offset(), TooCostly, "", r.key+textSkipped)
		}
		if err != nil || len(result) == 1 && holds(&result[0]) {
			continue
		}
		severity := fhir.Error
		if r.warning {
			severity = fhir.Warning
		}
		w.report(severity, it.at().Offset(), Invariant, "", r.key+": "+r.human)
	}
}

// resource gives %resource: the innermost resource around a value. %rootResource is the one that contains it.
func (w *profileWalk) resource(it item) fhirpath.Value {
	w.outer = fhirpath.Root(w.p.defs, w.container)
	w.evaluator.Env.Root = &w.outer
	offset := it.at().Offset()
	for c := w.container.Field("contained").First(); c.Ok(); c = c.Next() {
		if c.Offset() < offset && offset < c.Offset()+len(c.Raw()) {
			return fhirpath.Root(w.p.defs, c)
		}
	}
	return w.outer
}

// holds is the singleton rule: one value that is not false is true.
func holds(v *fhirpath.Value) bool {
	if v.System == fhirpath.Boolean {
		return v.True
	}
	return v.Node.Kind() != fhir.False
}
