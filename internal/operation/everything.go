// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"galen/internal/authz"
	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/record"
)

// Bounds of $everything.
const (
	everythingCount   = 1000     // resources on a page at most
	everythingBytes   = 64 << 20 // bytes of bodies from which a page ends early
	everythingMembers = 1000     // patients of a group
)

// everythingOperation gives all there is about a patient, an encounter, or the members of a group, a page at a time: what is in the
// compartment, by type and number, then what that refers to.
//
// http://hl7.org/fhir/R4/patient-operation-everything.html
func everythingOperation(typ string) Operation {
	return Operation{
		Name: "everything", Definition: "http://hl7.org/fhir/OperationDefinition/" + typ + "-everything",
		Levels: OnInstance, Types: []string{typ},
		Params: []Param{
			{Name: "start", Type: "date"}, {Name: "end", Type: "date"}, {Name: "_since", Type: "instant"}, {Name: "since", Type: "instant"},
			{Name: "_type", Type: "code", Many: true}, {Name: "_count", Type: "integer"}, {Name: "page", Type: "string"},
		},
		serve: serveEverything,
	}
}

// everything is one call.
type everything struct {
	s                             *Service
	c                             *Call
	view                          *record.View
	filter                        clinicalFilter
	query                         url.Values // without page
	count                         int
	at                            everythingPlace
	patients, members, referenced compartment.Set
}

// everythingPlace says where a page begins: after a number, among the members or what they refer to. total is that of all pages.
type everythingPlace struct {
	seq        uint64
	referenced bool
	typ        uint16
	next       uint32 // the first number that is still to come
	total      int
}

func serveEverything(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	e := &everything{s: s, c: c}
	if err := e.read(); err != nil {
		return interaction.Reply{}, err
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, c.Key)
	if err != nil {
		return interaction.Reply{}, err
	}
	head, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer head.Close()
	e.view = head
	if token := c.Parameters.Text("page"); token != "" {
		if err := e.resume(ctx, token); err != nil {
			return interaction.Reply{}, err
		}
	}
	if err := e.find(ctx); err != nil {
		return interaction.Reply{}, err
	}
	page, err := e.page(ctx)
	if err != nil {
		return interaction.Reply{}, err
	}
	body, err := s.interactions.Pack(c.Caller, page)
	return interaction.Reply{Body: body}, err
}

// read takes the parameters.
func (e *everything) read() (err error) {
	p := e.c.Parameters
	e.query, e.count = url.Values{}, everythingCount
	for _, name := range []string{"start", "end", "_since", "since", "_count"} {
		if text := p.Text(name); text != "" {
			e.query.Set(name, text)
		}
	}
	for _, text := range p.Texts("_type") {
		e.query.Add("_type", text)
	}
	if text := e.query.Get("_count"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return fault.New(fault.Invalid, "_count is not a number from 0 on").WithCode("value").At("_count")
		}
		e.count = min(int(n), everythingCount)
	}
	e.filter, err = newClinicalFilter(p)
	return err
}

// about is what a page token is bound to.
func (e *everything) about() string { return "everything " + e.c.Key.String() + "?" + e.query.Encode() }

func (p everythingPlace) String() string {
	stage := 0
	if p.referenced {
		stage = 1
	}
	return fmt.Sprintf("%d %d %d %d %d", p.seq, stage, p.typ, p.next, p.total)
}

// resume goes to the place that a token names.
func (e *everything) resume(ctx context.Context, token string) error {
	text, err := e.s.interactions.Planner().Unseal(e.view, e.about(), token)
	if err != nil {
		return err
	}
	stage := 0
	if _, err := fmt.Sscanf(text, "%d %d %d %d %d", &e.at.seq, &stage, &e.at.typ, &e.at.next, &e.at.total); err != nil {
		return fault.Wrap(fault.Internal, err, "a page token cannot be read")
	}
	e.at.referenced = stage == 1
	e.view, err = e.view.At(ctx, e.at.seq) // closed with the view it is of
	return err
}

// find makes the set of what belongs to the resource.
func (e *everything) find(ctx context.Context) error {
	focus, err := e.focus(ctx)
	if err != nil {
		return err
	}
	planner := e.s.interactions.Planner()
	subjects := []fhir.Key{e.c.Key}
	if e.c.Key.Type != "Patient" {
		if subjects, err = e.subjects(focus.Body); err != nil {
			return err
		}
	}
	if e.patients, err = compartment.Of(ctx, planner, e.view, subjects...); err != nil {
		return err
	}
	e.members = e.patients
	switch e.c.Key.Type {
	case "Encounter":
		if e.members, err = compartment.Of(ctx, planner, e.view, e.c.Key); err != nil {
			return err
		}
	case "Group":
		groups := e.members[focus.Type].Clone()
		groups.Add(focus.Number)
		e.members[focus.Type] = groups
	}
	e.members, err = e.filter.keep(ctx, planner, e.view, e.members)
	return err
}

// focus reads the resource that the call is about.
func (e *everything) focus(ctx context.Context) (record.Version, error) {
	typ := uint16(def.R4().Type(e.c.Key.Type).ID)
	found, err := e.view.Find(ctx, typ, e.c.Key.ID)
	switch {
	case err != nil:
		return record.Version{}, err
	case !found[0].Exists:
		return record.Version{}, fault.New(fault.NotFound, "there is no such resource")
	case found[0].Deleted:
		return record.Version{}, fault.New(fault.Gone, "the resource was deleted in version %d", found[0].Version)
	}
	versions, err := e.view.Bodies(ctx, typ, found[0].Number)
	if err != nil {
		return record.Version{}, err
	}
	return versions[0], nil
}

