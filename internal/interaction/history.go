// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/record"
)

// History gives a Bundle of the versions of a resource, newest first, deletions among them. query is as it stands in the
// URL: _count, _since, _at, and page of a next link. It fails with fault.NotFound if there never was such a resource.
//
// http://hl7.org/fhir/R4/http.html#history
func (s *Service) History(ctx context.Context, c Caller, key fhir.Key, query string) ([]byte, error) {
	h, err := s.parseHistory(query)
	if err != nil {
		return nil, err
	}
	if h.mark.seq > 0 {
		return nil, errPage.At("page")
	}
	head, typ, err := s.look(ctx, c, key)
	if err != nil {
		return nil, err
	}
	defer head.Close()
	view := head
	if h.page.seq > 0 {
		if view, err = head.At(ctx, h.page.seq); err != nil {
			return nil, err
		}
	}
	found, err := view.Find(ctx, typ, key.ID)
	if err != nil {
		return nil, err
	}
	if !found[0].Exists {
		return nil, errNever
	}
	versions, more, err := h.read(ctx, view, typ, key.ID)
	if err != nil {
		return nil, err
	}
	path := key.String() + "/_history"
	links := []link{{"self", address(c.Base, path, query)}}
	if more {
		p := historyPage{view.Seq(), versions[len(versions)-1].VersionID}
		links = append(links, link{"next", address(c.Base, path, with(h.query, "page", p.String()))})
	}
	total := -1
	if h.since.IsZero() && !h.timed {
		total = int(found[0].Version) // versions are dense, and none is taken away
	}
	b := newBundle(c.Base, "history", view.Time(), total, links...)
	for i := range versions {
		b.version(key.Type, &versions[i])
	}
	return b.bytes(), nil
}

// historyQuery is the parsed query of a history.
type historyQuery struct {
	query url.Values
	count int
	since time.Time
	timed bool        // _at is given:
	low   time.Time   // what was current at some time from low
	high  time.Time   // up to but not including high
	page  historyPage // of the history of one resource
	mark  historyMark // of that of types
}

// historyPage says where a page begins: below a version, at a position.
type historyPage struct {
	seq    uint64
	before uint32
}

// String is the form that the page parameter has.
func (p historyPage) String() string { return fmt.Sprintf("%d.%d", p.seq, p.before) }

var errPage = fault.New(fault.Invalid, "Invalid pagination token.").WithCode("value")

func (s *Service) parseHistory(raw string) (historyQuery, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return historyQuery{}, fault.New(fault.Invalid, "the query is not well formed")
	}
	h := historyQuery{query: query, count: s.opt.DefaultCount}
	for name, values := range query {
		if len(values) != 1 {
			return historyQuery{}, fault.New(fault.Invalid, "the parameter is given more than once").At(name)
		}
		if err := h.set(name, values[0]); err != nil {
			return historyQuery{}, err.At(name)
		}
	}
	h.count = min(h.count, s.opt.MaxCount)
	return h, nil
}

func (h *historyQuery) set(name, value string) *fault.Fault {
	switch name {
	case "_count":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fault.New(fault.Invalid, "_count is not a number").WithCode("value")
		}
		h.count = int(n)
	case "_since":
		d, ok := fhir.ParseInstant(value)
		if !ok {
			return fault.New(fault.Invalid, "_since is not an instant").WithCode("value")
		}
		h.since = d.Time(0)
	case "_at":
		d, ok := fhir.ParseSearchDate(value)
		if !ok {
			return fault.New(fault.Invalid, "_at is not a dateTime").WithCode("value")
		}
		low, high := d.Bounds(0)
		h.timed, h.low, h.high = true, time.UnixMicro(low), time.UnixMicro(high)
	case "page":
		if mark, ok := parseMark(value); ok {
			h.mark = mark
			return nil
		}
		seq, before, ok := strings.Cut(value, ".")
		s, err1 := strconv.ParseUint(seq, 10, 64)
		v, err2 := strconv.ParseUint(before, 10, 32)
		if !ok || err1 != nil || err2 != nil || s == 0 || v == 0 {
			return errPage
		}
		h.page = historyPage{s, uint32(v)}
	case "_format", "_pretty":
	default:
		return fault.New(fault.Invalid, "history has no such parameter").WithCode("not-supported")
	}
	return nil
}

// read gives a page of versions that the query keeps, and whether there are more.
func (h *historyQuery) read(ctx context.Context, view *record.View, typ uint16, id string) ([]record.Version, bool, error) {
	var page []record.Version
	var ended time.Time // when the version at hand was superseded; zero for the newest
	before := h.page.before
	if before > 0 { // the last version of the page before says when the first one here ended
		last, err := view.Version(ctx, typ, id, before)
		if err != nil {
			return nil, false, err
		}
		ended = last.Time
	}
	if h.count == 0 {
		return nil, false, nil
	}
	size := 0
	n := min(h.count+1, firstChunk)
	for {
		chunk, err := view.History(ctx, typ, id, before, n)
		if err != nil {
			return nil, false, err
		}
		for _, v := range chunk {
			if v.Time.Before(h.since) {
				return page, false, nil // times never grow towards older versions
			}
			if h.keeps(v.Time, ended) {
				if h.full(len(page), size) {
					return page, true, nil
				}
				page = append(page, v)
				size += len(v.Body)
			}
			ended = v.Time
		}
		if len(chunk) < n {
			return page, false, nil
		}
		before, n = chunk[len(chunk)-1].VersionID, record.NextBatch(n, chunk)
	}
}

// full reports whether a page of n versions of size bytes takes no more.
func (h *historyQuery) full(n, size int) bool { return n >= h.count || n > 0 && size >= maxHistory }

// Bounds of what a history reads: versions at first, and bytes from which a page ends early.
const (
	firstChunk = 16
	maxHistory = 64 << 20
)

// keeps reports whether a version that was current from began to ended was so at some time that _at asks for.
func (h *historyQuery) keeps(began, ended time.Time) bool {
	return !h.timed || began.Before(h.high) && (ended.IsZero() || ended.After(h.low))
}
