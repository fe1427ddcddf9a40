// SPDX-License-Identifier: Apache-2.0

// Package def holds the definitions of FHIR R4 (4.0.1) as data: resource types, structures and their elements, search
// parameters, compartments, code systems and value sets.
//
// Words. A Structure is a resource, a data type, or a backbone element (an element with children of its own); it lists its
// direct Elements. A Member is what a JSON object of a structure may hold under one name: an element, one choice of an
// element such as valueQuantity, or the _sibling of a primitive.
//
// Invariants:
//
//	D1: Everything reachable from Definitions is immutable after load; any goroutine may read it. Callers must not change
//	    slices they are handed.
//	D2: TypeID and ParamID are on-disk formats. R4 is closed, so its numbers never change: types are numbered from 1 in
//	    the order of their names, search parameters from 1 in the order of their URLs (bytewise); others from FirstFreeParam on. See docs/decisions/0003-definitions.md.
//	D3: Lookups by name do not allocate and return nil or false for an unknown name.
//
// The package is pure. The data files ending in _gen.txt are written by the command in gen (make generate).
package def
