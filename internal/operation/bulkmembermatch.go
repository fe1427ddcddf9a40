// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/job"
)

// KindMemberMatch is the kind of the jobs that match many members.
const KindMemberMatch = "bulk-member-match"

// MatchBucket is where what was asked and what was found is kept: <data store>/<job>/request and …/answer. It must be there.
const MatchBucket = "matches"

// Bounds of $bulk-member-match.
const (
	maxMembers   = 500
	maxMatchSize = 5 << 20 // bytes of the Parameters
	maxMatchJobs = 5       // of a data store that have not ended
	keepMatches  = 90 * 24 * time.Hour
)

// bulkMemberMatchOperation finds the members that another payer's patients and coverages are about, as a job.
//
// http://hl7.org/fhir/us/davinci-pdex/OperationDefinition/BulkMemberMatch
// https://docs.aws.amazon.com/healthlake/latest/devguide/reference-fhir-operations-bulk-member-match.html
func bulkMemberMatchOperation() Operation {
	return Operation{
		Name: "bulk-member-match", Definition: "http://hl7.org/fhir/us/davinci-pdex/OperationDefinition/BulkMemberMatch",
		Levels: OnType, Types: []string{"Group"}, Changes: true,
		Params: []Param{{Name: "MemberBundle", Min: 1, Many: true}},
		serve:  serveBulkMemberMatch, follow: followBulkMemberMatch, status: "bulk-member-match-status",
	}
}

// matchSpec is what a job is asked; the members are in the object "request".
type matchSpec struct {
	Who       authz.Principal `json:"who"`
	DataStore string          `json:"datastore"`
	Base      string          `json:"base"`
	Members   int             `json:"members"`
}

// matchProgress is how far it is.
type matchProgress struct {
	Done    int `json:"done"`    // members looked at, with or without success
	Refused int `json:"refused"` // for a fault of the caller's
	Failed  int `json:"failed"`  // for a fault of the server's
}

func matchQueue(dataStore string) string { return "match/" + dataStore }

func matchObject(dataStore, id, name string) blob.URI {
	return blob.URI{Bucket: MatchBucket, Key: dataStore + "/" + id + "/" + name}
}

func serveBulkMemberMatch(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if s.opt.Jobs == nil || s.opt.Kept == nil {
		return interaction.Reply{}, fault.New(fault.Unsupported, "members are matched one at a time here").WithCode("not-supported")
	}
	members, request := len(c.Parameters.All("MemberBundle")), c.Parameters.Resource().Raw()
	switch {
	case members > maxMembers:
		return interaction.Reply{}, fault.New(fault.Invalid, "at most %d members are matched at once", maxMembers).WithCode("too-long").At("MemberBundle")
	case len(request) > maxMatchSize:
		return interaction.Reply{}, fault.New(fault.Invalid, "at most %d bytes are matched at once", maxMatchSize).WithCode("too-long")
	}
	if err := s.mayMatch(ctx, c); err != nil {
		return interaction.Reply{}, err
	}
	waiting, err := s.opt.Jobs.Waiting(ctx, matchQueue(c.Caller.DataStore))
	if err != nil {
		return interaction.Reply{}, err
	}
	if waiting >= maxMatchJobs {
		return interaction.Reply{}, fault.New(fault.Throttled, "%d such jobs of this data store have not ended", waiting)
	}
	spec, err := json.Marshal(matchSpec{c.Caller.Who, c.Caller.DataStore, c.Caller.Base, members})
	if err != nil {
		return interaction.Reply{}, err
	}
	id := job.NewID()
	if err := blob.Put(ctx, s.opt.Kept, matchObject(c.Caller.DataStore, id, "request"), request); err != nil {
		return interaction.Reply{}, err
	}
	if _, err := s.opt.Jobs.Submit(ctx, job.Job{ID: id, Kind: KindMemberMatch, Queue: matchQueue(c.Caller.DataStore), Spec: spec}, nil); err != nil {
		return interaction.Reply{}, err
	}
	reply, err := jobReply(map[string]any{"datastoreId": c.Caller.DataStore, "jobId": id, "jobStatus": "SUBMITTED"}, nil)
	reply.Status, reply.Header = 202, map[string]string{"Content-Location": c.Caller.Base + "/$bulk-member-match-status/" + id}
	return reply, err
}

// mayMatch checks that the caller may do what the job will do.
func (s *Service) mayMatch(ctx context.Context, c *Call) error {
	for _, need := range []struct {
		action authz.Action
		typ    string
	}{{authz.Search, "Patient"}, {authz.Search, "Coverage"}, {authz.Create, "Group"}, {authz.Create, "Consent"}} {
		if _, err := s.interactions.Open(ctx, c.Caller, need.action, fhir.Key{Type: need.typ}); err != nil {
			return err
		}
	}
	return nil
}

