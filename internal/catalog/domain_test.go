// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"galen/internal/catalog"
	"galen/internal/engine/mem"
	"galen/internal/fault"
)

func createDomain(t *testing.T, c *catalog.Catalog, name string) catalog.Domain {
	t.Helper()
	d, err := c.CreateDomain(t.Context(), catalog.Domain{Account: account, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADomainGoesWithAllThatIsInIt(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		e := mem.New()
		var id, sub string
		serve(t, e, catalog.Options{MaxDomains: 1}, func(c *catalog.Catalog) {
			d := createDomain(t, c, "a")
			if d.State != catalog.Active || len(d.ID) != 24 {
				t.Errorf("created: %+v", d)
			}
			id = d.ID
			if _, err := c.CreateDomain(t.Context(), catalog.Domain{Account: account, Name: "b"}); !errors.Is(err, fault.TooCostly) {
				t.Errorf("over the quota: %v", err)
			}
			s, err := c.CreateSubscription(t.Context(), account, id)
			if err != nil || !s.Active || len(s.ID) != 25 {
				t.Fatalf("subscription %+v: %v", s, err)
			}
			sub = s.ID
			for what, err := range map[string]error{
				"another account's domain": func() error { _, err := c.Domain(t.Context(), "111111111111", id); return err }(),
				"an unknown domain":        func() error { _, err := c.Domain(t.Context(), account, "dom-x"); return err }(),
				"an unknown subscription":  func() error { _, err := c.Subscription(t.Context(), account, id, "sub-x"); return err }(),
				"not mine to delete":       func() error { _, err := c.DeleteDomain(t.Context(), "111111111111", id); return err }(),
			} {
				if !errors.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", what, err)
				}
			}
			for range 2 { // asking twice is asking once
				if d, err := c.DeleteDomain(t.Context(), account, id); err != nil || d.State != catalog.Deleting {
					t.Fatalf("deleting: %s %v", d.State, err)
				}
			}
		})
		serve(t, e, catalog.Options{MaxDomains: 1}, func(c *catalog.Catalog) { // after a restart
			synctest.Wait()
			if d, err := c.Domain(t.Context(), account, id); err != nil || d.State != catalog.Deleted {
				t.Errorf("in the end: %s %v", d.State, err)
			}
			if _, err := c.Subscription(t.Context(), account, id, sub); !errors.Is(err, fault.NotFound) {
				t.Errorf("its subscription: %v", err)
			}
			if _, err := c.CreateSubscription(t.Context(), account, id); !errors.Is(err, fault.NotFound) {
				t.Errorf("a new one in it: %v", err)
			}
			if d, err := c.DeleteDomain(t.Context(), account, id); err != nil || d.State != catalog.Deleted {
				t.Errorf("deleting it again: %s %v", d.State, err)
			}
			createDomain(t, c, "the quota is free again")
		})
	})
}

func TestCreatingTheSameDomainAgainFindsIt(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{}, func(c *catalog.Catalog) {
			spec := catalog.Domain{Account: account, Name: "n", Tags: []catalog.Tag{{Key: "b", Value: "1"}, {Key: "a", Value: "2"}}}
			ids := map[string]bool{}
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					d, err := c.CreateDomain(t.Context(), spec)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					ids[d.ID] = true
				})
			}
			wg.Wait()
			if len(ids) != 1 {
				t.Errorf("8 equal requests made %d domains", len(ids))
			}
			spec.KeyID = "k"
			if d, err := c.CreateDomain(t.Context(), spec); err != nil || ids[d.ID] {
				t.Errorf("with another key: %s %v", d.ID, err)
			}
		})
	})
}

