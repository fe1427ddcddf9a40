// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search"
)

// Bounds of what one subscription may ask.
const (
	maxFilters = 50
	maxPairs   = 50
)

// filter narrows the events of a topic to resources that a search finds.
type filter struct {
	text  string // as it was written
	typ   string // empty: every type that the topic is about
	pairs []search.Pair
}

// parseFilter reads a filter: a search as it stands after the base, or only what stands after its question mark.
func parseFilter(text string) (filter, error) {
	f := filter{text: text}
	typ, query, found := strings.Cut(text, "?")
	if !found {
		typ, query = "", text
	}
	f.typ = typ
	var err error
	f.pairs, err = parsePairs(query)
	return f, err
}

func parsePairs(query string) ([]search.Pair, error) {
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || name == "" {
			return nil, refuse("Subscription.criteria.extension", "the filter is not a well-formed search")
		}
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	if len(pairs) == 0 || len(pairs) > maxPairs {
		return nil, refuse("Subscription.criteria.extension", "a filter has from 1 to %d parameters", maxPairs)
	}
	return pairs, nil
}

// parseQuery reads a search that a topic asks a resource, with or without its type in front.
func parseQuery(typ, text string) (*search.Query, error) {
	f, err := parseFilter(text)
	if err != nil {
		return nil, err
	}
	if f.typ != "" && f.typ != typ {
		return nil, refuse("Basic.extension", "the search is of another type than the resource")
	}
	return compile(def.R4(), typ, f.pairs, "")
}

// compile binds a filter to a type. It fails with fault.Unavailable if a search parameter is not ready yet. base is what absolute references to the data store begin with, with a slash at the end; empty: none do.
func compile(defs *def.Definitions, typ string, pairs []search.Pair, base string) (*search.Query, error) {
	q, err := search.Parse(defs, typ, pairs, search.Options{MaxPairs: maxPairs, MaxValues: 1000, MaxChain: 3, Now: time.Now(), Base: base})
	if err != nil {
		var f *fault.Fault
		if errors.As(err, &f) && !errors.Is(err, fault.Unavailable) {
			return nil, fault.Wrap(fault.Unprocessable, err, "a filter cannot be used: %s", f.Text).WithCode("business-rule").At(f.Path)
		}
		return nil, err
	}
	if len(q.Where) != len(pairs) || len(q.Where) == 0 {
		return nil, refuse("Subscription.criteria.extension", "a filter has search parameters with values, and nothing about the form of an answer")
	}
	return q, nil
}

// queries are the searches of the filters that are about a type, in a data store of these definitions.
func (s *Subscription) queries(defs *def.Definitions, topic *Topic, typ, base string) ([]*search.Query, error) {
	var list []*search.Query
	for _, f := range s.filters {
		if f.typ != "" && f.typ != typ {
			continue
		}
		for _, p := range f.pairs {
			name, _, _ := strings.Cut(strings.TrimPrefix(p.Name, "_has:"), ":")
			if plain, _, _ := strings.Cut(name, "."); !topic.lets(typ, plain) {
				return nil, refuse("Subscription.criteria.extension", "the topic does not let its subscriptions filter %s by %s", typ, plain)
			}
		}
		q, err := compile(defs, typ, f.pairs, base)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, nil
}
