// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/operation"
)

// aMember is the line of testdata/bulkmatch.txt that asks for seven members, as a body.
func aMember(t *testing.T) (setUp []string, body string) {
	t.Helper()
	text, err := os.ReadFile("testdata/bulkmatch.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "put ") {
			setUp = append(setUp, line)
		}
		if rest, ok := strings.CutPrefix(line, "match "); ok && body == "" {
			body = rest
		}
	}
	return setUp, body
}

// TestBulkMemberMatchStatus follows a job from its beginning to its being forgotten.
func TestBulkMemberMatchStatus(t *testing.T) {
	s := newIdleScript(t, mem.New())
	setUp, body := aMember(t)
	for _, line := range setUp {
		s.run(line)
	}
	begin := func() string {
		reply, err := s.invoke("POST", "Group/$bulk-member-match", "", "", body)
		if err != nil || reply.Status != 202 {
			t.Fatalf("a job begins with %d, %v", reply.Status, err)
		}
		return strings.TrimPrefix(reply.Header["Content-Location"], "http://h/$bulk-member-match-status/")
	}
	id := begin()
	reply, err := s.invoke("GET", "$bulk-member-match-status", id, "", "")
	if err != nil || reply.Status != 202 || reply.Header["X-Progress"] != "0 of 7 members" || !strings.Contains(string(reply.Body), `"status":"SUBMITTED"`) {
		t.Errorf("before it is worked its status is %d %s %v, %v", reply.Status, reply.Body, reply.Header, err)
	}
	other := *s
	other.caller.Who.Account = "999999999999"
	if _, err := other.invoke("GET", "$bulk-member-match-status", id, "", ""); !errors.Is(err, fault.NotFound) {
		t.Errorf("another account gets it with %v", err)
	}
	if _, err := s.invoke("GET", "$bulk-member-match", id, "", ""); !errors.Is(err, fault.NotFound) {
		t.Errorf("by another name it is found: %v", err)
	}
	cancelled := begin()
	for range 3 {
		begin()
	}
	if _, err := s.invoke("POST", "Group/$bulk-member-match", "", "", body); !errors.Is(err, fault.Throttled) {
		t.Errorf("a sixth job begins: %v", err)
	}
	for _, id := range []string{cancelled, id} {
		if id != cancelled {
			s.work(s.operate.Handlers())
			if j, err := s.jobs.Wait(t.Context(), "match/ds", id); err != nil || j.State != job.DoneWithFlaws {
				t.Fatalf("the job is %v, %v", j.State, err)
			}
		}
		if reply, err := s.invoke("DELETE", "$bulk-member-match-status", id, "", ""); err != nil || reply.Status != 202 {
			t.Errorf("it is taken back with %d, %v", reply.Status, err)
		}
		for _, method := range []string{"GET", "DELETE"} {
			if _, err := s.invoke(method, "$bulk-member-match-status", id, "", ""); method == "GET" && !errors.Is(err, fault.NotFound) {
				t.Errorf("after it was taken back %s gives %v", method, err)
			}
		}
	}
	if got := s.run("read Group/" + cancelled); got != "not found: there is no such resource" {
		t.Errorf("the job that was taken back stored %s", got)
	}
}

// TestBulkMemberMatchIsDoneOnce holds that a job that was cut off after it stored its group stores nothing again.
func TestBulkMemberMatchIsDoneOnce(t *testing.T) {
	s := newIdleScript(t, mem.New())
	setUp, body := aMember(t)
	for _, line := range setUp {
		s.run(line)
	}
	reply, err := s.invoke("POST", "Group/$bulk-member-match", "", "", body)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimPrefix(reply.Header["Content-Location"], "http://h/$bulk-member-match-status/")
	handler := s.operate.Handlers()[operation.KindMemberMatch]
	answer := filepath.Join(s.home, operation.MatchBucket, "ds", id, "answer")
	s.work(map[string]job.Handler{operation.KindMemberMatch: func(ctx context.Context, run *job.Run) (job.State, error) {
		if err := os.Mkdir(answer, 0o700); err != nil { // so that what was found cannot be kept
			return "", err
		}
		if err := os.WriteFile(filepath.Join(answer, "taken"), nil, 0o600); err != nil {
			return "", err
		}
		for range 2 {
			if _, err := handler(ctx, run); !errors.Is(err, fault.Conflict) {
				t.Errorf("with its answer in the way the job ends with %v", err)
			}
		}
		if err := os.RemoveAll(answer); err != nil {
			return "", err
		}
		return handler(ctx, run)
	}})
	if j, err := s.jobs.Wait(t.Context(), "match/ds", id); err != nil || j.State != job.DoneWithFlaws {
		t.Fatalf("the job is %v %s, %v", j.State, j.Message, err)
	}
	got := fmt.Sprint(s.run("history Group/"+id), " ", strings.Count(s.run("find Consent"), "Consent/"))
	if want := `W/\"1 2`; got != want {
		t.Errorf("done three times the versions of the group and the consents are %s, want %s", got, want)
	}
}
