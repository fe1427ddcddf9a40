// SPDX-License-Identifier: Apache-2.0

package previsit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	blobfile "galen/internal/blob/file"
	"galen/internal/catalog"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/insights"
	"galen/internal/insights/document"
	"galen/internal/insights/gather"
	"galen/internal/insights/previsit"
	"galen/internal/job"
	"galen/internal/seal"
	"galen/internal/store"
)

var who = authz.Principal{Kind: authz.Signed, Account: "000000000000"}

// house is a service whose jobs are worked until the test ends, with a domain and a bucket.
type house struct {
	*previsit.Service
	jobs    *job.Queue
	catalog *catalog.Catalog
	objects *failing
	domain  string
}

// failing is an object store that refuses to create the objects whose number is given, counted from 1.
type failing struct {
	*blobfile.Store
	mu     sync.Mutex
	refuse int // guarded by mu
	made   int // guarded by mu
}

func (f *failing) Create(ctx context.Context, u blob.URI) (blob.Writer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made++; f.made == f.refuse {
		return nil, fault.New(fault.Unavailable, "the disk is full, at %s", u)
	}
	return f.Store.Create(ctx, u)
}

func newHouse(t *testing.T, change func(*previsit.Options)) *house {
	t.Helper()
	files, err := blobfile.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	if err := files.CreateBucket(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	secrets, err := seal.New(bytes.Repeat([]byte{1}, 32), "test")
	if err != nil {
		t.Fatal(err)
	}
	e := mem.New()
	h := &house{jobs: job.New(e, job.Options{Exclusive: true}), objects: &failing{Store: files}}
	stores := store.New(e, nil, store.Options{})
	h.catalog = catalog.New(e, h.jobs, stores, catalog.Options{})
	o := previsit.Options{Catalog: h.catalog, Jobs: h.jobs, Objects: h.objects, Secrets: secrets, Summarise: insights.Summariser{}.Summarise,
		Gatherer: gather.New(gather.Options{Objects: files, Documents: document.NewReader(document.Options{}), Pause: time.Millisecond,
			Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})}
	if change != nil {
		change(&o)
	}
	h.Service = previsit.New(o)
	handlers := h.catalog.Handlers()
	handlers[previsit.Kind] = h.Handlers()[previsit.Kind]
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); _ = h.jobs.Run(ctx, handlers) }()
	t.Cleanup(func() { cancel(); <-done })
	d, err := h.catalog.CreateDomain(t.Context(), catalog.Domain{Account: who.Account, Name: "d"})
	if err != nil {
		t.Fatal(err)
	}
	h.domain = d.ID
	h.put(t, "in/record.ndjson", `{"resourceType":"Patient","id":"ann","birthDate":"1980-01-02","name":[{"family":"Ash","given":["Ann"]}]}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/ann"},"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Asthma"}}`)
	return h
}

