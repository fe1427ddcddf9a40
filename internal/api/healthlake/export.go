// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"context"
	"encoding/json"

	"galen/internal/bulk"
	"galen/internal/catalog"
	"galen/internal/fault"
	"galen/internal/job"
)

func (s *service) startExport(ctx context.Context, in *StartFHIRExportJobRequest) (*StartFHIRExportJobResponse, error) {
	to := in.OutputDataConfig.S3Configuration
	token := tokenOf("StartFHIRExportJob", &in.ClientToken, in)
	id, err := s.start(ctx, in.DatastoreId, token, func(account, id string, also catalog.Also) error {
		spec := bulk.ExportSpec{Account: account, DataStore: in.DatastoreId, Output: to.S3Uri, KeyID: to.KmsKeyId, Role: in.DataAccessRoleArn}
		_, err := s.Bulk.StartExport(ctx, s.Principal(ctx), id, in.JobName, spec, also)
		return err
	})
	return &StartFHIRExportJobResponse{JobId: id, JobStatus: JobStatusSubmitted, DatastoreId: in.DatastoreId}, err
}

func (s *service) describeExport(ctx context.Context, in *DescribeFHIRExportJobRequest) (*DescribeFHIRExportJobResponse, error) {
	j, err := s.describeJob(ctx, in.DatastoreId, catalog.ExportQueue, in.JobId)
	if err != nil {
		return nil, err
	}
	p, err := exportProperties(j)
	return &DescribeFHIRExportJobResponse{ExportJobProperties: p}, err
}

func (s *service) listExports(ctx context.Context, in *ListFHIRExportJobsRequest) (*ListFHIRExportJobsResponse, error) {
	query := *in
	query.NextToken, query.MaxResults = "", nil
	page, next, err := listJobs(ctx, s, in.DatastoreId, catalog.ExportQueue,
		jobFilter(in.JobName, in.JobStatus, in.SubmittedBefore, in.SubmittedAfter), in.NextToken, in.MaxResults, query, exportProperties)
	return &ListFHIRExportJobsResponse{ExportJobPropertiesList: page, NextToken: next}, err
}

// exportProperties is an export as Describe and List show it.
func exportProperties(j job.Job) (*ExportJobProperties, error) {
	var spec bulk.ExportSpec
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	return &ExportJobProperties{JobId: j.ID, JobName: j.Name, JobStatus: jobStatus[j.State], SubmitTime: j.Submitted, EndTime: j.Ended,
		DatastoreId: spec.DataStore, OutputDataConfig: output(bulk.ExportFolder(spec, j.ID).String(), spec.KeyID),
		DataAccessRoleArn: spec.Role, Message: message(j.Message)}, nil
}
