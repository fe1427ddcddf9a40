// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// environment answers what FHIRPath asks of profiles and references while a resource is checked.
type environment struct{ w *profileWalk }

// The limits of conformsTo: how deep it may lie in the rules of profiles that conformsTo asked for, and what one costs of the work that a
// check may take.
const (
	maxNested    = 8
	conformsWork = 250
)

// question is a conformsTo that is being answered.
type question struct {
	profile string
	offset  int // of the value
}

// Environment gives an environment that answers conformsTo, elementDefinition, slice and resolve in expressions on a resource, by R4 and the
// profiles of v; codes are as for ResourceIn. It belongs to one goroutine.
//
// http://hl7.org/fhir/R4/fhirpath.html#functions
func (v *Validator) Environment(resource fhir.Node, member MemberOf) fhirpath.Environment {
	p, base := v.profiles, *v
	if p == nil {
		p = v.choices.own()
	}
	base.profiles = nil
	w := p.walk(resource, member)
	w.base = &base
	return w.evaluator.Env
}

// inner begins a walk for a question that comes while the rules of w are evaluated: it may take what w has left. The answer is followed by
// returned.
func (w *profileWalk) inner() *profileWalk {
	in := w.p.walk(w.root, w.member)
	in.container, in.targeted, in.depth, in.work, in.base = w.container, w.targeted, w.depth, w.work+conformsWork, w.base
	in.asking = w.asking
	in.evaluator.Allowance = w.evaluator.Allowance
	return in
}

// returned counts in w what an inner walk took. It fails with fault.TooCostly if that was all there is.
func (w *profileWalk) returned(in *profileWalk) error {
	w.work, w.evaluator.Allowance = in.work, in.evaluator.Allowance
	if w.work > maxProfileWork || w.evaluator.Allowance < 0 {
		return fault.New(fault.TooCostly, "the profiles that FHIRPath asks for take too long on this resource")
	}
	return nil
}

// Resolve finds the resource of a Bundle that a reference names.
func (e environment) Resolve(reference string) (fhirpath.Value, bool, error) {
	if e.w.work > maxProfileWork {
		return fhirpath.Value{}, false, fault.New(fault.TooCostly, "the resource has too many references")
	}
	if n := e.w.entry(reference); n.Ok() {
		return fhirpath.Root(e.w.p.defs, n), true, nil
	}
	return fhirpath.Value{}, false, nil
}

// ConformsTo reports whether a value conforms to a profile. Where a rule asks what is being asked already, for profiles may go round in a
// circle, the value conforms as far as that is concerned. What takes too long fails with fault.TooCostly.
func (e environment) ConformsTo(v fhirpath.Value, canonical string) (conforms, known bool, err error) {
	pr, err := e.w.p.profile(canonical)
	switch {
	case errors.Is(err, fault.NotFound):
		return false, false, nil
	case err != nil:
		return false, false, err
	case v.System != fhirpath.Element:
		return false, true, nil
	case pr == nil && (e.w.base == nil || !isResource(v)):
		return v.Type != nil && v.Type.Is(lastSegment(bare(canonical))), true, nil
	}
	asks := question{canonical, v.Node.Offset()}
	switch {
	case slices.Contains(e.w.asking, asks):
		return true, true, nil
	case len(e.w.asking) == maxNested:
		return false, false, fault.New(fault.TooCostly, "the rules of profiles ask for each other too deep")
	}
	in := e.w.inner()
	in.asking = append(in.asking, asks)
	if isResource(v) {
		in.container = v.Node
		if in.base != nil && Failed(in.base.Resource(v.Node, StructureOnly)) {
			return false, true, nil
		}
	}
	in.quiet++
	in.against(itemOf(v), canonical, 0, "")
	if err := e.w.returned(in); err != nil {
		return false, false, err
	}
	if slices.ContainsFunc(in.findings, func(f Finding) bool { return f.Code == TooCostly }) {
		return false, false, fault.New(fault.TooCostly, "the rules of a profile take too long on this resource")
	}
	return !Failed(in.findings), true, nil
}

// Slice gives the values that are in a slice of a profile: of whichever of its elements has the values and a slice of that name.
func (e environment) Slice(items []fhirpath.Value, canonical, name string) (in []fhirpath.Value, err error) {
	pr, err := e.w.p.profile(canonical)
	switch {
	case err != nil:
		return nil, fault.New(fault.Unprocessable, "FHIRPath: slice names a profile that is not known")
	case pr == nil:
		return nil, nil // R4's own definitions have no slices
	}
	w := e.w.inner()
	for _, v := range items {
		if v.System == fhirpath.Element && w.inSlice(itemOf(v), pr.root, name) {
			in = append(in, v)
		}
	}
	return in, e.w.returned(w)
}

// inSlice reports whether a value is in a slice of that name of n or an element below.
func (w *profileWalk) inSlice(it item, n *node, name string) bool {
	if n.def != nil && n.def == it.element {
		for _, s := range n.slices {
			if s.slice == name && w.in(it, n, s) {
				return true
			}
		}
	}
	below := func(c *node) bool { return w.inSlice(it, c, name) }
	return slices.ContainsFunc(n.children, below) || slices.ContainsFunc(n.slices, below)
}

func isResource(v fhirpath.Value) bool { return v.Type != nil && v.Type.Kind == def.Resource }

// itemOf is a value that an expression came to, as the walk sees it.
func itemOf(v fhirpath.Value) item {
	return item{node: v.Node, sibling: v.Sibling, typ: v.Type, element: v.Element, index: -1}
}

// ElementDefinition gives what R4 says of the element that a value was reached by, or of its type, as an ElementDefinition.
func (e environment) ElementDefinition(v fhirpath.Value) (definition fhirpath.Value, ok bool, err error) {
	var text []byte
	switch {
	case v.Element != nil:
		text = appendElement(nil, v.Element)
	case v.Type != nil:
		text = appendStructure(nil, v.Type)
	default:
		return fhirpath.Value{}, false, nil
	}
	if e.w.work++; e.w.work > maxProfileWork {
		return fhirpath.Value{}, false, fault.New(fault.TooCostly, "too many definitions are asked for")
	}
	tape := new(fhir.Tape)
	if err := tape.Parse(text, fhir.Limits{}); err != nil {
		return fhirpath.Value{}, false, fault.Wrap(fault.Internal, err, "a definition cannot be read")
	}
	return fhirpath.Value{Node: tape.Root(), Type: e.w.p.defs.Structure("ElementDefinition")}, true, nil
}
