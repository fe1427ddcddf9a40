// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/healthlake"
)

// soak is how long a test that kills the server goes on: GALEN_SOAK, else ten seconds. Both together take twice that.
func soak(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("GALEN_SOAK")
	if text == "" {
		return 10 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("GALEN_SOAK: %v", err)
	}
	return d
}

// ledger is what was answered: of each Patient the last version whose write was answered, and the last one that was tried.
type ledger struct {
	mu    sync.Mutex
	done  map[string]int // guarded by mu
	tried map[string]int // guarded by mu
}

func (l *ledger) try(id string, version int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried[id] = version
}

func (l *ledger) answered(id string, version int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[id] = version
}

func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.done)
}

// versionsEach is how many versions a writer makes of a Patient; the last one of every third Patient is a deletion.
const versionsEach = 3

// write makes Patients until the server is gone.
func (l *ledger) write(ctx context.Context, s *server, store, prefix string) {
	for n := 0; ; n++ {
		id := prefix + "-" + strconv.Itoa(n)
		for v := 1; v <= versionsEach; v++ {
			method, want := http.MethodPut, http.StatusOK
			body := fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, v)
			switch {
			case v == 1:
				want = http.StatusCreated
			case v == versionsEach && n%3 == 0:
				method, body, want = http.MethodDelete, nil, http.StatusNoContent
			}
			l.try(id, v)
			status, answer, err := s.fhir(ctx, method, store, "Patient/"+id, body)
			if err != nil {
				return // killed
			}
			if status != want {
				s.t.Errorf("%s Patient/%s: %d %s", method, id, status, answer)
				return
			}
			l.answered(id, v)
		}
	}
}

// check compares the data store with the ledger and takes over what became of the writes that were not answered.
func (l *ledger) check(s *server, store string) {
	s.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	found := s.versions(store, "Patient")
	for id, tried := range l.tried {
		text, alive := found[id]
		delete(found, id)
		got, _ := strconv.Atoi(text)
		if !alive && l.deletes(id) && tried == versionsEach {
			got = versionsEach
		}
		if got < l.done[id] || got > tried {
			s.t.Errorf("Patient/%s is at version %d; %d was answered, %d tried", id, got, l.done[id], tried)
		}
		if got == 0 {
			delete(l.tried, id)
			delete(l.done, id)
			continue
		}
		l.done[id], l.tried[id] = got, got
	}
	for id := range found {
		s.t.Errorf("Patient/%s is there, and nobody wrote it", id)
	}
}

// deletes tells whether the last version of a Patient is a deletion.
func (l *ledger) deletes(id string) bool {
	n, _ := strconv.Atoi(id[bytes.LastIndexByte([]byte(id), '-')+1:])
	return n%3 == 0
}

func TestKillDuringWrites(t *testing.T) {
	w := newWalk(t, newServer(t), "writes")
	l := &ledger{done: map[string]int{}, tried: map[string]int{}}
	end, rounds := time.Now().Add(soak(t)), 0
	for ; time.Now().Before(end); rounds++ {
		var writers sync.WaitGroup
		for i := range 8 {
			writers.Go(func() { l.write(t.Context(), w.server, *w.store, fmt.Sprintf("r%d-w%d", rounds, i)) })
		}
		goal := l.len() + 20 + rand.IntN(500)
		for late := time.Now().Add(20 * time.Second); l.len() < goal && !t.Failed(); {
			if time.Now().After(late) {
				t.Fatal("the writers do not get on")
			}
			time.Sleep(time.Millisecond)
		}
		w.kill()
		writers.Wait()
		w.start()
		l.check(w.server, *w.store)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d rounds, %d Patients", rounds, l.len())
}

func TestKillDuringAnImport(t *testing.T) {
	s := newServer(t)
	end, rounds, kills := time.Now().Add(soak(t)), 0, 0
	for ; time.Now().Before(end) && !t.Failed(); rounds++ {
		kills += killedImport(t, s, rounds)
	}
	if kills == 0 {
		t.Error("no import was killed: they are too short for this to say anything")
	}
	t.Logf("%d imports, killed %d times before they were done", rounds, kills)
}

const (
	importFiles = 8
	importLines = 2500
	badEach     = 50 // every 50th line is broken
)

// killedImport imports a set of files of its own, with the server killed on the way, and checks that each line is there once.
func killedImport(t *testing.T, s *server, round int) (kills int) {
	t.Helper()
	w := newWalk(t, s, "import"+strconv.Itoa(round))
	for f := range importFiles {
		var b bytes.Buffer
		for i := range importLines {
			if i%badEach == 0 {
				b.WriteString("{broken\n")
				continue
			}
			fmt.Fprintf(&b, `{"resourceType":"Patient","id":"f%d-%d","multipleBirthInteger":%d}`+"\n", f, i, i)
		}
		w.put(fmt.Sprintf("in/%d.ndjson", f), b.Bytes())
	}
	job, done := w.startImport(), false
	for range 4 {
		for range 1 + rand.IntN(40) { // until some moment
			out, err := w.hl.DescribeFHIRImportJob(t.Context(), &healthlake.DescribeFHIRImportJobInput{DatastoreId: w.store, JobId: job})
			if err != nil {
				t.Fatal(err)
			}
			done = out.ImportJobProperties.EndTime != nil
		}
		w.kill()
		if !done {
			kills++
		}
		w.start()
		w.hl = w.healthlake()
	}
	p := w.waitImport(job)
	const bad, all = importFiles * importLines / badEach, importFiles * importLines
	r := p.JobProgressReport
	if *r.TotalNumberOfResourcesScanned != all || *r.TotalNumberOfResourcesImported != all-bad || *r.TotalNumberOfResourcesWithCustomerError != bad {
		t.Errorf("%d scanned, %d imported, %d refused; want %d, %d, %d", *r.TotalNumberOfResourcesScanned, *r.TotalNumberOfResourcesImported,
			*r.TotalNumberOfResourcesWithCustomerError, all, all-bad, bad)
	}
	got := w.versions(*w.store, "Patient")
	if len(got) != all-bad {
		t.Errorf("%d Patients, want %d", len(got), all-bad)
	}
	for id, version := range got {
		if version != "1" {
			t.Errorf("Patient/%s was imported %s times", id, version)
		}
	}
	w.checkLogs(*job)
	return kills
}

// checkLogs checks that the logs of an import have each line once.
func (w *walk) checkLogs(job string) {
	w.t.Helper()
	for folder, want := range map[string]int{"SUCCESS": importFiles * (importLines - importLines/badEach), "FAILURE": importFiles * importLines / badEach} {
		lines := w.lines(fmt.Sprintf("s3://%s/out/%s-FHIR_IMPORT-%s/%s/", w.bucket, *w.store, job, folder))
		seen := map[string]bool{}
		for _, line := range lines {
			var l struct {
				Response json.RawMessage `json:"UpdateResourceResponse"`
			}
			if err := json.Unmarshal(line, &l); err != nil {
				w.t.Fatalf("log line %s: %v", line, err)
			}
			seen[string(line)] = true
		}
		if len(lines) != want || folder == "SUCCESS" && len(seen) != want {
			w.t.Errorf("%d lines (%d different) in %s, want %d", len(lines), len(seen), folder, want)
		}
	}
}
