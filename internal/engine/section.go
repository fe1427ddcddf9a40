// SPDX-License-Identifier: Apache-2.0

package engine

import "iter"

// Section is a part of a batch, for engines: a prefix to delete, then rows and postings to change. Sections are applied in
// order; within one, rows come in the order they were given, and each term comes once. All memory is the batch's.
type Section struct {
	b       *Batch
	prefix  []byte
	deletes bool
	rows    []rowOp
	posts   []postOp
}

// Sections returns the parts of the batch. Only one goroutine may go through it at a time.
func (b *Batch) Sections() iter.Seq[Section] {
	return func(yield func(Section) bool) {
		s := Section{b: b}
		rows, posts := 0, 0
		for _, next := range b.sections {
			s.rows, s.posts = b.rows[rows:next.rows], b.posts[posts:next.posts]
			if (s.deletes || len(s.rows)+len(s.posts) > 0) && !yield(s) {
				return
			}
			rows, posts = next.rows, next.posts
			s.prefix, s.deletes = b.at(next.prefix), true
		}
		s.rows, s.posts = b.rows[rows:], b.posts[posts:]
		if s.deletes || len(s.rows)+len(s.posts) > 0 {
			yield(s)
		}
	}
}

// DeletesPrefix returns the prefix whose rows and terms are deleted before the rest of the section; false if there is none.
func (s Section) DeletesPrefix() ([]byte, bool) { return s.prefix, s.deletes }

// RowChange is one Put or Delete.
type RowChange struct {
	Key, Value []byte
	Delete     bool
}

// Rows returns the changes of rows, in the order they were given.
func (s Section) Rows() iter.Seq[RowChange] {
	return func(yield func(RowChange) bool) {
		for _, r := range s.rows {
			if !yield(RowChange{s.b.at(r.key), s.b.at(r.value), r.kind == rowDelete}) {
				return
			}
		}
	}
}

// Posting is one Post, or Unpost if Removed.
type Posting struct {
	Doc     uint32
	Removed bool
}

// grouping is the memory of Postings, kept from one use to the next.
type grouping struct {
	from  []uint32 // where each term's postings begin
	order []Posting
}

// Postings returns each term that the section changes, in no order, with its changes in the order they were given. The
// slice may be changed by the receiver and is valid until the next step.
func (s Section) Postings() iter.Seq2[[]byte, []Posting] {
	return func(yield func([]byte, []Posting) bool) {
		g := &s.b.group
		g.sort(s.posts, len(s.b.terms))
		from := uint32(0)
		for n, to := range g.from[:len(s.b.terms)] {
			if to > from && !yield(s.b.at(s.b.terms[n]), g.order[from:to:to]) {
				return
			}
			from = to
		}
	}
}

// sort brings posts into the order of their terms' numbers, keeping the order within each. Afterwards from[n] is where the
// postings of term n end.
func (g *grouping) sort(posts []postOp, terms int) {
	g.from = append(g.from[:0], make([]uint32, terms)...)
	for _, p := range posts {
		g.from[p.term]++
	}
	sum := uint32(0)
	for n, count := range g.from {
		g.from[n] = sum
		sum += count
	}
	if cap(g.order) < len(posts) {
		g.order = make([]Posting, len(posts))
	}
	g.order = g.order[:len(posts)]
	for _, p := range posts {
		g.order[g.from[p.term]] = Posting{p.doc, p.kind == 1}
		g.from[p.term]++
	}
}
