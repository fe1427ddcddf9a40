// SPDX-License-Identifier: Apache-2.0

package many_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/authz"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/many"
	"galen/internal/record"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

const account = "123456789012"

// house is a data store whose jobs can be cut off.
type house struct {
	t         testing.TB
	engine    engine.Engine
	stores    *store.Stores
	fhir      *interaction.Service
	compacted atomic.Int64

	fuse atomic.Int64 // commits until cut is called; 0 or less: never
	cut  atomic.Pointer[context.CancelFunc]
}

func newHouse(t testing.TB, e engine.Engine) *house {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, engine: e}
	h.stores = store.New(e, x, store.Options{Committed: func(uint32, *record.State) {
		if cut := h.cut.Load(); cut != nil && h.fuse.Add(-1) == 0 {
			(*cut)()
		}
	}})
	t.Cleanup(func() { h.stores.Close() })
	h.fhir = interaction.New(h.open, p, validate.New(def.R4()), interaction.Options{})
	return h
}

func (h *house) open(context.Context, string, string) (*store.Store, error) { return h.stores.Store(1) }

// begin is what a process has of the jobs after its start.
func (h *house) begin() (*job.Queue, *many.Service) {
	jobs := job.New(h.engine, job.Options{Exclusive: true})
	return jobs, many.New(jobs, h.fhir, h.open, many.Options{Compact: func(context.Context) error { h.compacted.Add(1); return nil }})
}

func (h *house) caller() interaction.Caller {
	return interaction.Caller{Who: who(), DataStore: "ds", Base: "http://h"}
}

func who() authz.Principal { return authz.Principal{Kind: authz.Signed, Account: account} }

// put stores n patients, each with an observation, and deletes every tenth.
func (h *house) put(n int) {
	h.t.Helper()
	for i := range n {
		id := fmt.Sprintf("p%03d", i)
		for _, body := range []string{fmt.Sprintf(`{"resourceType":"Patient","id":%q,"multipleBirthInteger":0}`, id),
			fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, id, id)} {
			key := fhir.Key{Type: strings.Split(body, `"`)[3], ID: id}
			if _, err := h.fhir.Update(h.t.Context(), h.caller(), key, interaction.Match{}, interaction.Input{Body: []byte(body)}); err != nil {
				h.t.Fatal(err)
			}
			if i%10 == 9 && key.Type == "Patient" {
				if _, err := h.fhir.Delete(h.t.Context(), h.caller(), key, interaction.Match{}); err != nil {
					h.t.Fatal(err)
				}
			}
		}
	}
}

// read gives a resource; nil if it is deleted or gone.
func (h *house) read(typ, id string) []byte {
	h.t.Helper()
	v, err := h.fhir.Read(h.t.Context(), h.caller(), fhir.Key{Type: typ, ID: id})
	if err != nil && !errors.Is(err, fault.Gone) && !errors.Is(err, fault.NotFound) {
		h.t.Fatal(err)
	}
	return v.Body
}

// finish works a job to its end, in as many processes as it takes: each is cut off after some commits.
func (h *house) finish(kind string, j job.Job, commits func() int64) (job.Job, many.Progress, int) {
	h.t.Helper()
	for restarts := 0; ; restarts++ {
		jobs, service := h.begin()
		ctx, cancel := context.WithCancel(h.t.Context())
		h.fuse.Store(commits())
		h.cut.Store(&cancel)
		done := make(chan error, 1)
		go func() { done <- jobs.Run(ctx, service.Handlers()) }()
		ended, err := jobs.Wait(ctx, "change/ds", j.ID)
		cancel()
		if err := <-done; err != nil {
			h.t.Fatal(err)
		}
		h.cut.Store(nil)
		if err == nil {
			_, _, p, err := service.Find(h.t.Context(), account, "ds", kind, j.ID)
			if err != nil {
				h.t.Fatal(err)
			}
			return ended, p, restarts
		}
		if restarts > 1000 {
			h.t.Fatal("the job never ends")
		}
	}
}

func (h *house) start(kind string, spec many.Spec) job.Job {
	h.t.Helper()
	_, service := h.begin()
	spec.Account, spec.DataStore = account, "ds"
	j, err := service.Start(h.t.Context(), who(), kind, spec)
	if err != nil {
		h.t.Fatal(err)
	}
	return j
}

