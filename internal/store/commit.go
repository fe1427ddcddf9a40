// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"

	"galen/internal/fault"
	"galen/internal/record"
)

// maxRaces bounds how often a batch is built anew because another process was quicker.
const maxRaces = 20

// run is the committer: it ends when the store stops and nothing waits.
func (s *Store) run() {
	defer close(s.stopped)
	ctx := context.Background() // what was taken off the queue is decided, whoever goes away meanwhile
	for {
		var next *request
		select {
		case next = <-s.queue:
		case <-s.stopping:
			select {
			case next = <-s.queue:
			default:
				return
			}
		}
		for next != nil {
			var batch []*request
			batch, next = s.gather(next)
			s.commit(ctx, batch)
		}
	}
}

// gather takes what waits, up to the size of a batch. A group with a Check begins a batch, as it must see the changes of those
// before it: then it is what comes next. A group that is Last ends one.
func (s *Store) gather(first *request) (taken []*request, next *request) {
	changes, bytes := 0, 0
	for r := first; ; {
		if (r.group.Check != nil || r.group.alone()) && len(taken) > 0 {
			return taken, r
		}
		if r.taken.CompareAndSwap(false, true) {
			taken = append(taken, r)
			changes += len(r.group.Changes)
			for _, c := range r.group.Changes {
				bytes += c.prepared.Len()
			}
		}
		if r.group.alone() || r.group.Last || changes >= s.opt.MaxGroup || bytes >= s.opt.BatchBytes {
			return taken, nil
		}
		select {
		case r = <-s.queue:
		default:
			return taken, nil
		}
	}
}

// alone reports whether the group is a batch of its own.
func (g *Group) alone() bool { return g.Erase != nil || g.pass != nil }

// commit decides the requests and answers each.
func (s *Store) commit(ctx context.Context, requests []*request) {
	if len(requests) == 0 {
		return
	}
	var err error
	for range maxRaces {
		if err = s.try(ctx, requests); !errors.Is(err, fault.Precondition) {
			break
		}
	}
	if err != nil {
		err = fault.Wrap(fault.Unavailable, err, "the data store cannot be written at the moment")
	}
	for _, r := range requests {
		if err != nil {
			r.results = nil
			r.answer(err)
		} else {
			r.answer(r.err)
		}
	}
}

// try resolves the requests against the newest state and applies what they make. It fails with fault.Precondition if
// another process committed meanwhile; then it can be called again.
func (s *Store) try(ctx context.Context, requests []*request) error {
	p, err := s.plan(ctx, requests)
	if err != nil {
		return err
	}
	if err := s.refresh(ctx, p); err != nil {
		return err
	}
	switch r := requests[0]; {
	case r.group.Erase != nil:
		return s.tryErase(ctx, r, p)
	case r.group.pass != nil:
		return s.tryPass(ctx, r, p)
	}
	for _, r := range requests {
		if r.results, r.err = nil, s.checked(ctx, r); r.err == nil {
			r.results, r.err = p.add(r.group)
		}
	}
	after, err := s.settle(p)
	if err != nil {
		return err
	}
	s.writer.write(p)
	if s.writer.batch.IsEmpty() {
		return nil
	}
	if after != nil {
		s.writeTerms(after)
	}
	if err := s.engine.Apply(ctx, &s.writer.batch); err != nil {
		return err
	}
	if after != nil && after != s.terms.Load() {
		s.setTerms(after)
	}
	if s.opt.Committed != nil && len(p.made) > 0 {
		s.opt.Committed(s.tenant, &p.state)
	}
	return nil
}

// checked asks the Check of a group, which is the first of its batch. A view that is newer than the plan does no harm: then the
// plan cannot be applied, and all is asked again.
func (s *Store) checked(ctx context.Context, r *request) error {
	if r.group.Check == nil {
		return nil
	}
	view, err := record.Open(ctx, s.engine, s.tenant)
	if err != nil {
		return err
	}
	defer view.Close()
	return r.group.Check(ctx, view)
}
