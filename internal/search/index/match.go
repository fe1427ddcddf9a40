// SPDX-License-Identifier: Apache-2.0

package index

import "galen/internal/fhir"

// Matcher answers a clause on resources themselves, without terms: for candidates that a Lookup judges Maybe, and instead
// of a Lookup where few candidates are left. It belongs to one goroutine at a time.
type Matcher struct{}

// Matcher prepares a clause with all its alternatives. It fails as Lookup does. Unlike Lookup it answers the clause whole:
// complements (Not, Missing) are taken. It also serves _id and _lastUpdated.
func (x *Index) Matcher(c Clause, values ...Value) (*Matcher, error) { panic("todo") }

// Match reports whether the resource, which must be of the clause's type, matches any of the values. It fails with
// fault.TooCostly if it needs more steps than an evaluation may take.
func (m *Matcher) Match(resource fhir.Node) (bool, error) { panic("todo") }
