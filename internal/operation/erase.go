// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/many"
)

// eraseOperation removes a resource, or one version of it, for good.
//
// https://docs.aws.amazon.com/healthlake/latest/devguide/reference-fhir-operations-erase.html
func eraseOperation() Operation {
	return Operation{
		Name: "erase", Levels: OnInstance | OnVersion, Changes: true,
		Params: []Param{{Name: "deleteAuditEvent", Type: "boolean"}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			spec := many.Spec{Type: c.Key.Type, ID: c.Key.ID, Audit: c.Parameters.Text("deleteAuditEvent") == "true"}
			if err := s.mayErase(ctx, c, &spec); err != nil {
				return interaction.Reply{}, err
			}
			j, err := s.startMany(ctx, c, many.KindErase, spec)
			return jobReply(map[string]any{"jobId": j.ID, "jobStatus": "SUBMITTED"}, err)
		},
		follow: followMany(many.KindErase),
	}
}

// purgeOperation removes a patient's whole record for good.
func purgeOperation() Operation {
	return Operation{
		Name: "purge", Levels: OnInstance, Types: []string{"Patient"}, Changes: true,
		Params: append(changedParams(), Param{Name: "deleteAuditEvent", Type: "boolean"}),
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			spec := many.Spec{Type: "Patient", ID: c.Key.ID, Audit: c.Parameters.Text("deleteAuditEvent") == "true"}
			if err := changedBetween(c.Parameters, &spec); err != nil {
				return interaction.Reply{}, err
			}
			if _, err := s.interactions.Read(ctx, c.Caller, c.Key); err != nil {
				return interaction.Reply{}, err
			}
			j, err := s.startMany(ctx, c, many.KindPurge, spec)
			return outcome(fhir.Information, "informational", "Purge job started successfully. Job ID: "+j.ID), err
		},
		follow: followMany(many.KindPurge),
	}
}

// bulkDeleteOperation deletes all resources of a type, or removes them for good.
func bulkDeleteOperation() Operation {
	return Operation{
		Name: "bulk-delete", Levels: OnType, Changes: true,
		Params: append(changedParams(), Param{Name: "isHardDelete", Type: "boolean"}, Param{Name: "deleteVersionHistory", Type: "boolean"},
			Param{Name: "deleteAuditEvent", Type: "boolean"}),
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			p := c.Parameters
			spec := many.Spec{Type: c.Key.Type, Hard: p.Text("isHardDelete") == "true" || p.Text("deleteVersionHistory") == "true"}
			if err := changedBetween(p, &spec); err != nil {
				return interaction.Reply{}, err
			}
			j, err := s.startMany(ctx, c, many.KindDelete, spec)
			return jobReply(map[string]any{"jobId": j.ID, "jobStatus": "SUBMITTED"}, err)
		},
		follow: followMany(many.KindDelete),
	}
}

// bulkPatchOperation changes resources of a type in the same way.
func bulkPatchOperation() Operation {
	return Operation{
		Name: "bulk-patch", Levels: OnSystem, Changes: true, Raw: true,
		serve:  serveBulkPatch,
		follow: followMany(many.KindPatch),
	}
}

func serveBulkPatch(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	var body struct {
		ResourceType    string          `json:"resourceType"`
		ResourceIDs     []string        `json:"resourceIds"`
		Operations      json.RawMessage `json:"operations"`
		ClientToken     string          `json:"clientToken"`
		ValidationLevel string          `json:"validationLevel"`
	}
	if err := json.Unmarshal(c.Body, &body); err != nil {
		return interaction.Reply{}, fault.Wrap(fault.Invalid, err, "the body does not have the form of a bulk patch").WithCode("structure")
	}
	spec := many.Spec{Type: body.ResourceType, IDs: body.ResourceIDs, Patch: body.Operations, Token: body.ClientToken, Level: body.ValidationLevel}
	j, err := s.startMany(ctx, c, many.KindPatch, spec)
	return jobReply(map[string]any{"jobId": j.ID, "status": jobStatus(j.State)}, err)
}

// changedParams are those that name a time of the last change.
func changedParams() []Param {
	return []Param{{Name: "_since", Type: "instant"}, {Name: "start", Type: "instant"}, {Name: "end", Type: "instant"}}
}

