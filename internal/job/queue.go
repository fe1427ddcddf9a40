// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Options of a Queue; the zero value works.
type Options struct {
	Limit     func(kind string) int // how many jobs of one queue run at a time; nil: 1
	Workers   func(kind string) int // how many jobs of one kind run at a time in this process; nil: 4
	Lease     time.Duration         // how long a silent holder is believed to be alive; 0: 30 s
	Exclusive bool                  // no other process can share the engine, so every lease found at start is void
	Now       func() time.Time      // nil: time.Now
}

// Queue is the jobs of one engine.
type Queue struct {
	engine engine.Engine
	opt    Options
	holder string
	wake   chan struct{} // capacity 1: something may be runnable

	mu      sync.Mutex
	running map[string]context.CancelCauseFunc // guarded by mu: jobs this process works on, by id
}

// New returns the queue of e.
func New(e engine.Engine, opt Options) *Queue {
	if opt.Limit == nil {
		opt.Limit = func(string) int { return 1 }
	}
	if opt.Workers == nil {
		opt.Workers = func(string) int { return 4 }
	}
	if opt.Lease == 0 {
		opt.Lease = 30 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Queue{engine: e, opt: opt, holder: NewID(), wake: make(chan struct{}, 1),
		running: map[string]context.CancelCauseFunc{}}
}

// NewID returns 32 random lower-case hexadecimal digits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// NewUUID returns a random UUID, for the ids of jobs whose users know those.
func NewUUID() string {
	id := NewID()
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-a" + id[17:20] + "-" + id[20:]
}

// Submit stores a new job and returns it as stored. Kind, Queue, Name and Spec are the caller's; an empty ID is made.
// also, if not nil, adds to the batch that stores the job, so that what it writes exists if and only if the job does; it may
// be called more than once. A precondition that also adds and that does not hold fails Submit with fault.Precondition.
func (q *Queue) Submit(ctx context.Context, j Job, also func(*engine.Batch)) (Job, error) {
	if j.ID == "" {
		j.ID = NewID()
	}
	j.State, j.Submitted = Submitted, q.opt.Now().UTC()
	for range maxRaces {
		old, err := q.get(ctx, counterKey())
		if err != nil {
			return Job{}, err
		}
		j.Seq = 1
		if len(old) == 8 {
			j.Seq = binary.BigEndian.Uint64(old) + 1
		}
		var b engine.Batch
		requireSame(&b, counterKey(), old)
		b.Put(counterKey(), ordkey.AppendUint64(nil, j.Seq))
		b.RequireAbsent(jobKey(j.Queue, j.ID))
		b.Put(orderKey(j.Queue, j.Seq), []byte(j.ID))
		b.Put(pendingKey(j.Seq), ordkey.AppendString(ordkey.AppendString(nil, j.Queue), j.ID))
		b.Put(jobKey(j.Queue, j.ID), encode(j))
		if also != nil {
			also(&b)
		}
		err = q.engine.Apply(ctx, &b)
		if err == nil {
			q.poke()
			return j, nil
		}
		if now, gerr := q.get(ctx, counterKey()); !errors.Is(err, fault.Precondition) || gerr != nil || string(now) == string(old) {
			return Job{}, fmt.Errorf("submit job: %w", err) // not a race for the place
		}
	}
	return Job{}, fault.New(fault.Unavailable, "too many jobs are being submitted at once; try again")
}

// maxRaces bounds how often a change is tried anew because another process changed the same row first.
const maxRaces = 100

// Describe returns a job of queue as it stands. It fails with fault.NotFound if there is none with this id.
func (q *Queue) Describe(ctx context.Context, queue, id string) (Job, error) {
	j, _, err := q.load(ctx, queue, id)
	return j, err
}

// List returns up to limit jobs of queue that the filter keeps, newest first, beginning after the job with place before
// (0: from the newest), and the place to go on from (0: there are no more).
func (q *Queue) List(ctx context.Context, queue string, f Filter, before uint64, limit int) ([]Job, uint64, error) {
	snap, err := q.engine.Snapshot(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer snap.Close()
	var jobs []Job
	for row, err := range snap.Scan(ctx, orderRange(queue, before), engine.Descending) {
		if err != nil {
			return nil, 0, err
		}
		values, err := snap.Get(ctx, jobKey(queue, string(row.Value)))
		if err != nil {
			return nil, 0, err
		}
		j, err := decode(values[0])
		if err != nil {
			return nil, 0, err
		}
		if !f.keeps(j) {
			continue
		}
		if len(jobs) == limit {
			return jobs, jobs[limit-1].Seq, nil
		}
		jobs = append(jobs, j)
	}
	return jobs, 0, nil
}

// Waiting counts the jobs of queue that have not started.
func (q *Queue) Waiting(ctx context.Context, queue string) (int, error) {
	pending, err := q.pending(ctx)
	n := 0
	for _, j := range pending {
		if j.Queue == queue && (j.State == Submitted || j.State == Queued) {
			n++
		}
	}
	return n, err
}

// Cancel asks for the end of a job: at once if it has not started, else its handler's context ends and the job is
// Cancelling until the handler has returned. It fails with fault.NotFound, and with fault.Conflict if the job has ended.
func (q *Queue) Cancel(ctx context.Context, queue, id string) (Job, error) {
	j, err := q.change(ctx, queue, id, func(j *Job) error {
		switch {
		case j.State.Ended():
			return fault.New(fault.Conflict, "the job has ended")
		case j.State == Running:
			j.State = Cancelling
		case j.State != Cancelling:
			j.State, j.Ended = Cancelled, q.opt.Now().UTC()
		}
		return nil
	})
	if err != nil {
		return Job{}, err
	}
	q.mu.Lock()
	stop := q.running[id]
	q.mu.Unlock()
	if stop != nil {
		stop(errCancelled)
	}
	return j, nil
}

var (
	errCancelled = errors.New("the job was cancelled")
	errLost      = errors.New("another process has taken the job over")
)

// change edits a job's row by edit, however many others do so at the same time, and takes an ended one off the pending list.
func (q *Queue) change(ctx context.Context, queue, id string, edit func(*Job) error) (Job, error) {
	for range maxRaces {
		j, old, err := q.load(ctx, queue, id)
		if err != nil {
			return Job{}, err
		}
		if err := edit(&j); err != nil {
			return Job{}, err
		}
		var b engine.Batch
		b.Require(jobKey(queue, id), old)
		b.Put(jobKey(queue, id), encode(j))
		if j.State.Ended() {
			b.Delete(pendingKey(j.Seq))
		}
		err = q.engine.Apply(ctx, &b)
		if err == nil {
			if j.State.Ended() {
				q.poke()
			}
			return j, nil
		}
		if !errors.Is(err, fault.Precondition) {
			return Job{}, fmt.Errorf("change job: %w", err)
		}
	}
	return Job{}, fault.New(fault.Unavailable, "the job is being changed by too many at once; try again")
}

func (q *Queue) load(ctx context.Context, queue, id string) (Job, []byte, error) {
	row, err := q.get(ctx, jobKey(queue, id))
	if err != nil {
		return Job{}, nil, err
	}
	if row == nil {
		return Job{}, nil, fault.New(fault.NotFound, "there is no such job")
	}
	j, err := decode(row)
	return j, row, err
}

func (q *Queue) get(ctx context.Context, key []byte) ([]byte, error) {
	snap, err := q.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	values, err := snap.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

func (q *Queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func requireSame(b *engine.Batch, key, old []byte) {
	if old == nil {
		b.RequireAbsent(key)
	} else {
		b.Require(key, old)
	}
}

func encode(j Job) []byte {
	b, err := json.Marshal(j)
	if err != nil { // only a handler's malformed RawMessage can do this
		panic(fmt.Sprintf("job: %v", err))
	}
	return b
}

func decode(row []byte) (Job, error) {
	var j Job
	if err := json.Unmarshal(row, &j); err != nil {
		return Job{}, fault.Wrap(fault.Internal, err, "a job's row cannot be read")
	}
	return j, nil
}
