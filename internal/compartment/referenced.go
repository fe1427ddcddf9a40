// SPDX-License-Identifier: Apache-2.0

package compartment

import (
	"bytes"
	"context"
	"iter"
	"strings"

	"galen/internal/docset"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
)

// maxSteps bounds how many references are followed one after the other.
const maxSteps = 5

// chunk is how many references are looked up at once, listed how many numbers of bodies are listed at once, maxSeen how many references are remembered as followed; more are followed again.
const (
	chunk   = 256
	listed  = 4096
	maxSeen = 100_000
)

// Referenced finds what resources refer to, and what that refers to in turn, without what is in from. Of the types that can be
// in the Patient compartment only what is in allowed is taken (C1). first is bodies of from that the caller has read already, so
// that they need not be read again; it may be nil, else it has all of them.
func Referenced(ctx context.Context, v *record.View, from, allowed Set, first []record.Version) (Set, error) {
	f := follower{view: v, from: from, allowed: allowed, found: Set{}, seen: map[string]bool{}, kept: map[string]bool{}}
	for _, typ := range def.R4().Compartment("Patient").Types() {
		f.kept[typ] = true
	}
	if first != nil {
		f.scanAll(first)
	} else if err := f.read(ctx, from); err != nil {
		return nil, err
	}
	for range maxSteps {
		next, err := f.resolve(ctx)
		if err != nil || len(next) == 0 {
			return f.found, err
		}
		if err := f.read(ctx, next); err != nil {
			return nil, err
		}
	}
	_, err := f.resolve(ctx)
	return f.found, err
}

// follower follows references, a step at a time.
type follower struct {
	view          *record.View
	from, allowed Set
	found         Set
	kept          map[string]bool // types of which only what is allowed is taken
	seen          map[string]bool // references that were followed
	wanted        map[uint16][]string
	waiting       int // ids in wanted
	fresh         Set // found since the step began
}

// read scans the bodies of a set.
func (f *follower) read(ctx context.Context, set Set) error {
	for versions, err := range Bodies(ctx, f.view, set) {
		if err != nil {
			return err
		}
		f.scanAll(versions)
		if f.waiting >= maxSeen {
			if err := f.look(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanAll scans versions that are in from or found. Most references within a record are to the rest of it: those need no look.
func (f *follower) scanAll(versions []record.Version) {
	for i := range versions {
		f.see(name(versions[i].Type) + "/" + versions[i].ID)
	}
	for i := range versions {
		f.scan(versions[i].Body)
	}
}

// see notes that a reference need not be followed any more.
func (f *follower) see(reference string) {
	if len(f.seen) >= maxSeen {
		clear(f.seen)
	}
	f.seen[reference] = true
}

// The name of the member and the quote after it, in two parts: where a search begins with a quote, which is every tenth character,
// it takes ten times as long.
var memberBegins, memberEnds = []byte(`"re`), []byte(`ference":"`)

// scan notes the references of a stored body. Stored bodies have no white space, and a quote within a string is escaped: so the
// member's name and the quote after it stand together, and stand nowhere else.
func (f *follower) scan(body []byte) {
	for {
		i := bytes.Index(body, memberEnds)
		if i < 0 {
			return
		}
		isMember := bytes.HasSuffix(body[:i], memberBegins)
		if body = body[i+len(memberEnds):]; !isMember {
			continue
		}
		end := bytes.IndexByte(body, '"')
		if end < 0 {
			return
		}
		text := body[:end]
		if f.seen[string(text)] || len(text) == 0 || text[0] == '#' {
			continue
		}
		own := string(text)
		f.see(own)
		f.want(fhir.ParseReference(strings.ReplaceAll(own, `\/`, "/")))
	}
}

// want notes a resource that is referred to.
func (f *follower) want(r fhir.Reference) {
	if r.Kind != fhir.Relative {
		return
	}
	typ := def.R4().Type(r.Key.Type)
	if typ == nil {
		return
	}
	id := uint16(typ.ID)
	if f.kept[r.Key.Type] && f.allowed[id].IsEmpty() {
		return
	}
	if f.wanted == nil {
		f.wanted = map[uint16][]string{}
	}
	f.wanted[id] = append(f.wanted[id], r.Key.ID)
	f.waiting++
}

// resolve gives what was found since the step began.
func (f *follower) resolve(ctx context.Context) (Set, error) {
	err := f.look(ctx)
	fresh := f.fresh
	f.fresh = nil
	return fresh, err
}

// look finds the resources that are wanted.
func (f *follower) look(ctx context.Context) error {
	for typ, ids := range f.wanted {
		for len(ids) > 0 {
			some := ids[:min(len(ids), chunk)]
			ids = ids[len(some):]
			found, err := f.view.Find(ctx, typ, some...)
			if err != nil {
				return err
			}
			for _, one := range found {
				if one.Live() {
					f.add(typ, one.Number)
				}
			}
		}
	}
	f.wanted, f.waiting = nil, 0
	return nil
}

func (f *follower) add(typ uint16, number uint32) {
	if f.from[typ].Contains(number) || f.found[typ].Contains(number) || f.kept[name(typ)] && !f.allowed[typ].Contains(number) {
		return
	}
	if f.fresh == nil {
		f.fresh = Set{}
	}
	for _, set := range []Set{f.found, f.fresh} {
		docs := set[typ]
		docs.Add(number)
		set[typ] = docs
	}
}

// Bodies reads the bodies of a set, by type and number, some at a time.
func Bodies(ctx context.Context, v *record.View, set Set) iter.Seq2[[]record.Version, error] {
	return func(yield func([]record.Version, error) bool) {
		for _, typ := range set.Types() {
			for numbers := range chunks(set[typ]) {
				for versions, err := range v.Batches(ctx, typ, numbers) {
					if !yield(versions, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

func chunks(docs docset.Set) iter.Seq[[]uint32] {
	return func(yield func([]uint32) bool) {
		buf := make([]uint32, 0, listed)
		for n := range docs.All() {
			if buf = append(buf, n); len(buf) == listed {
				if !yield(buf) {
					return
				}
				buf = buf[:0]
			}
		}
		if len(buf) > 0 {
			yield(buf)
		}
	}
}

// Direct finds what a stored body refers to, whatever it is.
func Direct(ctx context.Context, v *record.View, body []byte) (Set, error) {
	f := follower{view: v, found: Set{}, seen: map[string]bool{}}
	f.scan(body)
	err := f.look(ctx)
	return f.found, err
}
