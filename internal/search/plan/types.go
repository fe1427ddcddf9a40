// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"galen/internal/record"
	"galen/internal/search"
)

// SearchTypes answers a search of several types, as search.ParseTypes gives it: one query for each type, at least one. The order is
// that of the sort keys, then of the queries, then of numbers. Total is there if it was asked for, or if all matches were found.
// It fails as Search does; the limits are those of one request.
func (p *Planner) SearchTypes(ctx context.Context, v *record.View, queries []*search.Query) (*Result, error) {
	if len(queries) == 1 {
		return p.Search(ctx, v, queries[0])
	}
	return p.several(ctx, v, queries[0], queries)
}

// several answers queries that stand for a first one, whose page and limits are those of the whole.
func (p *Planner) several(ctx context.Context, v *record.View, first *search.Query, queries []*search.Query) (*Result, error) {
	r, err := p.begin(ctx, v, first)
	if err != nil {
		return nil, err
	}
	s := &several{run: r, queries: queries, at: -1}
	if first.Page != "" {
		token, err := p.open(v, first)
		if err != nil {
			return nil, err
		}
		if s.view, err = v.At(ctx, token.seq); err != nil {
			return nil, err
		}
		first.SetNow(token.now)
		for _, q := range queries {
			q.SetNow(token.now)
		}
		s.after = &token.place
		s.resume()
		s.at = slices.IndexFunc(queries, func(q *search.Query) bool { return uint16(p.defs.Type(q.Type).ID) == token.typ })
	}
	if err := s.search(ctx); err != nil {
		return nil, err
	}
	return &s.result, nil
}

// several is a search of several types under way.
type several struct {
	*run    // of the whole: its limits and its result
	queries []*search.Query
	after   *place // of the last row of the page before; nil: this is the first
	at      int    // which query found it

	given int // of what the first row contains, on the page before

	rows  []row
	total int
	known bool // total is that of all types
}

func (s *several) search(ctx context.Context) error {
	s.known = s.after == nil || s.counts()
	for i, q := range s.queries {
		if err := s.one(ctx, i, q); err != nil {
			return err
		}
		if len(s.q.Sort) == 0 && (s.cut || len(s.rows) > s.q.Count) && !s.counts() {
			s.known = s.known && i == len(s.queries)-1
			break
		}
	}
	if s.known && s.q.Total != search.TotalNone {
		s.result.Total = &s.total
	}
	s.result.Steps = s.steps
	if s.q.Count == 0 {
		return nil
	}
	if s.q.Alone {
		s.alone()
		return nil
	}
	if s.cut || len(s.rows) > s.q.Count {
		s.rows = s.rows[:min(len(s.rows), s.q.Count)]
		s.result.Next = s.token(s.rows[len(s.rows)-1])
	}
	for _, row := range s.rows {
		s.result.Matches = append(s.result.Matches, row.version)
	}
	return s.includes(ctx)
}

// counts reports whether every type has to be looked at for the total.
func (s *several) counts() bool {
	return s.q.Total == search.TotalAccurate || s.q.Total == search.TotalEstimate || s.q.Count == 0 && s.q.Total != search.TotalNone
}

// one adds the rows of one type.
func (s *several) one(ctx context.Context, i int, q *search.Query) error {
	typ := uint16(s.defs.Type(q.Type).ID)
	if s.view.Next(typ) == 0 {
		return nil
	}
	passed := len(q.Sort) == 0 && (s.after != nil && i < s.at || s.cut || len(s.rows) > q.Count)
	if passed && !s.counts() {
		return nil
	}
	r := &run{Planner: s.Planner, terms: s.terms, view: s.view, q: q, left: s.left, visits: s.visits}
	set, filters, err := r.answer(ctx)
	if err != nil {
		return err
	}
	if r.result.Total == nil {
		s.known = false
	} else {
		s.total += *r.result.Total
	}
	if q.Count > 0 && !passed && !set.IsEmpty() {
		after, none, err := s.place(ctx, i, typ)
		if err != nil {
			return err
		}
		if !none {
			rows, err := r.page(ctx, set, filters, after)
			if err != nil {
				return err
			}
			if err := r.insides(ctx, rows); err != nil {
				return err
			}
			s.merge(rows, r.cut)
		}
	}
	s.left, s.visits = r.left, r.visits
	s.steps = append(s.steps, Step{Clause: q.Type, How: Terms, Estimate: int(s.view.Next(typ)), Left: set.Len(), Inner: r.steps})
	return nil
}

// place is where the page begins among the rows of the i-th type; nil is before all of them, none after all of them.
func (s *several) place(ctx context.Context, i int, typ uint16) (at *place, none bool, err error) {
	switch {
	case s.after == nil || len(s.q.Sort) == 0 && i != s.at:
		return nil, false, nil
	case i == s.at:
		return s.after, false, nil
	case s.byNumber():
		return s.moment(ctx, i, typ)
	case i > s.at:
		return &place{keys: s.after.keys, before: true}, false, nil
	}
	return &place{keys: s.after.keys, number: math.MaxUint32 - 1}, false, nil
}

// moment is the place among the rows of another type that the commit time of the last row of the page before gives. Of rows of the
// same time, those of earlier queries came before.
func (s *several) moment(ctx context.Context, i int, typ uint16) (at *place, none bool, err error) {
	if len(s.after.keys) == 0 || len(s.after.keys[0].bytes) != 8 {
		return nil, false, errToken
	}
	millis := int64(binary.BigEndian.Uint64(s.after.keys[0].bytes))
	if descending := s.q.Sort[0].Descending; descending == (i > s.at) {
		millis++ // those of that very time lie below
	}
	from, err := s.view.Since(ctx, typ, time.UnixMilli(millis))
	switch {
	case err != nil:
		return nil, false, err
	case s.q.Sort[0].Descending:
		return &place{number: from}, from == 0, nil
	case from == 0:
		return nil, false, nil
	}
	return &place{number: from - 1}, false, nil
}

// merge brings rows of a further type into the order, and keeps those of one page and one more. cut says that there are more rows of the
// type after them.
func (s *several) merge(rows []row, cut bool) {
	if s.byNumber() && len(s.q.Sort) > 0 {
		for i := range rows {
			rows[i].keys = []sortKey{{bytes: binary.BigEndian.AppendUint64(nil, uint64(rows[i].version.Time.UnixMilli()))}}
		}
	}
	keysOf := func(r row) place { return place{keys: r.keys} }
	var end []row // nothing after these may be on the page
	if s.cut {
		end = append(end, s.rows[len(s.rows)-1])
	}
	if cut {
		end = append(end, rows[len(rows)-1])
	}
	s.rows = append(s.rows, rows...)
	slices.SortStableFunc(s.rows, func(a, b row) int { return s.compare(keysOf(a), keysOf(b)) })
	keep := min(len(s.rows), s.q.Count+1)
	for _, last := range end {
		is := func(r row) bool {
			return r.version.Type == last.version.Type && r.version.Number == last.version.Number
		}
		keep, s.cut = min(keep, slices.IndexFunc(s.rows, is)+1), true
	}
	size := 0
	for i := range s.rows[:keep] {
		if size += len(s.rows[i].version.Body); size > s.opt.PageBytes && i > 0 {
			keep, s.cut = i, true
			break
		}
	}
	clear(s.rows[keep:])
	s.rows = s.rows[:keep]
}
