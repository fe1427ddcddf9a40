// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/record"
)

// idCost is what going over one identity row costs, in microseconds, about.
const idCost = 1

// idPage is a page in the order of ids, along the identity rows until the page is full. No two resources share an id: further
// sort keys change nothing.
func (r *run) idPage(ctx context.Context, set docset.Set, filters []filter, after *place) ([]row, error) {
	want := r.q.Count + 1
	size := min(want, r.atOnce())
	var rows []row
	w := idWalk{r: r, set: set}
	take := func() error {
		numbers, err := w.numbers(ctx)
		if err != nil {
			return err
		}
		from := len(rows)
		if rows, err = r.take(ctx, rows, numbers, filters, want); err != nil {
			return err
		}
		for i := from; i < len(rows); i++ {
			rows[i].keys = []sortKey{{bytes: []byte(rows[i].version.ID)}}
		}
		return nil
	}
	at, order, prefix := r.idRange(after)
	for found, err := range r.view.Snapshot().Scan(ctx, at, order) {
		if err == nil {
			err = r.visit()
		}
		if err == nil {
			err = w.add(found.Value, found.Key[prefix:])
		}
		if err != nil {
			return nil, err
		}
		if len(w.found) < size {
			continue
		}
		if err := take(); err != nil || len(rows) == want || r.cut {
			return rows, err
		}
		size = min(2*size, r.atOnce())
	}
	err := take()
	return rows, err
}

// idRange is the identity rows after a place, in the order asked for, and how much of their keys stands before the id.
func (r *run) idRange(after *place) (at engine.Range, order engine.Order, prefix int) {
	all := record.AppendIdentityKey(nil, r.view.Tenant(), r.typ, "")
	at = engine.Prefix(all)
	descending := r.q.Sort[0].Descending
	if descending {
		order = engine.Descending
	}
	if after != nil {
		key := record.AppendIdentityKey(nil, r.view.Tenant(), r.typ, string(after.keys[0].bytes))
		if after.before == descending { // the bound lies behind the id: where that one comes last, or is still to come from behind
			key = append(key, 0)
		}
		if descending {
			at = at.Before(key)
		} else {
			at = at.After(key)
		}
	}
	return at, order, len(all)
}

// idWalk collects the candidates among resources in the order of their ids. Those whose newest version is younger than the
// view are looked up together.
type idWalk struct {
	r     *run
	set   docset.Set
	found []uint32 // numbers; record.None for those that are to be looked up
	later []string // their ids
}

// add takes one identity row.
func (w *idWalk) add(value, id []byte) error {
	now, err := record.ParseIdentity(value)
	switch {
	case err != nil:
		return err
	case now.Number >= w.r.view.Next(w.r.typ):
		w.found, w.later = append(w.found, record.None), append(w.later, string(id))
	case w.set.Contains(now.Number):
		w.found = append(w.found, now.Number)
	}
	return nil
}

// numbers gives what was collected, and begins anew.
func (w *idWalk) numbers(ctx context.Context) ([]uint32, error) {
	var known []record.Found
	if len(w.later) > 0 {
		var err error
		if known, err = w.r.view.Find(ctx, w.r.typ, w.later...); err != nil {
			return nil, err
		}
	}
	out := w.found[:0]
	for _, n := range w.found {
		if n == record.None {
			f := known[0]
			if known = known[1:]; !f.Live() || !w.set.Contains(f.Number) {
				continue
			}
			n = f.Number
		}
		out = append(out, n)
	}
	w.found, w.later = nil, w.later[:0]
	return out, nil
}
