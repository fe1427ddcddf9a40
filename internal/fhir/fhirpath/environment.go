// SPDX-License-Identifier: Apache-2.0

package fhirpath

import (
	"strings"
	"time"

	"galen/internal/fault"
)

// Environment is what an evaluation may ask of the world around it. Any part may be absent: what needs it is then empty,
// or fails with fault.Unsupported where an empty answer would mislead.
type Environment struct {
	Now         time.Time // of now, today and timeOfDay; with its zone
	Terminology Terminology
	Resolver    Resolver
	Profiles    Profiles
	Trace       func(name string, items []Value) // valid during the call
	Variables   map[string][]Value               // %name
	Root        *Value                           // %rootResource; nil if it is the resource
}

// Terminology answers memberOf and subsumes. coded is a code, string, Coding or CodeableConcept.
type Terminology interface {
	MemberOf(coded Value, valueSet string) (member, known bool, err error)
	Subsumes(a, b Value) (subsumes, known bool, err error)
}

// Resolver finds what a reference or canonical points to.
type Resolver interface {
	Resolve(reference string) (v Value, ok bool, err error)
}

// Profiles answers what needs structure definitions.
type Profiles interface {
	// ConformsTo reports whether v conforms to a profile; known is false if there is no such profile.
	ConformsTo(v Value, profile string) (conforms, known bool, err error)
	// ElementDefinition gives the definition of v's element.
	ElementDefinition(v Value) (definition Value, ok bool, err error)
	// Slice gives those of items that are in a slice of a profile.
	Slice(items []Value, profile, name string) ([]Value, error)
}

// constantText gives the constants of the FHIR environment.
//
// http://hl7.org/fhir/R4/fhirpath.html#vars
func constantText(name string) (string, bool) {
	switch name {
	case "sct":
		return "http://snomed.info/sct", true
	case "loinc":
		return "http://loinc.org", true
	case "ucum":
		return "http://unitsofmeasure.org", true
	}
	if rest, ok := strings.CutPrefix(name, "vs-"); ok {
		return "http://hl7.org/fhir/ValueSet/" + rest, true
	}
	if rest, ok := strings.CutPrefix(name, "ext-"); ok {
		return "http://hl7.org/fhir/StructureDefinition/" + rest, true
	}
	return "", false
}

// variableOp is %name of the caller's.
type variableOp struct{ name string }

func (o *variableOp) eval(e *Evaluator, _ scope) (window, error) {
	base := len(e.stack)
	values, ok := e.Env.Variables[o.name]
	if !ok && (o.name == "vs" || o.name == "ext") {
		return window{}, fault.New(fault.Unprocessable, "FHIRPath: quote the name of a value set or extension: %%`%s-name`", o.name)
	}
	if !ok {
		return window{}, fault.New(fault.Unprocessable, "FHIRPath: there is no variable %%%s", o.name)
	}
	e.stack = append(e.stack, values...)
	return window{base, len(e.stack)}, nil
}

// totalOp is $total.
type totalOp struct{}

func (totalOp) eval(e *Evaluator, s scope) (window, error) {
	base := len(e.stack)
	if s.total != nil {
		e.stack = append(e.stack, *s.total...)
	}
	return window{base, len(e.stack)}, nil
}