func (h *house) put(t *testing.T, name, text string) {
	t.Helper()
	w, err := h.objects.Store.Create(t.Context(), blob.URI{Bucket: "bucket", Key: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// files lists what is below the output path.
func (h *house) files(t *testing.T) []string {
	t.Helper()
	var names []string
	for o, err := range h.objects.List(t.Context(), blob.URI{Bucket: "bucket", Key: "out/"}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.URI.Key)
	}
	return names
}

func (h *house) spec() previsit.Spec {
	return previsit.Spec{Domain: h.domain, Patient: "ann", Reason: "cough", Role: "CLINICIAN", User: "u",
		Sources: []string{"s3://bucket/in/record.ndjson"}, Output: "s3://bucket/out"}
}

// run starts a job and waits for its end.
func (h *house) run(t *testing.T, spec previsit.Spec, token string) (job.Job, previsit.Result) {
	t.Helper()
	j, err := h.Start(t.Context(), who, spec, token, catalog.Token{Scope: "start"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.jobs.Wait(t.Context(), catalog.InsightsQueue(h.domain), j.ID); err != nil {
		t.Fatal(err)
	}
	j, _, result, err := h.Describe(t.Context(), who, h.domain, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	return j, result
}

func TestAJobStoresAllItsFiles(t *testing.T) {
	h := newHouse(t, nil)
	j, result := h.run(t, h.spec(), "")
	if want := "s3://bucket/out/" + j.ID + "/ann/summary.json"; j.State != job.Done || result.Summary != want {
		t.Fatalf("%s %q: %+v, want %s", j.State, j.Message, result, want)
	}
	names := strings.Join(h.files(t), " ")
	for _, want := range []string{"/ann/summary.json", "/ann/summary.md", "/ann/facts.json"} {
		if !strings.Contains(names, want) {
			t.Errorf("%s is not in %s", want, names)
		}
	}
}

// Whichever file cannot be stored, none is left.
func TestAllOrNothing(t *testing.T) {
	for n := 1; n <= 3; n++ {
		h := newHouse(t, nil)
		h.objects.refuse = n
		j, _ := h.run(t, h.spec(), "")
		if j.State != job.Failed || !strings.Contains(j.Message, "could not be stored") || strings.Contains(j.Message, "ann") {
			t.Errorf("file %d: %s %q", n, j.State, j.Message)
		}
		if left := h.files(t); len(left) > 0 {
			t.Errorf("file %d: %v is left", n, left)
		}
	}
}

func TestWhyAJobFailed(t *testing.T) {
	h := newHouse(t, nil)
	for what, c := range map[string]struct {
		change func(*previsit.Spec)
		text   string
	}{
		"another birth date": {func(s *previsit.Spec) { s.BirthDate = "1990-01-02" }, "dateOfBirth"},
		"another patient":    {func(s *previsit.Spec) { s.Patient = "bob" }, "patientId"},
		"no bucket":          {func(s *previsit.Spec) { s.Output = "s3://nobucket/x" }, "the bucket does not exist"},
		"no object":          {func(s *previsit.Spec) { s.Sources = []string{"s3://bucket/in/none"} }, "s3Sources[0]"},
	} {
		spec := h.spec()
		c.change(&spec)
		j, _ := h.run(t, spec, "")
		if j.State != job.Failed || !strings.Contains(j.Message, c.text) || len(h.files(t)) > 0 {
			t.Errorf("%s: %s %q, files %v", what, j.State, j.Message, h.files(t))
		}
	}
	broken := newHouse(t, func(o *previsit.Options) {
		o.Summarise = func(context.Context, insights.Input) (insights.Output, error) {
			return insights.Output{}, errors.New("Ann Ash has asthma")
		}
	})
	if j, _ := broken.run(t, broken.spec(), ""); j.State != job.Failed || j.Message != "internal error" {
		t.Errorf("our own bug: %s %q", j.State, j.Message)
	}
}

func TestTheAccessTokenIsSealed(t *testing.T) {
	h := newHouse(t, nil)
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Authorization")
		fmt.Fprint(w, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"ann"}}]}`)
	}))
	defer s.Close()
	spec := h.spec()
	spec.Sources, spec.Endpoint = nil, s.URL
	j, _ := h.run(t, spec, "very-secret-token")
	if text := <-got; text != "Bearer very-secret-token" || j.State != job.Done {
		t.Errorf("asked with %q, %s %q", text, j.State, j.Message)
	}
	row, err := h.jobs.Describe(t.Context(), catalog.InsightsQueue(h.domain), j.ID)
	if err != nil || bytes.Contains(row.Spec, []byte("very-secret")) || !bytes.Contains(row.Spec, []byte(`"token":"`)) {
		t.Errorf("stored as %s: %v", row.Spec, err)
	}
}

func TestStartIsSafeToRepeat(t *testing.T) {
	h := newHouse(t, nil)
	ids := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			j, err := h.Start(t.Context(), who, h.spec(), "", catalog.Token{Scope: "start", Text: "t", Request: []byte("r")})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[j.ID] = true
		})
	}
	wg.Wait()
	if len(ids) != 1 {
		t.Errorf("8 equal requests started %d jobs", len(ids))
	}
	if _, err := h.Start(t.Context(), who, h.spec(), "", catalog.Token{Scope: "start", Text: "t", Request: []byte("other")}); !errors.Is(err, fault.Conflict) {
		t.Errorf("with other parameters: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	h := newHouse(t, nil)
	for what, c := range map[string]struct {
		who    authz.Principal
		change func(*previsit.Spec)
		kind   fault.Kind
	}{
		"nobody":         {authz.Principal{}, func(*previsit.Spec) {}, fault.Unauthenticated},
		"no domain":      {who, func(s *previsit.Spec) { s.Domain = "dom-x" }, fault.NotFound},
		"others' domain": {authz.Principal{Kind: authz.Signed, Account: "111111111111"}, func(*previsit.Spec) {}, fault.NotFound},
		"no id":          {who, func(s *previsit.Spec) { s.Patient = "a b" }, fault.Invalid},
		"nothing":        {who, func(s *previsit.Spec) { s.Sources = nil }, fault.Invalid},
		"no address":     {who, func(s *previsit.Spec) { s.Endpoint = "http://u:p@h/" }, fault.Invalid},
		"no output":      {who, func(s *previsit.Spec) { s.Output = "s3://x" }, fault.Invalid},
	} {
		spec := h.spec()
		c.change(&spec)
		if _, err := h.Start(t.Context(), c.who, spec, "", catalog.Token{}); fault.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v, want %s", what, err, c.kind)
		}
	}
	if _, _, _, err := h.Describe(t.Context(), who, h.domain, "none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an unknown job: %v", err)
	}
}

func TestADomainTakesItsJobsAlong(t *testing.T) {
	h := newHouse(t, nil)
	began := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(began); <-r.Context().Done() }))
	defer s.Close()
	done, _ := h.run(t, h.spec(), "")
	spec := h.spec()
	spec.Sources, spec.Endpoint = nil, s.URL
	if _, err := h.Start(t.Context(), who, spec, "", catalog.Token{Scope: "start"}); err != nil {
		t.Fatal(err)
	}
	<-began
	if _, err := h.catalog.DeleteDomain(t.Context(), who.Account, h.domain); err != nil {
		t.Fatal(err)
	}
	last, _, err := h.jobs.List(t.Context(), "life/"+h.domain, job.Filter{}, 0, 1)
	if err != nil || len(last) != 1 {
		t.Fatalf("%v %v", last, err)
	}
	if _, err := h.jobs.Wait(t.Context(), "life/"+h.domain, last[0].ID); err != nil {
		t.Fatal(err)
	}
	left, _, err := h.jobs.List(t.Context(), catalog.InsightsQueue(h.domain), job.Filter{}, 0, 10)
	if err != nil || len(left) != 0 {
		t.Errorf("%d jobs are left: %v", len(left), err)
	}
	if _, _, _, err := h.Describe(t.Context(), who, h.domain, done.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("a job of the deleted domain: %v", err)
	}
}
