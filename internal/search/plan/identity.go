// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"math"
	"time"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/search"
	"galen/internal/search/index"
)

// atClause says which clause a fault is about, in the caller's words.
func atClause(err error, c search.Clause) error {
	var f *fault.Fault
	if errors.As(err, &f) && f.Path == "" {
		return f.At(c.Name)
	}
	return err
}

// idNode is _id, answered by the identity rows.
type idNode struct {
	clause search.Clause
	id     uint16
}

func (n *idNode) name() string { return n.clause.Name }

func (n *idNode) complement() bool {
	l := n.clause.Leaf
	return l.Modifier == index.Not || l.Modifier == index.Missing && l.Values[0].Missing
}

func (n *idNode) estimate(_ context.Context, r *run) (int, float64, error) {
	if n.complement() || n.clause.Leaf.Modifier == index.Missing {
		return int(r.view.Next(n.id)), 0, nil
	}
	return len(n.clause.Leaf.Values), 2, nil
}

func (n *idNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	var ids []string
	switch n.clause.Leaf.Modifier {
	case index.Missing: // every resource has an id
		if n.complement() {
			return docset.Set{}, nil
		}
		return within, nil
	case index.Plain, index.Not:
	default:
		return docset.Set{}, fault.New(fault.Unsupported, "_id takes no such modifier here").At(n.clause.Name)
	}
	for _, v := range n.clause.Leaf.Values {
		if !v.HasSystem || v.System == "" {
			ids = append(ids, v.Text)
		}
	}
	set, err := r.numbersOf(ctx, n.id, ids)
	if err == nil && n.complement() {
		set = docset.AndNot(within, set)
	}
	return set, err
}

func (n *idNode) filter(*run) (filter, error) { return nil, nil }

// idChunk is how many ids are looked up in one round trip.
const idChunk = 1000

// numbersOf finds the current versions of resources by id.
func (r *run) numbersOf(ctx context.Context, typ uint16, ids []string) (docset.Set, error) {
	var numbers []uint32
	for len(ids) > 0 {
		n := min(len(ids), idChunk)
		found, err := r.view.Find(ctx, typ, ids[:n]...)
		if err != nil {
			return docset.Set{}, err
		}
		for _, f := range found {
			if f.Live() {
				numbers = append(numbers, f.Number)
			}
		}
		ids = ids[n:]
	}
	return docset.Of(numbers...), nil
}

// timeNode is _lastUpdated, answered by the order of numbers.
type timeNode struct {
	clause search.Clause
	id     uint16
}

func (n *timeNode) name() string { return n.clause.Name }

func (n *timeNode) estimate(_ context.Context, r *run) (int, float64, error) {
	return int(r.view.Next(n.id)) / 2, 0, nil
}

func (n *timeNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	l := n.clause.Leaf
	if l.Modifier == index.Missing {
		if l.Values[0].Missing {
			return docset.Set{}, nil
		}
		return within, nil
	}
	var set docset.Set
	for _, v := range l.Values {
		some, err := n.value(ctx, r, v)
		if err != nil {
			return docset.Set{}, err
		}
		set.Or(some)
	}
	return set, nil
}

// value gives the numbers for one date. Commit times are instants: the range of a time t is t to t plus a millisecond.
//
// http://hl7.org/fhir/R4/search.html#prefix
func (n *timeNode) value(ctx context.Context, r *run, v index.Value) (docset.Set, error) {
	low, high := v.Date.Bounds(n.clause.Leaf.Zone)
	if v.Prefix == index.Approximately {
		gap := int64(math.Abs(float64(n.clause.Leaf.Now-low))) / 10
		low, high = low-gap, high+gap
	}
	from, err := r.view.Since(ctx, n.id, time.UnixMicro(low))
	if err != nil {
		return docset.Set{}, err
	}
	to, err := r.view.Since(ctx, n.id, time.UnixMicro(high))
	if err != nil {
		return docset.Set{}, err
	}
	end := r.view.Next(n.id)
	switch v.Prefix {
	case index.Equal, index.Approximately, index.Overlaps:
		return docset.Span(from, to), nil
	case index.NotEqual:
		return docset.Or(docset.Span(0, from), docset.Span(to, end)), nil
	case index.Less, index.EndsBefore:
		return docset.Span(0, from), nil
	case index.LessOrEqual:
		return docset.Span(0, to), nil
	case index.Greater, index.StartsAfter:
		return docset.Span(to, end), nil
	}
	return docset.Span(from, end), nil
}

func (n *timeNode) filter(*run) (filter, error) { return nil, nil }