// followBulkMemberMatch serves the status of a job: 202 until it has ended. DELETE takes it back, or forgets what it found.
func followBulkMemberMatch(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	none := fault.New(fault.NotFound, "there is no such job")
	if s.opt.Jobs == nil || s.opt.Kept == nil {
		return interaction.Reply{}, none
	}
	if err := s.mayMatch(ctx, c); err != nil {
		return interaction.Reply{}, err
	}
	dataStore := c.Caller.DataStore
	j, err := s.opt.Jobs.Describe(ctx, matchQueue(dataStore), c.Rest)
	if err != nil || j.State == job.Cancelled || j.State == job.Cancelling {
		return interaction.Reply{}, none
	}
	var spec matchSpec
	if err := json.Unmarshal(j.Spec, &spec); err != nil || spec.Who.Account != c.Caller.Who.Account {
		return interaction.Reply{}, none
	}
	if c.Method == "DELETE" {
		return interaction.Reply{Status: 202}, s.endMatch(ctx, dataStore, j)
	}
	if j.State == job.Failed {
		return interaction.Reply{}, fault.New(fault.Internal, "the job failed: %s", j.Message)
	}
	status := map[string]any{"datastoreId": dataStore, "jobId": j.ID, "status": jobStatus(j.State),
		"submittedTime": string(fhir.AppendInstant(nil, j.Submitted)), "numberOfMembers": spec.Members}
	if j.State.Ended() {
		found, err := blob.Get(ctx, s.opt.Kept, matchObject(dataStore, j.ID, "answer"))
		switch {
		case errors.Is(err, fault.NotFound): // forgotten
			return interaction.Reply{}, none
		case err != nil:
			return interaction.Reply{}, err
		}
		status["endTime"] = string(fhir.AppendInstant(nil, j.Ended))
		reply, err := jobReply(status, nil)
		reply.Body = append(append(reply.Body[:len(reply.Body)-1], ','), found[1:]...) // both are objects with members
		return reply, err
	}
	var p matchProgress
	if len(j.Progress) > 0 {
		if err := json.Unmarshal(j.Progress, &p); err != nil {
			return interaction.Reply{}, fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
		}
	}
	reply, err := jobReply(status, nil)
	reply.Status, reply.Header = 202, map[string]string{"X-Progress": strconv.Itoa(p.Done) + " of " + strconv.Itoa(spec.Members) + " members", "Retry-After": "1"}
	return reply, err
}

// endMatch takes back a job that has not ended, and forgets what one that has found.
func (s *Service) endMatch(ctx context.Context, dataStore string, j job.Job) error {
	if !j.State.Ended() {
		if _, err := s.opt.Jobs.Cancel(ctx, matchQueue(dataStore), j.ID); !errors.Is(err, fault.Conflict) { // else it has just ended
			return err
		}
	}
	for _, name := range []string{"request", "answer"} {
		if err := s.opt.Kept.Delete(ctx, matchObject(dataStore, j.ID, name)); err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// Handlers returns the job handler of KindMemberMatch.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindMemberMatch: s.matchMembers}
}

// Sweep forgets what jobs found that ended more than 90 days ago.
func (s *Service) Sweep(ctx context.Context) error {
	if s.opt.Kept == nil {
		return nil
	}
	return blob.DeleteBefore(ctx, s.opt.Kept, blob.URI{Bucket: MatchBucket}, s.opt.Now().Add(-keepMatches))
}

// matchMembers is the job. What it stores, the group and the consents, is one transaction, which is there already if the job was cut off
// after it: the group has the job's id.
func (s *Service) matchMembers(ctx context.Context, run *job.Run) (job.State, error) {
	var spec matchSpec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	answer := matchObject(spec.DataStore, run.Job.ID, "answer")
	request := matchObject(spec.DataStore, run.Job.ID, "request")
	text, err := blob.Get(ctx, s.opt.Kept, request)
	if errors.Is(err, fault.NotFound) {
		if _, err := s.opt.Kept.Stat(ctx, answer); err == nil { // it ended, and only its job did not know
			return job.Done, nil
		}
	}
	if err != nil {
		return "", err
	}
	root, done, err := s.parse(text)
	if err != nil {
		return "", err
	}
	defer done()
	c := &Call{Caller: interaction.Caller{Who: spec.Who, DataStore: spec.DataStore, Base: spec.Base}}
	b := newMatchBatch(s, c, run.Job.ID)
	for i, n := range (Parameters{root}).All("MemberBundle") {
		if err := b.add(ctx, i, Parts(n)); err != nil {
			return "", err
		}
		if i%10 == 0 {
			if err := run.Progress(ctx, &b.progress); err != nil {
				return "", err
			}
		}
	}
	if err := b.store(ctx); err != nil {
		return "", err
	}
	if err := blob.Put(ctx, s.opt.Kept, answer, b.answer()); err != nil {
		return "", err
	}
	if err := s.interactions.ForgetReceipt(ctx, c.Caller, run.Job.ID); err != nil {
		return "", err
	}
	if err := s.opt.Kept.Delete(ctx, request); err != nil {
		return "", err
	}
	if err := run.Progress(ctx, &b.progress); err != nil {
		return "", err
	}
	if b.progress.Refused+b.progress.Failed > 0 {
		return job.DoneWithFlaws, nil
	}
	return job.Done, nil
}
