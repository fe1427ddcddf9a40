// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"galen/internal/catalog"
	"galen/internal/engine"
	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/job"
	"galen/internal/search/index"
	"galen/internal/store"
)

const account = "000000000000"

var terms = sync.OnceValue(func() *index.Index {
	x, err := index.New(def.R4())
	if err != nil {
		panic(err)
	}
	return x
})

// serve runs body with a catalog over e whose jobs are worked until it returns.
func serve(t *testing.T, e engine.Engine, opt catalog.Options, body func(*catalog.Catalog)) {
	t.Helper()
	stores := store.New(e, terms(), store.Options{})
	jobs := job.New(e, job.Options{Exclusive: true})
	c := catalog.New(e, jobs, stores, opt)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = jobs.Run(ctx, c.Handlers()) }()
	body(c)
	cancel()
	<-done
	if err := stores.Close(); err != nil {
		t.Error(err)
	}
}

func create(t *testing.T, c *catalog.Catalog, name string) catalog.DataStore {
	t.Helper()
	d, err := c.Create(t.Context(), catalog.DataStore{Account: account, Name: name}, catalog.Token{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func describe(t *testing.T, c *catalog.Catalog, id string) catalog.DataStore {
	t.Helper()
	d, err := c.Describe(t.Context(), account, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADataStoreLivesAndDies(t *testing.T) {
	terms() // compiled outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{}, func(c *catalog.Catalog) {
			d := create(t, c, "a")
			if d.State != catalog.Creating || len(d.ID) != 32 {
				t.Errorf("created: %+v", d)
			}
			synctest.Wait()
			if got := describe(t, c, d.ID).State; got != catalog.Active {
				t.Fatalf("then: %s", got)
			}
			if _, err := c.Open(t.Context(), account, d.ID); err != nil {
				t.Error(err)
			}
			for what, err := range map[string]error{
				"another account": func() error { _, err := c.Open(t.Context(), "111111111111", d.ID); return err }(),
				"unknown":         func() error { _, err := c.Describe(t.Context(), account, "nope"); return err }(),
				"not mine to end": func() error { _, err := c.Delete(t.Context(), "111111111111", d.ID); return err }(),
			} {
				if !errors.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if _, err := c.Delete(t.Context(), account, d.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Delete(t.Context(), account, d.ID); !errors.Is(err, fault.Conflict) {
				t.Errorf("deleting twice: %v", err)
			}
			synctest.Wait()
			if got := describe(t, c, d.ID).State; got != catalog.Deleted {
				t.Errorf("in the end: %s", got)
			}
			if _, err := c.Open(t.Context(), account, d.ID); !errors.Is(err, fault.NotFound) {
				t.Errorf("opening a deleted one: %v", err)
			}
		})
	})
}

func TestTokensMakeCreationSafeToRepeat(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		e := mem.New()
		now := time.Now()
		opt := catalog.Options{Now: func() time.Time { return now }}
		token := catalog.Token{Scope: "create", Text: "t", Request: []byte("r")}
		spec := catalog.DataStore{Account: account}
		var first catalog.DataStore
		serve(t, e, opt, func(c *catalog.Catalog) {
			var err error
			if first, err = c.Create(t.Context(), spec, token); err != nil {
				t.Fatal(err)
			}
		})
		serve(t, e, opt, func(c *catalog.Catalog) { // after a restart
			again, err := c.Create(t.Context(), spec, token)
			if err != nil || again.ID != first.ID {
				t.Errorf("again: %s %v, want %s", again.ID, err, first.ID)
			}
			other := token
			other.Request = []byte("other")
			if _, err := c.Create(t.Context(), spec, other); !errors.Is(err, fault.Conflict) {
				t.Errorf("with other parameters: %v", err)
			}
			now = now.Add(catalog.TokenLife + time.Minute)
			if err := c.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if late, err := c.Create(t.Context(), spec, other); err != nil || late.ID == first.ID {
				t.Errorf("after its life: %s %v", late.ID, err)
			}
		})
	})
}

func TestListPagesInOrderAndFilters(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{MaxDataStores: 7}, func(c *catalog.Catalog) {
			var want []string
			for i := range 7 {
				if d := create(t, c, fmt.Sprint("n", i%2)); i%2 == 0 {
					want = append(want, d.ID)
				}
			}
			if _, err := c.Create(t.Context(), catalog.DataStore{Account: account}, catalog.Token{}); !errors.Is(err, fault.TooCostly) {
				t.Errorf("an eighth of seven: %v", err)
			}
			var got []string
			for after := uint32(0); ; {
				page, next, err := c.List(t.Context(), account, catalog.Filter{Name: "n0"}, after, 3)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range page {
					got = append(got, d.ID)
				}
				if next == 0 {
					break
				}
				after = next
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("got %v, want %v", got, want)
			}
			if all, _, _ := c.List(t.Context(), "111111111111", catalog.Filter{}, 0, 10); len(all) != 0 {
				t.Errorf("another account sees %d", len(all))
			}
			synctest.Wait()
			if none, _, _ := c.List(t.Context(), account, catalog.Filter{State: catalog.Deleted}, 0, 10); len(none) != 0 {
				t.Errorf("%d are deleted", len(none))
			}
		})
	})
}

