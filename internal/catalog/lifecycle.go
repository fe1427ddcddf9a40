// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/ordkey"
)

// Kinds of jobs the catalog submits and handles.
const (
	KindCreate = "create data store"
	KindDelete = "delete data store"
)

// errLimit is what Create answers when the account has all the data stores it may have.
var errLimit = fault.New(fault.TooCostly, "the account has as many data stores as it may have; delete one first")

// Create makes a data store, in state Creating; a job brings it to Active. Account, Name, Settings and Tags of spec count.
// With a token, the same request again gives the same data store: see Token.
func (c *Catalog) Create(ctx context.Context, spec DataStore, token Token) (DataStore, error) {
	if err := checkTags(spec.Tags); err != nil {
		return DataStore{}, err
	}
	if spec.Settings.Preload != "" && c.opt.Preload == nil {
		return DataStore{}, fault.New(fault.Unprocessable, "this server has no data to preload").At("preloadDataConfig")
	}
	if err := c.opt.Profiles(spec.Settings.Profiles); err != nil {
		return DataStore{}, err
	}
	if err := c.checkLimit(ctx, spec.Account); err != nil {
		return DataStore{}, err
	}
	for range maxRaces {
		if id, found, err := c.recall(ctx, spec.Account, token); err != nil {
			return DataStore{}, err
		} else if found {
			return c.Describe(ctx, spec.Account, id)
		}
		tenant, last, err := c.nextTenant(ctx)
		if err != nil {
			return DataStore{}, err
		}
		d := DataStore{ID: job.NewID(), Account: spec.Account, Tenant: tenant, Name: spec.Name, State: Creating,
			Created: c.opt.Now().UTC(), Settings: spec.Settings, Tags: sortedTags(spec.Tags)}
		_, err = c.jobs.Submit(ctx, lifeJob(KindCreate, d), func(b *engine.Batch) {
			if last == nil {
				b.RequireAbsent(tenantKey())
			} else {
				b.Require(tenantKey(), last)
			}
			b.Put(tenantKey(), ordkey.AppendUint32(nil, tenant))
			b.Put(dataStoreKey(d.ID), encode(d))
			b.Put(orderKey(d.Account, tenant), []byte(d.ID))
			c.remember(b, spec.Account, token, d.ID)
		})
		if err == nil || !errors.Is(err, fault.Precondition) {
			return d, err
		}
	}
	return DataStore{}, errRaces
}

func (c *Catalog) checkLimit(ctx context.Context, account string) error {
	n := 0
	all, _, err := c.List(ctx, account, Filter{}, 0, 1<<30)
	for _, d := range all {
		if d.State != Deleted {
			n++
		}
	}
	if err == nil && n >= c.opt.MaxDataStores {
		return errLimit
	}
	return err
}

func lifeJob(kind string, d DataStore) job.Job {
	spec, _ := json.Marshal(lifeSpec{d.Account, d.ID}) // two strings cannot fail
	return job.Job{Kind: kind, Queue: "life/" + d.ID, Spec: spec}
}

type lifeSpec struct{ Account, ID string }

// Delete begins to delete a data store with all that is in it; a job finishes it. Its running jobs are cancelled.
// It fails with fault.Conflict unless the data store is active or its creation or update failed.
func (c *Catalog) Delete(ctx context.Context, account, id string) (DataStore, error) {
	d, err := c.Describe(ctx, account, id)
	if err != nil {
		return DataStore{}, err
	}
	for range maxRaces {
		d, row, err := c.load(ctx, d.ID)
		if err != nil {
			return DataStore{}, err
		}
		switch d.State {
		case Active, CreateFailed, UpdateFailed:
		default:
			return DataStore{}, fault.New(fault.Conflict, "the data store is %s; it cannot be deleted now", d.State)
		}
		d.State = Deleting
		_, err = c.jobs.Submit(ctx, lifeJob(KindDelete, d), func(b *engine.Batch) {
			b.Require(dataStoreKey(id), row)
			b.Put(dataStoreKey(id), encode(d))
		})
		if err == nil || !errors.Is(err, fault.Precondition) {
			return d, err
		}
	}
	return DataStore{}, errRaces
}

