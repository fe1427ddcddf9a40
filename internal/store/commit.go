// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"

	"galen/internal/fault"
)

// maxRaces bounds how often a batch is built anew because another process was quicker.
const maxRaces = 20

// run is the committer: it ends when the store stops and nothing waits.
func (s *Store) run() {
	defer close(s.stopped)
	ctx := context.Background() // what was taken off the queue is decided, whoever goes away meanwhile
	for {
		select {
		case r := <-s.queue:
			s.commit(ctx, s.gather(r))
		case <-s.stopping:
			select {
			case r := <-s.queue:
				s.commit(ctx, s.gather(r))
				continue
			default:
				return
			}
		}
	}
}

// gather takes what waits, up to the size of a batch.
func (s *Store) gather(first *request) []*request {
	var taken []*request
	changes, bytes := 0, 0
	for r := first; ; {
		if r.taken.CompareAndSwap(false, true) {
			taken = append(taken, r)
			changes += len(r.group.Changes)
			for _, c := range r.group.Changes {
				bytes += c.prepared.Len()
			}
		}
		if changes >= s.opt.MaxGroup || bytes >= s.opt.BatchBytes {
			return taken
		}
		select {
		case r = <-s.queue:
		default:
			return taken
		}
	}
}

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
	for _, r := range requests {
		r.results, r.err = p.add(r.group)
	}
	s.writer.write(p)
	if s.writer.batch.IsEmpty() {
		return nil
	}
	return s.engine.Apply(ctx, &s.writer.batch)
}
