// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"slices"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
	"galen/internal/search/index"
)

// rangeOf puts the tenant in front of a span's keys.
func (r *run) rangeOf(s index.Span) engine.Range {
	return engine.Range{Lo: r.key(s.Low), Hi: r.key(s.High)}
}

func (r *run) key(term []byte) []byte {
	return append(ordkey.AppendUint32(make([]byte, 0, 4+len(term)), r.view.Tenant()), term...)
}

// united brings ranges together that overlap or touch, in place: what lies in several of them is read once. Without it a
// search for thousands of dates would read the same months thousands of times.
func united(ranges []engine.Range) []engine.Range {
	if len(ranges) < 2 {
		return ranges
	}
	slices.SortFunc(ranges, func(a, b engine.Range) int { return bytes.Compare(a.Lo, b.Lo) })
	out := ranges[:1]
	for _, next := range ranges[1:] {
		last := &out[len(out)-1]
		switch {
		case last.Hi == nil:
			return out
		case bytes.Compare(next.Lo, last.Hi) > 0:
			out = append(out, next)
		case next.Hi == nil || bytes.Compare(next.Hi, last.Hi) > 0:
			last.Hi = next.Hi
		}
	}
	return out
}

// rangeDocs is the versions posted in any of some ranges.
func (r *run) rangeDocs(ctx context.Context, ranges []engine.Range) (docset.Set, error) {
	if len(ranges) == 0 {
		return docset.Set{}, nil
	}
	return r.view.Snapshot().Docs(ctx, united(ranges)...)
}

func (r *run) estimate(ctx context.Context, ranges []engine.Range) (int, error) {
	if len(ranges) == 0 {
		return 0, nil
	}
	return r.view.Snapshot().Estimate(ctx, united(ranges)...)
}

// visit counts a term that is looked at one by one against the budget.
func (r *run) visit() error {
	if r.visits--; r.visits < 0 {
		return fault.New(fault.TooCostly, "the search has to go over more than %d distinct values; narrow it", r.opt.MaxTerms)
	}
	return nil
}

// judged collects the versions under terms that are judged one by one.
type judged struct{ yes, maybe gathered }

// gathered is a set that grows by small sets, which are kept aside until there are many.
type gathered struct {
	set   docset.Set
	aside []uint32
}

// What gathered adds at once, and how much it keeps aside.
const (
	addAtOnce = 256
	keepAside = 1 << 16
)

func (g *gathered) add(docs docset.Set) {
	if docs.Len() > addAtOnce {
		g.set.Or(docs)
		return
	}
	for n := range docs.All() {
		g.aside = append(g.aside, n)
	}
	if len(g.aside) > keepAside {
		g.fold()
	}
}

func (g *gathered) fold() docset.Set {
	g.set.AddMany(g.aside)
	g.aside = g.aside[:0]
	return g.set
}

// judge walks the terms of a span that are judged one by one, leaping where the judge says so.
func (r *run) judge(ctx context.Context, s index.Span, found *judged) error {
	at := r.rangeOf(s)
	for {
		leap, err := r.judgeFrom(ctx, s, at, found)
		if err != nil || leap == nil {
			return err
		}
		at = at.After(leap)
		if at.IsEmpty() {
			return nil
		}
	}
}

// judgeFrom walks the terms of a range up to one from which the judge leaps, and gives the key to leap to; nil at the end.
func (r *run) judgeFrom(ctx context.Context, s index.Span, at engine.Range, found *judged) (leap []byte, err error) {
	const tenant = 4
	for term, err := range r.view.Snapshot().Terms(ctx, at, engine.Ascending) {
		if err == nil {
			err = r.visit()
		}
		if err != nil {
			return nil, err
		}
		verdict, next := s.Judge(term.Key[tenant:])
		switch verdict {
		case index.Yes:
			found.yes.add(term.Docs)
		case index.Maybe:
			found.maybe.add(term.Docs)
		}
		if next != nil {
			return r.key(next), nil
		}
	}
	return nil, nil
}
