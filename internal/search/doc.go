// SPDX-License-Identifier: Apache-2.0

// Package search reads what a search asks for: ordered name-value pairs become a Query whose clauses are bound to
// definitions. It answers nothing; package plan does that.
//
// A search is never wider than it was asked: a parameter, modifier, prefix or value that is not understood is a fault that
// names it. Options.Lenient ignores unknown parameters, and says which (Prefer: handling=lenient).
//
// The package is pure. http://hl7.org/fhir/R4/search.html
package search
