// SPDX-License-Identifier: Apache-2.0

// Package validate checks resources against the base definitions of FHIR R4 and against profiles, on the tape, without decoding them.
//
// Words. A finding is one thing wrong with a resource: how severe, its OperationOutcome issue type, where, and what to do.
// Its text never holds a value of the resource.
//
// What is checked: the resource type; unknown elements; cardinality, and that a list is a JSON array and nothing else is;
// JSON types and formats of primitives; that an element with a choice of types has one; _siblings of primitives and the
// nulls that align them; empty objects, arrays and strings; codes of required bindings that R4 can enumerate; the form,
// type and target type of references, and that a #reference has its contained resource; contained resources, and resources
// inside Bundle and Parameters; links, fullUrls and references of a Bundle; paths of a
// StructureDefinition; enableWhen of a Questionnaire; that an extension has a value or extensions, not both. The base
// definitions' invariants are evaluated on values that are otherwise without a finding; dom-6 (a narrative should be there) is not.
//
// Profiles are a second pass, over what they say beyond the base definitions: see Profiles. A QuestionnaireResponse is checked
// there against its Questionnaire. An invariant that FHIRPath cannot read is a warning; codes of value sets that are not here pass.
// What expressions ask of profiles and references (conformsTo, resolve) Environment answers, in invariants and for others.
//
// Invariants:
//
//	V1: A right resource costs no allocation once a Validator is warm, but for what FHIRPath needs, as long as no profiles
//	    are checked. An invariant that only speaks of elements which are not there is not evaluated.
//	V2: At most MaxFindings findings, in the order of the resource's bytes, but for what is missing, which comes at the end
//	    of its object. The walk stops at the last.
//	V3: An expression is FHIRPath from the resource given: Bundle.entry[3].resource.name[0].family.
//
// The package is pure. Any goroutine may use a Validator.
package validate
