// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

const structureBase = "http://hl7.org/fhir/StructureDefinition/"

// fhirFunctions are those that R4 adds to the language.
//
// http://hl7.org/fhir/R4/fhirpath.html#functions
var fhirFunctions = map[string]*function{
	"extension": {1, 1, false, false, true, extensions}, "resolve": {0, 0, false, false, true, resolve},
	"getValue": {0, 0, false, false, false, func(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
		if in.len() != 1 || !e.stack[in.from].HasValue() {
			return len(e.stack), nil
		}
		return e.give(system(e.stack[in.from]))
	}},
	"memberOf": {1, 1, false, false, false, memberOf}, "conformsTo": {1, 1, false, false, false, conformsTo},
	"subsumes": {1, 1, false, false, false, subsumes(false)}, "subsumedBy": {1, 1, false, false, false, subsumes(true)},
	"slice": {2, 2, false, true, false, slice}, "elementDefinition": {0, 0, false, false, true, elementDefinition},
	"checkModifiers": {0, 64, false, true, false, checkModifiers},
	"htmlChecks":     {0, 0, false, false, false, htmlChecks}, "htmlChecks2": {0, 0, false, false, false, htmlChecks},
	"split": {1, 1, false, false, false, pieces}, "toChars": {0, 0, false, false, false, pieces}, "join": {0, 1, false, false, false, join},
}

func extensions(e *Evaluator, s scope, in window, args []operation) (int, error) {
	url, ok, err := e.one(args[0], s)
	from := len(e.stack)
	if err != nil || !ok {
		return from, err
	}
	member := memberOp{name: "extension"}
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return 0, err
		}
		if e.stack[i].System != Element {
			continue
		}
		top := len(e.stack)
		member.children(e, e.stack[i])
		end := top
		for k := top; k < len(e.stack); k++ {
			if e.stack[k].Node.Field("url").Is(url.Text) {
				e.stack[end] = e.stack[k]
				end++
			}
		}
		e.stack = e.stack[:end]
	}
	return from, nil
}

func resolve(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		if err := e.step(); err != nil {
			return 0, err
		}
		v := e.stack[i]
		reference := TextOf(v)
		if v.System == Element && v.Node.Kind() == fhir.Object {
			reference = v.Node.Field("reference").Text()
		}
		target, ok := Value{}, false
		if e.Env.Resolver != nil && reference != "" && !strings.HasPrefix(reference, "#") {
			var err error
			if target, ok, err = e.Env.Resolver.Resolve(reference); err != nil {
				return 0, err
			}
		}
		if !ok && v.System == Element {
			target, ok = e.resolve(&v)
		}
		if ok {
			e.stack = append(e.stack, target)
		}
	}
	return from, nil
}

func memberOf(e *Evaluator, s scope, in window, args []operation) (int, error) {
	set, ok, err := e.one(args[0], s)
	if err != nil || !ok || in.len() == 0 {
		return len(e.stack), err
	}
	if in.len() > 1 {
		return 0, e.notSingle()
	}
	if e.Env.Terminology == nil {
		return 0, fault.New(fault.Unsupported, "FHIRPath: memberOf needs a terminology service")
	}
	member, known, err := e.Env.Terminology.MemberOf(e.stack[in.from], set.Text)
	if err != nil || !known {
		return len(e.stack), err
	}
	return e.give(boolean(member))
}

func subsumes(flip bool) evalFunc {
	return func(e *Evaluator, s scope, in window, args []operation) (int, error) {
		other, err := args[0].eval(e, s)
		if err != nil || in.len() != 1 || other.len() != 1 {
			return len(e.stack), err
		}
		if e.Env.Terminology == nil {
			return 0, fault.New(fault.Unsupported, "FHIRPath: subsumes needs a terminology service")
		}
		a, b := e.stack[in.from], e.stack[other.from]
		if flip {
			a, b = b, a
		}
		yes, known, err := e.Env.Terminology.Subsumes(a, b)
		if err != nil || !known {
			return len(e.stack), err
		}
		return e.give(boolean(yes))
	}
}

func conformsTo(e *Evaluator, s scope, in window, args []operation) (int, error) {
	url, ok, err := e.one(args[0], s)
	if err != nil || !ok || in.len() == 0 {
		return len(e.stack), err
	}
	if in.len() > 1 {
		return 0, e.notSingle()
	}
	v := e.stack[in.from]
	if e.Env.Profiles != nil {
		yes, known, err := e.Env.Profiles.ConformsTo(v, url.Text)
		if err != nil {
			return 0, err
		}
		if known {
			return e.give(boolean(yes))
		}
	} else if name, ok := strings.CutPrefix(url.Text, structureBase); ok && e.program.defs.Structure(name) != nil {
		return e.give(boolean(v.Type != nil && v.Type.Is(name)))
	}
	return 0, fault.New(fault.Unprocessable, "FHIRPath: conformsTo names a profile that is not known")
}

func slice(e *Evaluator, s scope, in window, args []operation) (int, error) {
	profile, _, err := e.one(args[0], s)
	if err != nil {
		return 0, err
	}
	name, _, err := e.one(args[1], s)
	if err != nil {
		return 0, err
	}
	if e.Env.Profiles == nil {
		return 0, fault.New(fault.Unsupported, "FHIRPath: slice needs profiles")
	}
	items, err := e.Env.Profiles.Slice(e.stack[in.from:in.to], profile.Text, name.Text)
	if err != nil {
		return 0, err
	}
	return e.give(items...)
}

func elementDefinition(e *Evaluator, _ scope, in window, _ []operation) (int, error) {
	if e.Env.Profiles == nil {
		return 0, fault.New(fault.Unsupported, "FHIRPath: elementDefinition needs profiles")
	}
	from := len(e.stack)
	for i := in.from; i < in.to; i++ {
		v, ok, err := e.Env.Profiles.ElementDefinition(e.stack[i])
		if err != nil {
			return 0, err
		}
		if ok {
			e.stack = append(e.stack, v)
		}
	}
	return from, nil
}

// checkModifiers fails if there is a modifier extension other than those named.
func checkModifiers(e *Evaluator, s scope, in window, args []operation) (int, error) {
	allowed := map[string]bool{}
	for _, a := range args {
		v, _, err := e.one(a, s)
		if err != nil {
			return 0, err
		}
		allowed[v.Text] = true
	}
	for i := in.from; i < in.to; i++ {
		for _, x := range e.stack[i].Node.Field("modifierExtension").Elements() {
			if !allowed[x.Field("url").Text()] {
				return 0, fault.New(fault.Unprocessable, "FHIRPath: a modifier extension is not understood")
			}
		}
	}
	return e.slice(in.from, in.to)
}
