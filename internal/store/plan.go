// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search/schema"
)

// key names a resource within a data store.
type key struct {
	typ uint16
	id  string
}

// known is the newest version of a resource, as the changes decided so far leave it. version 0: there is none.
type known struct {
	record.Identity
}

func (k known) live() bool { return k.VersionID > 0 && !k.Deleted }

// made is one version to be written.
type made struct {
	change   *Change
	bodies   bool // the result carries the body
	result   *Result
	key      key
	before   known
	identity record.Identity
}

// plan is a batch in the making: requests are added in order, each seeing what those before it made.
type plan struct {
	tenant uint32
	ttl    time.Duration
	head   []byte        // as stored; nil if there is none
	search []byte        // the search row as stored; nil if there is none
	schema schema.Schema // as the changes decided so far leave it
	last   record.State  // what head says
	state  record.State  // after the batch
	newest map[key]known
	keys   map[string]once  // idempotency keys, as the changes decided so far leave them
	stale  map[string]int64 // when those that had their time were used
	made   []made
	rows   []Row
	aged   []aged
}

// plan reads, in one round trip, everything the requests' conditions depend on.
func (s *Store) plan(ctx context.Context, requests []*request) (*plan, error) {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	defer snap.Close()
	p := &plan{tenant: s.tenant, ttl: s.opt.IdempotencyTTL, newest: map[key]known{}, keys: map[string]once{},
		stale: map[string]int64{}}
	rows := [][]byte{record.AppendHeadKey(nil, s.tenant), record.AppendSearchKey(nil, s.tenant)}
	var ids []key
	var tokens []string
	for _, r := range requests {
		for _, c := range r.group.Changes {
			k := key{c.typ, c.id}
			if _, seen := p.newest[k]; !seen && !c.assigned {
				p.newest[k] = known{}
				ids = append(ids, k)
				rows = append(rows, record.AppendIdentityKey(nil, s.tenant, k.typ, k.id))
			}
		}
	}
	for _, r := range requests {
		for _, c := range r.group.Changes {
			if _, seen := p.keys[c.cond.Key]; !seen && c.cond.Key != "" {
				p.keys[c.cond.Key] = once{}
				tokens = append(tokens, c.cond.Key)
				rows = append(rows, appendOnceKey(nil, s.tenant, c.cond.Key))
			}
		}
	}
	values, err := snap.Get(ctx, rows...)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	if err := p.read(values, s.opt.Now(), ids, tokens); err != nil {
		return nil, err
	}
	if len(tokens) > 0 {
		if p.aged, err = p.findAged(ctx, snap); err != nil {
			return nil, fmt.Errorf("commit: %w", err)
		}
	}
	return p, nil
}

// read parses the rows that plan asked for: the head, the search row, the identities, the idempotency keys.
func (p *plan) read(values [][]byte, now time.Time, ids []key, tokens []string) (err error) {
	p.head, p.search, values = values[0], values[1], values[2:]
	if p.last, err = record.ParseState(p.head); err != nil {
		return err
	}
	p.state = p.last.Clone()
	p.state.Seq++
	p.state.Millis = max(p.state.Millis, now.UnixMilli()) // record R3
	for i, k := range ids {
		if v := values[i]; v != nil {
			identity, err := record.ParseIdentity(v)
			if err != nil {
				return err
			}
			p.newest[k] = known{identity}
		}
	}
	for i, t := range tokens {
		v := values[len(ids)+i]
		if v == nil {
			continue
		}
		o, err := parseOnce(v)
		if err != nil {
			return err
		}
		if p.state.Millis-o.millis < p.ttl.Milliseconds() {
			p.keys[t] = o
		} else {
			p.stale[t] = o.millis
		}
	}
	return nil
}

// add decides the changes of a group in order. Its error is the refusal of an atomic group, which has then left nothing.
func (p *plan) add(g Group) ([]Result, error) {
	results := make([]Result, len(g.Changes))
	var undo savepoint
	if g.Atomic {
		undo = p.save()
	}
	for i, c := range g.Changes {
		results[i].Seq = p.state.Seq
		p.decide(c, g.Bodies, &results[i], &undo)
		if err := results[i].Err; err != nil && g.Atomic {
			p.restore(undo)
			return nil, &Refusal{Index: i, Err: err}
		}
	}
	p.rows = append(p.rows, g.Rows...)
	if g.Also != nil {
		p.rows = append(p.rows, g.Also(results)...)
	}
	return results, nil
}

