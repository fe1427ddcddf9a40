// SPDX-License-Identifier: Apache-2.0

package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
)

// start works q until the test ends.
func start(t *testing.T, q *job.Queue, handlers map[string]job.Handler) context.CancelFunc {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); q.Run(ctx, handlers) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func submit(t *testing.T, q *job.Queue, queue string) job.Job {
	t.Helper()
	j, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: queue, Spec: []byte(`{"a":1}`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func state(t *testing.T, q *job.Queue, j job.Job) job.Job {
	t.Helper()
	j, err := q.Describe(t.Context(), j.Queue, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestAJobGoesThroughItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := job.New(mem.New(), job.Options{})
		j := submit(t, q, "a")
		if got := state(t, q, j).State; got != job.Submitted {
			t.Errorf("after Submit: %s", got)
		}
		release := make(chan job.State)
		start(t, q, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			if string(r.Job.Spec) != `{"a":1}` {
				t.Errorf("spec = %s", r.Job.Spec)
			}
			if err := r.Progress(ctx, map[string]int{"done": 7}); err != nil {
				t.Error(err)
			}
			return <-release, nil
		}})
		synctest.Wait()
		if got := state(t, q, j); got.State != job.Running || string(got.Progress) != `{"done":7}` || got.Started.IsZero() {
			t.Errorf("while running: %+v", got)
		}
		release <- job.DoneWithFlaws
		synctest.Wait()
		if got := state(t, q, j); got.State != job.DoneWithFlaws || got.Ended.IsZero() {
			t.Errorf("at the end: %+v", got)
		}
		if _, err := q.Cancel(t.Context(), j.Queue, j.ID); !errors.Is(err, fault.Conflict) {
			t.Errorf("cancelling an ended job: %v", err)
		}
	})
}

func TestQueuesAreFirstInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := job.New(mem.New(), job.Options{Workers: func(string) int { return 3 }})
		var ids []string
		for range 5 {
			ids = append(ids, submit(t, q, "a").ID)
		}
		other := submit(t, q, "b")
		var mu sync.Mutex
		var order []string
		release := make(chan bool)
		start(t, q, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			mu.Lock()
			order = append(order, r.Job.ID)
			mu.Unlock()
			<-release
			return job.Done, nil
		}})
		synctest.Wait()
		if got := state(t, q, other).State; got != job.Running {
			t.Errorf("the other queue waits: %s", got)
		}
		if got := state(t, q, job.Job{Queue: "a", ID: ids[1]}).State; got != job.Queued {
			t.Errorf("the second of a queue is %s, want queued", got)
		}
		if n, _ := q.Waiting(t.Context(), "a"); n != 4 {
			t.Errorf("waiting = %d, want 4", n)
		}
		for range 6 {
			release <- true
			synctest.Wait()
		}
		var mine []string
		for _, id := range order {
			if id != other.ID {
				mine = append(mine, id)
			}
		}
		if fmt.Sprint(mine) != fmt.Sprint(ids) {
			t.Errorf("order %v, want %v", mine, ids)
		}
	})
}

func TestCancelEndsARunningAndAWaitingJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := job.New(mem.New(), job.Options{})
		a, b := submit(t, q, "a"), submit(t, q, "a")
		start(t, q, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}})
		synctest.Wait()
		if got, err := q.Cancel(t.Context(), "a", b.ID); err != nil || got.State != job.Cancelled {
			t.Errorf("cancel of a waiting job: %v %v", got.State, err)
		}
		if _, err := q.Cancel(t.Context(), "a", a.ID); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := state(t, q, a).State; got != job.Cancelled {
			t.Errorf("running job after cancel: %s", got)
		}
	})
}

func TestAnInterruptedJobIsTakenUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mem.New()
		first := job.New(e, job.Options{})
		j := submit(t, first, "a")
		stop := start(t, first, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}})
		synctest.Wait()
		stop()
		if got := state(t, first, j).State; got != job.Running {
			t.Fatalf("after its process stopped the job is %s", got)
		}
		second := job.New(e, job.Options{}) // must wait for the lease
		start(t, second, map[string]job.Handler{"k": func(context.Context, *job.Run) (job.State, error) { return job.Done, nil }})
		synctest.Wait()
		if got := state(t, second, j).State; got != job.Running {
			t.Errorf("taken over while the lease was good: %s", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := state(t, second, j); got.State != job.Done || got.Attempts != 2 {
			t.Errorf("after the lease: %s, %d attempts", got.State, got.Attempts)
		}
	})
}

