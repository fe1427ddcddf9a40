// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"context"
	"strings"
	"time"
	"unicode"

	"galen/internal/catalog"
	"galen/internal/job"
)

var jobStatus = map[job.State]JobStatus{
	job.Submitted:     JobStatusSubmitted,
	job.Queued:        JobStatusQueued,
	job.Running:       JobStatusInProgress,
	job.Cancelling:    JobStatusCancelInProgress,
	job.Done:          JobStatusCompleted,
	job.DoneWithFlaws: JobStatusCompletedWithErrors,
	job.Failed:        JobStatusFailed,
	job.Cancelled:     JobStatusCancelCompleted,
}

// message is a text within the pattern of the model's Message.
func message(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.In(r, unicode.Z) || strings.ContainsRune("_.:/=+-%@", r) {
			return r
		}
		return -1
	}, text)
}

// jobFilter is the filter of both lists of jobs.
func jobFilter(name string, status JobStatus, before, after time.Time) job.Filter {
	return job.Filter{Name: name, State: reverse(jobStatus, status), SubmittedBefore: before, SubmittedAfter: after}
}

// listJobs gives a page of a queue of a data store, each job as show has it, and the token of the next page. query is what the
// token is bound to.
func listJobs[P any](ctx context.Context, s *service, dataStore string, queue func(string) string, f job.Filter, token string, max *int32,
	query any, show func(job.Job) (*P, error)) ([]P, string, error) {
	account, err := s.account(ctx)
	if err != nil {
		return nil, "", err
	}
	if _, err := s.Catalog.Describe(ctx, account, dataStore); err != nil {
		return nil, "", err
	}
	at, err := cursor(token, account, query)
	if err != nil {
		return nil, "", err
	}
	jobs, next, err := s.Jobs.List(ctx, queue(dataStore), f, at, pageSize(max))
	if err != nil {
		return nil, "", err
	}
	page := make([]P, 0, len(jobs))
	for _, j := range jobs {
		p, err := show(j)
		if err != nil {
			return nil, "", err
		}
		page = append(page, *p)
	}
	return page, nextToken(next, account, query), nil
}

// describeJob gives one job of a queue of a data store.
func (s *service) describeJob(ctx context.Context, dataStore string, queue func(string) string, id string) (job.Job, error) {
	account, err := s.account(ctx)
	if err != nil {
		return job.Job{}, err
	}
	if _, err := s.Catalog.Describe(ctx, account, dataStore); err != nil {
		return job.Job{}, err
	}
	return s.Jobs.Describe(ctx, queue(dataStore), id)
}

// output is where a job writes: its own folder, not the prefix that was asked for.
func output(folder, keyID string) *OutputDataConfig {
	return &OutputDataConfig{&S3Configuration{S3Uri: folder, KmsKeyId: keyID}}
}

// start carries out a Start operation on an active data store of the caller, once for each client token, and gives the job's id.
// HealthLake has no conflict for these operations.
func (s *service) start(ctx context.Context, dataStore string, token catalog.Token, do func(account, id string, also catalog.Also) error) (string, error) {
	account, err := s.account(ctx)
	if err != nil {
		return "", err
	}
	if _, err := s.Catalog.Open(ctx, account, dataStore); err != nil {
		return "", err
	}
	return s.Catalog.Once(ctx, account, token, job.NewID(), func(id string, also catalog.Also) error { return do(account, id, also) })
}
