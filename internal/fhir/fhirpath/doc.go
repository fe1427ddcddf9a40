// SPDX-License-Identifier: Apache-2.0

// Package fhirpath compiles FHIRPath expressions once and evaluates them on tapes.
//
// Words. A Program is a compiled expression. A collection is a list of Values; a Value is a place on a tape with its FHIR
// type, or a computed value. The focus is what an expression is evaluated on. A Walk is one plain way from the focus down
// member names; expressions that are nothing but walks say so, and callers may walk many of them at once.
//
// The whole language of the normative release is here, with R4's functions and those of the later release that the official
// suite asks for. Compile takes the rules of search parameters; CompileMode those of the language, or strict ones. What an
// evaluation asks of the world (clock, terminology, references, profiles) its Evaluator's Env answers.
//
// Invariants:
//
//	P1: A Program is immutable; any goroutine may evaluate it, each with its own Evaluator.
//	P2: Evaluation ends: within MaxSteps steps and MaxItems items, or with fault.TooCostly.
//	P3: An Evaluator allocates nothing once it has grown, on what search parameters use, except for strings with escapes.
//	P4: Elements that the definitions do not know are reachable by name, without a type.
//
// Two rules are those of search parameters rather than of the language: as keeps the items of the type, however many
// there are, and a system type (DateTime) stands for the FHIR types of its values after as and ofType. resolve does not
// fetch: its result has the type that the reference itself names, and content only if the target is contained or Env.Resolver has it.
//
// http://hl7.org/fhirpath/N1/ and http://hl7.org/fhir/R4/fhirpath.html. The package is pure.
package fhirpath
