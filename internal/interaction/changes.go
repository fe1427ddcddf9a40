// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/docset"
	"galen/internal/record"
)

// HistoryOf gives a Bundle of the versions of all resources of a type, or of all types if typ is empty, newest first, deletions
// among them. query is as it stands in the URL: _count, _since, _at (which keeps of deletions those made after its beginning), and page of a next link. Pages do not change with what is
// written meanwhile.
//
// http://hl7.org/fhir/R4/http.html#history
func (s *Service) HistoryOf(ctx context.Context, c Caller, typ, query string) ([]byte, error) {
	h, err := s.parseHistory(query)
	if err != nil {
		return nil, err
	}
	if h.page.seq > 0 {
		return nil, errPage.At("page")
	}
	st, err := s.enter(ctx, c, authz.Read, typ, "")
	if err != nil {
		return nil, err
	}
	view, err := c.View(ctx, st)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	if h.mark.seq > 0 {
		if view, err = view.At(ctx, h.mark.seq); err != nil { // closed with the view it is of
			return nil, err
		}
	}
	types, path := view.Types(), "_history"
	if typ != "" {
		id, err := typeID(typ)
		if err != nil {
			return nil, err
		}
		types, path = []uint16{id}, typ+"/_history"
	}
	versions, more, total, err := h.changes(ctx, view, types)
	if err != nil {
		return nil, err
	}
	links := []link{{"self", address(c.Base, path, query)}}
	if more && len(versions) > 0 {
		last := &versions[len(versions)-1]
		mark := historyMark{view.Seq(), last.Time.UnixMilli(), last.Type, last.Number}
		links = append(links, link{"next", address(c.Base, path, with(h.query, "page", mark.String()))})
	}
	b := newBundle(c.Base, "history", view.Time(), total, links...)
	for i := range versions {
		b.version(typeName(versions[i].Type), &versions[i])
	}
	return b.bytes(), nil
}

// historyMark says where a page of the history of types begins: after a version, at a position. The order is time, newest first,
// then type, then number, largest first.
type historyMark struct {
	seq    uint64
	millis int64
	typ    uint16
	number uint32
}

// String is the form that the page parameter has.
func (m historyMark) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", m.seq, m.millis, m.typ, m.number)
}

// parseMark reads what String wrote.
func parseMark(s string) (m historyMark, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return m, false
	}
	var v [4]uint64
	for i, bits := range [4]int{64, 62, 16, 32} {
		n, err := strconv.ParseUint(parts[i], 10, bits)
		if err != nil {
			return m, false
		}
		v[i] = n
	}
	return historyMark{v[0], int64(v[1]), uint16(v[2]), uint32(v[3])}, v[0] > 0
}

// reel gives the versions of one type, newest first.
type reel struct {
	typ    uint16
	low    uint32      // numbers from low
	before uint32      // up to but not including before are still to be read,
	only   *docset.Set // if it is not nil, those in this set
	chunk  int
	read   []record.Version
}

// changes gives a page of versions, whether there are more, and how many there are on all pages.
func (h *historyQuery) changes(ctx context.Context, view *record.View, types []uint16) (page []record.Version, more bool, total int, err error) {
	reels := make([]*reel, 0, len(types))
	for _, typ := range types {
		r := &reel{typ: typ, before: view.Next(typ), chunk: min(firstChunk, max(4, (h.count+1)/len(types)))}
		if !h.since.IsZero() {
			if r.low, err = view.Since(ctx, typ, h.since); err != nil {
				return nil, false, 0, err
			}
		}
		if h.timed {
			during, err := view.During(ctx, typ, h.low, h.high)
			if err != nil {
				return nil, false, 0, err
			}
			during.RemoveBelow(r.low)
			r.only = &during
			total += during.Len()
		} else {
			total += int(r.before - r.low)
		}
		if h.mark.seq > 0 {
			if err := r.resume(ctx, view, h.mark); err != nil {
				return nil, false, 0, err
			}
		}
		reels = append(reels, r)
	}
	for size := 0; ; {
		var next *reel
		for _, r := range reels {
			if err := r.fill(ctx, view); err != nil {
				return nil, false, 0, err
			}
			if len(r.read) > 0 && (next == nil || r.read[0].Time.After(next.read[0].Time)) {
				next = r
			}
		}
		if next == nil || h.full(len(page), size) {
			return page, next != nil, total, nil
		}
		page = append(page, next.read[0])
		size += len(next.read[0].Body)
		next.read = next.read[1:]
	}
}

// resume goes on after the last version of the page before.
func (r *reel) resume(ctx context.Context, view *record.View, m historyMark) error {
	if r.typ == m.typ {
		r.before = min(r.before, m.number)
		return nil
	}
	at := time.UnixMilli(m.millis)
	if r.typ > m.typ { // what is of the same time comes after it
		at = at.Add(time.Millisecond)
	}
	n, err := view.Since(ctx, r.typ, at)
	r.before = min(r.before, n)
	return err
}

// fill reads versions if there are none left.
func (r *reel) fill(ctx context.Context, view *record.View) (err error) {
	for err == nil && len(r.read) == 0 && r.before > r.low {
		err = r.chunkOf(ctx, view)
	}
	return err
}

// chunkOf reads the next versions, without those that were erased.
func (r *reel) chunkOf(ctx context.Context, view *record.View) (err error) {
	numbers := make([]uint32, 0, r.chunk)
	if r.only == nil {
		for ; len(numbers) < r.chunk && r.before > r.low; r.before-- {
			numbers = append(numbers, r.before-1)
		}
	} else {
		for n := range r.only.Before(r.before) {
			if r.before = n; len(numbers) == r.chunk {
				r.before++
				break
			}
			numbers = append(numbers, n)
		}
		if len(numbers) < r.chunk {
			r.before = r.low
		}
	}
	r.read, err = view.Bodies(ctx, r.typ, numbers...)
	r.chunk = record.NextBatch(r.chunk, r.read)
	r.read = slices.DeleteFunc(r.read, func(v record.Version) bool { return v.Erased() })
	return err
}