// TestJobsThatAreCutOff holds M1: jobs are done to their end, whatever dies in between, and no resource is patched twice.
func TestJobsThatAreCutOff(t *testing.T) {
	const patients = 450 // more than are changed at once
	increase := json.RawMessage(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},
		{"name":"name","valueString":"name"},{"name":"value","valueHumanName":{"family":"x"}}]}]}`)
	scripttest.OnEngines(t, func(t *testing.T, e engine.Engine) {
		h := newHouse(t, e)
		h.put(patients)
		often := func() int64 { return 1 + rand.Int64N(150) }
		var ids []string
		for i := range patients {
			ids = append(ids, fmt.Sprintf("p%03d", i))
		}
		j, p, restarts := h.finish(many.KindPatch, h.start(many.KindPatch, many.Spec{Type: "Patient", IDs: append(ids, "none", "p001"), Patch: increase}), often)
		patched, skipped := 0, map[string]bool{}
		for _, s := range p.Passed {
			skipped[s.ID] = true
		}
		for i, id := range ids {
			switch n := strings.Count(string(h.read("Patient", id)), `"family":"x"`); {
			case i%10 == 9 && n != 0, n > 1:
				t.Errorf("Patient/%s was patched %d times", id, n)
			case n == 1:
				patched++
			}
		}
		// Of those that a restart made uncertain the job does not say that it patched them, but it may have.
		if p.Done != patients+1 || p.Succeeded+p.Skipped+p.Refused+p.Failed != p.Done || p.Refused != 1 || p.Failed != 0 || patched < p.Succeeded || patched+patients/10 > p.Succeeded+p.Skipped {
			t.Errorf("%d were patched; the job (%s) says %+v", patched, j.State, p)
		}
		t.Logf("patched %d with %d restarts: %d were told, %d skipped", patched, restarts, p.Succeeded, p.Skipped)

		j, p, restarts = h.finish(many.KindPurge, h.start(many.KindPurge, many.Spec{Type: "Patient", ID: "p000"}), often)
		if h.read("Patient", "p000") != nil || h.read("Observation", "p000") != nil || h.read("Observation", "p001") == nil || j.State != job.Done {
			t.Errorf("after a purge (%s, %d restarts) there is %s, and %s", j.State, restarts, h.read("Patient", "p000"), h.read("Observation", "p000"))
		}
		j, p, restarts = h.finish(many.KindDelete, h.start(many.KindDelete, many.Spec{Type: "Patient"}), func() int64 { return 1 })
		for _, id := range ids {
			if body := h.read("Patient", id); body != nil {
				t.Errorf("after all were deleted there is %s", body)
			}
		}
		if j.State != job.Done || p.Failed+p.Refused > 0 || restarts == 0 {
			t.Errorf("they were deleted with %s and %d restarts: %+v", j.State, restarts, p)
		}
		before := h.compacted.Load()
		j, p, restarts = h.finish(many.KindDelete, h.start(many.KindDelete, many.Spec{Type: "Observation", Hard: true}), func() int64 { return 1 })
		if j.State != job.Done || h.read("Observation", "p001") != nil || h.compacted.Load() == before {
			t.Errorf("they were removed for good with %s and %d restarts (%+v), %d times compacted", j.State, restarts, p, h.compacted.Load()-before)
		}
		if _, err := h.fhir.History(t.Context(), h.caller(), fhir.Key{Type: "Observation", ID: "p001"}, ""); !errors.Is(err, fault.NotFound) {
			t.Errorf("what was removed for good has a history: %v", err)
		}
	})
}

// TestPatchOfATypeThatChanges holds that none is patched twice though others are created and deleted while the job is cut off.
func TestPatchOfATypeThatChanges(t *testing.T) {
	h := newHouse(t, mem.New())
	h.put(300)
	patch := json.RawMessage(`[{"op":"add","path":"/name","value":[{"family":"x"}]}]`)
	j := h.start(many.KindPatch, many.Spec{Type: "Patient", Patch: patch})
	made := 0
	_, p, restarts := h.finish(many.KindPatch, j, func() int64 {
		for range 30 { // before all that are there: what is there moves
			made++
			key := fhir.Key{Type: "Patient", ID: fmt.Sprintf("a%04d", 9999-made)}
			if _, err := h.fhir.Update(t.Context(), h.caller(), key, interaction.Match{}, interaction.Input{Body: fmt.Appendf(nil, `{"resourceType":"Patient","id":%q}`, key.ID)}); err != nil {
				t.Fatal(err)
			}
		}
		return 1 + rand.Int64N(80)
	})
	for i := range 300 {
		v, err := h.fhir.Read(t.Context(), h.caller(), fhir.Key{Type: "Patient", ID: fmt.Sprintf("p%03d", i)})
		if i%10 == 9 {
			continue
		}
		if err != nil || v.VersionID != 2 {
			t.Errorf("Patient/p%03d has %d versions, %v, want 2", i, v.VersionID, err)
		}
	}
	t.Logf("%d restarts, %d created meanwhile; %d were told as patched, %d skipped", restarts, made, p.Succeeded, p.Skipped)
}

// TestOnlyWhatWasChangedInTime holds that a job leaves what was changed before its time, or after.
func TestOnlyWhatWasChangedInTime(t *testing.T) {
	h := newHouse(t, mem.New())
	h.put(5)
	middle := time.Now().Add(time.Hour)
	j, p, _ := h.finish(many.KindDelete, h.start(many.KindDelete, many.Spec{Type: "Patient", Start: middle}), func() int64 { return 0 })
	if j.State != job.Done || p.Done != 0 || h.read("Patient", "p001") == nil {
		t.Errorf("of the future %+v", p)
	}
	j, p, _ = h.finish(many.KindDelete, h.start(many.KindDelete, many.Spec{Type: "Patient", End: middle}), func() int64 { return 0 })
	if j.State != job.Done || p.Succeeded != 5 || h.read("Patient", "p001") != nil {
		t.Errorf("of the past %+v", p)
	}
}

// TestStartRefuses has what cannot be begun.
func TestStartRefuses(t *testing.T) {
	h := newHouse(t, mem.New())
	_, service := h.begin()
	patch := json.RawMessage(`[]`)
	good := many.Spec{Account: account, DataStore: "ds", Type: "Patient"}
	with := func(change func(*many.Spec)) many.Spec {
		s := good
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		who  authz.Principal
		kind string
		spec many.Spec
		want fault.Kind
	}{
		"nobody":           {authz.Principal{}, many.KindDelete, good, fault.Unauthenticated},
		"another account":  {authz.Principal{Kind: authz.Signed, Account: "999999999999"}, many.KindDelete, good, fault.NotFound},
		"an unknown type":  {who(), many.KindDelete, with(func(s *many.Spec) { s.Type = "Nothing" }), fault.Invalid},
		"no patch":         {who(), many.KindPatch, good, fault.Invalid},
		"a long patch":     {who(), many.KindPatch, with(func(s *many.Spec) { s.Patch = make([]byte, 2<<20) }), fault.TooLarge},
		"many ids":         {who(), many.KindPatch, with(func(s *many.Spec) { s.Patch, s.IDs = patch, make([]string, many.MaxIDs+1) }), fault.TooCostly},
		"what is no id":    {who(), many.KindPatch, with(func(s *many.Spec) { s.Patch, s.IDs = patch, []string{"a b"} }), fault.Invalid},
		"an unknown level": {who(), many.KindPatch, with(func(s *many.Spec) { s.Patch, s.Level = patch, "lax" }), fault.Invalid},
	} {
		if _, err := service.Start(t.Context(), c.who, c.kind, c.spec); fault.KindOf(err) != c.want && !(name == "another account" && errors.Is(err, fault.Forbidden)) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	first, err := service.Start(t.Context(), who(), many.KindPatch, with(func(s *many.Spec) { s.Patch, s.Token = patch, "t" }))
	if err != nil {
		t.Fatal(err)
	}
	again, err := service.Start(t.Context(), who(), many.KindPatch, with(func(s *many.Spec) { s.Patch, s.Token = patch, "t" }))
	if err != nil || again.ID != first.ID {
		t.Errorf("with the token of the first the second is %s, %v, want %s", again.ID, err, first.ID)
	}
	if _, err := service.Start(t.Context(), who(), many.KindPatch, with(func(s *many.Spec) { s.Patch = patch })); !errors.Is(err, fault.Conflict) {
		t.Errorf("a second patch begins beside the first: %v", err)
	}
	for n := 0; ; n++ {
		if _, err := service.Start(t.Context(), who(), many.KindDelete, good); err != nil {
			if !errors.Is(err, fault.Throttled) || n < 50 {
				t.Errorf("after %d that wait: %v", n, err)
			}
			break
		}
		if n > 1000 {
			t.Fatal("any number can wait")
		}
	}
	for name, find := range map[string][2]string{"another kind": {account, many.KindErase}, "another account": {"999999999999", many.KindPatch}} {
		if _, _, _, err := service.Find(t.Context(), find[0], "ds", find[1], first.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("a job of %s is found: %v", name, err)
		}
	}
	if _, spec, _, err := service.Find(t.Context(), account, "ds", many.KindPatch, first.ID); err != nil || spec.Token != "t" {
		t.Errorf("a job is found as %+v, %v", spec, err)
	}
}
