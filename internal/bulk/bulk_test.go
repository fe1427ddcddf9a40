// SPDX-License-Identifier: Apache-2.0

package bulk_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/bulk"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/job"
	"galen/internal/search/index"
	"galen/internal/store"
)

const account = "000000000000"

// terms is the index of R4, compiled once.
var terms = sync.OnceValue(func() *index.Index {
	x, err := index.New(def.R4())
	if err != nil {
		panic(err)
	}
	return x
})

var server = authz.Principal{Kind: authz.Server}

// house is a bulk service over a folder and an engine, with one data store.
type house struct {
	t      *testing.T
	root   string
	blobs  *file.Store
	engine engine.Engine
	opt    bulk.Options
}

func newHouse(t *testing.T, opt bulk.Options) *house {
	t.Helper()
	root := t.TempDir()
	for _, bucket := range []string{"in-put", "out-put"} {
		if err := os.MkdirAll(filepath.Join(root, bucket), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	blobs, err := file.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	return &house{t: t, root: root, blobs: blobs, engine: mem.New(), opt: opt}
}

// put writes an input object; one whose name ends in .gz is compressed.
func (h *house) put(key, text string) {
	h.t.Helper()
	if strings.HasSuffix(key, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		text = b.String()
	}
	w, err := h.blobs.Create(h.t.Context(), blob.URI{Bucket: "in-put", Key: key})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		h.t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		h.t.Fatal(err)
	}
}

// serve runs body with a service whose jobs are worked; blobs is what it reads and writes, eng where it stores.
func (h *house) serve(blobs blob.Store, eng engine.Engine, body func(s *bulk.Service, q *job.Queue, st *store.Store)) {
	h.t.Helper()
	stores := store.New(eng, terms(), store.Options{})
	defer stores.Close()
	st, err := stores.Store(7)
	if err != nil {
		h.t.Fatal(err)
	}
	q := job.New(h.engine, job.Options{Exclusive: true})
	s := bulk.New(q, blobs, func(_ context.Context, a, id string) (*store.Store, error) {
		if a != account || id != "ds" {
			return nil, fault.New(fault.NotFound, "no such data store")
		}
		return st, nil
	}, def.R4(), h.opt)
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = q.Run(ctx, s.Handlers()) }()
	defer func() { cancel(); <-done }()
	body(s, q, st)
}

