// SPDX-License-Identifier: Apache-2.0

package job

import (
	"encoding/json"
	"time"
)

// State is where a job is in its life.
type State string

// The states, in the order a job goes through them. A cancelled job ends in Cancelled unless it ended otherwise first.
const (
	Submitted     State = "submitted"
	Queued        State = "queued"
	Running       State = "running"
	Cancelling    State = "cancelling"
	Done          State = "done"
	DoneWithFlaws State = "done with flaws" // the work was done; parts of its input were not acceptable
	Failed        State = "failed"
	Cancelled     State = "cancelled"
)

// Ended reports whether a job in this state will never change again.
func (s State) Ended() bool {
	return s == Done || s == DoneWithFlaws || s == Failed || s == Cancelled
}

// Job is one piece of long work as it stands. Spec and Progress are JSON of the handler's own making.
type Job struct {
	ID        string          `json:"id"` // 32 lower-case hexadecimal digits
	Kind      string          `json:"kind"`
	Queue     string          `json:"queue"`
	Name      string          `json:"name,omitempty"`
	State     State           `json:"state"`
	Message   string          `json:"message,omitempty"` // why it failed, for the one who asked
	Submitted time.Time       `json:"submitted"`
	Started   time.Time       `json:"started,omitzero"`
	Ended     time.Time       `json:"ended,omitzero"`
	Attempts  int             `json:"attempts,omitempty"` // how often a handler was called for it
	Spec      json.RawMessage `json:"spec,omitempty"`
	Progress  json.RawMessage `json:"progress,omitempty"`

	Seq    uint64    `json:"seq"` // place in the order of submission, over all queues
	Holder string    `json:"holder,omitempty"`
	Lease  time.Time `json:"lease,omitzero"` // until when Holder may be believed to be alive
}

// Filter narrows a List. Zero fields do not narrow.
type Filter struct {
	Name            string
	State           State
	SubmittedBefore time.Time
	SubmittedAfter  time.Time
}

func (f Filter) keeps(j Job) bool {
	return (f.Name == "" || f.Name == j.Name) &&
		(f.State == "" || f.State == j.State) &&
		(f.SubmittedBefore.IsZero() || j.Submitted.Before(f.SubmittedBefore)) &&
		(f.SubmittedAfter.IsZero() || j.Submitted.After(f.SubmittedAfter))
}
