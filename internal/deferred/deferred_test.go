// SPDX-License-Identifier: Apache-2.0

package deferred_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/blob/file"
	"galen/internal/deferred"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/search/index"
	"galen/internal/search/plan"
	"galen/internal/store"
)

const account, dataStore = "123456789012", "0123456789abcdef0123456789abcdef"

var caller = interaction.Caller{Who: authz.Principal{Kind: authz.Signed, Account: account}, DataStore: dataStore, Base: "https://host/r4"}

// house is one process over an engine and a folder.
type house struct {
	*deferred.Service
	t            *testing.T
	jobs         *job.Queue
	interactions *interaction.Service
	kept         blob.Store
}

func newHouse(t *testing.T, e engine.Engine, dir string, opt deferred.Options) *house {
	t.Helper()
	kept, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	if ok, err := kept.Exists(t.Context(), deferred.Bucket); err == nil && !ok {
		err = kept.CreateBucket(t.Context(), deferred.Bucket)
		if err != nil {
			t.Fatal(err)
		}
	}
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	planner, err := plan.New(def.R4(), x, plan.Options{PageKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	stores := store.New(e, x, store.Options{})
	t.Cleanup(func() { stores.Close() })
	interactions := interaction.New(func(_ context.Context, of, id string) (*store.Store, error) {
		if of != account || id != dataStore {
			return nil, fault.New(fault.NotFound, "there is no data store with this id")
		}
		return stores.Store(1)
	}, planner, validate.New(def.R4()), interaction.Options{})
	jobs := job.New(e, job.Options{Exclusive: true})
	refuse := func(err error) (int, []byte) { return 400, fhir.AppendErrorOutcome(nil, err) }
	return &house{deferred.New(jobs, kept, interactions, refuse, opt), t, jobs, interactions, kept}
}

// work runs jobs until a transaction has ended, and gives its answer.
func (h *house) work(id string) deferred.Answer {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- h.jobs.Run(ctx, h.Handlers()) }()
	defer func() {
		cancel()
		<-done
	}()
	for {
		a, err := h.Find(ctx, caller, id)
		if err != nil {
			h.t.Fatal(err)
		}
		if a.Ended {
			return a
		}
		time.Sleep(time.Millisecond) // of the bubble's clock
	}
}

func transaction(entries ...string) []byte {
	return []byte(`{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`)
}

func create(family string) string {
	return `{"resource":{"resourceType":"Patient","name":[{"family":"` + family + `"}]},"request":{"method":"POST","url":"Patient"}}`
}

func (h *house) submit(body []byte) string {
	h.t.Helper()
	id, err := h.Submit(h.t.Context(), caller, body, interaction.Bundling{})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) count() string {
	h.t.Helper()
	b, err := h.interactions.Search(h.t.Context(), caller, interaction.Find{Type: "Patient", Query: "_summary=count"})
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), `"total":`)
	total, _, _ := strings.Cut(rest, ",")
	return strings.TrimSuffix(total, "}")
}

func TestCarriedOutAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, dir := mem.New(), t.TempDir()
		before := newHouse(t, e, dir, deferred.Options{})
		id := before.submit(transaction(create("a"), create("b")))
		if a, err := before.Find(t.Context(), caller, id); err != nil || a.Ended || a.Started {
			t.Errorf("before: %+v, %v", a, err)
		}
		if got := before.count(); got != "0" {
			t.Errorf("%s patients before", got)
		}
		h := newHouse(t, e, dir, deferred.Options{})
		a := h.work(id)
		if a.Status != 200 || strings.Count(string(a.Body), `"status":"201"`) != 2 || !strings.Contains(string(a.Body), `"transaction-response"`) {
			t.Errorf("answer %+v", a)
		}
		if again := h.work(id); string(again.Body) != string(a.Body) {
			t.Errorf("the answer changed: %s", again.Body)
		}
		if got := h.count(); got != "2" {
			t.Errorf("%s patients", got)
		}
		if err := h.End(t.Context(), caller, id); err != nil {
			t.Error(err)
		}
		if _, err := h.Find(t.Context(), caller, id); !errors.Is(err, fault.NotFound) {
			t.Errorf("after its end: %v", err)
		}
		for o, err := range h.kept.List(t.Context(), blob.URI{Bucket: deferred.Bucket}) {
			t.Errorf("kept: %v %v", o.URI, err)
		}
	})
}

func TestRefusedAndTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, mem.New(), t.TempDir(), deferred.Options{MaxWaiting: 2})
		back := h.submit(transaction(create("a")))
		wrong := h.submit(transaction(create("b"), `{"request":{"method":"PUT","url":"Patient/x"}}`))
		if _, err := h.Submit(t.Context(), caller, transaction(), interaction.Bundling{}); !errors.Is(err, fault.Throttled) {
			t.Errorf("a third: %v", err)
		}
		if err := h.End(t.Context(), caller, back); err != nil {
			t.Error(err)
		}
		if a := h.work(wrong); a.Status != 400 || !strings.Contains(string(a.Body), "Bundle.entry[1]") {
			t.Errorf("answer %+v", a)
		}
		if _, err := h.Find(t.Context(), caller, back); !errors.Is(err, fault.NotFound) {
			t.Errorf("what was taken back: %v", err)
		}
		if got := h.count(); got != "0" {
			t.Errorf("%s patients", got)
		}
		other := caller
		other.Who.Account = "999999999999"
		if _, err := h.Find(t.Context(), other, wrong); !errors.Is(err, fault.NotFound) {
			t.Errorf("another account: %v", err)
		}
		for body, want := range map[string]fault.Kind{`{"resourceType":"Bundle","type":"batch"}`: fault.Unsupported, `{"resourceType":"Patient"}`: fault.Invalid, `{`: fault.Invalid} {
			if _, err := h.Submit(t.Context(), caller, []byte(body), interaction.Bundling{}); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %s", body, err, want)
			}
		}
	})
}

// TestCarriedOutOnce carries transactions out again whose first time ended before anybody knew.
func TestCarriedOutOnce(t *testing.T) {
	h := newHouse(t, mem.New(), t.TempDir(), deferred.Options{})
	body := transaction(create("a"), `{"request":{"method":"DELETE","url":"Patient/never"}}`,
		`{"resource":{"resourceType":"Patient","id":"p","active":true},"request":{"method":"PUT","url":"Patient/p"}}`,
		`{"request":{"method":"GET","url":"Patient/p"}}`,
		`{"resource":{"resourceType":"Patient","name":[{"family":"c"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"family=zzz"}}`)
	for _, back := range []string{"", "representation"} {
		opt := interaction.Bundling{Receipt: "r" + back, Return: back}
		var answers []string
		for range 2 {
			out, err := h.interactions.Bundle(t.Context(), caller, body, opt)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, string(out))
		}
		if answers[0] != answers[1] {
			t.Errorf("answers differ:\n%s\n%s", answers[0], answers[1])
		}
		if err := h.interactions.ForgetReceipt(t.Context(), caller, opt.Receipt); err != nil {
			t.Error(err)
		}
	}
	if got, want := h.count(), fmt.Sprint(5); got != want {
		t.Errorf("%s patients, want %s", got, want)
	}
}
