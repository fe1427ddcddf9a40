// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"galen/internal/insights"
)

const (
	maxRecord      = 1 << 30 // bytes of a record that are read from files or a server
	maxRecordPages = 1000    // pages of $everything
	columns        = 110     // of the summary in the terminal
)

// preVisit is a run of galen insights.
type preVisit struct {
	request
	in       insights.Request
	files    []string
	asOf     string
	html     string
	json     bool
	all      bool
	pronouns string
}

func newInsightsCommand() *cobra.Command {
	p := &preVisit{}
	c := &cobra.Command{
		Use:   "insights PATIENT",
		Short: "Summarise a patient's record for a visit, with evidence",
		Long: `insights prints a pre-visit summary of the patient with that id: what changed since the last visit, what bears on the reason
for this one, active problems, medicines and allergies. The record comes from a data store of a running server, or from files and
folders of NDJSON and Bundles (gzip too). No model is asked; every sentence rests on resources, which --html links to.

  galen insights 87a3 --reason 'diabetes follow-up'
  galen insights 87a3 --file export/ --html summary.html`,
		Args: wants(1, 1, "one patient's id", "galen insights 87a3c0e1"),
		RunE: func(c *cobra.Command, args []string) error {
			p.in.Patient = strings.TrimPrefix(args[0], "Patient/")
			return p.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&p.in.Reason, "reason", "", "why the patient comes; what bears on it leads")
	f.StringVar(&p.in.Specialty, "specialty", "PRIMARY_CARE", "who reads it; PRIMARY_CARE puts preventive care on the first screen")
	f.StringVar(&p.pronouns, "pronouns", "", "he, she or they; the record's gender decides if empty")
	f.StringArrayVar(&p.files, "file", nil, "a file or folder with the record, instead of a server; may repeat")
	f.StringVar(&p.asOf, "as-of", "", "day of the visit, YYYY-MM-DD; today if empty")
	f.StringVar(&p.html, "html", "", "write the summary as a page to this file")
	f.BoolVar(&p.json, "json", false, "print summary.json, as a job writes it")
	f.BoolVar(&p.all, "all", false, "print all of the summary, not the first screen only")
	f.StringVar(&p.url, "url", cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:8080"), "address of the server")
	f.StringVar(&p.data, "data", "./galen-data", "the server's data folder, for its credentials; AWS_SHARED_CREDENTIALS_FILE goes before it")
	f.StringVar(&p.store, "datastore", "", "id of the data store")
	f.StringVar(&p.profile, "profile", "default", "profile of the credentials")
	return c
}

func (p *preVisit) run(ctx context.Context, out, problems io.Writer) error {
	if err := p.settle(); err != nil {
		return err
	}
	resources, err := p.record(ctx)
	if err != nil {
		return err
	}
	s, made, err := insights.Compose(ctx, insights.Input{Request: p.in, Resources: resources})
	if err != nil {
		return err
	}
	for _, text := range made.Problems {
		fmt.Fprintln(problems, "galen:", text)
	}
	if p.html != "" {
		if err := os.WriteFile(p.html, s.HTML(), 0o600); err != nil {
			return err
		}
	}
	switch {
	case p.json:
		_, err = out.Write(s.JSON(p.in.Now))
	case p.html == "" || p.all:
		_, err = out.Write(s.Plain(columns, p.all))
	}
	return err
}

// settle reads the flags that need it.
func (p *preVisit) settle() error {
	p.in.JobID, p.in.Role, p.in.Now = "galen-insights", "CLINICIAN", time.Now()
	if p.asOf != "" {
		day, err := time.ParseInLocation(time.DateOnly, p.asOf, time.Local)
		if err != nil {
			return usageError{fmt.Errorf("--as-of: %q is no day such as 2026-03-01", p.asOf)}
		}
		p.in.Now = day.Add(24*time.Hour - time.Second)
	}
	known := map[string]string{"": "", "he": "HE_HIM", "she": "SHE_HER", "they": "THEY_THEM"}
	name, ok := known[strings.ToLower(p.pronouns)]
	if !ok {
		return usageError{fmt.Errorf("--pronouns: %q is none of he, she, they", p.pronouns)}
	}
	p.in.Pronouns = name
	return nil
}

// record reads the patient's record from the files or the server.
func (p *preVisit) record(ctx context.Context) ([][]byte, error) {
	if len(p.files) == 0 {
		return p.fetch(ctx)
	}
	var r recordFiles
	for _, name := range p.files {
		if err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			plain := strings.TrimSuffix(path, ".gz")
			if ext := filepath.Ext(plain); path != name && ext != ".ndjson" && ext != ".json" {
				return nil
			}
			return r.read(path)
		}); err != nil {
			return nil, err
		}
	}
	return r.resources, nil
}

// fetch asks the server for everything about the patient, page by page.
func (p *preVisit) fetch(ctx context.Context) ([][]byte, error) {
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	if p.store == "" {
		if p.store, err = onlyStore(ctx, c); err != nil {
			return nil, err
		}
	}
	p.in.Server = c.url + "/datastore/" + p.store + "/r4"
	var pages [][]byte
	path, size := "Patient/"+url.PathEscape(p.in.Patient)+"/$everything", 0
	for path != "" {
		status, body, err := c.fhir(ctx, http.MethodGet, p.store, path, nil)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusNotFound || status == http.StatusGone:
			return nil, fmt.Errorf("the data store has no patient %s", p.in.Patient)
		case status != http.StatusOK:
			return nil, fmt.Errorf("the server answered %d %s to %s", status, http.StatusText(status), path)
		}
		pages = append(pages, body)
		if size += len(body); size > maxRecord || len(pages) > maxRecordPages {
			return nil, fmt.Errorf("the record is larger than %d MiB", maxRecord>>20)
		}
		if path, err = nextPage(body); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// nextPage is the path below the data store's address of the next page of a Bundle, empty if there is none.
func nextPage(body []byte) (string, error) {
	var b struct {
		Link []struct{ Relation, URL string }
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return "", fmt.Errorf("the server's answer is no Bundle: %w", err)
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			_, path, ok := strings.Cut(l.URL, "/r4/")
			if !ok {
				return "", errors.New("the server's next link leads elsewhere")
			}
			return path, nil
		}
	}
	return "", nil
}

// recordFiles gathers resources of files.
type recordFiles struct {
	resources [][]byte
	size      int
}

// read takes in one file: a resource or Bundle, or one a line.
func (r *recordFiles) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReader(f)
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	src, err := io.ReadAll(io.LimitReader(in, int64(maxRecord-r.size)+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if r.size += len(src); r.size > maxRecord {
		return fmt.Errorf("the files are larger than %d MiB", maxRecord>>20)
	}
	if !strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".ndjson") && json.Valid(src) {
		r.resources = append(r.resources, src)
		return nil
	}
	for line := range bytes.Lines(src) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			r.resources = append(r.resources, line)
		}
	}
	return nil
}