// Handlers returns the job handlers of the catalog's own kinds.
func (c *Catalog) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindCreate: c.create, KindDelete: c.delete, KindDeleteDomain: c.deleteDomain}
}

// create is the job that brings a data store from Creating to Active.
func (c *Catalog) create(ctx context.Context, run *job.Run) (job.State, error) {
	d, err := c.ofJob(ctx, run)
	if err != nil || d.State != Creating {
		return job.Done, err
	}
	if what := d.Settings.Preload; what != "" {
		err = c.opt.Preload(ctx, d, what)
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		slog.ErrorContext(ctx, "preload failed", "datastore", d.ID, "error", err)
	}
	_, cerr := c.change(ctx, d.Account, d.ID, func(d *DataStore) error {
		d.State = Active
		if err != nil {
			d.State, d.Failure = CreateFailed, fault.All(err)[0].Text
			d.CanRetry = fault.KindOf(err) == fault.Unavailable
		}
		return nil
	}, nil)
	return job.Done, cerr
}

// delete is the job that brings a data store from Deleting to Deleted. What works on it is stopped first, so that nothing is
// written behind the deletion.
func (c *Catalog) delete(ctx context.Context, run *job.Run) (job.State, error) {
	d, err := c.ofJob(ctx, run)
	if err != nil || d.State != Deleting {
		return job.Done, err
	}
	for _, queue := range Queues(d.ID) {
		if err := c.jobs.Drain(ctx, queue); err != nil {
			return "", err
		}
	}
	if err := c.stores.Drop(ctx, d.Tenant); err != nil {
		return "", err
	}
	_, err = c.change(ctx, d.Account, d.ID, func(d *DataStore) error {
		d.State = Deleted
		return nil
	}, nil)
	return job.Done, err
}

func (c *Catalog) ofJob(ctx context.Context, run *job.Run) (DataStore, error) {
	var spec lifeSpec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return DataStore{}, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	return c.Describe(ctx, spec.Account, spec.ID)
}

// Queues names the job queues of a data store whose jobs read or write its records.
func Queues(id string) []string {
	return []string{ImportQueue(id), ExportQueue(id), TransactionQueue(id), ChangeQueue(id), MatchQueue(id)}
}

// TransactionQueue names the queue of a data store's transactions that are carried out later.
func TransactionQueue(id string) string { return "transaction/" + id }

// ImportQueue names the queue of a data store's imports.
func ImportQueue(id string) string { return "import/" + id }

// ChangeQueue names the queue of a data store's erasures, deletions and patches of many resources.
func ChangeQueue(id string) string { return "change/" + id }

// MatchQueue names the queue of a data store's jobs that match members.
func MatchQueue(id string) string { return "match/" + id }

// ExportQueue names the queue of a data store's exports.
func ExportQueue(id string) string { return "export/" + id }

// Change is what Update may change; nil fields stay as they are. An identity provider replaces the whole of the earlier one.
type Change struct {
	Name      *string
	Analytics *string
	NLP       *string
	Profiles  *[]string
	Identity  *IdentityProvider
}

// Update changes a data store's name or settings at once. It fails with fault.Conflict unless the data store is active.
func (c *Catalog) Update(ctx context.Context, account, id string, ch Change) (DataStore, error) {
	if ch.Profiles != nil {
		if err := c.opt.Profiles(*ch.Profiles); err != nil {
			return DataStore{}, err
		}
	}
	return c.change(ctx, account, id, func(d *DataStore) error {
		if d.State != Active && d.State != UpdateFailed {
			return fault.New(fault.Conflict, "the data store is %s; it cannot be updated now", d.State)
		}
		d.State = Active
		set(&d.Name, ch.Name)
		set(&d.Settings.Analytics, ch.Analytics)
		set(&d.Settings.NLP, ch.NLP)
		if ch.Profiles != nil {
			d.Settings.Profiles = slices.Clone(*ch.Profiles)
		}
		if ch.Identity != nil {
			d.Settings.Identity = ch.Identity
		}
		return nil
	}, nil)
}

func set(dst *string, v *string) {
	if v != nil {
		*dst = *v
	}
}