func TestTags(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		serve(t, mem.New(), catalog.Options{}, func(c *catalog.Catalog) {
			d := create(t, c, "")
			set := func(tags ...catalog.Tag) error { return c.Tag(t.Context(), account, d.ID, tags) }
			if err := set(catalog.Tag{Key: "b", Value: "1"}, catalog.Tag{Key: "a", Value: "2"}); err != nil {
				t.Fatal(err)
			}
			if err := set(catalog.Tag{Key: "b", Value: "3"}); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(describe(t, c, d.ID).Tags); got != "[{a 2} {b 3}]" {
				t.Errorf("tags %s", got)
			}
			var many []catalog.Tag
			for i := range catalog.MaxTags {
				many = append(many, catalog.Tag{Key: fmt.Sprint("k", i)})
			}
			for what, tags := range map[string][]catalog.Tag{
				"reserved": {{Key: "aws:x"}}, "reserved in capitals": {{Key: "AWS:x"}}, "twice": {{Key: "x"}, {Key: "x"}}, "too many": many,
			} {
				if err := set(tags...); !errors.Is(err, fault.Unprocessable) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := c.Untag(t.Context(), account, d.ID, []string{"a", "none"}); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(describe(t, c, d.ID).Tags); got != "[{b 3}]" {
				t.Errorf("tags %s", got)
			}
		})
	})
}

func TestUpdateChangesWhatIsGiven(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		loaded := make(chan struct{})
		opt := catalog.Options{Preload: func(context.Context, catalog.DataStore, string) error { <-loaded; return nil }}
		serve(t, mem.New(), opt, func(c *catalog.Catalog) {
			d, err := c.Create(t.Context(), catalog.DataStore{Account: account, Name: "old", Settings: catalog.Settings{Preload: "x"}}, catalog.Token{})
			if err != nil {
				t.Fatal(err)
			}
			name := "new"
			if _, err := c.Update(t.Context(), account, d.ID, catalog.Change{Name: &name}); !errors.Is(err, fault.Conflict) {
				t.Errorf("while it is created: %v", err)
			}
			close(loaded)
			synctest.Wait()
			profiles := []string{"us-core-6.1.0"}
			got, err := c.Update(t.Context(), account, d.ID, catalog.Change{Name: &name, Profiles: &profiles})
			if err != nil || got.Name != "new" || fmt.Sprint(got.Settings.Profiles) != "[us-core-6.1.0]" || got.State != catalog.Active {
				t.Errorf("%+v %v", got, err)
			}
		})
	})
}

func TestProfilesThatCannotBeHadAreRefused(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		opt := catalog.Options{Profiles: func(names []string) error {
			if slices.Contains(names, "none-1") {
				return fault.New(fault.Invalid, "not installed")
			}
			return nil
		}}
		serve(t, mem.New(), opt, func(c *catalog.Catalog) {
			if _, err := c.Create(t.Context(), catalog.DataStore{Account: account, Settings: catalog.Settings{Profiles: []string{"none-1"}}}, catalog.Token{}); !errors.Is(err, fault.Invalid) {
				t.Errorf("create: got %v, want Invalid", err)
			}
			d, err := c.Create(t.Context(), catalog.DataStore{Account: account, Settings: catalog.Settings{Profiles: []string{"some-1"}}}, catalog.Token{})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if _, err := c.Update(t.Context(), account, d.ID, catalog.Change{Profiles: &[]string{"none-1"}}); !errors.Is(err, fault.Invalid) {
				t.Errorf("update: got %v, want Invalid", err)
			}
			for _, want := range [][]string{{"some-1"}, {"other-2", "some-1"}, {}} {
				if _, err := c.Update(t.Context(), account, d.ID, catalog.Change{Profiles: &want}); err != nil {
					t.Fatal(err)
				}
				st, err := c.Open(t.Context(), account, d.ID)
				if err != nil {
					t.Fatal(err)
				}
				if got := st.Profiles(); !slices.Equal(got, want) {
					t.Errorf("the open data store has the profiles %q, want %q", got, want)
				}
			}
		})
	})
}

func TestAFailedPreloadShowsWhy(t *testing.T) {
	terms()
	synctest.Test(t, func(t *testing.T) {
		fail := errors.New("secret detail")
		opt := catalog.Options{Preload: func(context.Context, catalog.DataStore, string) error { return fail }}
		serve(t, mem.New(), opt, func(c *catalog.Catalog) {
			spec := catalog.DataStore{Account: account, Settings: catalog.Settings{Preload: "x"}}
			d, err := c.Create(t.Context(), spec, catalog.Token{})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got := describe(t, c, d.ID)
			if got.State != catalog.CreateFailed || got.Failure == "" || strings.Contains(got.Failure, "secret") {
				t.Errorf("%s: %q", got.State, got.Failure)
			}
			fail = nil
			if d, err = c.Create(t.Context(), spec, catalog.Token{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := describe(t, c, d.ID); got.State != catalog.Active {
				t.Errorf("without failure: %s", got.State)
			}
		})
	})
}
