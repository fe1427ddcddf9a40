// SPDX-License-Identifier: Apache-2.0

package restjson

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"galen/internal/aws/call"
)

// route is the address of an operation.
type route struct {
	method   string
	segments []segment
	query    []pair // constant parameters that must be there
	op       call.Bound
}

// segment is one part of a path: a literal, or a label by its name on the wire.
type segment struct {
	literal string
	label   string
	greedy  bool // takes all that is left of the path
}

type pair struct{ name, value string }

// newRoute reads the operation's template: /domains/{domainId}/x?status=y.
func newRoute(op call.Bound) route {
	path, query, _ := strings.Cut(op.HTTP.URI, "?")
	r := route{method: op.HTTP.Method, op: op}
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		name, isLabel := strings.CutPrefix(part, "{")
		if !isLabel {
			r.segments = append(r.segments, segment{literal: part})
			continue
		}
		name = strings.TrimSuffix(name, "}")
		label, greedy := strings.CutSuffix(name, "+")
		r.segments = append(r.segments, segment{label: label, greedy: greedy})
	}
	if query != "" {
		for part := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			r.query = append(r.query, pair{name, value})
		}
	}
	return r
}

// sortRoutes puts the most particular first: literals before labels, long before short, constant queries before none.
func sortRoutes(routes []route) {
	slices.SortStableFunc(routes, func(a, b route) int {
		for i := range min(len(a.segments), len(b.segments)) {
			if c := cmp.Compare(len(a.segments[i].label), len(b.segments[i].label)); c != 0 && (a.segments[i].label == "" || b.segments[i].label == "") {
				return c
			}
		}
		return cmp.Or(cmp.Compare(len(b.segments), len(a.segments)), cmp.Compare(len(b.query), len(a.query)), cmp.Compare(a.op.Name, b.op.Name))
	})
}

// match returns the unescaped labels of an escaped path, or false if the path or the query is not the route's.
func (r *route) match(escaped string, query url.Values) (map[string]string, bool) {
	rest := strings.TrimPrefix(escaped, "/")
	labels := map[string]string{}
	for i, s := range r.segments {
		part, after, more := strings.Cut(rest, "/")
		if s.greedy {
			keep := len(r.segments) - i - 1 // segments that follow it
			parts := strings.Split(rest, "/")
			if len(parts) <= keep {
				return nil, false
			}
			cut := len(parts) - keep
			part, after, more = strings.Join(parts[:cut], "/"), strings.Join(parts[cut:], "/"), keep > 0
		}
		text, err := url.PathUnescape(part)
		switch {
		case err != nil || more != (i < len(r.segments)-1):
			return nil, false
		case s.label == "" && text != s.literal, s.label != "" && text == "":
			return nil, false
		case s.label != "":
			labels[s.label] = text
		}
		rest = after
	}
	for _, q := range r.query {
		if !query.Has(q.name) || q.value != "" && query.Get(q.name) != q.value {
			return nil, false
		}
	}
	return labels, true
}
