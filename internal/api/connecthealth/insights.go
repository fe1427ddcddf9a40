// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"galen/internal/catalog"
	"galen/internal/insights/previsit"
	"galen/internal/job"
)

var jobStatus = map[job.State]JobStatus{
	job.Submitted:     JobStatusSubmitted,
	job.Queued:        JobStatusSubmitted,
	job.Running:       JobStatusInProgress,
	job.Cancelling:    JobStatusInProgress,
	job.Done:          JobStatusSucceeded,
	job.DoneWithFlaws: JobStatusSucceeded,
	job.Failed:        JobStatusFailed,
	job.Cancelled:     JobStatusFailed,
}

func (s *service) startInsights(ctx context.Context, in *StartPatientInsightsJobRequest) (*StartPatientInsightsJobResponse, error) {
	token := catalog.Token{Scope: "StartPatientInsightsJob", Text: in.ClientToken}
	in.ClientToken = ""
	token.Request, _ = json.Marshal(in) // requests hold nothing that JSON cannot; only their hash is kept
	spec := previsit.Spec{
		Domain: in.DomainId, Patient: in.PatientContext.PatientId, BirthDate: in.PatientContext.DateOfBirth, Pronouns: string(in.PatientContext.Pronouns),
		Reason: in.EncounterContext.EncounterReason, Role: string(in.UserContext.Role), User: in.UserContext.UserId,
		Specialty: string(in.UserContext.Specialty), Output: in.OutputDataConfig.S3OutputPath,
	}
	for _, source := range in.InputDataConfig.S3Sources {
		spec.Sources = append(spec.Sources, source.Uri)
	}
	oauth := ""
	if f := in.InputDataConfig.FhirServer; f != nil {
		spec.Endpoint, oauth = f.FhirEndpoint, f.OauthToken
		spec.DataStore, spec.Base = s.Own(ctx, f.FhirEndpoint)
	}
	j, err := s.Insights.Start(ctx, s.Principal(ctx), spec, oauth, token)
	if err != nil {
		return nil, err
	}
	return &StartPatientInsightsJobResponse{JobArn: s.jobARN(s.Principal(ctx).Account, in.DomainId, j.ID), JobId: j.ID, CreationTime: j.Submitted}, nil
}

func (s *service) jobARN(account, domain, id string) string {
	return s.arn(account, domain, "/patient-insights-job/"+id)
}

func (s *service) getInsights(ctx context.Context, in *GetPatientInsightsJobRequest) (*GetPatientInsightsJobResponse, error) {
	j, spec, result, err := s.Insights.Describe(ctx, s.Principal(ctx), in.DomainId, in.JobId)
	if err != nil {
		return nil, err
	}
	out := &GetPatientInsightsJobResponse{
		JobId: j.ID, JobArn: s.jobARN(spec.Account, spec.Domain, j.ID), JobStatus: jobStatus[j.State], CreationTime: j.Submitted, UpdatedTime: j.Submitted,
		StatusDetails:    cmp.Or(j.Message, strings.Join(result.Notes, " ")),
		PatientContext:   &PatientInsightsPatientContext{PatientId: spec.Patient, DateOfBirth: spec.BirthDate, Pronouns: Pronouns(spec.Pronouns)},
		InsightsContext:  &InsightsContext{InsightsType: InsightsTypePreVisit},
		EncounterContext: &PatientInsightsEncounterContext{EncounterReason: spec.Reason},
		UserContext:      &UserContext{Role: ProviderRole(spec.Role), UserId: spec.User, Specialty: Specialty(spec.Specialty)},
		InputDataConfig:  &InputDataConfig{},
		OutputDataConfig: &OutputDataConfig{S3OutputPath: spec.Output},
	}
	for _, at := range []time.Time{j.Started, j.Ended} {
		if !at.IsZero() {
			out.UpdatedTime = at
		}
	}
	if j.State == job.Cancelled && out.StatusDetails == "" {
		out.StatusDetails = "The job was cancelled."
	}
	if result.Summary != "" {
		out.InsightsOutput = &InsightsOutput{Uri: result.Summary}
	}
	if spec.Endpoint != "" {
		out.InputDataConfig.FhirServer = &FHIRServer{FhirEndpoint: spec.Endpoint} // never the token
	}
	for _, u := range spec.Sources {
		out.InputDataConfig.S3Sources = append(out.InputDataConfig.S3Sources, S3Source{Uri: u})
	}
	return out, nil
}
