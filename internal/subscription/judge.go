// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"slices"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
)

// change is one version, and what it changed.
type change struct {
	at, before  *record.View // the position of its commit, and the one before it
	version     record.Version
	previous    record.Version // has no body for a creation
	interaction Interaction
	typ         string
}

// readChange finds what a version changed. ok is false for one that was erased.
func readChange(ctx context.Context, at, before *record.View, v record.Version) (c change, ok bool, err error) {
	if v.Erased() {
		return c, false, nil
	}
	c = change{at: at, before: before, version: v, interaction: Created, typ: def.R4().TypeByID(def.TypeID(v.Type)).Name}
	if v.Previous != record.None {
		found, err := at.Bodies(ctx, v.Type, v.Previous)
		if err != nil {
			return c, false, err
		}
		c.previous = found[0]
	}
	switch {
	case v.Deleted():
		c.interaction = Deleted
	case !c.previous.Deleted() && c.previous.Body != nil:
		c.interaction = Updated
	}
	return c, true, nil
}

// judge tells which changes are events for whom. It belongs to one goroutine.
type judge struct {
	planner           *plan.Planner
	base              string // what absolute references to the data store begin with, with a slash at the end
	evaluator         fhirpath.Evaluator
	current, previous fhir.Tape
}

// wants reports whether a change is an event for a subscription. What cannot be decided, for its cost, is one: rather too much is told
// than too little.
func (j *judge) wants(ctx context.Context, m *member, c *change) (bool, error) {
	if m.topic == nil {
		return false, nil
	}
	for i := range m.topic.Triggers {
		ok, err := j.fires(ctx, &m.topic.Triggers[i], c)
		if err != nil {
			return false, err
		}
		if ok {
			return j.passes(ctx, m, c)
		}
	}
	return false, nil
}

// fires reports whether a change is one of a trigger's kind.
func (j *judge) fires(ctx context.Context, t *Trigger, c *change) (bool, error) {
	if t.Type != "" && t.Type != c.typ || !slices.Contains(t.Interactions, c.interaction) {
		return false, nil
	}
	if t.query != nil {
		ok, err := j.compares(ctx, t.query, c)
		if err != nil || !ok {
			return false, err
		}
	}
	if t.path == nil {
		return true, nil
	}
	return j.path(t.path, c)
}

// compares asks the states before and after a change. What resultForCreate and resultForDelete leave open is passed.
//
// http://hl7.org/fhir/R4B/subscriptiontopic-definitions.html#SubscriptionTopic.resourceTrigger.queryCriteria
func (j *judge) compares(ctx context.Context, q *criteria, c *change) (bool, error) {
	var before, after bool
	var err error
	if q.previous != nil {
		if before = !q.failCreate; c.interaction != Created {
			if before, err = j.holds(ctx, c.before, q.previous, c.previous); err != nil {
				return false, err
			}
		}
	}
	if q.current != nil {
		if after = !q.failDelete; c.interaction != Deleted {
			if after, err = j.holds(ctx, c.at, q.current, c.version); err != nil {
				return false, err
			}
		}
	}
	switch {
	case q.previous == nil:
		return after, nil
	case q.current == nil:
		return before, nil
	case q.both:
		return before && after, nil
	}
	return before || after, nil
}

// passes asks the filters: of the resource as it is, or as it was before it was deleted.
func (j *judge) passes(ctx context.Context, m *member, c *change) (bool, error) {
	queries, err := j.queries(ctx, m, c)
	switch {
	case errors.Is(err, fault.Unavailable):
		return false, err
	case err != nil:
		return false, nil // it was refused when it was written; an import brings it here, or that a search parameter is gone
	}
	view, version := c.at, c.version
	if c.interaction == Deleted {
		view, version = c.before, c.previous
	}
	for _, q := range queries {
		if ok, err := j.holds(ctx, view, q, version); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// queries are what the filters ask of a type. They are read again when the data store has other definitions than before.
func (j *judge) queries(ctx context.Context, m *member, c *change) ([]*search.Query, error) {
	if len(m.filters) == 0 {
		return nil, nil
	}
	defs, err := j.planner.Definitions(ctx, c.at)
	if err != nil {
		return nil, err
	}
	if m.defs != defs {
		m.defs = defs
		clear(m.asked)
	}
	if queries, ok := m.asked[c.typ]; ok {
		return queries, nil
	}
	queries, err := m.Subscription.queries(defs, m.topic, c.typ, j.base)
	if err == nil {
		m.asked[c.typ] = queries
	}
	return queries, err
}

// holds asks one search of one version. A version without a body, as one that was erased, fulfils none.
func (j *judge) holds(ctx context.Context, v *record.View, q *search.Query, version record.Version) (bool, error) {
	if version.Body == nil {
		return false, nil
	}
	ok, err := j.planner.Holds(ctx, v, q, version)
	return ok || undecided(err), decided(err)
}

// path evaluates a FHIRPath expression over %current and %previous.
func (j *judge) path(p *fhirpath.Program, c *change) (bool, error) {
	state := func(tape *fhir.Tape, v record.Version) ([]fhirpath.Value, error) {
		if v.Body == nil {
			return nil, nil
		}
		if err := tape.Parse(v.Body, stored); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
		}
		return []fhirpath.Value{fhirpath.Root(def.R4(), tape.Root())}, nil
	}
	current, err := state(&j.current, c.version)
	if err != nil {
		return false, err
	}
	previous, err := state(&j.previous, c.previous)
	if err != nil {
		return false, err
	}
	j.evaluator.Env = fhirpath.Environment{Now: c.version.Time, Variables: map[string][]fhirpath.Value{"current": current, "previous": previous}}
	focus := append(append([]fhirpath.Value{}, current...), previous...)
	if len(focus) == 0 {
		return false, nil
	}
	items, err := j.evaluator.Evaluate(p, focus[0], focus[0])
	if err != nil {
		return undecided(err), decided(err)
	}
	return len(items) == 1 && fhirpath.TextOf(items[0]) == "true", nil
}

// undecided reports whether an error says of a question that it has no answer, not that answering failed.
func undecided(err error) bool {
	switch fault.KindOf(err) {
	case fault.TooCostly, fault.Unprocessable, fault.Unsupported, fault.Invalid:
		return err != nil
	}
	return false
}

func decided(err error) error {
	if undecided(err) {
		return nil
	}
	return err
}
