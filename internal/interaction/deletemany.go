// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"net/url"
	"strconv"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/store"
)

// maxDeleted is how many resources one conditional delete with _count takes at most.
const maxDeleted = 100

// DeletesMany reports whether the query of a conditional delete asks for the form of DeleteMany.
func DeletesMany(query string) bool {
	pairs, err := parsePairs(query)
	for _, p := range pairs {
		if p.Name == "_count" && err == nil {
			return true
		}
	}
	return false
}

// DeleteMany deletes the first resources that a search finds, as many as its _count says (1 to 100), and gives a Bundle of what
// became of each. If there are more, its next link is to be followed with another delete.
func (s *Service) DeleteMany(ctx context.Context, c Caller, typ, query string, opt Bundling) ([]byte, error) {
	st, err := s.enterWhere(ctx, c, authz.Delete, typ)
	if err != nil {
		return nil, err
	}
	criteria, count, err := splitCount(query)
	if err != nil {
		return nil, err
	}
	q, err := s.condition(c, st, typ, criteria)
	if err != nil {
		return nil, err
	}
	var entries []*entry
	var links []link
	err = s.retry(ctx, st.View, func(cond *conditions) error {
		found, err := cond.find(ctx, q, count+1)
		if err != nil {
			return err
		}
		links = []link{{"self", address(c.Base, typ, query)}}
		if len(found) > count {
			links = append(links, link{"next", address(c.Base, typ, query)})
			found = found[:count]
		}
		entries = entries[:0]
		group := store.Group{Check: cond.checker()}
		for i, v := range found {
			change, err := st.Delete(typ, v.ID, store.If{})
			if err != nil {
				return err
			}
			group.Changes = append(group.Changes, change)
			entries = append(entries, &entry{index: i, method: "DELETE"})
			entries[i].key.Type, entries[i].key.ID = typ, v.ID
		}
		if len(entries) == 0 {
			return nil
		}
		results, err := st.Commit(ctx, group)
		for i, r := range results {
			entries[i].made.Version, entries[i].err = r.Version, r.Err
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b := newBundle(c.Base, "batch-response", s.opt.Now(), -1, links...)
	for _, e := range entries {
		b.answer(e, opt)
	}
	return b.bytes(), nil
}

// splitCount takes _count out of a query.
func splitCount(query string) (criteria string, count int, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", 0, fault.New(fault.Invalid, "the query is not well formed")
	}
	count, err = strconv.Atoi(values.Get("_count"))
	if err != nil || count < 1 || count > maxDeleted || len(values["_count"]) > 1 {
		return "", 0, fault.New(fault.Invalid, "_count of a delete is 1 to %d", maxDeleted).WithCode("value").At("_count")
	}
	values.Del("_count")
	return values.Encode(), count, nil
}
