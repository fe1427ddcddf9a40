// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"galen/internal/catalog"
	"galen/internal/coding"
	"galen/internal/fault"
	"galen/internal/job"
)

func (s *service) startCoding(ctx context.Context, in *StartMedicalCodingJobRequest) (*StartMedicalCodingJobResponse, error) {
	if in.DatasetId != "" {
		return nil, fault.New(fault.NotFound, "There is no dataset with this id: datasets are not offered here.")
	}
	token := catalog.Token{Scope: "StartMedicalCodingJob", Text: in.ClientToken}
	in.ClientToken = ""
	token.Request, _ = json.Marshal(in) // requests hold nothing that JSON cannot; only their hash is kept
	spec := coding.Spec{Domain: in.DomainId, Text: in.Text, Output: in.OutputDataConfig.S3OutputPath}
	if p := in.PatientContext; p != nil {
		spec.Patient = coding.Patient{Sex: string(p.Sex), Status: string(p.Status), BirthDate: p.DateOfBirth, Insurance: p.Insurance}
	}
	if e := in.EncounterContext; e != nil {
		spec.Encounter = coding.Encounter{Type: string(e.EncounterType), Reason: e.EncounterReason, AfterHours: e.AfterHours, Date: e.EncounterDate,
			Minutes: e.EncounterDurationMinutes}
	}
	j, err := s.Coding.Start(ctx, s.Principal(ctx), spec, token)
	if err != nil {
		return nil, err
	}
	return &StartMedicalCodingJobResponse{JobArn: s.codingARN(s.Principal(ctx).Account, in.DomainId, j.ID), JobId: j.ID, CreationTime: j.Submitted}, nil
}

func (s *service) codingARN(account, domain, id string) string {
	return s.arn(account, domain, "/medical-coding-job/"+id)
}

func (s *service) getCoding(ctx context.Context, in *GetMedicalCodingJobRequest) (*GetMedicalCodingJobResponse, error) {
	j, spec, result, err := s.Coding.Describe(ctx, s.Principal(ctx), in.DomainId, in.JobId)
	if err != nil {
		return nil, err
	}
	out := &GetMedicalCodingJobResponse{
		JobId: j.ID, JobArn: s.codingARN(s.Principal(ctx).Account, in.DomainId, j.ID), JobStatus: jobStatus[j.State],
		CreationTime: j.Submitted, UpdatedTime: j.Submitted, Text: spec.Text, StatusDetails: cmp.Or(j.Message, result.Notice),
		OutputDataConfig: &MedicalCodingOutputDataConfig{S3OutputPath: spec.Output},
	}
	for _, at := range []time.Time{j.Started, j.Ended} {
		if !at.IsZero() {
			out.UpdatedTime = at
		}
	}
	if j.State == job.Cancelled && out.StatusDetails == "" {
		out.StatusDetails = "The job was cancelled."
	}
	if result.Codes != "" {
		out.MedicalCodingOutput = &MedicalCodingOutput{Uri: result.Codes}
	}
	if p := spec.Patient; p != (coding.Patient{}) {
		out.PatientContext = &MedicalCodesPatientContext{Sex: Sex(p.Sex), Status: PatientStatus(p.Status), DateOfBirth: p.BirthDate, Insurance: p.Insurance}
	}
	if e := spec.Encounter; e != (coding.Encounter{}) {
		out.EncounterContext = &MedicalCodesEncounterContext{EncounterType: EncounterType(e.Type), EncounterReason: e.Reason, AfterHours: e.AfterHours,
			EncounterDate: e.Date, EncounterDurationMinutes: e.Minutes}
	}
	return out, nil
}
