// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/healthlake/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	role = "arn:aws:iam::000000000000:role/galen"
	key  = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"

	poll  = 20 * time.Millisecond // AWS's waiters look once a minute
	limit = 2 * time.Minute
)

// walk is the main job on one server: a data store and a bucket.
type walk struct {
	*server
	hl     *healthlake.Client
	store  *string
	bucket string
}

func newWalk(t *testing.T, s *server, name string) *walk {
	t.Helper()
	w := &walk{server: s, hl: s.healthlake(), bucket: "bucket-" + strings.ToLower(name)}
	made, err := w.hl.CreateFHIRDatastore(t.Context(), &healthlake.CreateFHIRDatastoreInput{DatastoreTypeVersion: types.FHIRVersionR4,
		DatastoreName: &name, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	w.store = made.DatastoreId
	active := healthlake.NewFHIRDatastoreActiveWaiter(w.hl, func(o *healthlake.FHIRDatastoreActiveWaiterOptions) { o.MinDelay, o.MaxDelay = poll, poll })
	if err := active.Wait(t.Context(), &healthlake.DescribeFHIRDatastoreInput{DatastoreId: w.store}, limit); err != nil {
		t.Fatal(err)
	}
	if _, err := s.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.bucket}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *walk) put(name string, body []byte) {
	w.t.Helper()
	if _, err := w.s3().PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &w.bucket, Key: &name, Body: bytes.NewReader(body)}); err != nil {
		w.t.Fatal(err)
	}
}

func output(uri string) types.OutputDataConfig {
	return &types.OutputDataConfigMemberS3Configuration{Value: types.S3Configuration{S3Uri: &uri, KmsKeyId: aws.String(key)}}
}

func (w *walk) startImport() (id *string) {
	w.t.Helper()
	job, err := w.hl.StartFHIRImportJob(w.t.Context(), &healthlake.StartFHIRImportJobInput{DatastoreId: w.store, DataAccessRoleArn: aws.String(role),
		InputDataConfig: &types.InputDataConfigMemberS3Uri{Value: "s3://" + w.bucket + "/in/"}, JobOutputDataConfig: output("s3://" + w.bucket + "/out")})
	if err != nil {
		w.t.Fatal(err)
	}
	return job.JobId
}

func (w *walk) waitImport(id *string) *types.ImportJobProperties {
	w.t.Helper()
	done := healthlake.NewFHIRImportJobCompletedWaiter(w.hl, func(o *healthlake.FHIRImportJobCompletedWaiterOptions) { o.MinDelay, o.MaxDelay = poll, poll })
	out, err := done.WaitForOutput(w.t.Context(), &healthlake.DescribeFHIRImportJobInput{DatastoreId: w.store, JobId: id}, limit)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.ImportJobProperties
}

// export runs an export and gives its lines.
func (w *walk) export() [][]byte {
	w.t.Helper()
	job, err := w.hl.StartFHIRExportJob(w.t.Context(), &healthlake.StartFHIRExportJobInput{DatastoreId: w.store, DataAccessRoleArn: aws.String(role),
		OutputDataConfig: output("s3://" + w.bucket + "/export")})
	if err != nil {
		w.t.Fatal(err)
	}
	done := healthlake.NewFHIRExportJobCompletedWaiter(w.hl, func(o *healthlake.FHIRExportJobCompletedWaiterOptions) { o.MinDelay, o.MaxDelay = poll, poll })
	out, err := done.WaitForOutput(w.t.Context(), &healthlake.DescribeFHIRExportJobInput{DatastoreId: w.store, JobId: job.JobId}, limit)
	if err != nil {
		w.t.Fatal(err)
	}
	to := out.ExportJobProperties.OutputDataConfig.(*types.OutputDataConfigMemberS3Configuration)
	return w.lines(*to.Value.S3Uri)
}

// lines gives the lines of all objects below an S3 URI.
func (w *walk) lines(uri string) (lines [][]byte) {
	w.t.Helper()
	prefix := strings.TrimPrefix(uri, "s3://"+w.bucket+"/")
	client := w.s3()
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &w.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, o := range page.Contents {
			got, err := client.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &w.bucket, Key: o.Key})
			if err != nil {
				w.t.Fatal(err)
			}
			text, err := io.ReadAll(got.Body)
			if err != nil {
				w.t.Fatal(err)
			}
			lines = append(lines, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))...)
		}
	}
	return lines
}

// exact gives a resource's key and its JSON, with numbers as they are written and without what the server sets in meta.
func exact(t *testing.T, line []byte) (key, body string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%.100s: %v", line, err)
	}
	if meta, ok := m["meta"].(map[string]any); ok {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(m, "meta")
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s/%s", m["resourceType"], m["id"]), string(b)
}

