// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/ordkey"
)

// Domain is a place of an account that subscriptions and the jobs of agents belong to. Its states are Active, Deleting and
// Deleted.
type Domain struct {
	ID      string    `json:"id"` // "dom-" and 20 letters or digits
	Account string    `json:"account"`
	Name    string    `json:"name"`
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	KeyID   string    `json:"key_id,omitempty"` // encryption key that was asked for; kept and shown
	WebApp  *WebApp   `json:"web_app,omitempty"`
	Tags    []Tag     `json:"tags,omitempty"` // in order of key
}

// WebApp is how a domain's web application was asked to sign people in. It is kept and shown.
type WebApp struct {
	Role     string `json:"role"`
	Instance string `json:"instance"`
	Region   string `json:"region"`
}

// KindDeleteDomain is the kind of the jobs that delete domains.
const KindDeleteDomain = "delete domain"

var (
	errNoDomain     = fault.New(fault.NotFound, "there is no domain with this id")
	errDomainGone   = fault.New(fault.NotFound, "the domain is deleted")
	errDomainsLimit = fault.New(fault.TooCostly, "the account has as many domains as it may have; delete one first")
)

// CreateDomain makes an active domain. Account, Name, KeyID, WebApp and Tags of spec count. Asked again for what an active
// domain of the account is already, all of these, it returns that one, so that a request can be repeated. It fails with
// fault.TooCostly over the account's quota.
func (c *Catalog) CreateDomain(ctx context.Context, spec Domain) (Domain, error) {
	if err := checkTags(spec.Tags); err != nil {
		return Domain{}, err
	}
	d := Domain{ID: "dom-" + randomText("abcdefghijklmnopqrstuvwxyz0123456789", 20), Account: spec.Account, Name: spec.Name, State: Active,
		Created: c.opt.Now().UTC(), KeyID: spec.KeyID, WebApp: spec.WebApp, Tags: sortedTags(spec.Tags)}
	err := attempt(func() error {
		// The count is read first and required unchanged: two equal requests at once make one domain.
		rows, err := c.rows(ctx, domainCountKey(d.Account))
		if err != nil {
			return err
		}
		if old, found, err := c.sameDomain(ctx, d); err != nil || found {
			d = old
			return err
		}
		n, err := counted(rows[0])
		if err != nil {
			return err
		}
		if int(n) >= c.opt.MaxDomains {
			return errDomainsLimit
		}
		var b engine.Batch
		requireRow(&b, domainCountKey(d.Account), rows[0])
		b.Put(domainCountKey(d.Account), ordkey.AppendUint32(nil, n+1))
		b.RequireAbsent(domainKey(d.ID))
		b.Put(domainKey(d.ID), encodeRow(d))
		b.Put(createdKey('E', d.Account, d.Created, d.ID), nil)
		return c.engine.Apply(ctx, &b)
	})
	return d, err
}

// sameDomain finds an active domain that was made by an equal request.
func (c *Catalog) sameDomain(ctx context.Context, want Domain) (Domain, bool, error) {
	var same Domain
	form := func(d Domain) string {
		text, _ := json.Marshal([]any{d.Name, d.KeyID, d.WebApp, d.Tags}) // texts cannot fail
		return string(text)
	}
	err := c.eachDomain(ctx, want.Account, "", func(d Domain, _ string) bool {
		if d.State == Active && form(d) == form(want) {
			same = d
		}
		return same.ID == ""
	})
	return same, same.ID != "", err
}

// Domain returns a domain, a deleted one too. It fails with fault.NotFound if account has none with this id.
func (c *Catalog) Domain(ctx context.Context, account, id string) (Domain, error) {
	d, _, err := c.loadDomain(ctx, account, id)
	return d, err
}

// InDomain returns an active domain, and what makes a batch apply only as long as the domain stays as it is. It fails with
// fault.NotFound if account has none with this id or it is deleted.
func (c *Catalog) InDomain(ctx context.Context, account, id string) (Domain, Also, error) {
	d, row, err := c.loadDomain(ctx, account, id)
	if err == nil && d.State != Active {
		err = errDomainGone
	}
	return d, func(b *engine.Batch) { b.Require(domainKey(id), row) }, err
}

func (c *Catalog) loadDomain(ctx context.Context, account, id string) (Domain, []byte, error) {
	rows, err := c.rows(ctx, domainKey(id))
	if err != nil {
		return Domain{}, nil, err
	}
	if rows[0] == nil {
		return Domain{}, nil, errNoDomain
	}
	d, err := decodeRow[Domain](rows[0])
	if err == nil && d.Account != account {
		err = errNoDomain
	}
	if err != nil {
		return Domain{}, nil, err
	}
	return d, rows[0], nil
}

