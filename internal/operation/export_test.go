// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
)

// TestExportStatus follows an export from its beginning to the deletion of its files.
func TestExportStatus(t *testing.T) {
	s := newIdleScript(t, mem.New())
	s.run(`put Patient/a {}`)
	reply, err := s.invoke("GET", "$export", "", "_type=Patient", "")
	if err != nil || reply.Status != 202 {
		t.Fatalf("the export begins with %d, %v", reply.Status, err)
	}
	id := strings.TrimPrefix(reply.Header["Content-Location"], "http://h/export/")
	reply, err = s.invoke("GET", "$export", id, "", "")
	if err != nil || reply.Status != 202 || reply.Header["X-Progress"] == "" || !strings.Contains(string(reply.Body), `"jobStatus":"SUBMITTED"`) {
		t.Errorf("before it is worked its status is %d %s %v, %v", reply.Status, reply.Body, reply.Header, err)
	}
	for n := 1; ; n++ { // the clock stands still
		if _, err = s.invoke("GET", "$export", id, "", ""); err != nil || n > 1000 {
			if !errors.Is(err, fault.Throttled) || n != 100 {
				t.Errorf("after %d calls: %v, want fault.Throttled after 100", n, err)
			}
			break
		}
	}
	s.work(s.bulk.Handlers())
	if j, err := s.jobs.Wait(t.Context(), "export/ds", id); err != nil || j.State != job.Done {
		t.Fatalf("the export is %v, %v", j.State, err)
	}
	reply, err = s.invoke("GET", "$export", id, "", "")
	var manifest struct {
		TransactionTime, Request string
		RequiresAccessToken      bool
		Output                   []struct{ URL string }
		Error                    []any
	}
	if err != nil || reply.Status != 0 || json.Unmarshal(reply.Body, &manifest) != nil {
		t.Fatalf("its manifest is %d %s, %v", reply.Status, reply.Body, err)
	}
	if manifest.TransactionTime != "2027-01-15T08:00:01.000Z" || manifest.Request != "http://h/$export?_type=Patient" ||
		!manifest.RequiresAccessToken || len(manifest.Output) != 1 || manifest.Error == nil {
		t.Errorf("its manifest is %s", reply.Body)
	}
	other := *s
	other.caller.Who.Account = "999999999999"
	file := strings.TrimPrefix(manifest.Output[0].URL, "http://h/export/")
	for _, rest := range []string{id, file} {
		if _, err := other.invoke("GET", "$export", rest, "", ""); !errors.Is(err, fault.NotFound) {
			t.Errorf("another account gets %s with %v", rest, err)
		}
	}
	if _, err := s.invoke("GET", "$export", id+"/../x", "", ""); !errors.Is(err, fault.NotFound) {
		t.Errorf("a file that is not of the export is found: %v", err)
	}
	if reply, err := s.invoke("DELETE", "$export", id, "", ""); err != nil || reply.Status != 202 {
		t.Errorf("it is deleted with %d, %v", reply.Status, err)
	}
	for _, rest := range []string{id, file} {
		if _, err := s.invoke("GET", "$export", rest, "", ""); !errors.Is(err, fault.NotFound) {
			t.Errorf("after its deletion %s is there: %v", rest, err)
		}
	}
}

// TestExportCancelled holds that an export that has not begun can be cancelled, and is gone then.
func TestExportCancelled(t *testing.T) {
	s := newIdleScript(t, mem.New())
	reply, err := s.invoke("GET", "$export", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimPrefix(reply.Header["Content-Location"], "http://h/export/")
	reply, err = s.invoke("DELETE", "$export", id, "", "")
	if err != nil || reply.Status != 202 || !strings.Contains(string(reply.Body), "CANCEL_SUBMITTED") {
		t.Errorf("it is cancelled with %d %s, %v", reply.Status, reply.Body, err)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if _, err := s.invoke(method, "$export", id, "", ""); !errors.Is(err, fault.NotFound) {
			t.Errorf("after it was cancelled %s gives %v", method, err)
		}
	}
	for n := 0; ; n++ {
		if _, err := s.invoke("GET", "$export", "", "", ""); err != nil {
			if !errors.Is(err, fault.Throttled) || n < 50 {
				t.Errorf("after %d exports that wait: %v", n, err)
			}
			break
		}
		if n > 1000 {
			t.Fatal("any number of exports can wait")
		}
	}
}
