// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"galen/internal/fault"
)

// Tag is a label on a data store, a domain, or what is in a domain.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// MaxTags is how many tags one thing may have.
const MaxTags = 200

// Tag sets tags on a data store; a tag whose key is there already gets the new value. It fails with fault.NotFound,
// fault.Unprocessable for keys that begin with "aws:", keys given twice, or more than MaxTags in the end.
func (c *Catalog) Tag(ctx context.Context, account, id string, tags []Tag) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	_, err := c.change(ctx, account, id, func(d *DataStore) error {
		d.Tags = merge(d.Tags, tags)
		return checkTags(d.Tags)
	}, nil)
	return err
}

// Untag takes the tags with these keys off a data store; keys it does not have are ignored.
func (c *Catalog) Untag(ctx context.Context, account, id string, keys []string) error {
	_, err := c.change(ctx, account, id, func(d *DataStore) error {
		d.Tags = without(d.Tags, keys)
		return nil
	}, nil)
	return err
}

func checkTags(tags []Tag) error {
	if len(tags) > MaxTags {
		return fault.New(fault.Unprocessable, "a resource may have at most %d tags", MaxTags).At("tags")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return fault.New(fault.Unprocessable, "tag keys that begin with aws: are reserved").At("tags")
		}
		if seen[t.Key] {
			return fault.New(fault.Unprocessable, "a tag key is given twice").At("tags")
		}
		seen[t.Key] = true
	}
	return nil
}

func sortedTags(tags []Tag) []Tag {
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	return tags
}
