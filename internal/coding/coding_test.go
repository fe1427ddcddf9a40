// SPDX-License-Identifier: Apache-2.0

package coding_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/catalog"
	"galen/internal/coding"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/load"
	"galen/internal/job"
	"galen/internal/store"
)

var who = authz.Principal{Kind: authz.Signed, Account: "000000000000"}

// release is a few lines of ICD-10-CM under a version.
func release(t *testing.T, version string) *term.System {
	t.Helper()
	f, err := os.Open(filepath.Join("icd10", "testdata", "order.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sys, err := load.ICD10CM(f, version)
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

// house is a service whose jobs are worked until the test ends, with a domain and a bucket.
type house struct {
	*coding.Service
	jobs    *job.Queue
	catalog *catalog.Catalog
	objects *file.Store
	domain  string
}

func newHouse(t *testing.T, systems ...*term.System) *house {
	t.Helper()
	objects, err := file.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	if err := objects.CreateBucket(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	e := mem.New()
	h := &house{jobs: job.New(e, job.Options{Exclusive: true}), objects: objects}
	h.catalog = catalog.New(e, h.jobs, store.New(e, nil, store.Options{}), catalog.Options{})
	h.Service = coding.New(coding.Options{Catalog: h.catalog, Jobs: h.jobs, Objects: objects, Systems: systems, MaxPending: 3})
	d, err := h.catalog.CreateDomain(t.Context(), catalog.Domain{Account: who.Account, Name: "d"})
	if err != nil {
		t.Fatal(err)
	}
	h.domain = d.ID
	return h
}

// work works the jobs until the test ends.
func (h *house) work(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	handlers := h.catalog.Handlers()
	handlers[coding.Kind] = h.Handlers()[coding.Kind]
	go func() { defer close(done); _ = h.jobs.Run(ctx, handlers) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (h *house) spec(text string) coding.Spec {
	return coding.Spec{Domain: h.domain, Text: text, Output: "s3://bucket/out"}
}

// run starts a job and waits for its end.
func (h *house) run(t *testing.T, spec coding.Spec) (job.Job, coding.Result) {
	t.Helper()
	j, err := h.Start(t.Context(), who, spec, catalog.Token{Scope: "start"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.jobs.Wait(t.Context(), j.Queue, j.ID); err != nil {
		t.Fatal(err)
	}
	j, asked, result, err := h.Describe(t.Context(), who, h.domain, j.ID)
	if err != nil || asked.Text != spec.Text {
		t.Fatal(asked, err)
	}
	return j, result
}

// output is what medical-codes.json holds.
type output struct {
	MedicalCodes []struct {
		Sequence                           int
		System, Version, Name, Description string
		Unit                               *int
		Evidence                           []struct {
			Text                   string
			StartOffset, EndOffset int
		}
		Confidence float64
	}
	Notice string
}

func (h *house) read(t *testing.T, uri string) (o output) {
	t.Helper()
	u, err := blob.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := h.objects.Open(t.Context(), u, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err == nil {
		err = json.Unmarshal(body, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestANoteIsCoded(t *testing.T) {
	h := newHouse(t, release(t, "2021"))
	h.work(t)
	const note = "ASSESSMENT\n\n• Hypertension – the patient’s, not her mother’s.\n• Höhenangst. Asthma, and hypertension again."
	j, result := h.run(t, h.spec(note))
	if want := "s3://bucket/out/" + j.ID + "/medical-codes.json"; j.State != job.Done || result.Codes != want {
		t.Fatalf("%s %q: %+v, want %s", j.State, j.Message, result, want)
	}
	o := h.read(t, result.Codes)
	if len(o.MedicalCodes) != 2 || o.MedicalCodes[0].Name != "I10" || o.MedicalCodes[1].Name != "J45.909" || len(o.MedicalCodes[0].Evidence) != 2 ||
		!strings.Contains(o.Notice, "CPT") || o.Notice != result.Notice {
		t.Fatalf("%+v", o)
	}
	characters := []rune(note)
	for i, c := range o.MedicalCodes {
		if c.Sequence != i+1 || c.System != "ICD10" || c.Version != "2021" || c.Unit == nil || c.Description == "" || c.Confidence <= 0 {
			t.Errorf("%+v", c)
		}
		for _, e := range c.Evidence {
			if got := string(characters[e.StartOffset:e.EndOffset]); got != e.Text {
				t.Errorf("%s points at %q, says %q", c.Name, got, e.Text)
			}
		}
	}
	_, result = h.run(t, h.spec("Nothing is said here."))
	if o := h.read(t, result.Codes); o.MedicalCodes == nil || len(o.MedicalCodes) != 0 {
		t.Errorf("a note of nothing: %+v", o)
	}
}

func TestTheReleaseOfTheEncounter(t *testing.T) {
	h := newHouse(t, release(t, "2023"), release(t, "2021"))
	h.work(t)
	for date, want := range map[string]struct{ version, notice string }{
		"":           {"2023", "ICD-10-CM 2023. "},
		"2021-09-30": {"2021", "ICD-10-CM 2021. "},
		"2021-10-01": {"2023", "ICD-10-CM 2023, though the encounter's date asks for 2022"},
		"2022-10-01": {"2023", "ICD-10-CM 2023. "},
	} {
		spec := h.spec("Asthma.")
		spec.Encounter.Date = date
		_, result := h.run(t, spec)
		if o := h.read(t, result.Codes); len(o.MedicalCodes) != 1 || o.MedicalCodes[0].Version != want.version || !strings.HasPrefix(o.Notice, want.notice) {
			t.Errorf("%s: %+v, want %+v", date, o, want)
		}
	}
}

func TestWithoutTheClassification(t *testing.T) {
	b := term.NewBuilder(term.Info{URL: "http://loinc.org"})
	b.Concept("1-8")
	other, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, other)
	h.work(t)
	if j, _ := h.run(t, h.spec("Asthma.")); j.State != job.Failed || !strings.Contains(j.Message, "galen terminology add icd-10-cm") {
		t.Errorf("%s %q", j.State, j.Message)
	}
}

func TestWhatIsRefusedAtOnce(t *testing.T) {
	h := newHouse(t, release(t, "2021"))
	for what, c := range map[string]struct {
		change func(*coding.Spec)
		kind   error
	}{
		"no bucket":     {func(s *coding.Spec) { s.Output = "s3://nobucket/x" }, fault.Invalid},
		"no URI":        {func(s *coding.Spec) { s.Output = "x" }, fault.Invalid},
		"a long text":   {func(s *coding.Spec) { s.Text = strings.Repeat("ä", coding.MaxText+1) }, fault.Invalid},
		"no such day":   {func(s *coding.Spec) { s.Encounter.Date = "2021-02-30" }, fault.Invalid},
		"no domain":     {func(s *coding.Spec) { s.Domain = "dom-a1b2c3d4e5f6g7h8" }, fault.NotFound},
		"nothing wrong": {func(s *coding.Spec) { s.Text = strings.Repeat("ä", coding.MaxText) }, nil},
	} {
		spec := h.spec("x")
		c.change(&spec)
		if _, err := h.Start(t.Context(), who, spec, catalog.Token{Scope: "start"}); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := h.Start(t.Context(), authz.Principal{}, h.spec("x"), catalog.Token{}); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	if _, _, _, err := h.Describe(t.Context(), authz.Principal{Kind: authz.Signed, Account: "111111111111"}, h.domain, "x"); !errors.Is(err, fault.NotFound) {
		t.Errorf("somebody else: %v", err)
	}
}

func TestStartIsSafeToRepeat(t *testing.T) {
	h := newHouse(t, release(t, "2021"))
	start := func(text, request string) (string, error) {
		j, err := h.Start(t.Context(), who, h.spec(text), catalog.Token{Scope: "start", Text: "token", Request: []byte(request)})
		return j.ID, err
	}
	first, err := start("a", "a")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := start("a", "a"); again != first || err != nil {
		t.Errorf("again: %s, %v, want %s", again, err, first)
	}
	if _, err := start("b", "b"); !errors.Is(err, fault.Conflict) {
		t.Errorf("another request: %v", err)
	}
	for range 2 {
		if _, err := h.Start(t.Context(), who, h.spec("x"), catalog.Token{Scope: "start"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Start(t.Context(), who, h.spec("x"), catalog.Token{Scope: "start"}); !errors.Is(err, fault.Throttled) {
		t.Errorf("too many: %v", err)
	}
}