// Domains returns up to limit domains of account in state (empty: any), in order of creation, from behind cursor on (empty:
// from the first), and the cursor of the next page (empty: there is none).
func (c *Catalog) Domains(ctx context.Context, account string, state State, cursor string, limit int) (page []Domain, next string, err error) {
	last := ""
	err = c.eachDomain(ctx, account, cursor, func(d Domain, at string) bool {
		if state != "" && d.State != state {
			return true
		}
		if len(page) == limit {
			next = last
			return false
		}
		page, last = append(page, d), at
		return true
	})
	return page, next, err
}

// eachDomain shows the domains of account in order of creation until see says no.
func (c *Catalog) eachDomain(ctx context.Context, account, cursor string, see func(d Domain, cursor string) bool) error {
	return c.createdPage(ctx, 'E', account, cursor, func(snap engine.Snapshot, id, at string) (bool, error) {
		rows, err := snap.Get(ctx, domainKey(id))
		if err != nil {
			return false, err
		}
		d, err := decodeRow[Domain](rows[0])
		return err == nil && see(d, at), err
	})
}

// DeleteDomain begins to delete a domain with all that is in it; a job finishes it. A domain that is being deleted, or is
// deleted, stays as it is; if its deletion failed it is begun anew.
func (c *Catalog) DeleteDomain(ctx context.Context, account, id string) (Domain, error) {
	var d Domain
	err := attempt(func() error {
		var row []byte
		var err error
		if d, row, err = c.loadDomain(ctx, account, id); err != nil || d.State == Deleted {
			return err
		}
		queue := "life/" + id
		if d.State == Deleting {
			last, _, err := c.jobs.List(ctx, queue, job.Filter{}, 0, 1)
			if err != nil || len(last) == 1 && last[0].State != job.Failed {
				return err
			}
		}
		d.State = Deleting
		spec, _ := json.Marshal(lifeSpec{account, id}) // two strings cannot fail
		_, err = c.jobs.Submit(ctx, job.Job{Kind: KindDeleteDomain, Queue: queue, Spec: spec}, func(b *engine.Batch) {
			b.Require(domainKey(id), row)
			b.Put(domainKey(id), encodeRow(d))
		})
		return err
	})
	return d, err
}

// deleteDomain is the job that brings a domain from Deleting to Deleted. What runs in it is stopped first, so that nothing is
// added behind the deletion; then its jobs, subscriptions and tags go. The domain's own row stays.
func (c *Catalog) deleteDomain(ctx context.Context, run *job.Run) (job.State, error) {
	var spec lifeSpec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	for _, queue := range DomainQueues(spec.ID) {
		if err := c.jobs.Drain(ctx, queue); err != nil {
			return "", err
		}
		if err := c.jobs.Erase(ctx, queue); err != nil {
			return "", err
		}
	}
	if c.opt.EmptyDomain != nil {
		if err := c.opt.EmptyDomain(ctx, spec.Account, spec.ID); err != nil {
			return "", err
		}
	}
	return job.Done, attempt(func() error {
		d, row, err := c.loadDomain(ctx, spec.Account, spec.ID)
		if err != nil || d.State != Deleting {
			return err
		}
		counts, err := c.rows(ctx, domainCountKey(d.Account))
		if err != nil {
			return err
		}
		n, err := counted(counts[0])
		if err != nil {
			return err
		}
		d.State, d.Tags, d.WebApp = Deleted, nil, nil
		var b engine.Batch
		for _, kind := range []byte{'S', 'T', 'g'} {
			b.DeletePrefix(key(kind, d.ID))
		}
		b.Delete(subscriptionCountKey(d.ID))
		b.Require(domainKey(d.ID), row)
		b.Put(domainKey(d.ID), encodeRow(d))
		requireRow(&b, domainCountKey(d.Account), counts[0])
		b.Put(domainCountKey(d.Account), ordkey.AppendUint32(nil, max(n, 1)-1))
		return c.engine.Apply(ctx, &b)
	})
}

// DomainQueues names the job queues of a domain.
func DomainQueues(id string) []string { return []string{InsightsQueue(id), CodingQueue(id)} }

// InsightsQueue names the queue of a domain's patient insights.
func InsightsQueue(id string) string { return "insights/" + id }

// CodingQueue names the queue of a domain's medical coding.
func CodingQueue(id string) string { return "coding/" + id }

// randomText makes n characters of alphabet.
func randomText(alphabet string, n int) string {
	text := make([]byte, 0, n)
	limit := byte(256 - 256%len(alphabet)) // bytes from here on would make some characters likelier
	for len(text) < n {
		var random [64]byte
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if limit == 0 || b < limit {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(slices.Clip(text[:n]))
}
