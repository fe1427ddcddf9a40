// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Handler does jobs of one kind. Done and DoneWithFlaws are its own verdict. An error fails the job, with the text of the
// error's fault as message, unless ctx has ended: then the job is cancelled if somebody asked for that, or else left as it is
// for the next process to take up.
type Handler func(ctx context.Context, run *Run) (State, error)

// Run is one call of a handler.
type Run struct {
	Job Job // as it was when the handler was called

	queue *Queue
}

// Progress stores v, as JSON, as how far the job is.
func (r *Run) Progress(ctx context.Context, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("job progress: %w", err)
	}
	_, err = r.queue.change(ctx, r.Job.Queue, r.Job.ID, func(j *Job) error {
		if j.Holder != r.queue.holder {
			return fault.New(fault.Conflict, "another process has taken the job over")
		}
		j.Progress, j.Lease = text, r.queue.opt.Now().Add(r.queue.opt.Lease).UTC()
		return nil
	})
	return err
}

// Run works the queue with handlers, by kind, until ctx ends; it returns when the last handler has. Call it once.
// Between pokes it looks every third of a lease for what other processes submitted or left behind.
func (q *Queue) Run(ctx context.Context, handlers map[string]Handler) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := map[string]chan struct{}{} // a pool a kind, so that long imports do not keep short jobs waiting
	for kind := range handlers {
		slots[kind] = make(chan struct{}, q.opt.Workers(kind))
	}
	tick := time.NewTicker(q.opt.Lease / 3)
	defer tick.Stop()
	fresh := q.opt.Exclusive
	for {
		if err := q.start(ctx, handlers, slots, &wg, fresh); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "the job queue cannot be read", "error", err)
		} else {
			fresh = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-tick.C:
			q.renew(ctx)
		}
	}
}

// start claims what may run, as far as there are free slots, and marks what has to wait as queued.
// With fresh, leases of other holders are void.
func (q *Queue) start(ctx context.Context, handlers map[string]Handler, slots map[string]chan struct{}, wg *sync.WaitGroup, fresh bool) error {
	pending, err := q.pending(ctx)
	if err != nil {
		return err
	}
	busy := map[string]int{}
	for _, j := range pending {
		if q.held(j, fresh) {
			busy[j.Queue]++
		}
	}
	for _, j := range pending {
		handler := handlers[j.Kind]
		if handler == nil || q.held(j, fresh) {
			continue
		}
		if busy[j.Queue] >= q.opt.Limit(j.Kind) || !take(slots[j.Kind]) {
			busy[j.Queue] = max(busy[j.Queue], q.opt.Limit(j.Kind)) // first in, first out: nothing of this queue overtakes
			if err := q.park(ctx, j); err != nil {
				return err
			}
			continue
		}
		busy[j.Queue]++
		claimed, err := q.claim(ctx, j, fresh)
		if err != nil {
			<-slots[j.Kind]
			if errors.Is(err, fault.Conflict) || errors.Is(err, fault.NotFound) {
				continue // another process was quicker, or it ended
			}
			return err
		}
		inner := q.register(ctx, claimed)
		wg.Go(func() {
			defer q.poke() // after the slot is free again
			defer func() { <-slots[j.Kind] }()
			q.work(ctx, inner, handler, claimed)
		})
	}
	return nil
}

func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// held reports whether some living process works on j.
func (q *Queue) held(j Job, fresh bool) bool {
	q.mu.Lock()
	_, mine := q.running[j.ID]
	q.mu.Unlock()
	if mine {
		return true
	}
	return j.Holder != "" && j.Holder != q.holder && !fresh && q.opt.Now().Before(j.Lease)
}

// park shows a job that cannot start yet as queued.
func (q *Queue) park(ctx context.Context, j Job) error {
	if j.State != Submitted {
		return nil
	}
	_, err := q.change(ctx, j.Queue, j.ID, func(j *Job) error {
		if j.State == Submitted {
			j.State = Queued
		}
		return nil
	})
	return err
}

