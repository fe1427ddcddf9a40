// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"slices"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// useContext is a place where the definition of an extension lets it stand.
//
// http://hl7.org/fhir/R4/defining-extensions.html#context
type useContext struct {
	kind, expression string
	program          *fhirpath.Program // of kind fhirpath
}

func readContexts(d *def.Definitions, sd fhir.Node) []useContext {
	var list []useContext
	for _, c := range sd.Field("context").Elements() {
		u := useContext{kind: c.Field("type").Text(), expression: c.Field("expression").Text()}
		if u.kind == "fhirpath" {
			program, err := fhirpath.CompileMode(fhirpath.Invariant, d, u.expression)
			if err != nil {
				return nil
			}
			u.program = program
		}
		list = append(list, u)
	}
	return list
}

// owner is what an extension stands on.
type owner struct {
	node    fhir.Node // the object, of a primitive its sibling
	types   [2]*def.Structure
	element *def.Element // that it was reached by; nil for a resource
	within  fhir.Node    // the extension whose value it is
}

// inContext evaluates the contextInvariants of an extension on what it stands on. What the language cannot answer is let pass.
func (w *profileWalk) inContext(rules []*fhirpath.Program, n fhir.Node, o owner) {
	for _, r := range rules {
		result, err := w.evaluator.Evaluate(r, fhirpath.Value{Node: o.node, Type: o.types[0], Element: o.element}, fhirpath.Root(w.p.defs, w.container))
		if err == nil && !(len(result) == 1 && holds(&result[0])) {
			w.fail(n, Invariant, "", "a contextInvariant of this extension's definition does not hold of what it stands on: remove the extension, or correct that")
		}
	}
}

// mayStand reports whether an extension may be used on its owner. A definition that names no place allows all.
func (w *profileWalk) mayStand(contexts []useContext, o owner) bool {
	return len(contexts) == 0 || slices.ContainsFunc(contexts, func(c useContext) bool { return w.stands(c, o) })
}

func (w *profileWalk) stands(c useContext, o owner) bool {
	switch c.kind {
	case "extension":
		return o.node.Field("url").Is(c.expression) || o.within.Field("url").Is(c.expression)
	case "fhirpath":
		found, err := w.evaluator.Evaluate(c.program, fhirpath.Root(w.p.defs, w.container), fhirpath.Root(w.p.defs, w.container))
		return err != nil || slices.ContainsFunc(found, func(v fhirpath.Value) bool {
			return v.Node.Ok() && v.Node.Offset() == o.node.Offset() || v.Sibling.Ok() && v.Sibling.Offset() == o.node.Offset()
		})
	case "element":
		return w.standsOn(strings.ReplaceAll(lastSegment(c.expression[strings.LastIndexByte(c.expression, '#')+1:]), "[x]", ""), o)
	}
	return true
}

// standsOn compares the name of a type or the path of an element with those of an owner.
func (w *profileWalk) standsOn(expression string, o owner) bool {
	typ, rest, _ := strings.Cut(expression, ".")
	if w.p.defs.Structure(typ) == nil {
		return true // a type of another release
	}
	for _, s := range o.types {
		if s != nil && s.Is(expression) {
			return true
		}
	}
	if o.element == nil {
		return false
	}
	if strings.ReplaceAll(o.element.Path, "[x]", "") == expression {
		return true
	}
	for from := len(w.path) - 2; from >= 0; from-- { // the last step is the extension's own
		if from > 0 && w.path[from].name != "resource" && w.path[from].name != "contained" {
			continue
		}
		var names []string
		for _, s := range w.path[from+1 : len(w.path)-1] {
			names = append(names, s.name)
		}
		s := w.p.defs.Structure(fhir.Type(w.container))
		return strings.Join(names, ".") == rest && s != nil && s.Is(typ)
	}
	return false
}