// subjects are the patients of an encounter or a group.
func (e *everything) subjects(body []byte) ([]fhir.Key, error) {
	resource, done, err := e.s.parse(body)
	if err != nil {
		return nil, err
	}
	defer done()
	if e.c.Key.Type == "Group" {
		return compartment.Members(resource, everythingMembers)
	}
	r := fhir.ParseReference(resource.Field("subject").Field("reference").Text())
	if r.Kind != fhir.Relative || r.Key.Type != "Patient" {
		return nil, nil
	}
	return []fhir.Key{{Type: "Patient", ID: string([]byte(r.Key.ID))}}, nil
}

// page reads the resources of the page.
func (e *everything) page(ctx context.Context) (interaction.Page, error) {
	page := interaction.Page{Kind: "searchset", Path: e.c.Key.String() + "/$everything", Query: e.query, At: e.view.Time()}
	first := e.at.seq == 0
	e.at.seq = e.view.Seq()
	shown := e.shown(e.members)
	left := e.count
	var err error
	if !e.at.referenced {
		if page.Matches, err = e.take(ctx, shown, &left); err != nil {
			return page, err
		}
	}
	if first || e.at.referenced || left > 0 {
		var read []record.Version
		if first && len(page.Matches) == e.members.Len() {
			read = page.Matches
		}
		if err := e.follow(ctx, read); err != nil {
			return page, err
		}
	}
	if first {
		e.at.total = shown.Len() + e.referenced.Len()
	}
	page.Total = e.at.total
	if left > 0 {
		if !e.at.referenced {
			e.at.referenced, e.at.typ, e.at.next = true, 0, 0
		}
		if page.Included, err = e.take(ctx, e.referenced, &left); err != nil {
			return page, err
		}
	}
	if e.count > 0 && left <= 0 && e.more(shown) {
		page.Next = e.s.interactions.Planner().Seal(e.view, e.about(), e.at.String())
	}
	return page, nil
}

// follow finds what the members refer to.
func (e *everything) follow(ctx context.Context, read []record.Version) error {
	if !e.filter.wantsReferenced() {
		return nil
	}
	all, err := compartment.Referenced(ctx, e.view, e.members, e.patients, read)
	if err != nil {
		return err
	}
	if all, err = e.filter.since(ctx, e.view, all); err != nil {
		return err
	}
	e.referenced = e.shown(all)
	return nil
}

// shown leaves of a set the types that are asked for and that the caller may see.
func (e *everything) shown(set compartment.Set) compartment.Set {
	left := compartment.Set{}
	who := e.c.Caller.Who
	for typ, docs := range set {
		name := def.R4().TypeByID(def.TypeID(typ)).Name
		if e.filter.wants(name) && who.May(authz.Search, authz.Object{Account: who.Account, Type: name}) == nil {
			left[typ] = docs
		}
	}
	return left
}

// take reads what comes next of a set, up to so many as are left, and moves the place behind it. A page that is full of bytes has
// none left.
func (e *everything) take(ctx context.Context, set compartment.Set, left *int) ([]record.Version, error) {
	var taken []record.Version
	size := 0
	for _, typ := range e.rest(set) {
		docs := set[typ]
		if typ == e.at.typ {
			docs = docs.Clone()
			docs.RemoveBelow(e.at.next)
		}
		for numbers := range some(docs, 256) {
			numbers = numbers[:min(len(numbers), *left)]
			if len(numbers) == 0 {
				return taken, nil
			}
			versions, err := e.view.Bodies(ctx, typ, numbers...)
			if err != nil {
				return nil, err
			}
			for _, v := range versions {
				taken = append(taken, v)
				size += len(v.Body)
				e.at.typ, e.at.next = typ, v.Number+1
				*left--
				if size >= everythingBytes {
					*left = 0
					return taken, nil
				}
			}
		}
	}
	return taken, nil
}

// rest lists the types of a set from where the place is.
func (e *everything) rest(set compartment.Set) []uint16 {
	types := set.Types()
	for i, typ := range types {
		if typ == e.at.typ {
			return types[i:]
		}
	}
	return types
}

// more reports whether anything comes after the place.
func (e *everything) more(shown compartment.Set) bool {
	after := func(set compartment.Set) bool {
		for _, typ := range e.rest(set) {
			if last, ok := set[typ].Max(); ok && (typ != e.at.typ || last >= e.at.next) {
				return true
			}
		}
		return false
	}
	if e.at.referenced {
		return after(e.referenced)
	}
	return after(shown) || e.at.total > shown.Len()
}

// some gives the numbers of a set in chunks.
func some(docs docset.Set, size int) func(func([]uint32) bool) {
	return func(yield func([]uint32) bool) {
		var buf []uint32
		for n := range docs.All() {
			if buf = append(buf, n); len(buf) == size {
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

// instant reads a parameter that is a point in time.
func instant(p Parameters, name string) (time.Time, error) {
	text := p.Text(name)
	if text == "" {
		return time.Time{}, nil
	}
	d, ok := fhir.ParseSearchDate(text)
	if !ok {
		return time.Time{}, fault.New(fault.Invalid, "the parameter is not an instant").WithCode("value").At(name)
	}
	return d.Time(0), nil
}
