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

func (s *service) startImport(ctx context.Context, in *StartFHIRImportJobRequest) (*StartFHIRImportJobResponse, error) {
	if in.InputDataConfig.S3Uri == "" {
		return nil, fault.New(fault.Invalid, "InputDataConfig.S3Uri must name an S3 prefix or object.")
	}
	to := in.JobOutputDataConfig.S3Configuration
	token := tokenOf("StartFHIRImportJob", &in.ClientToken, in)
	id, err := s.start(ctx, in.DatastoreId, token, func(account, id string, also catalog.Also) error {
		spec := bulk.ImportSpec{Account: account, DataStore: in.DatastoreId, Input: in.InputDataConfig.S3Uri, Output: to.S3Uri, KeyID: to.KmsKeyId,
			Role: in.DataAccessRoleArn, Level: string(in.ValidationLevel)}
		_, err := s.Bulk.StartImport(ctx, s.Principal(ctx), id, in.JobName, spec, also)
		return err
	})
	return &StartFHIRImportJobResponse{JobId: id, JobStatus: JobStatusSubmitted, DatastoreId: in.DatastoreId}, err
}

func (s *service) describeImport(ctx context.Context, in *DescribeFHIRImportJobRequest) (*DescribeFHIRImportJobResponse, error) {
	j, err := s.describeJob(ctx, in.DatastoreId, catalog.ImportQueue, in.JobId)
	if err != nil {
		return nil, err
	}
	p, err := importProperties(j)
	return &DescribeFHIRImportJobResponse{ImportJobProperties: p}, err
}

func (s *service) listImports(ctx context.Context, in *ListFHIRImportJobsRequest) (*ListFHIRImportJobsResponse, error) {
	query := *in
	query.NextToken, query.MaxResults = "", nil
	page, next, err := listJobs(ctx, s, in.DatastoreId, catalog.ImportQueue,
		jobFilter(in.JobName, in.JobStatus, in.SubmittedBefore, in.SubmittedAfter), in.NextToken, in.MaxResults, query, importProperties)
	return &ListFHIRImportJobsResponse{ImportJobPropertiesList: page, NextToken: next}, err
}

// importProperties is an import as Describe and List show it.
func importProperties(j job.Job) (*ImportJobProperties, error) {
	var spec bulk.ImportSpec
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	p := &ImportJobProperties{JobId: j.ID, JobName: j.Name, JobStatus: jobStatus[j.State], SubmitTime: j.Submitted, EndTime: j.Ended,
		DatastoreId: spec.DataStore, InputDataConfig: &InputDataConfig{spec.Input}, DataAccessRoleArn: spec.Role,
		JobOutputDataConfig: output(bulk.ImportFolder(spec, j.ID).String(), spec.KeyID),
		Message:             message(j.Message), ValidationLevel: ValidationLevel(spec.Level)}
	if len(j.Progress) == 0 {
		return p, nil
	}
	var g bulk.Progress
	if err := json.Unmarshal(j.Progress, &g); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
	}
	p.JobProgressReport = &JobProgressReport{
		TotalNumberOfScannedFiles:               &g.ScannedFiles,
		TotalSizeOfScannedFilesInMB:             ptr(bulk.Megabytes(g.ScannedBytes)),
		TotalNumberOfImportedFiles:              &g.ImportedFiles,
		TotalNumberOfResourcesScanned:           &g.Scanned,
		TotalNumberOfResourcesImported:          &g.Imported,
		TotalNumberOfResourcesWithCustomerError: &g.CustomerErrors,
		TotalNumberOfFilesReadWithCustomerError: &g.UnreadFiles,
		Throughput:                              ptr(g.Rate()),
	}
	return p, nil
}

func ptr[T any](v T) *T { return &v }