func TestDomainsAndSubscriptionsPageInOrder(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{MaxSubscriptions: 5}, func(c *catalog.Catalog) {
			var want []string
			for i := range 7 {
				want = append(want, createDomain(t, c, fmt.Sprint(i)).Name)
			}
			if _, err := c.DeleteDomain(t.Context(), account, first(t, c).ID); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got := map[catalog.State][]string{}
			for _, state := range []catalog.State{"", catalog.Active, catalog.Deleted} {
				for cursor := ""; ; {
					page, next, err := c.Domains(t.Context(), account, state, cursor, 2)
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range page {
						got[state] = append(got[state], d.Name)
					}
					if cursor = next; next == "" {
						break
					}
				}
			}
			if len(got[""]) != 7 || len(got[catalog.Active]) != 6 || len(got[catalog.Deleted]) != 1 {
				t.Errorf("pages %v of %v", got, want)
			}
			d := createDomain(t, c, "with subscriptions")
			ids := map[string]bool{}
			for range 5 {
				if _, err := c.CreateSubscription(t.Context(), account, d.ID); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.CreateSubscription(t.Context(), account, d.ID); !errors.Is(err, fault.TooCostly) {
				t.Errorf("a sixth of five: %v", err)
			}
			for cursor := ""; ; {
				page, next, err := c.Subscriptions(t.Context(), account, d.ID, cursor, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page {
					ids[s.ID] = true
				}
				if cursor = next; next == "" {
					break
				}
			}
			if len(ids) != 5 {
				t.Errorf("%d subscriptions on the pages", len(ids))
			}
		})
	})
}

func first(t *testing.T, c *catalog.Catalog) catalog.Domain {
	t.Helper()
	page, _, err := c.Domains(t.Context(), account, "", "", 1)
	if err != nil || len(page) != 1 {
		t.Fatalf("%v %v", page, err)
	}
	return page[0]
}

func TestSubscriptionsAreSwitchedOnAndOff(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{}, func(c *catalog.Catalog) {
			d := createDomain(t, c, "a")
			s, err := c.CreateSubscription(t.Context(), account, d.ID)
			if err != nil || s.Activated.IsZero() || !s.Deactivated.IsZero() {
				t.Fatalf("%+v %v", s, err)
			}
			off, err := c.Deactivate(t.Context(), account, d.ID, s.ID)
			if err != nil || off.Active || off.Deactivated.IsZero() {
				t.Errorf("off: %+v %v", off, err)
			}
			again, err := c.Deactivate(t.Context(), account, d.ID, s.ID)
			if err != nil || !again.Updated.Equal(off.Updated) {
				t.Errorf("off again: %+v %v", again, err)
			}
			on, err := c.Activate(t.Context(), account, d.ID, s.ID)
			if got, _ := c.Subscription(t.Context(), account, d.ID, s.ID); err != nil || !on.Active || !got.Active {
				t.Errorf("on: %+v, stored %+v, %v", on, got, err)
			}
		})
	})
}

func TestTagsOnDomainsAndWhatIsInThem(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{}, func(c *catalog.Catalog) {
			d := createDomain(t, c, "a")
			s, err := c.CreateSubscription(t.Context(), account, d.ID)
			if err != nil {
				t.Fatal(err)
			}
			for what, on := range map[string]catalog.Labelled{
				"domain": {Account: account, Domain: d.ID}, "subscription": {Account: account, Domain: d.ID, Subscription: s.ID},
			} {
				for _, tags := range [][]catalog.Tag{{{Key: "b", Value: "1"}, {Key: "a", Value: what}}, {{Key: "b", Value: "2"}}} {
					if err := c.SetTags(t.Context(), on, tags); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.SetTags(t.Context(), on, []catalog.Tag{{Key: "aws:x"}}); !errors.Is(err, fault.Unprocessable) {
					t.Errorf("reserved: %v", err)
				}
				if got, err := c.Tags(t.Context(), on); err != nil || fmt.Sprint(got) != "[{a "+what+"} {b 2}]" {
					t.Errorf("%s: %v %v", what, got, err)
				}
				if err := c.UnsetTags(t.Context(), on, []string{"a", "none"}); err != nil {
					t.Fatal(err)
				}
				if got, err := c.Tags(t.Context(), on); err != nil || fmt.Sprint(got) != "[{b 2}]" {
					t.Errorf("%s: %v %v", what, got, err)
				}
			}
			for _, on := range []catalog.Labelled{{Account: "1", Domain: d.ID}, {Account: account, Domain: "dom-"},
				{Account: account, Domain: d.ID, Subscription: "sub-"}, {Account: account, Domain: d.ID, Job: "j"}} {
				if _, err := c.Tags(t.Context(), on); !errors.Is(err, fault.NotFound) || strings.Contains(err.Error(), d.ID) {
					t.Errorf("%+v: %v", on, err)
				}
			}
		})
	})
}
