// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"iter"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/search/index"
)

// group is the candidates posted under one value of the first sort key. Those that also have a value that comes before it in
// the order stand there; their bodies tell.
type group struct {
	value   []byte // nil: those without a value
	numbers docset.Set
}

// walkPage goes along the terms of the first sort key, in its order, until the page is full; then come those without a value.
func (r *run) walkPage(ctx context.Context, walk []index.Run, set docset.Set, filters []filter, after *place) ([]row, error) {
	var rows []row
	want := r.q.Count + 1
	if after == nil || !after.keys[0].none {
		var waiting []group
		n := 0
		flush := func() (err error) {
			rows, err = r.addGroups(ctx, rows, waiting, filters, after)
			waiting, n = waiting[:0], 0
			return err
		}
		for g, err := range r.groups(ctx, walk, set, after) {
			if err != nil {
				return nil, err
			}
			waiting = append(waiting, g)
			if n += g.numbers.Len(); n < want-len(rows) {
				continue
			}
			if err := flush(); err != nil || len(rows) >= want || r.cut {
				return rows, err
			}
		}
		if err := flush(); err != nil || len(rows) >= want || r.cut {
			return rows, err
		}
	}
	missing, err := r.without(ctx, set)
	if err != nil {
		return nil, err
	}
	last, err := r.largeGroup(ctx, group{numbers: missing}, filters, after, want-len(rows))
	return append(rows, last...), err
}

// maxUnits is how many units the values of a quantity may have to be walked in order.
const maxUnits = 32

// runs gives the runs of a walk, those of a quantity by going from one of its units to the next. None: there are too many.
func (r *run) runs(ctx context.Context, walk index.Walk) ([]index.Run, error) {
	const tenant = 4
	runs := walk.Runs
	for _, class := range walk.Units {
		for low := class.Low; low != nil && bytes.Compare(low, class.High) < 0; {
			next, err := r.firstTerm(ctx, engine.Range{Lo: r.key(low), Hi: r.key(class.High)})
			if err != nil {
				return nil, err
			}
			if next == nil {
				break
			}
			if len(runs) == maxUnits {
				return nil, nil
			}
			unit := index.UnitRun(next[tenant:])
			runs, low = append(runs, unit), unit.High
		}
	}
	return runs, nil
}

// firstTerm is the key of the first term in a range; nil if there is none.
func (r *run) firstTerm(ctx context.Context, at engine.Range) ([]byte, error) {
	for term, err := range r.view.Snapshot().Terms(ctx, at, engine.Ascending) {
		return bytes.Clone(term.Key), err
	}
	return nil, nil
}

// without is the candidates that have no value for the first sort key.
func (r *run) without(ctx context.Context, set docset.Set) (docset.Set, error) {
	lookup, err := r.terms.Lookup(index.Clause{Type: r.q.Type, Param: r.q.Sort[0].Param, Modifier: index.Missing}, index.Value{})
	if err != nil {
		return docset.Set{}, err
	}
	present, maybe, err := r.spanDocs(ctx, lookup.Spans)
	if err != nil {
		return docset.Set{}, err
	}
	present.Or(maybe)
	return docset.AndNot(set, present), nil
}

