// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"errors"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
)

// drainInterval is how often Drain looks whether the handlers it stopped have returned; they may be in other processes.
const drainInterval = 20 * time.Millisecond

// Drain cancels every job of queue that has not ended, and returns when all have.
func (q *Queue) Drain(ctx context.Context, queue string) error {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		pending, err := q.pending(ctx)
		if err != nil {
			return err
		}
		left := 0
		for _, j := range pending {
			if j.Queue != queue {
				continue
			}
			j, err := q.Cancel(ctx, queue, j.ID)
			if err != nil && !errors.Is(err, fault.Conflict) {
				return err
			}
			if err == nil && !j.State.Ended() {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Erase forgets the jobs of queue that have ended, as if they had never been.
func (q *Queue) Erase(ctx context.Context, queue string) error {
	const batch = 500
	for before := uint64(0); ; {
		jobs, next, err := q.List(ctx, queue, Filter{}, before, batch)
		if err != nil {
			return err
		}
		var b engine.Batch
		for _, j := range jobs {
			if j.State.Ended() {
				b.Delete(jobKey(queue, j.ID))
				b.Delete(orderKey(queue, j.Seq))
			}
		}
		if !b.IsEmpty() {
			if err := q.engine.Apply(ctx, &b); err != nil {
				return err
			}
		}
		if before = next; next == 0 {
			return nil
		}
	}
}

// Wait returns a job when it has ended.
func (q *Queue) Wait(ctx context.Context, queue, id string) (Job, error) {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		j, err := q.Describe(ctx, queue, id)
		if err != nil || j.State.Ended() {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-tick.C:
		}
	}
}
