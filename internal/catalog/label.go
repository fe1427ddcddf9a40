// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"context"
	"slices"

	"galen/internal/engine"
)

// Labelled names what tags are on within a domain: the domain itself, or a subscription or a job of it.
type Labelled struct {
	Account      string
	Domain       string
	Subscription string // its id; empty if another is meant
	Job          string // the id of a job in Queue; empty if another is meant
	Queue        string // InsightsQueue of the domain or CodingQueue; empty: the former
}

// Tags returns the tags of what is labelled, in order of key. It fails with fault.NotFound if that is not there or its domain
// is deleted.
func (c *Catalog) Tags(ctx context.Context, on Labelled) ([]Tag, error) {
	d, _, err := c.InDomain(ctx, on.Account, on.Domain)
	switch {
	case err != nil:
		return nil, err
	case on.Subscription != "":
		s, _, err := c.loadSubscription(ctx, on.Domain, on.Subscription)
		return s.Tags, err
	case on.Job != "":
		tags, _, err := c.loadJobTags(ctx, on)
		return tags, err
	}
	return d.Tags, nil
}

// SetTags sets tags; one whose key is there already gets the new value. It fails as Tags does, and with fault.Unprocessable
// for keys that begin with "aws:" or more than MaxTags in the end.
func (c *Catalog) SetTags(ctx context.Context, on Labelled, tags []Tag) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	return c.changeTags(ctx, on, func(old []Tag) ([]Tag, error) {
		merged := merge(old, tags)
		return merged, checkTags(merged)
	})
}

// UnsetTags takes the tags with these keys off; keys that are not there are ignored. It fails as Tags does.
func (c *Catalog) UnsetTags(ctx context.Context, on Labelled, keys []string) error {
	return c.changeTags(ctx, on, func(old []Tag) ([]Tag, error) { return without(old, keys), nil })
}

func (c *Catalog) changeTags(ctx context.Context, on Labelled, edit func([]Tag) ([]Tag, error)) error {
	if on.Subscription != "" {
		_, err := c.changeSubscription(ctx, on.Account, on.Domain, on.Subscription, func(s *Subscription) (err error) {
			s.Tags, err = edit(s.Tags)
			return err
		})
		return err
	}
	return attempt(func() error {
		d, unchanged, err := c.InDomain(ctx, on.Account, on.Domain)
		if err != nil {
			return err
		}
		var b engine.Batch
		unchanged(&b)
		if on.Job != "" {
			old, row, err := c.loadJobTags(ctx, on)
			if err != nil {
				return err
			}
			tags, err := edit(old)
			if err != nil {
				return err
			}
			requireRow(&b, jobTagsKey(on.Domain, on.Job), row)
			b.Put(jobTagsKey(on.Domain, on.Job), encodeRow(tags))
			return c.engine.Apply(ctx, &b)
		}
		if d.Tags, err = edit(d.Tags); err != nil {
			return err
		}
		b.Put(domainKey(d.ID), encodeRow(d))
		return c.engine.Apply(ctx, &b)
	})
}

// loadJobTags returns the tags of a job that is there, and their row.
func (c *Catalog) loadJobTags(ctx context.Context, on Labelled) ([]Tag, []byte, error) {
	if _, err := c.jobs.Describe(ctx, cmp.Or(on.Queue, InsightsQueue(on.Domain)), on.Job); err != nil {
		return nil, nil, err
	}
	rows, err := c.rows(ctx, jobTagsKey(on.Domain, on.Job))
	if err != nil || rows[0] == nil {
		return nil, nil, err
	}
	tags, err := decodeRow[[]Tag](rows[0])
	return tags, rows[0], err
}

// merge is old with tags over it, in order of key.
func merge(old, tags []Tag) []Tag {
	merged := slices.Clone(tags)
	for _, t := range old {
		if !slices.ContainsFunc(tags, func(x Tag) bool { return x.Key == t.Key }) {
			merged = append(merged, t)
		}
	}
	return sortedTags(merged)
}

// without is tags less those with one of keys.
func without(tags []Tag, keys []string) []Tag {
	kept := []Tag{}
	for _, t := range tags {
		if !slices.Contains(keys, t.Key) {
			kept = append(kept, t)
		}
	}
	return kept
}