// dataSet is the lines of a data set by type: of ../shared if that is there, else a small one.
func dataSet(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../shared/data/synthea-100/*.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(name), ".ndjson")] = text
	}
	if len(files) == 0 {
		t.Log("../shared/data/synthea-100 is not here: a small data set made up on the spot is used")
		var b bytes.Buffer
		for i := range 500 {
			fmt.Fprintf(&b, `{"resourceType":"Patient","id":"p%d","gender":"female","birthDate":"19%02d-01-02"}`+"\n", i, i%100)
		}
		files["Patient"] = b.Bytes()
	}
	return files
}

func TestTheMainJobWithTheSDK(t *testing.T) {
	w := newWalk(t, newServer(t), "sdk")
	want, counts, total := map[string]string{}, map[string]int{}, int64(0)
	for typ, text := range dataSet(t) {
		w.put("in/"+typ+".ndjson", text)
		for line := range bytes.Lines(text) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			key, body := exact(t, line)
			want[key] = body
			counts[typ]++
			total++
		}
	}
	p := w.waitImport(w.startImport())
	if p.JobStatus != types.JobStatusCompleted {
		t.Fatalf("the import is %s: %s", p.JobStatus, aws.ToString(p.Message))
	}
	r := p.JobProgressReport
	if got := []int64{*r.TotalNumberOfResourcesScanned, *r.TotalNumberOfResourcesImported, *r.TotalNumberOfScannedFiles}; got[0] != total || got[1] != total || got[2] != int64(len(counts)) {
		t.Errorf("scanned %d, imported %d, files %d; want %d, %d, %d", got[0], got[1], got[2], total, total, len(counts))
	}
	for typ, n := range counts {
		if got := w.search(*w.store, typ+"?_summary=count").Total; got != n {
			t.Errorf("%d %s, want %d", got, typ, n)
		}
	}
	lines := w.export()
	if len(lines) != len(want) {
		t.Errorf("%d lines exported, want %d", len(lines), len(want))
	}
	for _, line := range lines {
		key, body := exact(t, line)
		if want[key] != body {
			t.Fatalf("%s is exported as %s\nwant %s", key, body, want[key])
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("%d resources are not exported", len(want))
	}
	w.delete()
}

func (w *walk) delete() {
	w.t.Helper()
	if _, err := w.hl.DeleteFHIRDatastore(w.t.Context(), &healthlake.DeleteFHIRDatastoreInput{DatastoreId: w.store}); err != nil {
		w.t.Fatal(err)
	}
	gone := healthlake.NewFHIRDatastoreDeletedWaiter(w.hl, func(o *healthlake.FHIRDatastoreDeletedWaiterOptions) { o.MinDelay, o.MaxDelay = poll, poll })
	if err := gone.Wait(w.t.Context(), &healthlake.DescribeFHIRDatastoreInput{DatastoreId: w.store}, limit); err != nil {
		w.t.Error(err)
	}
}

func TestErrorsAreTheSDKsTypes(t *testing.T) {
	w := newWalk(t, newServer(t), "errors")
	ctx := t.Context()
	_, err := w.hl.DescribeFHIRDatastore(ctx, &healthlake.DescribeFHIRDatastoreInput{DatastoreId: aws.String(strings.Repeat("0", 32))})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("describe what is not there: %v", err)
	}
	_, err = w.hl.ListFHIRDatastores(ctx, &healthlake.ListFHIRDatastoresInput{MaxResults: aws.Int32(501)})
	if _, ok := errors.AsType[*types.ValidationException](err); !ok {
		t.Errorf("list 501: %v", err)
	}
	create := healthlake.CreateFHIRDatastoreInput{DatastoreTypeVersion: types.FHIRVersionR4, ClientToken: aws.String("token")}
	if _, err := w.hl.CreateFHIRDatastore(ctx, &create); err != nil {
		t.Fatal(err)
	}
	create.DatastoreName = aws.String("another")
	_, err = w.hl.CreateFHIRDatastore(ctx, &create)
	if _, ok := errors.AsType[*types.ValidationException](err); !ok {
		t.Errorf("a token for another request: %v", err)
	}
	w.delete()
	_, err = w.hl.DeleteFHIRDatastore(ctx, &healthlake.DeleteFHIRDatastoreInput{DatastoreId: w.store})
	if e, ok := errors.AsType[*types.ConflictException](err); !ok || e.ErrorMessage() == "" {
		t.Errorf("delete twice: %v", err)
	}
	thief := healthlake.NewFromConfig(w.aws, func(o *healthlake.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAAAAAAAAAAAAAAAAA", SecretAccessKey: "x"}, nil
		})
	})
	_, err = thief.ListFHIRDatastores(ctx, &healthlake.ListFHIRDatastoresInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "UnrecognizedClientException" {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestListsAndTagsWithTheSDK(t *testing.T) {
	w := newWalk(t, newServer(t), "lists")
	ctx := t.Context()
	for range 4 {
		if _, err := w.hl.CreateFHIRDatastore(ctx, &healthlake.CreateFHIRDatastoreInput{DatastoreTypeVersion: types.FHIRVersionR4, DatastoreName: aws.String("many")}); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for in := (healthlake.ListFHIRDatastoresInput{MaxResults: aws.Int32(3), Filter: &types.DatastoreFilter{DatastoreName: aws.String("many"),
		CreatedAfter: aws.Time(time.Now().Add(-time.Hour))}}); ; {
		page, err := w.hl.ListFHIRDatastores(ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.DatastorePropertiesList {
			if age := time.Since(*d.CreatedAt); age < 0 || age > time.Minute {
				t.Errorf("created %v ago", age)
			}
			got++
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	if got != 4 {
		t.Errorf("%d listed, want 4", got)
	}
	d, err := w.hl.DescribeFHIRDatastore(ctx, &healthlake.DescribeFHIRDatastoreInput{DatastoreId: w.store})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := w.hl.ListTagsForResource(ctx, &healthlake.ListTagsForResourceInput{ResourceARN: d.DatastoreProperties.DatastoreArn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "k" {
		t.Errorf("tags %v, %v", tags, err)
	}
}