// claim makes this process the holder of j. It fails with fault.Conflict if it may not.
func (q *Queue) claim(ctx context.Context, j Job, fresh bool) (Job, error) {
	return q.change(ctx, j.Queue, j.ID, func(j *Job) error {
		if j.State.Ended() || q.held(*j, fresh) {
			return fault.New(fault.Conflict, "the job is taken")
		}
		if j.State != Cancelling {
			j.State = Running
		}
		now := q.opt.Now().UTC()
		if j.Started.IsZero() {
			j.Started = now
		}
		j.Holder, j.Lease = q.holder, now.Add(q.opt.Lease)
		j.Attempts++
		return nil
	})
}

// register notes that this process works on j, and returns the context its handler is to have.
func (q *Queue) register(ctx context.Context, j Job) context.Context {
	inner, stop := context.WithCancelCause(ctx)
	q.mu.Lock()
	q.running[j.ID] = stop
	q.mu.Unlock()
	if j.State == Cancelling {
		stop(errCancelled)
	}
	return inner
}

// work calls the handler with inner and stores the verdict.
func (q *Queue) work(ctx, inner context.Context, handler Handler, j Job) {
	state, err := q.call(inner, handler, j)
	cause := context.Cause(inner)
	if err == nil || ctx.Err() == nil && cause != errLost {
		q.finish(context.WithoutCancel(ctx), j, state, err, cause == errCancelled)
	} // else the process is stopping, or another one has the job: it is not ours to end
	q.mu.Lock()
	q.running[j.ID](nil)
	delete(q.running, j.ID)
	q.mu.Unlock()
}

// finish stores how j ended.
func (q *Queue) finish(ctx context.Context, j Job, state State, err error, cancelled bool) {
	switch {
	case err != nil && cancelled:
		state = Cancelled
	case err != nil:
		slog.ErrorContext(ctx, "job failed", "job", j.ID, "kind", j.Kind, "error", err)
		state = Failed
	}
	_, cerr := q.change(ctx, j.Queue, j.ID, func(j *Job) error {
		if j.Holder != q.holder {
			return fault.New(fault.Conflict, "another process has taken the job over")
		}
		j.State, j.Ended, j.Holder, j.Lease = state, q.opt.Now().UTC(), "", time.Time{}
		if state == Failed && err != nil {
			j.Message = fault.All(err)[0].Text
		}
		return nil
	})
	if cerr != nil {
		slog.ErrorContext(ctx, "a job's end cannot be stored; it will be done again", "job", j.ID, "error", cerr)
	}
}

// call runs the handler and turns a panic into an error, so that one bad job does not stop the server.
func (q *Queue) call(ctx context.Context, handler Handler, j Job) (state State, err error) {
	defer func() {
		if p := recover(); p != nil {
			state, err = Failed, fault.Wrap(fault.Internal, fmt.Errorf("panic: %v", p), "internal error")
		}
	}()
	return handler(ctx, &Run{Job: j, queue: q})
}

// renew prolongs the leases of the jobs this process works on, and stops those that somebody cancelled elsewhere.
func (q *Queue) renew(ctx context.Context) {
	pending, err := q.pending(ctx)
	if err != nil {
		return // the next tick tries again; a lease outlives two lost ticks
	}
	for _, j := range pending {
		q.mu.Lock()
		stop := q.running[j.ID]
		q.mu.Unlock()
		if stop == nil {
			continue
		}
		j, err := q.change(ctx, j.Queue, j.ID, func(j *Job) error {
			if j.Holder != q.holder {
				return fault.New(fault.Conflict, "another process has taken the job over")
			}
			j.Lease = q.opt.Now().Add(q.opt.Lease).UTC()
			return nil
		})
		switch {
		case errors.Is(err, fault.Conflict):
			stop(errLost)
		case err == nil && j.State == Cancelling:
			stop(errCancelled)
		}
	}
}

// pending returns the jobs that have not ended, of all queues, oldest first.
func (q *Queue) pending(ctx context.Context) ([]Job, error) {
	snap, err := q.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	var keys [][]byte
	for row, err := range snap.Scan(ctx, pendingRange(), engine.Ascending) {
		if err != nil {
			return nil, err
		}
		queue, rest, err := ordkey.TakeString(row.Value)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a job's row cannot be read")
		}
		id, _, err := ordkey.TakeString(rest)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "a job's row cannot be read")
		}
		keys = append(keys, jobKey(queue, id))
	}
	rows, err := snap.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	jobs := make([]Job, 0, len(rows))
	for _, row := range rows {
		j, err := decode(row)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}