// finish waits for the end of a job.
func finish(t *testing.T, q *job.Queue, j job.Job) job.Job {
	t.Helper()
	j, err := q.Wait(t.Context(), j.Queue, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (h *house) importAll(s *bulk.Service, q *job.Queue, level string) (job.Job, bulk.Progress) {
	h.t.Helper()
	j, err := s.StartImport(h.t.Context(), server, "", "test", bulk.ImportSpec{Account: account, DataStore: "ds",
		Input: "s3://in-put/data/", Output: "s3://out-put/logs", KeyID: "key", Level: level}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	j = finish(h.t, q, j)
	var p bulk.Progress
	if len(j.Progress) > 0 {
		if err := json.Unmarshal(j.Progress, &p); err != nil {
			h.t.Fatal(err)
		}
	}
	return j, p
}

// read returns an output object's text, "" if there is none.
func (h *house) read(parts ...string) string {
	b, err := os.ReadFile(filepath.Join(append([]string{h.root, "out-put"}, parts...)...))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.t.Fatal(err)
	}
	return string(b)
}

func patient(id string) string { return fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id) }

func TestImportCountsAndLogsEveryLine(t *testing.T) {
	h := newHouse(t, bulk.Options{MaxLine: 200})
	h.put("data/a.ndjson", strings.Join([]string{
		patient("one"),
		"",
		`{"resourceType":"Patient","id":"two","gender":"female"}`,
		`{not json`,
		`{"resourceType":"Patient"}`,
		`{"resourceType":"Patient123","id":"x"}`,
		`{"id":"x"}`,
		`{"resourceType":"Nonsense","id":"x"}`,
		`{"resourceType":"Patient","id":"bad id"}`,
		`{"resourceType":"Patient","id":"x","nmae":[]}`,
		`{"resourceType":"Patient","id":"x","text":"` + strings.Repeat("x", 300) + `"}`,
		`[1]`,
		patient("one"),
	}, "\n"))
	h.put("data/deep/er/b.ndjson.gz", patient("three")+"\n")
	h.put("data/empty.ndjson", "")
	h.put("data/readme.txt", "not read")
	h.put("data/broken.ndjson.gz.ndjson", patient("four"))
	if err := os.WriteFile(filepath.Join(h.root, "in-put", "data", "broken.ndjson.gz"), []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.serve(h.blobs, h.engine, func(s *bulk.Service, q *job.Queue, st *store.Store) {
		j, p := h.importAll(s, q, "strict")
		if j.State != job.DoneWithFlaws {
			t.Fatalf("state %s: %s", j.State, j.Message)
		}
		got := fmt.Sprint(p.ScannedFiles, p.ImportedFiles, p.UnreadFiles, p.Scanned, p.Imported, p.CustomerErrors, p.ServerErrors)
		if want := "5 4 1 14 5 9 0"; got != want {
			t.Errorf("figures %s, want %s", got, want)
		}
		home := []string{"logs", "ds-FHIR_IMPORT-" + j.ID}
		at := func(parts ...string) string { return h.read(append(append([]string{}, home...), parts...)...) }
		if a, b := at("Manifest.json"), at("manifest.json"); a == "" || a != b || !strings.Contains(a, `"numberOfResourcesImportedSuccessfully":5`) {
			t.Errorf("manifests %q, %q", a, b)
		}
		wantLines(t, at("SUCCESS", "a.ndjson"), []string{"1 201 Patient/one/1", "3 201 Patient/two/1", "13 200 Patient/one/2"})
		wantLines(t, at("SUCCESS", "deep", "er", "b.ndjson"), []string{"1 201 Patient/three/1"})
		wantLines(t, at("FAILURE", "a.ndjson"), []string{
			"4 400 Invalid JSON found in input file", "5 400 Missing required id field in resource json",
			"6 400 1 validation error detected: Value at 'resourceType'", "7 400 Missing required resourceType",
			"8 400 ", "9 400 1 validation error detected: Value at 'id'", "10 400 ", "11 400 the line is longer", "12 400 Invalid JSON"})
		wantLines(t, at("FAILURE", "broken.ndjson.gz.ndjson"), nil)
		wantLines(t, at("FAILURE", "broken.ndjson"), []string{"1 400 the file could not be read further: the file is damaged"})
		if at("SUCCESS", "empty.ndjson")+at("FAILURE", "empty.ndjson") != "" {
			t.Error("an empty file has a log")
		}
		noRowsLeft(t, st, j.ID)
	})
}

// wantLines checks a log against lines of "line status text", where text is how the outcome or "Type/id/version" begins.
func wantLines(t *testing.T, log string, want []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(log, "\n"), "\n")
	if log == "" {
		lines = nil
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines, want %d:\n%s", len(lines), len(want), log)
		return
	}
	for i, text := range lines {
		var l struct {
			LineID   int64 `json:"lineId"`
			Response struct {
				JSONBlob struct {
					ResourceType, ID string
					Meta             struct{ VersionID, LastUpdated string }
					Issue            []struct{ Severity, Code, Diagnostics string }
				}
				StatusCode int
			} `json:"UpdateResourceResponse"`
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("log line %q: %v", text, err)
			continue
		}
		b := l.Response.JSONBlob
		got := fmt.Sprintf("%d %d ", l.LineID, l.Response.StatusCode)
		if len(b.Issue) > 0 {
			got += b.Issue[0].Diagnostics
		} else {
			got += b.ResourceType + "/" + b.ID + "/" + b.Meta.VersionID
		}
		if !strings.HasPrefix(got, want[i]) {
			t.Errorf("log line %d is %q, want %q…", i, got, want[i])
		}
	}
}

// noRowsLeft checks that of an import only the row that says it is done stays.
func noRowsLeft(t *testing.T, st *store.Store, id string) {
	t.Helper()
	view, err := st.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	n := 0
	for row, err := range view.Snapshot().Scan(t.Context(), engine.Prefix(nil), engine.Ascending) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(row.Key, []byte("import/"+id)) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d rows of the import are left, want 1", n)
	}
}

func TestImportOfNothingFailsAndSaysSo(t *testing.T) {
	h := newHouse(t, bulk.Options{})
	h.serve(h.blobs, h.engine, func(s *bulk.Service, q *job.Queue, _ *store.Store) {
		j, _ := h.importAll(s, q, "strict")
		if j.State != job.Failed || !strings.Contains(j.Message, ".ndjson") {
			t.Errorf("%s: %q", j.State, j.Message)
		}
		for _, spec := range []bulk.ImportSpec{
			{Input: "s3://missing-bucket/x", Output: "s3://out-put/"},
			{Input: "s3://in-put/x", Output: "s3://missing-bucket/"},
			{Input: "s3://in-put/x", Output: "s3://out-put/", Level: "lax"},
			{Input: "file:///etc/passwd", Output: "s3://out-put/"},
		} {
			spec.Account, spec.DataStore = account, "ds"
			if _, err := s.StartImport(t.Context(), server, "", "", spec, nil); err == nil {
				t.Errorf("%+v is accepted", spec)
			}
		}
	})
}

