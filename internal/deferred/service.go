// SPDX-License-Identifier: Apache-2.0

package deferred

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
)

// Kind is that of the jobs of this package.
const Kind = "transaction"

// Bucket is where requests and answers are kept. It must be there.
const Bucket = "transactions"

// Queue names the queue of a data store's transactions, as the catalog does when it drains it.
func Queue(dataStore string) string { return "transaction/" + dataStore }

// Options of a Service; the zero value works.
type Options struct {
	MaxWaiting int           // transactions of one data store that may wait; 0: 100
	KeepFor    time.Duration // how long answers are kept; 0: 90 days
	Now        func() time.Time
	Operator   interaction.Operator // carries out the operations that entries call; nil: there are none
}

// Service carries out transactions later.
type Service struct {
	jobs         *job.Queue
	kept         blob.Store
	interactions *interaction.Service
	refuse       func(error) (int, []byte)
	opt          Options
}

// New makes a service that keeps requests and answers in kept. refuse is how a refusal is told: its HTTP status and its
// OperationOutcome.
func New(jobs *job.Queue, kept blob.Store, interactions *interaction.Service, refuse func(error) (int, []byte), opt Options) *Service {
	opt.MaxWaiting = cmp.Or(opt.MaxWaiting, 100)
	opt.KeepFor = cmp.Or(opt.KeepFor, 90*24*time.Hour)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Service{jobs: jobs, kept: kept, interactions: interactions, refuse: refuse, opt: opt}
}

// Handlers returns the job handler of this package's kind.
func (s *Service) Handlers() map[string]job.Handler { return map[string]job.Handler{Kind: s.run} }

// spec is what a job was asked.
type spec struct {
	Who       authz.Principal
	DataStore string
	Base      string
	Level     validate.Level
	Return    string
}

func (s spec) caller() interaction.Caller {
	return interaction.Caller{Who: s.Who, DataStore: s.DataStore, Base: s.Base}
}

func object(dataStore, id, name string) blob.URI {
	return blob.URI{Bucket: Bucket, Key: dataStore + "/" + id + "/" + name}
}

// Submit takes a transaction, which is durable when it returns, and gives its id. The Bundle is not looked at beyond its
// envelope. It fails with fault.Invalid for what is no transaction, and with fault.Throttled if too many wait.
func (s *Service) Submit(ctx context.Context, c interaction.Caller, body []byte, opt interaction.Bundling) (id string, err error) {
	if err := s.interactions.CheckTransaction(ctx, c, body); err != nil {
		return "", err
	}
	waiting, err := s.jobs.Waiting(ctx, Queue(c.DataStore))
	if err != nil {
		return "", err
	}
	if waiting >= s.opt.MaxWaiting {
		return "", fault.New(fault.Throttled, "%d transactions of the data store wait already", waiting)
	}
	text, err := json.Marshal(spec{c.Who, c.DataStore, c.Base, opt.Level, opt.Return})
	if err != nil {
		return "", fmt.Errorf("submit a transaction: %w", err)
	}
	id = job.NewID()
	if err := blob.Put(ctx, s.kept, object(c.DataStore, id, "request"), body); err != nil {
		return "", err
	}
	_, err = s.jobs.Submit(ctx, job.Job{ID: id, Kind: Kind, Queue: Queue(c.DataStore), Spec: text}, nil)
	return id, err
}

