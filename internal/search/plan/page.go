// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"iter"

	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/ordkey"
	"galen/internal/record"
	"galen/internal/search"
)

// sortKey is what a row sorts by under one key of the order; none if it has no value.
type sortKey struct {
	none  bool
	bytes []byte
}

// place is where a row stands in the order.
type place struct {
	keys   []sortKey // one for each of Query.Sort, unless the order is that of numbers
	number uint32
	before bool // it is no row's: it stands before all rows of the same keys
}

// row is a match with its place.
type row struct {
	place
	version record.Version
	inside  []int // which of the resources it contains are matches, -1 for itself; nil: only itself
}

// compare orders places by the query's sort keys, then by number.
func (r *run) compare(a, b place) int {
	for i := range min(len(a.keys), len(b.keys)) {
		x, y := a.keys[i], b.keys[i]
		switch {
		case x.none && y.none:
			continue
		case x.none:
			return 1
		case y.none:
			return -1
		}
		if c := bytes.Compare(x.bytes, y.bytes); c != 0 {
			if r.q.Sort[i].Descending {
				return -c
			}
			return c
		}
	}
	switch {
	case a.before != b.before:
		if a.before {
			return -1
		}
		return 1
	case a.number < b.number:
		return -1
	case a.number > b.number:
		return 1
	}
	return 0
}

// page finds the rows after a place, one more than the page holds if there are more.
func (r *run) page(ctx context.Context, set docset.Set, filters []filter, after *place) ([]row, error) {
	if r.byNumber() {
		r.order = Numbers
		return r.numberPage(ctx, set, filters, after)
	}
	return r.sortedPage(ctx, set, filters, after)
}

// numberPage is a page in the order of numbers, forwards or backwards. If the filters keep so few of the candidates that their
// terms would have cost less by now, those are asked for the rest.
func (r *run) numberPage(ctx context.Context, set docset.Set, filters []filter, after *place) ([]row, error) {
	want := r.q.Count + 1
	rows, at, err := r.along(ctx, set, filters, after, want)
	if err != nil || at == nil {
		return rows, err
	}
	if set, err = r.undefer(ctx, set); err != nil {
		return nil, err
	}
	more, _, err := r.along(ctx, set, nil, at, want-len(rows))
	return append(rows, more...), err
}

// along reads candidates in the order of numbers, after a place, until there are so many rows as wanted or the page is full. If
// there are filters and it has read more than their terms would cost, it stops at a place.
func (r *run) along(ctx context.Context, set docset.Set, filters []filter, after *place, want int) (rows []row, at *place, err error) {
	size, seen := min(want, r.atOnce()), 0
	var buf []uint32
	for n := range r.numbersAfter(set, after) {
		if buf = append(buf, n); len(buf) < size {
			continue
		}
		if rows, err = r.take(ctx, rows, buf, filters, want); err != nil || len(rows) == want || r.cut {
			return rows, nil, err
		}
		if seen += len(buf); len(filters) == 0 {
			size = want - len(rows)
		} else if size *= 2; seen > r.patience {
			return rows, &place{number: n}, nil
		}
		size, buf = min(size, r.atOnce()), buf[:0]
	}
	rows, err = r.take(ctx, rows, buf, filters, want)
	return rows, nil, err
}

// numbersAfter is the numbers of a set after a place, in the order asked for.
func (r *run) numbersAfter(set docset.Set, after *place) iter.Seq[uint32] {
	switch backwards := len(r.q.Sort) > 0 && r.q.Sort[0].Descending; {
	case backwards && after != nil:
		return set.Before(after.number)
	case backwards:
		return set.Backward()
	case after != nil && after.before && after.number > 0:
		return set.After(after.number - 1)
	case after != nil && !after.before:
		return set.After(after.number)
	}
	return set.All()
}

// take reads versions and appends those that the filters let pass, up to so many rows as wanted or until the page is full.
func (r *run) take(ctx context.Context, rows []row, numbers []uint32, filters []filter, want int) ([]row, error) {
	if len(numbers) == 0 {
		return rows, nil
	}
	versions, err := r.bodies(ctx, r.typ, numbers)
	if err != nil {
		return nil, err
	}
	for i := range versions {
		ok, err := r.matches(&versions[i], filters)
		if err != nil {
			return nil, err
		}
		if ok && len(rows) < want && !r.full() {
			rows = append(rows, row{place: place{number: versions[i].Number}, version: versions[i]})
			r.held += len(versions[i].Body)
		}
	}
	return rows, nil
}

// A page token is the AES-GCM sealing of: version byte, query hash, position, time of the first page's request, number, type, and
// the sort keys, each as a length (plus one, zero for none) and bytes. The tenant is sealed with it but not in it. It is
// base64, URL form.
const tokenVersion = 2

type token struct {
	seq   uint64
	now   int64
	typ   uint16
	place place
}

// sealedFor is what a token is bound to besides the query: the data store.
func sealedFor(v *record.View) []byte { return ordkey.AppendUint32(nil, v.Tenant()) }

// token makes the token of the page after a row.
func (r *run) token(last row) string {
	hash := r.q.Hash()
	b := append([]byte{tokenVersion}, hash[:]...)
	b = binary.AppendUvarint(b, r.view.Seq())
	b = binary.AppendUvarint(b, uint64(r.q.Now))
	b = binary.AppendUvarint(b, uint64(last.number))
	b = binary.AppendUvarint(b, uint64(last.version.Type))
	for _, k := range last.keys {
		if k.none {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(k.bytes))+1)
		b = append(b, k.bytes...)
	}
	nonce := make([]byte, r.seal.NonceSize(), r.seal.NonceSize()+len(b)+r.seal.Overhead())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(r.seal.Seal(nonce, nonce, b, sealedFor(r.view)))
}

var errToken = fault.New(fault.Invalid, "Invalid pagination token.").At("page")

// open reads the token of a query on the data store of a view.
func (p *Planner) open(v *record.View, q *search.Query) (t token, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(q.Page)
	if err != nil || len(sealed) < p.seal.NonceSize() || base64.RawURLEncoding.EncodeToString(sealed) != q.Page {
		return t, errToken // a page has one token, not all that mean the same
	}
	b, err := p.seal.Open(nil, sealed[:p.seal.NonceSize()], sealed[p.seal.NonceSize():], sealedFor(v))
	hash := q.Hash()
	if err != nil || len(b) < 1+len(hash) || b[0] != tokenVersion || !bytes.Equal(b[1:1+len(hash)], hash[:]) {
		return t, errToken
	}
	b = b[1+len(hash):]
	take := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			b, err = nil, errToken
			return 0
		}
		b = b[n:]
		return v
	}
	t.seq, t.now, t.place.number = take(), int64(take()), uint32(take())
	t.typ = uint16(take())
	for err == nil && len(b) > 0 {
		n := take()
		if n == 0 {
			t.place.keys = append(t.place.keys, sortKey{none: true})
			continue
		}
		if n-1 > uint64(len(b)) {
			return t, errToken
		}
		t.place.keys = append(t.place.keys, sortKey{bytes: b[:n-1]})
		b = b[n-1:]
	}
	return t, err
}
