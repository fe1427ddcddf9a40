// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"container/heap"
	"context"
	"encoding/binary"
	"slices"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/record"
)

// sortedPage is a page in the order of _sort: along the terms of the first key or along the ids, or from the bodies of all
// candidates where that costs less.
func (r *run) sortedPage(ctx context.Context, set docset.Set, filters []filter, after *place) ([]row, error) {
	rows := r.q.Count + 1
	steps := rows * int(r.view.Next(r.typ)) / max(set.Len(), 1) // about how many values have to be passed for a page
	left := (set.Len() - rows) * bodyCost                       // what the bodies cost that are not on it
	if r.q.Sort[0].Param.Code == "_id" && steps*idCost < left {
		r.order = IDs
		return r.idPage(ctx, set, filters, after)
	}
	if walk, ok := r.terms.Walk(r.q.Type, r.q.Sort[0].Param); ok && steps*termCost < left {
		runs, err := r.runs(ctx, walk)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			r.order = Terms
			return r.walkPage(ctx, runs, set, filters, after)
		}
	}
	r.order = Bodies
	top := r.newTop(after)
	if err := top.addAll(ctx, set, filters); err != nil {
		return nil, err
	}
	return top.sorted(), nil
}

// top keeps the first rows of an order, one more than a page holds.
type top struct {
	r     *run
	after *place
	want  int
	rows  []row // a heap with the last row of the order first
	bytes int   // of rows
}

func (r *run) newTop(after *place) *top { return &top{r: r, after: after, want: r.q.Count + 1} }

// Len, Less, Swap, Push and Pop make the rows a heap.
func (t *top) Len() int           { return len(t.rows) }
func (t *top) Less(i, j int) bool { return t.r.compare(t.rows[i].place, t.rows[j].place) > 0 }
func (t *top) Swap(i, j int)      { t.rows[i], t.rows[j] = t.rows[j], t.rows[i] }
func (t *top) Push(x any)         { t.rows = append(t.rows, x.(row)) }

// Pop takes the last element off, as container/heap wants it.
func (t *top) Pop() any {
	last := t.rows[len(t.rows)-1]
	t.rows = t.rows[:len(t.rows)-1]
	return last
}

// addAll offers every candidate that passes the filters.
func (t *top) addAll(ctx context.Context, set docset.Set, filters []filter) error {
	return t.r.chunks(set, chunk, func(numbers []uint32) (bool, error) {
		versions, err := t.r.bodies(ctx, t.r.typ, numbers)
		if err != nil {
			return false, err
		}
		for i := range versions {
			if err := t.add(&versions[i], filters, nil); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// add offers a version. If first is given, its first sort key must be that one.
func (t *top) add(v *record.Version, filters []filter, first []byte) error {
	node, err := t.r.parse(v)
	if err != nil {
		return err
	}
	if ok, err := matchAll(node, filters); err != nil || !ok {
		return err
	}
	p, err := t.r.place(v, node)
	if err != nil {
		return err
	}
	if first != nil && (p.keys[0].none || string(p.keys[0].bytes) != string(first)) {
		return nil // it stands elsewhere in the order, by another of its values
	}
	if t.after != nil && t.r.compare(p, *t.after) <= 0 {
		return nil
	}
	switch {
	case len(t.rows) < t.want:
		heap.Push(t, row{place: p, version: *v})
	case t.r.compare(p, t.rows[0].place) < 0:
		t.bytes -= len(t.rows[0].version.Body)
		t.rows[0] = row{place: p, version: *v}
		heap.Fix(t, 0)
	default:
		return nil
	}
	t.bytes += len(v.Body)
	t.trim()
	return nil
}

// trim drops the last rows of the order while there are more bytes than a page may have: the page ends before them.
func (t *top) trim() {
	for len(t.rows) > 1 && t.bytes > t.r.opt.PageBytes {
		t.bytes -= len(t.rows[0].version.Body)
		heap.Pop(t)
		t.want, t.r.cut = len(t.rows), true
	}
}

// sorted gives the rows in order.
func (t *top) sorted() []row {
	slices.SortFunc(t.rows, func(a, b row) int { return t.r.compare(a.place, b.place) })
	return t.rows
}

// place computes where a version stands in the order.
func (r *run) place(v *record.Version, node fhir.Node) (place, error) {
	p := place{keys: make([]sortKey, len(r.q.Sort)), number: v.Number}
	for i, s := range r.q.Sort {
		switch s.Param.Code {
		case "_id":
			p.keys[i].bytes = []byte(v.ID)
		case "_lastUpdated":
			p.keys[i].bytes = binary.BigEndian.AppendUint64(nil, uint64(v.Time.UnixMilli()))
		default:
			key, ok, err := r.terms.SortKey(nil, node, s.Param, s.Descending)
			if err != nil {
				return place{}, err
			}
			p.keys[i] = sortKey{none: !ok, bytes: key}
		}
	}
	return p, nil
}