func TestImportAtEachLevel(t *testing.T) {
	set := pack.NewSet([]*pack.Package{{Name: "p.one", Version: "1.0.0", Resources: []pack.Resource{{Type: "StructureDefinition", URL: "http://p/patient", Package: "p.one#1.0.0",
		JSON: []byte(`{"resourceType":"StructureDefinition","url":"http://p/patient","type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
			"differential":{"element":[{"path":"Patient.name","min":1}]}}`)}}}})
	lines := `{"resourceType":"Patient","id":"nameless","meta":{"profile":["http://p/patient"]}}
{"resourceType":"Patient","id":"right","meta":{"profile":["http://p/patient"]},"name":[{"text":"x"}]}
{"resourceType":"Patient","id":"unknown-profile","meta":{"profile":["http://q/patient"]}}
{"resourceType":"Patient","id":"colour","colour":"red"}
{"resourceType":"Patient","id":"odd","birthDate":"soon"}`
	for _, c := range []struct {
		level            string
		chosen           []string
		imported, warned int64
	}{{"strict", nil, 1, 0}, {"", nil, 1, 0}, {"structure-only", nil, 3, 0}, {"minimal", nil, 5, 1},
		{"strict", []string{"one-1.0.0"}, 1, 0}, {"strict", []string{"one-2.0.0"}, 0, 0}, {"structure-only", []string{"one-2.0.0"}, 3, 0}} {
		h := newHouse(t, bulk.Options{Profiles: validate.NewProfiles(def.R4(), set, nil)})
		h.put("data/a.ndjson", lines)
		h.serve(h.blobs, h.engine, func(s *bulk.Service, q *job.Queue, st *store.Store) {
			st.SetProfiles(c.chosen)
			_, p := h.importAll(s, q, c.level)
			if p.Imported != c.imported || p.Warned != c.warned || p.Imported+p.CustomerErrors != 5 {
				t.Errorf("%q %v: got %+v, want %d imported, %d with warnings", c.level, c.chosen, p, c.imported, c.warned)
			}
		})
	}
}

