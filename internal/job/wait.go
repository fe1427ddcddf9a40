// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"errors"
	"time"

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