// changedBetween reads _since, or start and end.
func changedBetween(p Parameters, spec *many.Spec) (err error) {
	since, err := instant(p, "_since")
	if err != nil {
		return err
	}
	if spec.Start, err = instant(p, "start"); err != nil {
		return err
	}
	if spec.End, err = instant(p, "end"); err != nil {
		return err
	}
	if !since.IsZero() {
		if !spec.Start.IsZero() || !spec.End.IsZero() {
			return fault.New(fault.Invalid, "_since goes without start and end").WithCode("invalid").At("_since")
		}
		spec.Start = since
	}
	if !spec.Start.IsZero() && !spec.End.IsZero() && !spec.Start.Before(spec.End) {
		return fault.New(fault.Invalid, "start is before end").WithCode("value").At("start")
	}
	return nil
}

// mayErase finds out whether there is what is to be erased: a resource, deleted or not, or a version that is not the current one.
func (s *Service) mayErase(ctx context.Context, c *Call, spec *many.Spec) error {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Delete, c.Key)
	if err != nil {
		return err
	}
	view, err := st.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	found, err := view.Find(ctx, typeOf(c.Key.Type), c.Key.ID)
	switch {
	case err != nil:
		return err
	case !found[0].Exists:
		return fault.New(fault.NotFound, "there is no such resource")
	case c.VersionID == "":
		return nil
	}
	n, err := strconv.ParseUint(c.VersionID, 10, 32)
	if err != nil || n == 0 {
		return fault.New(fault.NotFound, "there is no such version")
	}
	if spec.Version = uint32(n); spec.Version == found[0].Version {
		return fault.New(fault.Unprocessable, "the version is the current one: erase the resource, or store another version first").WithCode("business-rule")
	}
	_, err = view.Version(ctx, typeOf(c.Key.Type), c.Key.ID, spec.Version)
	return err
}

// startMany submits a job for the caller.
func (s *Service) startMany(ctx context.Context, c *Call, kind string, spec many.Spec) (job.Job, error) {
	if s.opt.Many == nil {
		return job.Job{}, fault.New(fault.Unsupported, "such jobs are not offered here")
	}
	if _, err := s.interactions.Open(ctx, c.Caller, authz.Delete, c.Key); err != nil {
		return job.Job{}, err
	}
	spec.Account, spec.DataStore = c.Caller.Who.Account, c.Caller.DataStore
	return s.opt.Many.Start(ctx, c.Caller.Who, kind, spec)
}

// jobReply answers with plain JSON.
func jobReply(v any, err error) (interaction.Reply, error) {
	if err != nil {
		return interaction.Reply{}, err
	}
	body, err := json.Marshal(v)
	return interaction.Reply{Body: body, ContentType: plainJSON}, err
}

// followMany serves the status of jobs of a kind.
func followMany(kind string) func(context.Context, *Service, *Call) (interaction.Reply, error) {
	return func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
		switch {
		case s.opt.Many == nil:
			return interaction.Reply{}, fault.New(fault.NotFound, "there is no such job")
		case c.Method == "DELETE":
			return interaction.Reply{}, fault.New(fault.Unsupported, "such a job cannot be cancelled").WithCode("not-supported")
		}
		if _, err := s.interactions.Open(ctx, c.Caller, authz.Read, fhir.Key{}); err != nil {
			return interaction.Reply{}, err
		}
		j, _, p, err := s.opt.Many.Find(ctx, c.Caller.Who.Account, c.Caller.DataStore, kind, c.Rest)
		if err != nil {
			return interaction.Reply{}, err
		}
		status := map[string]any{"datastoreId": c.Caller.DataStore, "jobId": j.ID, "status": jobStatus(j.State),
			"submittedTime": string(fhir.AppendInstant(nil, j.Submitted))}
		if !j.Ended.IsZero() {
			status["endTime"] = string(fhir.AppendInstant(nil, j.Ended.Truncate(time.Millisecond)))
		}
		if j.Message != "" {
			status["message"] = j.Message
		}
		if kind != many.KindErase {
			status["summary"] = map[string]int{"estimatedResourceCount": p.Expected, "totalResourcesProcessed": p.Done, "succeeded": p.Succeeded,
				"failedWithCustomerError": p.Refused, "failedWithServerError": p.Failed, "skipped": p.Skipped}
		}
		if kind == many.KindPatch {
			status["failedResources"], status["failedResourcesTruncated"] = abouts(p.Problems), p.Refused+p.Failed > len(p.Problems)
			status["skippedResources"], status["skippedResourcesTruncated"] = abouts(p.Passed), p.Skipped > len(p.Passed)
		}
		return jobReply(status, nil)
	}
}

func abouts(list []many.About) []map[string]string {
	all := make([]map[string]string, len(list))
	for i, a := range list {
		all[i] = map[string]string{"resourceId": a.ID, "message": a.Message}
	}
	return all
}
