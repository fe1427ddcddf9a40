// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/healthlake/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"galen/internal/aws/sigv4"
)

// demoRole and demoKey stand where AWS wants a role and an encryption key; galen keeps and shows them.
const (
	demoRole = "arn:aws:iam::000000000000:role/galen"
	demoKey  = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
)

// pollDelay is how often a waiter looks; AWS's own wait a minute and more.
const pollDelay = 50 * time.Millisecond

// createStore makes a data store and waits until it is active.
func (c *child) createStore(ctx context.Context, name string) (id string, err error) {
	hl := c.healthlake()
	out, err := hl.CreateFHIRDatastore(ctx, &healthlake.CreateFHIRDatastoreInput{DatastoreTypeVersion: types.FHIRVersionR4, DatastoreName: &name})
	if err != nil {
		return "", err
	}
	w := healthlake.NewFHIRDatastoreActiveWaiter(hl, func(o *healthlake.FHIRDatastoreActiveWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollDelay, pollDelay
	})
	return *out.DatastoreId, w.Wait(ctx, &healthlake.DescribeFHIRDatastoreInput{DatastoreId: out.DatastoreId}, time.Minute)
}

// upload puts the files of a folder into a bucket below prefix and returns how many bytes they have.
func (c *child) upload(ctx context.Context, files fs.FS, bucket, prefix string) (n int64, err error) {
	client := c.s3()
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".ndjson") {
			return err
		}
		body, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		n += int64(len(body))
		key := prefix + path
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	})
	return n, err
}

// importFrom runs an import job to its end.
func (c *child) importFrom(ctx context.Context, store, input, output string) (*types.ImportJobProperties, error) {
	hl := c.healthlake()
	role, key := demoRole, demoKey
	job, err := hl.StartFHIRImportJob(ctx, &healthlake.StartFHIRImportJobInput{DatastoreId: &store, DataAccessRoleArn: &role,
		InputDataConfig:     &types.InputDataConfigMemberS3Uri{Value: input},
		JobOutputDataConfig: &types.OutputDataConfigMemberS3Configuration{Value: types.S3Configuration{S3Uri: &output, KmsKeyId: &key}}})
	if err != nil {
		return nil, err
	}
	in := &healthlake.DescribeFHIRImportJobInput{DatastoreId: &store, JobId: job.JobId}
	w := healthlake.NewFHIRImportJobCompletedWaiter(hl, func(o *healthlake.FHIRImportJobCompletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollDelay, pollDelay
	})
	out, err := w.WaitForOutput(ctx, in, time.Hour)
	if err != nil {
		return nil, err
	}
	return out.ImportJobProperties, nil
}

// exportTo runs an export job to its end and returns how long it took.
func (c *child) exportTo(ctx context.Context, store, output string) (*types.ExportJobProperties, error) {
	hl := c.healthlake()
	role, key := demoRole, demoKey
	job, err := hl.StartFHIRExportJob(ctx, &healthlake.StartFHIRExportJobInput{DatastoreId: &store, DataAccessRoleArn: &role,
		OutputDataConfig: &types.OutputDataConfigMemberS3Configuration{Value: types.S3Configuration{S3Uri: &output, KmsKeyId: &key}}})
	if err != nil {
		return nil, err
	}
	w := healthlake.NewFHIRExportJobCompletedWaiter(hl, func(o *healthlake.FHIRExportJobCompletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollDelay, pollDelay
	})
	out, err := w.WaitForOutput(ctx, &healthlake.DescribeFHIRExportJobInput{DatastoreId: &store, JobId: job.JobId}, time.Hour)
	if err != nil {
		return nil, err
	}
	return out.ExportJobProperties, nil
}

// fhir sends a signed request to a data store and returns status and body. path is what follows …/r4/.
func (c *child) fhir(ctx context.Context, method, store, path string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+"/datastore/"+store+"/r4/"+escaped(path), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	c.signer().Sign(r, sigv4.HashPayload(body), time.Now())
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// escaped is a path and query in which what may not stand in an address is escaped: people write spaces and quotes.
func escaped(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// search gives the total of a search and its entries' resources.
func (c *child) search(ctx context.Context, store, query string) (total int, entries []map[string]any, err error) {
	status, body, err := c.fhir(ctx, http.MethodGet, store, query, nil)
	if err != nil {
		return 0, nil, err
	}
	if status != http.StatusOK {
		return 0, nil, fmt.Errorf("search %s: %d %s", query, status, body)
	}
	var b struct {
		Total int
		Entry []struct{ Resource map[string]any }
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return 0, nil, err
	}
	for _, e := range b.Entry {
		entries = append(entries, e.Resource)
	}
	return b.Total, entries, nil
}

// countLines counts the lines of the files that match the pattern below dir, and their bytes.
func countLines(dir, pattern string) (lines int, size int64, err error) {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, 0, err
		}
		lines += bytes.Count(text, []byte("\n"))
		size += int64(len(text))
	}
	return lines, size, nil
}
