// SPDX-License-Identifier: Apache-2.0

package index

import (
	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

// Index holds the compiled search parameters of all resource types. It is immutable.
type Index struct{}

// New compiles all search parameters of d. It fails if an expression does not compile.
func New(d *def.Definitions) (*Index, error) { panic("todo") }

// AppendTerms adds the terms of a resource to dst, each once. Values that are none of their type (a date that is no date)
// have no term. It fails with fault.Invalid if the resource is of no known type, and with fault.TooCostly if it needs
// more steps than an evaluation may take; dst then holds what it held before. It does not allocate once dst has grown.
func (x *Index) AppendTerms(dst *Terms, resource fhir.Node) error { panic("todo") }

// References appends the references that a resource holds in a reference parameter, for includes and chains. Those that
// the parameter leaves out (patient leaves out a Group) are not among them.
func (x *Index) References(dst []fhir.Reference, resource fhir.Node, p *def.SearchParam) ([]fhir.Reference, error) {
	panic("todo")
}

func (x *Index) lookup(c Clause, v Value) (Lookup, error) { panic("todo") }
