// SPDX-License-Identifier: Apache-2.0

package previsit

import (
	"context"
	"encoding/json"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/insights"
	"galen/internal/insights/gather"
	"galen/internal/interaction"
	"galen/internal/job"
)

// run is the job. Doing it again after a crash writes the same files.
func (s *Service) run(ctx context.Context, run *job.Run) (job.State, error) {
	var spec Spec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	to, err := newOutput(s.o.Objects, spec, run.Job.ID)
	if err != nil {
		return "", err
	}
	result, err := s.make(ctx, run.Job.ID, spec, to)
	if err != nil {
		to.remove(ctx)
		return "", told(err)
	}
	return job.Done, run.Progress(ctx, result)
}

// told is err without its cause, which may name objects or addresses that hold patient data; the log gets no more than the
// caller. Our own bugs keep theirs.
func told(err error) error {
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	f := fault.All(err)[0]
	return fault.New(f.Kind, "%s", f.Text)
}

func (s *Service) make(ctx context.Context, id string, spec Spec, to *output) (Result, error) {
	if err := to.check(ctx); err != nil { // before the work, not after it
		return Result{}, err
	}
	sources, err := parseAll(spec.Sources)
	if err != nil {
		return Result{}, err
	}
	want := gather.Request{Patient: spec.Patient, Endpoint: spec.Endpoint, Sources: sources}
	if spec.DataStore != "" {
		want.Own = interaction.Caller{DataStore: spec.DataStore, Base: spec.Base,
			Who: authz.Principal{Kind: authz.Signed, Account: spec.Account, AccessKey: spec.AccessKey}}
	}
	if spec.Token != nil {
		if want.Token, err = s.o.Secrets.Open(spec.Token, id); err != nil {
			return Result{}, err
		}
	}
	record, err := s.o.Gatherer.Gather(ctx, want)
	if err != nil {
		return Result{}, err
	}
	made, err := s.o.Summarise(ctx, insights.Input{
		Request: insights.Request{JobID: id, Patient: spec.Patient, BirthDate: spec.BirthDate, Pronouns: spec.Pronouns, Reason: spec.Reason,
			Role: spec.Role, Specialty: spec.Specialty, Now: s.o.Now()},
		Resources: record.Resources, Documents: record.Documents})
	if err != nil {
		return Result{}, err
	}
	summary, err := to.write(ctx, made.Files)
	return Result{Summary: summary, Notes: append(record.Notes, made.Problems...)}, err
}
