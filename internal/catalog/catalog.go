// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/ordkey"
	"galen/internal/store"
)

// Options of a Catalog; the zero value works.
type Options struct {
	MaxDataStores    int              // how many data stores that are not deleted an account may have; 0: 10,000
	MaxDomains       int              // how many domains that are not deleted an account may have; 0: 1,000
	MaxSubscriptions int              // how many subscriptions a domain may have; 0: 100,000
	Now              func() time.Time // nil: time.Now

	// Profiles fails with fault.Invalid, naming what to do, if one of the default profiles that are chosen cannot be had. Nil: all can.
	Profiles func(names []string) error

	// Preload loads the data named by what into a data store that is being created. It may be called again after a crash.
	// nil: nothing can be preloaded.
	Preload func(ctx context.Context, d DataStore, what string) error

	// EmptyDomain removes what others keep of a domain that is being deleted. It may be called again after a crash. Nil: nothing.
	EmptyDomain func(ctx context.Context, account, domain string) error
}

// Catalog is the data stores and the domains of one engine.
type Catalog struct {
	engine engine.Engine
	jobs   *job.Queue
	stores *store.Stores
	opt    Options

	mu    sync.RWMutex
	known map[string]known // guarded by mu: rows as last read, so that a request decodes none that has not changed
}

type known struct {
	row []byte
	d   DataStore
}

// maxKnown bounds the decoded rows that are kept.
const maxKnown = 10_000

// maxRaces bounds how often a change is tried anew because another one was quicker.
const maxRaces = 100

// New returns the catalog of e, whose long steps are done by jobs and whose records are kept by stores.
func New(e engine.Engine, jobs *job.Queue, stores *store.Stores, opt Options) *Catalog {
	opt.MaxDataStores = cmp.Or(opt.MaxDataStores, 10_000)
	opt.MaxDomains = cmp.Or(opt.MaxDomains, 1_000)
	opt.MaxSubscriptions = cmp.Or(opt.MaxSubscriptions, 100_000)
	if opt.Profiles == nil {
		opt.Profiles = func([]string) error { return nil }
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Catalog{engine: e, jobs: jobs, stores: stores, opt: opt, known: map[string]known{}}
}

// Describe returns a data store, a deleted one too. It fails with fault.NotFound if account has none with this id.
func (c *Catalog) Describe(ctx context.Context, account, id string) (DataStore, error) {
	d, _, err := c.load(ctx, id)
	if err == nil && d.Account != account {
		err = errNoDataStore
	}
	if err != nil {
		return DataStore{}, err
	}
	return d, nil
}

var errNoDataStore = fault.New(fault.NotFound, "there is no data store with this id")

// Open returns the records of an active data store of account, for reading and writing. It fails with fault.NotFound if there
// is none with this id, and with fault.Conflict if it is not active.
func (c *Catalog) Open(ctx context.Context, account, id string) (*store.Store, error) {
	d, err := c.Describe(ctx, account, id)
	if err != nil {
		return nil, err
	}
	switch d.State {
	case Active, Updating, UpdateFailed:
		st, err := c.stores.Store(d.Tenant)
		if err == nil && !slices.Equal(st.Profiles(), d.Settings.Profiles) {
			st.SetProfiles(d.Settings.Profiles)
		}
		return st, err
	case Deleted, Deleting:
		return nil, fault.New(fault.NotFound, "the data store is deleted")
	}
	return nil, fault.New(fault.Conflict, "the data store is %s; it must be active", d.State)
}

// List returns up to limit data stores of account that the filter keeps, in order of creation, after the one with tenant
// number after (0: from the first), and the number to go on from (0: there are no more).
func (c *Catalog) List(ctx context.Context, account string, f Filter, after uint32, limit int) ([]DataStore, uint32, error) {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer snap.Close()
	var page []DataStore
	for row, err := range snap.Scan(ctx, orderRange(account, after), engine.Ascending) {
		if err != nil {
			return nil, 0, err
		}
		rows, err := snap.Get(ctx, dataStoreKey(string(row.Value)))
		if err != nil {
			return nil, 0, err
		}
		d, err := c.decode(string(row.Value), rows[0])
		if err != nil {
			return nil, 0, err
		}
		if !f.keeps(d) {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].Tenant, nil
		}
		page = append(page, d)
	}
	return page, 0, nil
}

// change edits a data store's row by edit, however many others do so at the same time. also, if not nil, adds to the batch.
func (c *Catalog) change(ctx context.Context, account, id string, edit func(*DataStore) error, also func(*engine.Batch)) (DataStore, error) {
	for range maxRaces {
		d, row, err := c.load(ctx, id)
		if err != nil {
			return DataStore{}, err
		}
		if d.Account != account {
			return DataStore{}, errNoDataStore
		}
		if err := edit(&d); err != nil {
			return DataStore{}, err
		}
		var b engine.Batch
		b.Require(dataStoreKey(id), row)
		b.Put(dataStoreKey(id), encode(d))
		if also != nil {
			also(&b)
		}
		err = c.engine.Apply(ctx, &b)
		if err == nil || !errors.Is(err, fault.Precondition) {
			return d, err
		}
	}
	return DataStore{}, errRaces
}

var errRaces = fault.New(fault.Unavailable, "too many changes at once; try again")

// load returns a data store of any account and its row.
func (c *Catalog) load(ctx context.Context, id string) (DataStore, []byte, error) {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return DataStore{}, nil, err
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, dataStoreKey(id))
	if err != nil {
		return DataStore{}, nil, err
	}
	if rows[0] == nil {
		return DataStore{}, nil, errNoDataStore
	}
	d, err := c.decode(id, rows[0])
	return d, rows[0], err
}

// decode returns the data store of a row, from memory if the row is as it was last time.
func (c *Catalog) decode(id string, row []byte) (DataStore, error) {
	c.mu.RLock()
	k, ok := c.known[id]
	c.mu.RUnlock()
	if ok && bytes.Equal(k.row, row) {
		return k.d, nil
	}
	var d DataStore
	if err := json.Unmarshal(row, &d); err != nil {
		return DataStore{}, fault.Wrap(fault.Internal, err, "a data store's row cannot be read")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[id] = known{bytes.Clone(row), d}
	return d, nil
}

func encode(d DataStore) []byte {
	row, err := json.Marshal(d)
	if err != nil { // DataStore holds nothing that JSON cannot
		panic(fmt.Sprintf("catalog: %v", err))
	}
	return row
}

// nextTenant reads the last tenant number given; the batch that gives the next requires it unchanged.
func (c *Catalog) nextTenant(ctx context.Context) (uint32, []byte, error) {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, tenantKey())
	if err != nil || rows[0] == nil {
		return 1, nil, err
	}
	n, _, err := ordkey.TakeUint32(rows[0])
	if err != nil {
		return 0, nil, fault.Wrap(fault.Internal, err, "the tenant counter cannot be read")
	}
	return n + 1, rows[0], nil
}
