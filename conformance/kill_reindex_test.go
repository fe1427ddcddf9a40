// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/lsm"
)

// reindexStatus is what $reindex-status says.
type reindexStatus struct {
	state                string
	searchable, complete bool
	done, total, failed  int
}

func (w *walk) reindexStatus() reindexStatus {
	w.t.Helper()
	status, body, err := w.fhir(w.t.Context(), http.MethodGet, *w.store, "$reindex-status", nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("$reindex-status: %d %s %v", status, body, err)
	}
	type value struct {
		Name         string
		ValueCode    string
		ValueDecimal int
		ValueBoolean bool
	}
	var answer struct {
		Parameter []struct {
			value
			Part []value
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		w.t.Fatalf("%s: %v", body, err)
	}
	s := reindexStatus{complete: true}
	for _, p := range answer.Parameter {
		switch p.Name {
		case "state":
			s.state = p.ValueCode
		case "searchable":
			s.searchable = p.ValueBoolean
		case "done":
			s.done = p.ValueDecimal
		case "total":
			s.total = p.ValueDecimal
		case "failed":
			s.failed = p.ValueDecimal
		case "parameter":
			for _, part := range p.Part {
				s.complete = s.complete && (part.Name != "complete" || part.ValueBoolean)
			}
		}
	}
	return s
}

// births are how many births the Patients of these tests have had: what their own parameter asks.
const births = 7

// writeBirths makes Patients until the server is gone or ctx ends, and notes those that were answered.
func (w *walk) writeBirths(ctx context.Context, prefix string, answered *sync.Map) {
	for n := 0; ctx.Err() == nil; n++ {
		id := prefix + "-" + strconv.Itoa(n)
		status, body, err := w.fhir(ctx, http.MethodPut, *w.store, "Patient/"+id, fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, n%births))
		if err != nil {
			return // killed
		}
		if status != http.StatusCreated {
			w.t.Errorf("PUT Patient/%s: %d %s", id, status, body)
			return
		}
		answered.Store(id, n%births)
	}
}

// interrupt lets a reindex run until it is done, with writers beside it and the server killed again and again; it gives how often that was before
// it was done.
func (w *walk) interrupt(round string, answered *sync.Map, path string) (kills int) {
	w.t.Helper()
	for ; ; kills++ {
		before := w.reindexStatus()
		if before.state == "current" {
			return kills
		}
		status, body, err := w.fhir(w.t.Context(), http.MethodGet, *w.store, path, nil)
		if err != nil || status != http.StatusServiceUnavailable && w.reindexStatus().state != "current" {
			w.t.Errorf("%s during the reindex: %d %s %v", path, status, body, err)
		}
		ctx, stop := context.WithCancel(w.t.Context())
		var writers sync.WaitGroup
		for i := range 3 {
			writers.Go(func() { w.writeBirths(ctx, fmt.Sprintf("%s-%d-%d", round, kills, i), answered) })
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		last := w.reindexStatus()
		w.kill()
		stop()
		writers.Wait()
		w.start()
		if now := w.reindexStatus(); last.state == "running" && now.state == "running" && now.total == last.total && now.done < last.done {
			w.t.Errorf("after the server was killed %d versions are done, before it were %d", now.done, last.done)
		}
		if kills > 500 {
			w.t.Fatalf("the reindex does not get on: %+v", last)
		}
	}
}

// checkBirths compares what the own parameter finds with what the resources say.
func (w *walk) checkBirths(answered *sync.Map) {
	w.t.Helper()
	want := map[string][]string{}
	all := 0
	for path := "Patient?_count=1000"; path != ""; {
		status, body, err := w.fhir(w.t.Context(), http.MethodGet, *w.store, path, nil)
		if err != nil || status != http.StatusOK {
			w.t.Fatalf("%s: %d %s %v", path, status, body, err)
		}
		var page struct {
			Link  []struct{ Relation, URL string }
			Entry []struct {
				Resource struct {
					ID                   string
					MultipleBirthInteger int
				}
			}
		}
		if err := json.Unmarshal(body, &page); err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Entry {
			all++
			n := strconv.Itoa(e.Resource.MultipleBirthInteger)
			want[n] = append(want[n], e.Resource.ID)
			answered.Delete(e.Resource.ID)
		}
		path = ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				path = l.URL
			}
		}
	}
	answered.Range(func(id, _ any) bool {
		w.t.Errorf("Patient/%s was answered and is not there", id)
		return true
	})
	for n := range births {
		got := slices.Sorted(func(yield func(string) bool) {
			for path := fmt.Sprintf("Patient?births=%d&_count=1000&_elements=id", n); path != ""; {
				b := w.search(*w.store, path)
				for _, e := range b.Entry {
					if !yield(e.Resource.ID) {
						return
					}
				}
				path = ""
				for _, l := range b.Link {
					if l.Relation == "next" {
						path = l.URL
					}
				}
			}
		})
		slices.Sort(want[strconv.Itoa(n)])
		if !slices.Equal(got, want[strconv.Itoa(n)]) {
			w.t.Errorf("births=%d finds %d, want %d", n, len(got), len(want[strconv.Itoa(n)]))
		}
	}
	w.t.Logf("%d Patients", all)
}