func TestAnExclusiveQueueDoesNotWaitForLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mem.New()
		first := job.New(e, job.Options{})
		j := submit(t, first, "a")
		stop := start(t, first, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}})
		synctest.Wait()
		stop()
		second := job.New(e, job.Options{Exclusive: true})
		start(t, second, map[string]job.Handler{"k": func(context.Context, *job.Run) (job.State, error) { return job.Done, nil }})
		synctest.Wait()
		if got := state(t, second, j).State; got != job.Done {
			t.Errorf("state %s, want done", got)
		}
	})
}

func TestFailureAndPanicKeepDetailsFromTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := job.New(mem.New(), job.Options{})
		a := submit(t, q, "a")
		b := submit(t, q, "b")
		start(t, q, map[string]job.Handler{"k": func(ctx context.Context, r *job.Run) (job.State, error) {
			if r.Job.Queue == "a" {
				panic("secret")
			}
			return "", fault.New(fault.NotFound, "the bucket does not exist")
		}})
		synctest.Wait()
		if got := state(t, q, a); got.State != job.Failed || got.Message != "internal error" {
			t.Errorf("panic: %s %q", got.State, got.Message)
		}
		if got := state(t, q, b); got.State != job.Failed || got.Message != "the bucket does not exist" {
			t.Errorf("fault: %s %q", got.State, got.Message)
		}
	})
}

func TestListIsPagedNewestFirstAndFiltered(t *testing.T) {
	q := job.New(mem.New(), job.Options{})
	var want []string
	for i := range 7 {
		j, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: "a", Name: fmt.Sprint("n", i%2)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			want = append([]string{j.ID}, want...)
		}
	}
	submit(t, q, "other")
	var got []string
	for before := uint64(0); ; {
		page, next, err := q.List(t.Context(), "a", job.Filter{Name: "n0"}, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page {
			got = append(got, j.ID)
		}
		if next == 0 {
			break
		}
		before = next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSubmitIsAtomicWithWhatGoesAlong(t *testing.T) {
	q := job.New(mem.New(), job.Options{})
	key := []byte("token")
	also := func(b *engine.Batch) { b.RequireAbsent(key); b.Put(key, []byte("x")) }
	if _, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: "a"}, also); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: "a"}, also); !errors.Is(err, fault.Precondition) {
		t.Errorf("second submit with the same token: %v", err)
	}
	if jobs, _, _ := q.List(t.Context(), "a", job.Filter{}, 0, 10); len(jobs) != 1 {
		t.Errorf("%d jobs, want 1", len(jobs))
	}
}

func TestParallelSubmitsAllGetAPlace(t *testing.T) {
	q := job.New(mem.New(), job.Options{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: "a"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	jobs, _, _ := q.List(t.Context(), "a", job.Filter{}, 0, 100)
	seen := map[uint64]bool{}
	for _, j := range jobs {
		seen[j.Seq] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d places for 20 jobs", len(seen))
	}
}

func TestEraseForgetsWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := job.New(mem.New(), job.Options{})
		block := make(chan struct{})
		start(t, q, map[string]job.Handler{"k": func(_ context.Context, r *job.Run) (job.State, error) {
			if r.Job.Name == "waits" {
				<-block
			}
			return job.Done, nil
		}})
		ended, other := submit(t, q, "a"), submit(t, q, "b")
		synctest.Wait()
		running, err := q.Submit(t.Context(), job.Job{Kind: "k", Queue: "a", Name: "waits"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := q.Erase(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := q.Describe(t.Context(), "a", ended.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("an ended job: %v", err)
		}
		left, _, err := q.List(t.Context(), "a", job.Filter{}, 0, 10)
		if err != nil || len(left) != 1 || left[0].ID != running.ID {
			t.Errorf("left %v: %v", left, err)
		}
		if got := state(t, q, other); got.State != job.Done {
			t.Errorf("another queue's job is %s", got.State)
		}
		close(block)
		synctest.Wait()
	})
}