// run carries out one transaction.
func (s *Service) run(ctx context.Context, r *job.Run) (job.State, error) {
	var sp spec
	if err := json.Unmarshal(r.Job.Spec, &sp); err != nil {
		return job.Failed, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	answer := object(sp.DataStore, r.Job.ID, "answer")
	if _, err := s.kept.Stat(ctx, answer); err == nil { // it ended, and only its job did not know
		return job.Done, nil
	}
	body, err := blob.Get(ctx, s.kept, object(sp.DataStore, r.Job.ID, "request"))
	if err != nil {
		return job.Failed, err
	}
	state, status := job.Done, 200
	out, err := s.interactions.Bundle(ctx, sp.caller(), body,
		interaction.Bundling{Level: sp.Level, Return: sp.Return, Refuse: s.refuse, Operator: s.opt.Operator, Receipt: r.Job.ID})
	switch {
	case ctx.Err() != nil:
		return job.Failed, ctx.Err()
	case err != nil:
		state = job.DoneWithFlaws
		status, out = s.refuse(err)
	}
	if err := blob.Put(ctx, s.kept, answer, append([]byte(strconv.Itoa(status)+"\n"), out...)); err != nil {
		return job.Failed, err
	}
	if err := s.interactions.ForgetReceipt(ctx, sp.caller(), r.Job.ID); err != nil {
		return job.Failed, err
	}
	return state, s.kept.Delete(ctx, object(sp.DataStore, r.Job.ID, "request"))
}

// Answer is how a transaction stands.
type Answer struct {
	Ended   bool
	Started bool
	Status  int    // of HTTP, once it has ended
	Body    []byte // once it has ended: a Bundle, or an OperationOutcome
}

var errNone = fault.New(fault.NotFound, "there is no such transaction")

// Find gives a transaction of a data store. It fails with fault.NotFound if there is none, if it was taken back, and when its
// answer is no longer kept.
func (s *Service) Find(ctx context.Context, c interaction.Caller, id string) (Answer, error) {
	j, err := s.find(ctx, c, authz.Read, id)
	switch {
	case err != nil:
		return Answer{}, err
	case j.State == job.Failed:
		status, outcome := s.refuse(fault.New(fault.Internal, "the transaction could not be carried out"))
		return Answer{Ended: true, Status: status, Body: outcome}, nil
	case !j.State.Ended():
		return Answer{Started: j.State == job.Running}, nil
	}
	text, err := blob.Get(ctx, s.kept, object(c.DataStore, id, "answer"))
	if errors.Is(err, fault.NotFound) {
		err = errNone
	}
	if err != nil {
		return Answer{}, err
	}
	line, body, _ := strings.Cut(string(text), "\n")
	status, err := strconv.Atoi(line)
	if err != nil {
		return Answer{}, fault.Wrap(fault.Internal, err, "a kept answer cannot be read")
	}
	return Answer{Ended: true, Status: status, Body: []byte(body)}, nil
}

// End takes a transaction back if it has not ended, and forgets its answer if it has. It fails as Find does.
func (s *Service) End(ctx context.Context, c interaction.Caller, id string) error {
	j, err := s.find(ctx, c, authz.Delete, id)
	if err != nil {
		return err
	}
	if !j.State.Ended() {
		if _, err = s.jobs.Cancel(ctx, Queue(c.DataStore), id); !errors.Is(err, fault.Conflict) { // else it has just ended
			return err
		}
	}
	answer := object(c.DataStore, id, "answer")
	if _, err := s.kept.Stat(ctx, answer); errors.Is(err, fault.NotFound) && j.State != job.Failed {
		return errNone // it was forgotten before
	}
	if err := s.kept.Delete(ctx, answer); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

func (s *Service) find(ctx context.Context, c interaction.Caller, action authz.Action, id string) (job.Job, error) {
	if _, err := s.interactions.Open(ctx, c, action, fhir.Key{Type: "Transaction"}); err != nil {
		return job.Job{}, err
	}
	j, err := s.jobs.Describe(ctx, Queue(c.DataStore), id)
	if err != nil || j.State == job.Cancelled || j.State == job.Cancelling {
		return job.Job{}, errNone
	}
	return j, nil
}

// Sweep forgets what is older than it is kept for.
func (s *Service) Sweep(ctx context.Context) error {
	return blob.DeleteBefore(ctx, s.kept, blob.URI{Bucket: Bucket}, s.opt.Now().Add(-s.opt.KeepFor))
}