// decide resolves one change: it makes a version, or says in the result why not.
func (p *plan) decide(c *Change, bodies bool, r *Result, undo *savepoint) {
	k := key{c.typ, c.id}
	was := p.newest[k]
	r.Version = record.Version{Type: c.typ, ID: c.id, Number: was.Number, VersionID: was.VersionID}
	if c.cond.Key != "" {
		if o := p.keys[c.cond.Key]; o.version > 0 {
			r.Version = o.made()
			r.Repeated = true
			r.Err = fault.New(fault.Conflict, "a resource was made with this idempotency key before").WithCode("duplicate")
			return
		}
	}
	if r.Err = c.cond.check(was); r.Err != nil {
		return
	}
	if c.method == record.Delete && !was.live() {
		return
	}
	counter := p.state.Counter(c.typ)
	if counter.Next >= record.None-1 {
		r.Err = fault.New(fault.TooLarge, "the data store can hold no more versions of this type")
		return
	}
	if c.typ == searchParameterType() {
		if r.Err = p.parameter(c); r.Err != nil {
			return
		}
	}
	m := made{change: c, bodies: bodies, result: r, key: k, before: was,
		identity: record.Identity{Number: counter.Next, VersionID: was.VersionID + 1, Deleted: c.method == record.Delete}}
	counter.Next++
	switch {
	case m.identity.Deleted:
		counter.Live--
	case !was.live():
		counter.Live++
		r.Created = true
	}
	p.state.Set(counter)
	undo.note(k, was, c.cond.Key)
	p.newest[k] = known{m.identity}
	r.Changed = true
	r.Version = m.version(p)
	if c.cond.Key != "" {
		p.keys[c.cond.Key] = onceOf(r.Version)
	}
	p.made = append(p.made, m)
}

// searchParameterType is the number of the type SearchParameter. The definitions are not read before they are needed: most commands
// need none.
func searchParameterType() uint16 { return uint16(def.R4().Type(searchParameter).ID) }

// parameter decides what a SearchParameter, or its deletion, does to what is indexed.
func (p *plan) parameter(c *Change) (err error) {
	next := p.schema
	if c.param == nil {
		next = next.Remove(c.id)
	} else {
		param := *c.param
		param.ID = c.id
		if next, err = next.Put(param); err != nil {
			return err
		}
	}
	p.schema = next
	return nil
}

// version is the new version without its body.
func (m *made) version(p *plan) record.Version {
	v := record.Version{Type: m.key.typ, ID: m.key.id, Number: m.identity.Number, VersionID: m.identity.VersionID,
		Previous: record.None, Time: p.state.Time(), Method: m.change.method}
	if m.before.VersionID > 0 {
		v.Previous = m.before.Number
	}
	return v
}

// check reports why a change may not follow the newest version.
func (f If) check(was known) error {
	switch {
	case f.Version != 0 && (f.Version != was.VersionID || was.Deleted):
		return fault.New(fault.Precondition, "the current version is not version %d", f.Version).WithCode("conflict")
	case f.None && was.live():
		return fault.New(fault.Precondition, "the resource exists already").WithCode("conflict")
	case f.Exists && was.VersionID == 0:
		return fault.New(fault.NotFound, "there is no such resource")
	case f.Exists && was.Deleted:
		return fault.New(fault.Gone, "the resource was deleted in version %d", was.VersionID)
	}
	return nil
}

// savepoint is what an atomic group has to undo. That of other groups stays empty.
type savepoint struct {
	on     bool
	made   int
	state  record.State
	schema schema.Schema
	ids    []undoID
	keys   []string
}

type undoID struct {
	key key
	was known
}

func (p *plan) save() savepoint {
	return savepoint{on: true, made: len(p.made), state: p.state.Clone(), schema: p.schema}
}

func (s *savepoint) note(k key, was known, token string) {
	if !s.on {
		return
	}
	s.ids = append(s.ids, undoID{k, was})
	if token != "" {
		s.keys = append(s.keys, token)
	}
}

func (p *plan) restore(s savepoint) {
	p.made, p.state, p.schema = p.made[:s.made], s.state, s.schema
	for i := len(s.ids) - 1; i >= 0; i-- {
		p.newest[s.ids[i].key] = s.ids[i].was
	}
	for _, t := range s.keys {
		p.keys[t] = once{}
	}
}