// TestKillDuringAReindex kills the server while a parameter of the data store's own is indexed by, and again while all terms are made anew because they
// are of another version. Afterwards a search finds exactly what it must.
func TestKillDuringAReindex(t *testing.T) {
	w := newWalk(t, newServer(t), "reindex")
	for f := range importFiles {
		var b bytes.Buffer
		for i := range importLines {
			fmt.Fprintf(&b, `{"resourceType":"Patient","id":"f%d-%d","multipleBirthInteger":%d}`+"\n", f, i, i%births)
		}
		w.put(fmt.Sprintf("in/%d.ndjson", f), b.Bytes())
	}
	w.waitImport(w.startImport())
	status, body, err := w.fhir(t.Context(), http.MethodPut, *w.store, "SearchParameter/births", []byte(`{"resourceType":"SearchParameter","id":"births",`+
		`"url":"http://example.org/births","name":"Births","status":"active","description":"d","code":"births","base":["Patient"],"type":"number",`+
		`"expression":"(Patient.multipleBirth as integer)"}`))
	if err != nil || status != http.StatusCreated {
		t.Fatalf("PUT SearchParameter: %d %s %v", status, body, err)
	}
	var answered sync.Map
	kills := w.interrupt("own", &answered, "Patient?births=3")
	if s := w.reindexStatus(); !s.complete || !s.searchable || s.failed > 0 {
		t.Errorf("after it was done: %+v", s)
	}
	w.checkBirths(&answered)

	w.kill()
	outdate(t, filepath.Join(w.data, "engine"))
	w.start()
	again := w.interrupt("version", &answered, "Patient?_id=f1-1")
	w.checkBirths(&answered)
	if kills == 0 || again == 0 {
		t.Errorf("killed %d and %d times: the reindexes are too short for this to say anything", kills, again)
	}
	t.Logf("killed %d times while it was indexed by a new parameter, %d times while all terms were made anew", kills, again)
}

// outdate says of all data stores that their terms are of another version than those of this galen.
func outdate(t *testing.T, dir string) {
	t.Helper()
	e, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	snap, err := e.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	var b engine.Batch
	n := 0
	for row, err := range snap.Scan(t.Context(), engine.Range{}, engine.Ascending) {
		if err != nil {
			t.Fatal(err)
		}
		if len(row.Key) != 5 || row.Key[4] != 's' { // docs/formats/rows.md
			continue
		}
		var search map[string]any
		if err := json.Unmarshal(row.Value, &search); err != nil {
			t.Fatal(err)
		}
		search["version"] = 0
		changed, err := json.Marshal(search)
		if err != nil {
			t.Fatal(err)
		}
		b.Put(row.Key, changed)
		n++
	}
	if n == 0 {
		t.Fatal("no data store has a search row")
	}
	snap.Close()
	if err := e.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}
