// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"galen/internal/compartment"
	"galen/internal/fhir"
	"galen/internal/job"
)

// readResource reads the resource that a call is about. It is good until done is called.
func (s *Service) readResource(ctx context.Context, c *Call) (resource fhir.Node, done func(), err error) {
	return s.readKey(ctx, c, c.Key)
}

// readKey reads a resource for the caller. It is good until done is called.
func (s *Service) readKey(ctx context.Context, c *Call, key fhir.Key) (resource fhir.Node, done func(), err error) {
	v, err := s.interactions.Read(ctx, c.Caller, key)
	if err != nil {
		return fhir.Node{}, nil, err
	}
	return s.parse(v.Body)
}

// maxGroup bounds the members of a group that an operation looks at.
const maxGroup = 1_000_000

// memberIDs are the ids of the patients in a group that are not inactive.
func memberIDs(group fhir.Node) (map[string]bool, error) {
	keys, err := compartment.Members(group, maxGroup)
	ids := make(map[string]bool, len(keys))
	for _, k := range keys {
		ids[k.ID] = true
	}
	return ids, err
}

// jobStatus is the state of a job in HealthLake's words.
func jobStatus(s job.State) string {
	switch s {
	case job.Submitted, job.Queued:
		return "SUBMITTED"
	case job.Running:
		return "IN_PROGRESS"
	case job.Cancelling:
		return "CANCEL_IN_PROGRESS"
	case job.Done:
		return "COMPLETED"
	case job.DoneWithFlaws:
		return "COMPLETED_WITH_ERRORS"
	case job.Cancelled:
		return "CANCEL_COMPLETED"
	}
	return "FAILED"
}
