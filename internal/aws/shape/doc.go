// SPDX-License-Identifier: Apache-2.0

// Package shape holds an AWS service model as data, and reads and checks values against it.
//
// A model lists operations and shapes in the compact JSON form of botocore's service-2.json without its documentation
// text. Reading a value (Shape.Read) turns decoded JSON into typed Go values and fails with *TypeError on a wrong JSON
// type; checking it (Shape.Check) collects every violated constraint in the words AWS uses:
//
//	2 validation errors detected: Value 'x' at 'datastoreTypeVersion' failed to satisfy constraint: Member must satisfy
//	enum value set: [R4]; Value at 'tags.1.member.key' failed to satisfy constraint: Member must not be null
//
// The values: string, bool, int64, float64, time.Time, []byte, []any, map[string]any (structures, unions and maps).
//
// Models are immutable once loaded: every method may be called from any goroutine. The models of the services
// themselves are in the package shape/model.
package shape
