// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"
)

func newDemoCommand() *cobra.Command {
	var keep, asJSON bool
	var input string
	var patients int
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole job on sample data and stop",
		Long: `Start a server on a free port in a temporary folder, then do with AWS's own Go SDK what a user would: create a data
store, upload NDJSON, import it, search and change it, have a patient summarised, export it again, delete it. Each step
says what it found and how long it took; the command fails if anything is not as it should be.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			files, err := demoFiles(c.Context(), input, patients)
			if err != nil {
				return err
			}
			d := &demo{out: c.OutOrStdout(), json: asJSON, keep: keep}
			return d.run(c.Context(), files)
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the server up and say how to reach it, until Ctrl-C")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a step instead of text")
	c.Flags().StringVar(&input, "input", "", "folder of .ndjson or .ndjson.gz files to use instead of made-up patients")
	c.Flags().IntVar(&patients, "patients", 20, "how many patients to make up")
	return c
}

// demo is one showing.
type demo struct {
	out   io.Writer
	json  bool
	keep  bool
	child *child
	files fs.FS
	want  map[string]int // lines of the input by resource type
	store string
	one   string // id of a patient
}

// step is one thing that the demo does; it returns what it found, in a few words.
type step struct {
	name string
	do   func(context.Context) (string, error)
}

const demoBucket = "demo-data"

func (d *demo) run(ctx context.Context, files fs.FS) (err error) {
	dir, err := os.MkdirTemp("", "galen-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d.files = files
	began := time.Now()
	for _, s := range d.steps(dir) {
		if d.keep && (s.name == "delete" || s.name == "stop") {
			continue
		}
		if err := d.show(ctx, s); err != nil {
			if d.child != nil {
				err = errors.Join(err, d.child.stop())
			}
			return err
		}
	}
	if d.keep {
		return d.wait(ctx)
	}
	if !d.json {
		fmt.Fprintf(d.out, "\nAll of it was right, in %s.\n", short(time.Since(began)))
	}
	return nil
}

func (d *demo) steps(dir string) []step {
	return []step{
		{"start", func(ctx context.Context) (found string, err error) {
			d.child, err = startChild(context.WithoutCancel(ctx), dir)
			if err != nil {
				return "", err
			}
			return "server at " + d.child.url, nil
		}},
		{"create", func(ctx context.Context) (found string, err error) {
			d.store, err = d.child.createStore(ctx, "demo")
			return "data store " + d.store + " is ACTIVE", err
		}},
		{"upload", d.upload},
		{"import", d.importAll},
		{"count", d.count},
		{"search", d.search},
		{"change", d.change},
		{"insights", d.insights},
		{"export", d.export},
		{"delete", d.remove},
		{"stop", func(context.Context) (string, error) { return "the server ended cleanly", d.child.stop() }},
	}
}

// show does a step and tells what it found and how long it took.
func (d *demo) show(ctx context.Context, s step) error {
	began := time.Now()
	found, err := s.do(ctx)
	took := time.Since(began)
	if d.json {
		line := map[string]any{"step": s.name, "found": found, "milliseconds": took.Milliseconds(), "ok": err == nil}
		if err != nil {
			line["error"] = err.Error()
		}
		_ = json.NewEncoder(d.out).Encode(line) // a reader who has gone need not be told
	} else if err == nil {
		fmt.Fprintf(d.out, "  ✓ %-8s %8s  %s\n", s.name, short(took), found)
	} else {
		fmt.Fprintf(d.out, "  ✗ %-8s %8s\n", s.name, short(took))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// short is a duration for people.
func short(t time.Duration) string {
	switch {
	case t >= time.Second:
		return fmt.Sprintf("%.1f s", t.Seconds())
	case t >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", t.Milliseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(t.Microseconds())/1000)
}

func (d *demo) upload(ctx context.Context) (string, error) {
	bucket := demoBucket
	if _, err := d.child.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		return "", err
	}
	size, err := d.child.upload(ctx, d.files, bucket, "in/")
	if err != nil {
		return "", err
	}
	d.want, err = countTypes(d.files)
	return fmt.Sprintf("%d files, %.1f MB, to s3://%s/in/", len(d.want), float64(size)/1e6, bucket), err
}

func (d *demo) importAll(ctx context.Context) (string, error) {
	p, err := d.child.importFrom(ctx, d.store, "s3://"+demoBucket+"/in/", "s3://"+demoBucket+"/out/")
	if err != nil {
		return "", err
	}
	r := p.JobProgressReport
	total := int64(0)
	for _, n := range d.want {
		total += int64(n)
	}
	if p.JobStatus != "COMPLETED" || *r.TotalNumberOfResourcesImported != total {
		return "", fmt.Errorf("the job is %s with %d of %d resources imported", p.JobStatus, *r.TotalNumberOfResourcesImported, total)
	}
	return fmt.Sprintf("%d resources validated, indexed and durable, %.0f a second", total, *r.Throughput), nil
}

func (d *demo) count(ctx context.Context) (string, error) {
	for typ, want := range d.want {
		got, _, err := d.child.search(ctx, d.store, typ+"?_summary=count")
		if err != nil {
			return "", err
		}
		if got != want {
			return "", fmt.Errorf("%s: %d in the store, %d in the files", typ, got, want)
		}
	}
	return fmt.Sprintf("all %d resource types as many as in the files", len(d.want)), nil
}

func (d *demo) search(ctx context.Context) (string, error) {
	_, patients, err := d.child.search(ctx, d.store, "Patient?_sort=-birthdate&_count=1")
	if err != nil || len(patients) != 1 {
		return "", errors.Join(err, fmt.Errorf("the youngest patient: %d found", len(patients)))
	}
	d.one, _ = patients[0]["id"].(string)
	total, entries, err := d.child.search(ctx, d.store, "Observation?patient="+d.one+"&_total=accurate&_sort=-date&_count=5&_include=Observation:encounter")
	if err != nil {
		return "", err
	}
	chained, _, err := d.child.search(ctx, d.store, "Observation?subject:Patient._id="+d.one+"&_summary=count")
	if err != nil {
		return "", err
	}
	if total != chained {
		return "", fmt.Errorf("%d observations by reference, %d by chain", total, chained)
	}
	return fmt.Sprintf("the youngest patient has %d observations; first page of %d with their encounters", total, len(entries)), nil
}

func (d *demo) change(ctx context.Context) (string, error) {
	path := "Patient/" + d.one
	status, body, err := d.child.fhir(ctx, http.MethodGet, d.store, path, nil)
	if err != nil || status != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("read: status %d", status))
	}
	changed := bytes.Replace(body, []byte(`{`), []byte(`{"language":"en-US",`), 1)
	if bytes.Contains(body, []byte(`"language":`)) {
		changed = body
	}
	status, body, err = d.child.fhir(ctx, http.MethodPut, d.store, path, changed)
	if err != nil || status != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("update: status %d %s", status, body))
	}
	versions, _, err := d.child.search(ctx, d.store, path+"/_history")
	if err != nil {
		return "", err
	}
	if versions != 2 {
		return "", fmt.Errorf("%d versions after one update", versions)
	}
	return path + " is at version 2, version 1 is kept", nil
}

func (d *demo) export(ctx context.Context) (string, error) {
	p, err := d.child.exportTo(ctx, d.store, "s3://"+demoBucket+"/export/")
	if err != nil {
		return "", err
	}
	total := 0
	for _, n := range d.want {
		total += n
	}
	lines, size, err := countLines(filepath.Join(d.child.data, "s3", demoBucket, "export"), "*/*/*.ndjson")
	if err != nil {
		return "", err
	}
	if p.JobStatus != "COMPLETED" || lines != total {
		return "", fmt.Errorf("the job is %s with %d of %d resources exported", p.JobStatus, lines, total)
	}
	return fmt.Sprintf("%d resources, %.1f MB of NDJSON", lines, float64(size)/1e6), nil
}

func (d *demo) remove(ctx context.Context) (string, error) {
	hl := d.child.healthlake()
	if _, err := hl.DeleteFHIRDatastore(ctx, &healthlake.DeleteFHIRDatastoreInput{DatastoreId: &d.store}); err != nil {
		return "", err
	}
	w := healthlake.NewFHIRDatastoreDeletedWaiter(hl, func(o *healthlake.FHIRDatastoreDeletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollDelay, pollDelay
	})
	return "the data store and all in it are gone", w.Wait(ctx, &healthlake.DescribeFHIRDatastoreInput{DatastoreId: &d.store}, time.Minute)
}

// wait keeps the server up until ctx ends.
func (d *demo) wait(ctx context.Context) error {
	fmt.Fprintf(d.out, `
The server stays up until Ctrl-C. In another terminal:

  export AWS_SHARED_CREDENTIALS_FILE=%s/credentials
  export AWS_ENDPOINT_URL=%s AWS_REGION=%s
  aws healthlake list-fhir-datastores
  aws s3 ls s3://%s/

FHIR requests go to %s/datastore/%s/r4/ and are signed with the same credentials.
`, d.child.data, d.child.url, childRegion, demoBucket, d.child.url, d.store)
	<-ctx.Done()
	return d.child.stop()
}

// countTypes counts the lines of NDJSON files by the type their names begin with.
func countTypes(files fs.FS) (map[string]int, error) {
	counts := map[string]int{}
	err := fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		typ, _, ok := strings.Cut(e.Name(), ".ndjson")
		if !ok {
			return nil
		}
		text, err := readNDJSON(files, path)
		counts[typ] += bytes.Count(bytes.TrimSpace(text), []byte("\n")) + min(1, len(text))
		return err
	})
	if err == nil && len(counts) == 0 {
		err = errors.New("there is no .ndjson or .ndjson.gz file in the input folder")
	}
	return counts, err
}