func TestImportAtLevelMinimalStoresWithWarnings(t *testing.T) {
	h := newHouse(t, bulk.Options{})
	h.put("data/a.ndjson", `{"resourceType":"Patient","id":"a","birthDate":"yesterday"}`+"\n"+patient("b"))
	h.serve(h.blobs, h.engine, func(s *bulk.Service, q *job.Queue, st *store.Store) {
		j, p := h.importAll(s, q, "minimal")
		if j.State != job.Done || p.Imported != 2 || p.Warned != 1 {
			t.Fatalf("%s %+v", j.State, p)
		}
		log := h.read("logs", "ds-FHIR_IMPORT-"+j.ID, "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES", "a.ndjson")
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"lineId":1`) {
			t.Errorf("log %q", log)
		}
	})
}

// exported reads all files of an export and returns its resources by type and id, without meta.
func (h *house) exported(j job.Job) map[string]string {
	h.t.Helper()
	got := map[string]string{}
	names, err := filepath.Glob(filepath.Join(h.root, "out-put", "exp", "ds-FHIR_EXPORT-"+j.ID, "*", "*.ndjson"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			key, body := canonical(h.t, line)
			if !strings.HasPrefix(filepath.Base(name), strings.SplitN(key, "/", 2)[0]+"-") {
				h.t.Errorf("%s is in %s", key, filepath.Base(name))
			}
			if _, twice := got[key]; twice {
				h.t.Errorf("%s is exported twice", key)
			}
			got[key] = body
		}
	}
	return got
}

// canonical gives a resource's key and its JSON with sorted names and without meta.
func canonical(t *testing.T, line []byte) (key, body string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		t.Fatal(err)
	}
	delete(m, "meta")
	b, _ := json.Marshal(m)
	return fmt.Sprintf("%s/%s", m["resourceType"], m["id"]), string(b)
}

func (h *house) export(s *bulk.Service, q *job.Queue) job.Job {
	h.t.Helper()
	j, err := s.StartExport(h.t.Context(), server, "", "", bulk.ExportSpec{Account: account, DataStore: "ds", Output: "s3://out-put/exp"}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return finish(h.t, q, j)
}

func TestRealDataComesOutAsItWentIn(t *testing.T) {
	h := newHouse(t, bulk.Options{ExportFile: 100 << 10, Group: 300})
	want := map[string]string{}
	for typ, lines := range fhirtest.Synthea(t, "synthea-10") {
		h.put("data/"+typ+".ndjson.gz", string(bytes.Join(lines, []byte("\n"))))
		for _, line := range lines {
			key, body := canonical(t, line)
			want[key] = body
		}
	}
	h.serve(h.blobs, h.engine, func(s *bulk.Service, q *job.Queue, _ *store.Store) {
		j, p := h.importAll(s, q, "strict")
		if j.State != job.Done || p.Imported != int64(len(want)) {
			t.Fatalf("%s %s: %d imported, want %d", j.State, j.Message, p.Imported, len(want))
		}
		j = h.export(s, q)
		if j.State != job.Done {
			t.Fatalf("export: %s %s", j.State, j.Message)
		}
		same(t, h.exported(j), want)
	})
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d resources, want %d", len(got), len(want))
	}
	var keys []string
	for k := range want {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if got[k] != want[k] {
			t.Errorf("%s differs:\n got %s\nwant %s", k, got[k], want[k])
			return
		}
	}
}

// dying is an engine that stops answering writes after some, as if the process had been killed there.
type dying struct {
	engine.Engine
	left atomic.Int64
}

func (d *dying) Apply(ctx context.Context, b *engine.Batch) error {
	if d.left.Add(-1) < 0 {
		return fault.New(fault.Unavailable, "dead")
	}
	return d.Engine.Apply(ctx, b)
}

func TestAnImportThatDiesAnywhereEndsComplete(t *testing.T) {
	h := newHouse(t, bulk.Options{Group: 20, Workers: 2})
	var want []string
	for f := range 4 {
		var text strings.Builder
		for i := range 60 {
			id := fmt.Sprintf("p%d-%d", f, i)
			fmt.Fprintln(&text, `{"resourceType":"Patient","id":"`+id+`","gender":"`+[]string{"male", "bad code"}[i%10/9]+`"}`)
			if i%10 < 9 {
				want = append(want, id)
			}
		}
		h.put(fmt.Sprintf("data/%d.ndjson%s", f, []string{"", ".gz"}[f%2]), text.String())
	}
	// The job's own rows survive: only the data store's engine dies, and the job runs again.
	for steps := int64(0); ; steps++ {
		d := &dying{Engine: mem.New()}
		h.engine = mem.New()
		d.left.Store(steps)
		var died bool
		spec := bulk.ImportSpec{Account: account, DataStore: "ds", Input: "s3://in-put/data/", Output: fmt.Sprintf("s3://out-put/%d", steps)}
		h.serve(h.blobs, d, func(s *bulk.Service, q *job.Queue, st *store.Store) {
			_, err := s.Load(t.Context(), st, h.blobs, "run", spec.Input, spec.Output)
			died = d.left.Load() < 0
			if died != (err != nil && !strings.Contains(err.Error(), "has errors")) {
				t.Fatalf("step %d: died %t, error %v", steps, died, err)
			}
		})
		d.left.Store(1 << 40)
		h.serve(h.blobs, d, func(s *bulk.Service, q *job.Queue, st *store.Store) {
			p, _ := s.Load(t.Context(), st, h.blobs, "run", spec.Input, spec.Output)
			if p.Imported != int64(len(want)) || p.CustomerErrors != 24 {
				t.Fatalf("step %d: %d imported, %d refused", steps, p.Imported, p.CustomerErrors)
			}
			for _, id := range want {
				onceOnly(t, st, id)
			}
		})
		for f := range 4 {
			ok := h.read(fmt.Sprint(steps), "run-FHIR_IMPORT-run", "SUCCESS", fmt.Sprintf("%d.ndjson", f))
			bad := h.read(fmt.Sprint(steps), "run-FHIR_IMPORT-run", "FAILURE", fmt.Sprintf("%d.ndjson", f))
			if strings.Count(ok, "\n") != 54 || strings.Count(bad, "\n") != 6 {
				t.Fatalf("step %d, file %d: %d and %d log lines", steps, f, strings.Count(ok, "\n"), strings.Count(bad, "\n"))
			}
		}
		if !died {
			t.Logf("died at each of %d writes", steps)
			return
		}
	}
}

// onceOnly checks that Patient/id has exactly one version.
func onceOnly(t *testing.T, st *store.Store, id string) {
	t.Helper()
	view, err := st.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	found, err := view.Find(t.Context(), uint16(def.R4().Type("Patient").ID), id)
	if err != nil || len(found) != 1 || found[0].Version != 1 {
		t.Fatalf("Patient/%s: %+v %v", id, found, err)
	}
}
