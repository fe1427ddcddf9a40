// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"

	"galen/internal/docset"
	"galen/internal/fault"
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
}

// row is a match with its place.
type row struct {
	place
	version record.Version
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
		return r.numberPage(ctx, set, filters, after)
	}
	return r.sortedPage(ctx, set, filters, after)
}

// numberPage is a page in the order of numbers, forwards or backwards.
func (r *run) numberPage(ctx context.Context, set docset.Set, filters []filter, after *place) ([]row, error) {
	numbers := set.All()
	switch backwards := len(r.q.Sort) > 0 && r.q.Sort[0].Descending; {
	case backwards && after != nil:
		numbers = set.Before(after.number)
	case backwards:
		numbers = set.Backward()
	case after != nil:
		numbers = set.After(after.number)
	}
	want := r.q.Count + 1
	var rows []row
	var buf []uint32
	take := func() error {
		versions, err := r.bodies(ctx, r.typ, buf)
		if err != nil {
			return err
		}
		for i := range versions {
			ok, err := r.matches(&versions[i], filters)
			if err != nil {
				return err
			}
			if ok && len(rows) < want && !r.full() {
				rows = append(rows, row{place{number: versions[i].Number}, versions[i]})
				r.held += len(versions[i].Body)
			}
		}
		buf = buf[:0]
		return nil
	}
	for n := range numbers {
		if buf = append(buf, n); len(buf) < want-len(rows) && len(buf) < r.atOnce() {
			continue
		}
		if err := take(); err != nil || len(rows) == want || r.cut {
			return rows, err
		}
	}
	return rows, take()
}

// A page token is the AES-GCM sealing of: version byte, position, query hash, number, and the sort keys, each as a length
// (plus one, zero for none) and bytes. It is base64, URL form.
const tokenVersion = 1

type token struct {
	seq   uint64
	place place
}

// token makes the token of the page after a row.
func (r *run) token(last row) string {
	hash := r.q.Hash()
	b := append([]byte{tokenVersion}, hash[:]...)
	b = binary.AppendUvarint(b, r.view.Seq())
	b = binary.AppendUvarint(b, uint64(last.number))
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
	return base64.RawURLEncoding.EncodeToString(r.seal.Seal(nonce, nonce, b, nil))
}

var errToken = fault.New(fault.Invalid, "Invalid pagination token.").At("page")

// open reads the token of a query.
func (p *Planner) open(q *search.Query) (t token, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(q.Page)
	if err != nil || len(sealed) < p.seal.NonceSize() {
		return t, errToken
	}
	b, err := p.seal.Open(nil, sealed[:p.seal.NonceSize()], sealed[p.seal.NonceSize():], nil)
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
	t.seq, t.place.number = take(), uint32(take())
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
