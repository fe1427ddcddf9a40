// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"encoding/binary"

	"galen/internal/docset"
	"galen/internal/engine"
	"galen/internal/fhir"
	"galen/internal/search"
	"galen/internal/search/index"
)

// insideNode is a search of contained resources: the versions of a type that contain some of another type that fulfils conditions. Terms
// say which contain any; the bodies of those are read.
type insideNode struct {
	inside *search.Inside
	id     uint16
	spans  []index.Span // none: resources of this type contain nothing
	self   *allNode     // nil: the resources themselves are not asked
	in     *contained
	own    docset.Set // those that fulfil the conditions themselves, once docs found them
}

func (r *run) insideNode(ctx context.Context, typ string, id uint16, c search.Clause) (node, error) {
	n := &insideNode{inside: c.Inside, id: id, in: r.contained()}
	if s, ok := r.terms.Containing(typ, c.Inside.Type); ok {
		n.spans = []index.Span{s}
	}
	if c.Inside.Self {
		nodes, err := r.nodes(ctx, typ, c.Inside.Where)
		if err != nil {
			return nil, err
		}
		n.self = &allNode{title: c.Name, nodes: nodes}
	}
	r.inside = n
	return n, nil
}

func (n *insideNode) name() string { return "_contained" }

func (n *insideNode) estimate(ctx context.Context, r *run) (int, float64, error) {
	if n.self != nil {
		return int(r.view.Next(n.id)), bodyCost, nil
	}
	var ranges []engine.Range
	for _, s := range n.spans {
		ranges = append(ranges, r.rangeOf(s))
	}
	count, err := r.estimate(ctx, ranges)
	return count, bodyCost, err
}

func (n *insideNode) filter(*run) (filter, error) { return nil, nil }

// docs counts what is found inside, if that is to be given alone.
func (n *insideNode) docs(ctx context.Context, r *run, within docset.Set) (docset.Set, error) {
	if n.self != nil {
		var err error
		if n.own, err = n.self.docs(ctx, r, within); err != nil {
			return docset.Set{}, err
		}
	}
	candidates, _, err := r.spanDocs(ctx, n.spans)
	if candidates = docset.And(candidates, within); err != nil || candidates.IsEmpty() {
		return n.own, err
	}
	for i := range n.inside.Where {
		if err := n.in.prepare(ctx, &n.inside.Where[i]); err != nil {
			return docset.Set{}, err
		}
	}
	if len(n.inside.Where) == 0 && !n.inside.Alone {
		return docset.Or(n.own, candidates), nil
	}
	var kept []uint32
	count := n.own.Len()
	err = r.eachBody(ctx, n.id, candidates, func(number uint32, container fhir.Node) error {
		found, err := n.found(ctx, container)
		if count += len(found); len(found) > 0 {
			kept = append(kept, number)
		}
		return err
	})
	all := docset.Or(n.own, docset.Of(kept...))
	if n.inside.Alone {
		r.surplus = count - all.Len()
	}
	return all, err
}

// found lists which of the resources that a container has fulfil the conditions.
func (n *insideNode) found(ctx context.Context, container fhir.Node) (list []int, err error) {
	at := 0
	for c := container.Field("contained").First(); c.Ok(); c = c.Next() {
		ok := fhir.Type(c) == n.inside.Type
		for i := 0; ok && i < len(n.inside.Where); i++ {
			if ok, err = n.in.holds(ctx, container, c, &n.inside.Where[i]); err != nil {
				return nil, err
			}
		}
		if ok {
			list = append(list, at)
		}
		at++
	}
	return list, nil
}

// insides notes which of the contained resources of rows are the matches, if they are to be given alone.
func (r *run) insides(ctx context.Context, rows []row) error {
	if r.inside == nil || !r.inside.inside.Alone {
		return nil
	}
	for i := range rows {
		node, err := r.parse(&rows[i].version)
		if err != nil {
			return err
		}
		if r.inside.own.Contains(rows[i].number) {
			rows[i].inside = append(rows[i].inside, -1)
		}
		found, err := r.inside.found(ctx, node)
		if err != nil {
			return err
		}
		rows[i].inside = append(rows[i].inside, found...)
	}
	return nil
}

// A page of contained resources may end within a container: the token names it again, and has as its only sort key how many of it were
// given. There is no _sort then.

// resume takes from the token's place what was given of the container that it names.
func (s *several) resume() {
	if !s.q.Alone || len(s.after.keys) != 1 {
		return
	}
	n, _ := binary.Uvarint(s.after.keys[0].bytes)
	s.given = int(n)
	s.after.before, s.after.keys = true, nil
}

// alone makes the rows a page of what they contain.
func (s *several) alone() {
	left := s.q.Count
	for i, row := range s.rows {
		inside, given := row.inside, 0
		if i == 0 {
			given = min(s.given, len(inside))
		}
		for ; given < len(inside) && left > 0; given, left = given+1, left-1 {
			s.result.Matches = append(s.result.Matches, row.version)
			s.result.Inside = append(s.result.Inside, inside[given])
		}
		last := i == len(s.rows)-1
		switch {
		case given < len(inside):
			row.keys = []sortKey{{bytes: binary.AppendUvarint(nil, uint64(given))}}
			s.result.Next = s.token(row)
		case left == 0 && !last || last && s.cut:
			s.result.Next = s.token(row)
		default:
			continue
		}
		return
	}
}
