// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/index"
)

// Options of a Planner; the zero value works but for PageKey.
type Options struct {
	PageKey     []byte // 32 bytes that page tokens are sealed with; required
	MaxBodies   int    // bodies that one request may read to decide; 0: 500,000
	MaxTerms    int    // distinct values that one request may look at one by one; 0: 10,000,000
	MaxIncluded int    // included resources of one page; 0: 10,000
	PageBytes   int    // bytes of bodies from which a page ends early, and as many of what it includes; 0: 64 MiB

	// Index gives what the terms of a view are made of, if each data store has its own; it fails if they cannot be searched now. nil:
	// all have the index that New was given.
	Index func(context.Context, *record.View) (*index.Index, error)

	Concepts Concepts // nil: :in, :not-in, :above and :below of tokens are not offered
}

// Planner answers searches. It is immutable and safe for concurrent use.
type Planner struct {
	defs *def.Definitions // for what all data stores share: types and compartments
	base *index.Index
	seal cipher.AEAD
	opt  Options
}

// New makes a planner over the terms that the index makes. It fails if the page key has the wrong length.
func New(defs *def.Definitions, terms *index.Index, opt Options) (*Planner, error) {
	opt.MaxBodies = cmp.Or(opt.MaxBodies, 500_000)
	opt.MaxTerms = cmp.Or(opt.MaxTerms, 10_000_000)
	opt.MaxIncluded = cmp.Or(opt.MaxIncluded, 10_000)
	opt.PageBytes = cmp.Or(opt.PageBytes, 64<<20)
	block, err := aes.NewCipher(opt.PageKey)
	if err != nil {
		return nil, fmt.Errorf("page key: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("page key: %w", err)
	}
	return &Planner{defs: defs, base: terms, seal: seal, opt: opt}, nil
}

// Result is one page of a search.
type Result struct {
	Matches  []record.Version
	Inside   []int            // of each match, which of the resources it contains is meant; -1: itself; nil: all are themselves
	Included []record.Version // what the includes brought, matches left out
	Total    *int             // number of all matches; nil if it was not asked for or is not free
	Next     string           // token of the next page; empty if this is the last
	Warnings []string         // for the caller: what was cut
	Steps    []Step           // how it was answered, in order
}

// Step is how one clause was answered, or the order kept.
type Step struct {
	Clause   string `json:"clause"`   // as the caller wrote it; Type.condition in Inner; _sort for the order
	How      string `json:"how"`      // see the constants
	Estimate int    `json:"estimate"` // versions that match, as was thought before
	Left     int    `json:"left"`     // candidates after it; for Bodies those that are still to be asked; for _sort the rows found
	Inner    []Step `json:"inner,omitempty"`
}

// What Step.How may be.
const (
	Terms      = "terms"      // from what is posted under terms; of the order: along the terms of the first key
	Bodies     = "bodies"     // the candidates' bodies are asked
	Targets    = "targets"    // of a chain: from each target, by its id
	References = "references" // of a chain or _has: over everything that is referred to
	Candidates = "candidates" // of a chain: from what the candidates refer to; of _has: from what the sources refer to
	Numbers    = "numbers"    // of the order: that of commits
	IDs        = "ids"        // of the order: along the ids
)

// Search answers q on v, a view of the newest commit; with a page token, on the position and for the time that the token names
// (it sets those of q). It fails with fault.Invalid for a token that was not made for this query, and fault.TooCostly.
func (p *Planner) Search(ctx context.Context, v *record.View, q *search.Query) (*Result, error) {
	if q.Contained != search.ContainedFalse {
		return p.several(ctx, v, q, q.Insides())
	}
	r, err := p.begin(ctx, v, q)
	if err != nil {
		return nil, err
	}
	var after *place
	if q.Page != "" {
		token, err := p.open(v, q)
		if err != nil {
			return nil, err
		}
		if r.view, err = v.At(ctx, token.seq); err != nil {
			return nil, err
		}
		q.SetNow(token.now)
		after = &token.place
	}
	if err := r.search(ctx, after); err != nil {
		return nil, err
	}
	return &r.result, nil
}

// begin makes a run for a query (nil: none) on a view. It fails if the view cannot be searched.
func (p *Planner) begin(ctx context.Context, v *record.View, q *search.Query) (*run, error) {
	r := &run{Planner: p, terms: p.base, view: v, q: q, left: p.opt.MaxBodies, visits: p.opt.MaxTerms}
	if p.opt.Index == nil {
		return r, nil
	}
	var err error
	r.terms, err = p.opt.Index(ctx, v)
	return r, err
}

// Definitions are those that searches of a view are parsed with. It fails if the view cannot be searched.
func (p *Planner) Definitions(ctx context.Context, v *record.View) (*def.Definitions, error) {
	r, err := p.begin(ctx, v, nil)
	if err != nil {
		return nil, err
	}
	return r.terms.Definitions(), nil
}

// run is one search under way. It belongs to one goroutine.
type run struct {
	*Planner
	terms  *index.Index // of the data store
	view   *record.View
	q      *search.Query
	typ    uint16 // of the resources searched
	left   int    // bodies that may still be read
	each   int    // bytes of a body, as those that were read last
	held   int    // bytes of the rows that the page has
	cut    bool   // the page ends early, for its bytes
	visits int    // terms that may still be looked at one by one
	tape   fhir.Tape
	result Result

	deferred []node // those that candidates left as filters
	patience int    // bodies that cost as much as answering those from terms
	steps    []Step // so far, of the clause under way
	order    string // how the order is kept
	based    map[referring]bool
	inside   *insideNode // of a search of contained resources
	surplus  int         // matches that are more than resources
}

// answer finds all candidates and what is still to be asked of them, and the total if it is wanted or free.
func (r *run) answer(ctx context.Context) (docset.Set, []filter, error) {
	r.typ = uint16(r.defs.Type(r.q.Type).ID)
	if err := r.resolve(ctx, r.q.Where); err != nil {
		return docset.Set{}, nil, err
	}
	nodes, err := r.nodes(ctx, r.q.Type, r.q.Where)
	if err != nil {
		return docset.Set{}, nil, err
	}
	exact := r.q.Count == 0 && r.q.Total != search.TotalNone || r.q.Total == search.TotalAccurate
	streaming := !exact && r.byNumber()
	set, filters, err := r.candidates(ctx, r.typ, nodes, streaming)
	if err != nil {
		return set, nil, err
	}
	if exact && len(filters) > 0 {
		if set, err = r.filterAll(ctx, r.typ, set, filters); err != nil {
			return set, nil, err
		}
		filters = nil
	}
	r.total(set, filters)
	return set, filters, nil
}

// search finds the page after a place (nil: the first).
func (r *run) search(ctx context.Context, after *place) error {
	set, filters, err := r.answer(ctx)
	if r.result.Steps = r.steps; err != nil || r.q.Count == 0 {
		return err
	}
	rows, err := r.page(ctx, set, filters, after)
	if err != nil {
		return err
	}
	r.steps = append(r.steps, Step{Clause: "_sort", How: r.order, Estimate: set.Len(), Left: len(rows)})
	r.result.Steps = r.steps
	if r.cut || len(rows) > r.q.Count {
		rows = rows[:min(len(rows), r.q.Count)]
		r.result.Next = r.token(rows[len(rows)-1])
	}
	for _, row := range rows {
		r.result.Matches = append(r.result.Matches, row.version)
	}
	return r.includes(ctx)
}

// byNumber reports whether the order asked for is that of numbers, in either direction.
func (r *run) byNumber() bool {
	return len(r.q.Sort) == 0 || len(r.q.Sort) == 1 && r.q.Sort[0].Param.Code == "_lastUpdated"
}

// total sets the total if it was asked for or costs nothing.
func (r *run) total(set docset.Set, filters []filter) {
	switch {
	case r.q.Total == search.TotalNone, len(filters) > 0 && r.q.Total != search.TotalEstimate:
		return
	}
	n := set.Len() + r.surplus
	r.result.Total = &n
}

// bodies reads versions by number and counts them against the budget.
func (r *run) bodies(ctx context.Context, typ uint16, numbers []uint32) ([]record.Version, error) {
	if r.left -= len(numbers); r.left < 0 {
		return nil, fault.New(fault.TooCostly, "the search has to look into more than %d resources to decide; narrow it", r.opt.MaxBodies)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	versions, err := r.view.Bodies(ctx, typ, numbers...)
	if len(versions) > 0 {
		r.each = sizeOf(versions) / len(versions)
	}
	return versions, err
}

func sizeOf(versions []record.Version) (n int) {
	for i := range versions {
		n += len(versions[i].Body)
	}
	return n
}

// full reports whether the page has as many bytes as it may, and if so ends it.
func (r *run) full() bool {
	r.cut = r.cut || r.held >= r.opt.PageBytes
	return r.cut
}

// parse reads a stored body. The node is valid until the next call.
func (r *run) parse(v *record.Version) (fhir.Node, error) {
	if err := r.tape.Parse(v.Body, fhir.Limits{Size: fhir.MaxSize, Depth: fhir.MaxDepth}); err != nil {
		return fhir.Node{}, fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
	}
	return r.tape.Root(), nil
}

// What is read in one round trip: so many bodies, and about so many bytes if they are as the ones before.
const (
	chunk      = 256
	chunkBytes = 16 << 20
)

// atOnce is how many bodies may be read in one round trip now.
func (r *run) atOnce() int {
	if r.each == 0 {
		return chunk / 8
	}
	return min(max(chunkBytes/r.each, 1), chunk)
}

// chunks calls do with the numbers of a set in order, a chunk at a time, until it returns false. first is how many the caller may
// well need.
func (r *run) chunks(set docset.Set, first int, do func([]uint32) (more bool, err error)) error {
	size := min(max(first, 16), chunk)
	buf := make([]uint32, 0, chunk)
	for n := range set.All() {
		if buf = append(buf, n); len(buf) < min(size, r.atOnce()) {
			continue
		}
		more, err := do(buf)
		if err != nil || !more {
			return err
		}
		buf, size = buf[:0], min(2*size, chunk)
	}
	if len(buf) == 0 {
		return nil
	}
	_, err := do(buf)
	return err
}
