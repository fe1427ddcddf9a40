// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"slices"

	"galen/internal/engine"
	"galen/internal/fhir/def"
	"galen/internal/ordkey"
	"galen/internal/record"
	"galen/internal/store"
)

// Bounds of one step.
const (
	commitsAtOnce  = 1000 // commits that are read from one view
	versionsAtOnce = 64   // versions that are read in one round trip
	eventsAtOnce   = 1000 // events that are appended in one commit, about
	saveEvery      = 5000 // commits without an event after which the position is written
)

// outbox is the events that a step has found and not written yet.
type outbox struct {
	rows   []store.Row
	last   map[string]uint64 // by subscription: the number of its last event, if it has new ones
	events int
}

// dispatch reads commits after the position, up to commitsAtOnce, and appends the events they make. more says that there are
// commits left.
func (r *runner) dispatch(ctx context.Context, v *record.View) (more bool, err error) {
	ids, err := begunIDs(ctx, v)
	if err != nil {
		return false, err
	}
	if len(ids) == 0 { // nobody asks for what happened until now
		r.at = position{seq: v.Seq()}
		return false, nil
	}
	list, err := readMarks(ctx, v, ids...)
	if err != nil {
		return false, err
	}
	known := map[string]marks{}
	least := v.Seq()
	for i, id := range ids {
		known[id] = list[i]
		least = min(least, list[i].since)
	}
	if r.at.seq < least {
		r.at = position{seq: least}
	}
	before, err := v.At(ctx, r.at.seq)
	if err != nil {
		return false, err
	}
	end := min(v.Seq(), r.at.seq+commitsAtOnce)
	box := &outbox{last: map[string]uint64{}}
	for r.at.seq < end {
		at, err := v.At(ctx, r.at.seq+1)
		if err != nil {
			return false, err
		}
		if err := r.commit(ctx, v, at, before, known, box); err != nil {
			return false, err
		}
		r.at = position{seq: r.at.seq + 1}
		before = at
	}
	if box.events > 0 || r.at.seq >= r.saved.seq+saveEvery {
		if err := r.flush(ctx, box); err != nil {
			return false, err
		}
	}
	return r.at.seq < v.Seq(), nil
}

// commit finds the events of one commit, from the position on. v is the view that it is read from.
func (r *runner) commit(ctx context.Context, v, at, before *record.View, known map[string]marks, box *outbox) error {
	if r.set == nil || r.set.next != setKey(at) {
		var err error
		if r.set, err = readSet(ctx, r.s.opt.Planner, at, r.place.DataStore, r.s.opt.Limit); err != nil {
			return err
		}
	}
	for _, typ := range at.Types() {
		first, next := before.Next(typ), at.Next(typ)
		if typ < r.at.typ || first == next || !r.set.about(def.R4().TypeByID(def.TypeID(typ)).Name) {
			continue
		}
		if typ == r.at.typ {
			first = max(first, r.at.number)
		}
		for first < next {
			numbers := make([]uint32, 0, versionsAtOnce)
			for ; first < next && len(numbers) < versionsAtOnce; first++ {
				numbers = append(numbers, first)
			}
			versions, err := v.Bodies(ctx, typ, numbers...)
			if err != nil {
				return err
			}
			for i := range versions {
				if err := r.version(ctx, at, before, versions[i], known, box); err != nil {
					return err
				}
			}
			r.at.typ, r.at.number = typ, first
			if box.events >= eventsAtOnce {
				if err := r.flush(ctx, box); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// version finds for whom one version is an event.
func (r *runner) version(ctx context.Context, at, before *record.View, v record.Version, known map[string]marks, box *outbox) error {
	c, ok, err := readChange(ctx, at, before, v)
	if err != nil || !ok {
		return err
	}
	for _, m := range r.set.members {
		k := known[m.ID]
		if !k.begun || at.Seq() <= k.since {
			continue
		}
		wants, err := r.judge.wants(ctx, m, &c)
		if err != nil {
			return err
		}
		if !wants {
			continue
		}
		number, ok := box.last[m.ID]
		if !ok {
			number = k.last
		}
		number++
		e := event{typ: v.Type, version: v.Number, time: v.Time, interaction: c.interaction}
		box.rows = append(box.rows, store.Row{Suffix: eventRow(m.ID, number), Value: e.append(nil)})
		box.last[m.ID] = number
		box.events++
		k.last = number
		known[m.ID] = k
	}
	return nil
}

// flush writes the events that were found, and how far the commits are read, in one commit; then the deliveries go on.
func (r *runner) flush(ctx context.Context, box *outbox) error {
	for id, last := range box.last {
		box.rows = append(box.rows, store.Row{Suffix: suffix('n', id), Value: counter(last)})
	}
	box.rows = append(box.rows, store.Row{Suffix: positionRow(), Value: r.at.append(nil)})
	if _, err := r.store.Commit(ctx, store.Group{Rows: box.rows}); err != nil {
		r.at = r.saved // what was found is found again
		return err
	}
	r.saved = r.at
	r.s.appended.Add(float64(box.events))
	for id, last := range box.last {
		if d := r.deliveries[id]; d != nil {
			d.appended(ctx, last)
		}
	}
	*box = outbox{rows: box.rows[:0], last: map[string]uint64{}}
	return nil
}

// begunIDs lists the subscriptions that were active once.
func begunIDs(ctx context.Context, v *record.View) ([]string, error) {
	prefix := record.AppendExtraKey(nil, v.Tenant(), append([]byte(rowPrefix), 'a'))
	var ids []string
	for row, err := range v.Snapshot().Scan(ctx, engine.Prefix(slices.Clip(prefix)), engine.Ascending) {
		if err != nil {
			return nil, err
		}
		id, _, err := ordkey.TakeString(row.Key[len(prefix):])
		if err != nil {
			return nil, errRow
		}
		ids = append(ids, id)
	}
	return ids, nil
}
