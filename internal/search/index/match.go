// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
)

// Matcher answers a clause on resources themselves, without terms: for candidates that a Lookup judges Maybe, and instead
// of a Lookup where few candidates are left. It belongs to one goroutine at a time.
type Matcher struct {
	x          *Index
	plan       *plan
	conditions []condition
	not        bool
	evaluator  fhirpath.Evaluator
}

// Matcher prepares a clause with all its alternatives. It fails as Lookup does. Unlike Lookup it answers the clause whole:
// complements (Not, NotIn, Missing) are taken. It also serves _id and _lastUpdated.
func (x *Index) Matcher(c Clause, values ...Value) (*Matcher, error) {
	pl, err := x.plan(c.Type, c.Param)
	if err != nil {
		return nil, err
	}
	m := &Matcher{x: x, plan: pl, not: c.Modifier == Not || c.Modifier == NotIn}
	for _, v := range values {
		q, err := x.condition(c, pl, v)
		if err != nil {
			return nil, err
		}
		if c.Modifier == Missing && v.Missing {
			m.not = true
		}
		m.conditions = append(m.conditions, q)
	}
	return m, nil
}

// Match reports whether the resource, which must be of the clause's type, matches any of the values. It fails with
// fault.TooCostly if it needs more steps than an evaluation may take.
func (m *Matcher) Match(resource fhir.Node) (bool, error) {
	m.evaluator.Env.Root = nil
	return m.match(resource, fhirpath.Root(m.x.defs, resource))
}

// MatchInside is Match of a contained resource, whose references may be to others in its container.
func (m *Matcher) MatchInside(resource, container fhir.Node) (bool, error) {
	root := fhirpath.Root(m.x.defs, container)
	m.evaluator.Env.Root = &root
	return m.match(resource, root)
}

// match asks a resource; root is it, or what contains it.
func (m *Matcher) match(resource fhir.Node, root fhirpath.Value) (bool, error) {
	items, err := m.plan.evaluate(&m.evaluator, fhirpath.Root(m.x.defs, resource))
	if err != nil {
		return false, fmt.Errorf("match: %w", err)
	}
	for i := range items {
		v := &items[i]
		if !present(v) || !indexable(m.plan.param.Type, shapeOf(v)) {
			continue
		}
		for _, c := range m.conditions {
			if c.match(v, root) {
				return !m.not, nil
			}
		}
	}
	return m.not, nil
}