// addGroups adds the rows of some groups, in order, until the page is full.
func (r *run) addGroups(ctx context.Context, rows []row, groups []group, filters []filter, after *place) ([]row, error) {
	want := r.q.Count + 1
	for len(groups) > 0 && len(rows) < want && !r.full() {
		if n := groups[0].numbers.Len(); n > r.atOnce() {
			more, err := r.largeGroup(ctx, groups[0], filters, after, want-len(rows))
			if err != nil {
				return nil, err
			}
			rows, groups = append(rows, more...), groups[1:]
			r.hold(more)
			continue
		}
		var err error
		if rows, groups, err = r.smallGroups(ctx, rows, groups, filters, after); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// smallGroups adds as many groups as one chunk holds, by one read, and returns those that are left.
func (r *run) smallGroups(ctx context.Context, rows []row, groups []group, filters []filter, after *place) ([]row, []group, error) {
	var numbers []uint32
	taken := 0
	for taken < len(groups) && len(numbers)+groups[taken].numbers.Len() <= r.atOnce() {
		for n := range groups[taken].numbers.All() {
			numbers = append(numbers, n)
		}
		taken++
	}
	versions, err := r.bodies(ctx, r.typ, numbers)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups[:taken] {
		top := r.newTop(after)
		for i := range g.numbers.Len() {
			if err := top.add(&versions[i], filters, g.value); err != nil {
				return nil, nil, err
			}
		}
		more := top.sorted()
		rows, versions = append(rows, more...), versions[g.numbers.Len():]
		if r.hold(more); r.full() {
			break
		}
	}
	return rows, groups[taken:], nil
}

// hold counts the bytes of rows that the page has got.
func (r *run) hold(rows []row) {
	for i := range rows {
		r.held += len(rows[i].version.Body)
	}
}

// largeGroup finds the first want rows of one group. If there is no further sort key its order is that of numbers, so that
// not all of it need be read.
func (r *run) largeGroup(ctx context.Context, g group, filters []filter, after *place, want int) ([]row, error) {
	top := r.newTop(after)
	top.want = want
	numbers := g.numbers
	if len(r.q.Sort) == 1 && after != nil && !after.before && after.keys[0].none == (g.value == nil) && bytes.Equal(after.keys[0].bytes, g.value) {
		numbers = numbers.Clone()
		numbers.RemoveBelow(after.number + 1)
	}
	err := r.chunks(numbers, want, func(some []uint32) (bool, error) {
		versions, err := r.bodies(ctx, r.typ, some)
		if err != nil {
			return false, err
		}
		for i := range versions {
			if err := top.add(&versions[i], filters, g.value); err != nil {
				return false, err
			}
		}
		return !r.cut && (len(r.q.Sort) > 1 || len(top.rows) < want), nil
	})
	return top.sorted(), err
}

// groups goes along the terms of a walk, from the value of a place on, and brings together those of one value.
func (r *run) groups(ctx context.Context, walk []index.Run, set docset.Set, after *place) iter.Seq2[group, error] {
	return func(yield func(group, error) bool) {
		m, err := r.merge(ctx, walk, after)
		defer m.stop()
		var g group
		for err == nil {
			var term engine.Term
			var value []byte
			if term, value, err = m.next(); err != nil || term.Key == nil {
				break
			}
			if err = r.visit(); err != nil {
				break
			}
			docs := docset.And(term.Docs, set)
			if g.value != nil && !bytes.Equal(g.value, value) {
				if !g.numbers.IsEmpty() && !yield(g, nil) {
					return
				}
				g = group{}
			}
			if g.value == nil {
				g.value = append([]byte{}, value...)
			}
			g.numbers.Or(docs)
		}
		if err != nil {
			yield(group{}, err)
		} else if !g.numbers.IsEmpty() {
			yield(g, nil)
		}
	}
}

// merged is the terms of several ranges in the order of their values.
type merged struct {
	descending bool
	sources    []source
	last       int // the source that gave the last term; -1: none
}

type source struct {
	pull func() (engine.Term, error, bool)
	stop func()
	skip int // of its terms' keys: what stands before the value
	term engine.Term
	done bool
}

func (s *source) value() []byte { return s.term.Key[s.skip:] }

func (r *run) merge(ctx context.Context, walk []index.Run, after *place) (*merged, error) {
	const tenant = 4
	m := &merged{descending: r.q.Sort[0].Descending, last: -1}
	order := engine.Ascending
	if m.descending {
		order = engine.Descending
	}
	for _, w := range walk {
		at := engine.Range{Lo: r.key(w.Low), Hi: r.key(w.High)}
		if after != nil {
			from := append(r.key(w.Low[:w.Skip]), after.keys[0].bytes...)
			if m.descending {
				at = at.Before(append(from, 0))
			} else {
				at = at.After(from)
			}
		}
		if at.IsEmpty() {
			continue
		}
		pull, stop := iter.Pull2(r.view.Snapshot().Terms(ctx, at, order))
		m.sources = append(m.sources, source{pull: pull, stop: stop, skip: tenant + w.Skip})
		if err := m.advance(len(m.sources) - 1); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *merged) advance(i int) error {
	s := &m.sources[i]
	term, err, ok := s.pull()
	s.term, s.done = term, !ok
	return err
}

// next gives the next term and its value; a term without a key is the end. Both are valid until the next call.
func (m *merged) next() (engine.Term, []byte, error) {
	if m.last >= 0 {
		if err := m.advance(m.last); err != nil {
			return engine.Term{}, nil, err
		}
	}
	m.last = -1
	for i := range m.sources {
		s := &m.sources[i]
		if s.done {
			continue
		}
		if m.last < 0 {
			m.last = i
			continue
		}
		c := bytes.Compare(s.value(), m.sources[m.last].value())
		if c < 0 != m.descending && c != 0 {
			m.last = i
		}
	}
	if m.last < 0 {
		return engine.Term{}, nil, nil
	}
	return m.sources[m.last].term, m.sources[m.last].value(), nil
}

func (m *merged) stop() {
	for _, s := range m.sources {
		s.stop()
	}
}
