// SPDX-License-Identifier: Apache-2.0

package search_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// now is the time of the requests.
var now = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

// pairsOf takes a query apart, so that a test can be written as a URL.
func pairsOf(t testing.TB, query string) []search.Pair {
	t.Helper()
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			t.Fatalf("%q is not percent-encoded", part)
		}
		pairs = append(pairs, search.Pair{Name: n, Value: v})
	}
	return pairs
}

// parse reads Type?name=value&….
func parse(t testing.TB, target string, opt search.Options) (*search.Query, error) {
	t.Helper()
	typ, query, _ := strings.Cut(target, "?")
	if opt.Now.IsZero() {
		opt.Now = now
	}
	return search.Parse(def.R4(), typ, pairsOf(t, query), opt)
}

// mustParse is parse of what must be right.
func mustParse(t testing.TB, target string, opt search.Options) *search.Query {
	t.Helper()
	q, err := parse(t, target, opt)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return q
}

var (
	prefixNames   = []string{"", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}
	modifierNames = []string{"", "missing", "exact", "contains", "text", "not", "above", "below", "identifier", "of-type", "in", "not-in"}
)

// describe writes the conditions of a query, one after the other.
func describe(q *search.Query) string {
	var all []string
	for _, c := range q.Where {
		all = append(all, describeClause(c))
	}
	return strings.Join(all, " and ")
}

// describeClause writes a leaf as code:modifier[type] value or value, a chain as code -> Type(condition), a reverse chain as
// Type(condition) -> code.
func describeClause(c search.Clause) string {
	switch {
	case c.Chain != nil:
		var links []string
		for _, l := range c.Chain.Next {
			links = append(links, fmt.Sprintf("%s(%s)", l.Type, describeClause(l.Clause)))
		}
		return fmt.Sprintf("%s -> %s", c.Chain.Param.Code, strings.Join(links, " or "))
	case c.Has != nil:
		return fmt.Sprintf("%s(%s) -> %s", c.Has.Link.Type, describeClause(c.Has.Link.Clause), c.Has.Param.Code)
	}
	head := c.Leaf.Param.Code
	if c.Leaf.Modifier != index.Plain {
		head += ":" + modifierNames[c.Leaf.Modifier]
	}
	if c.Leaf.Target != "" {
		head += "[" + c.Leaf.Target + "]"
	}
	var values []string
	for _, v := range c.Leaf.Values {
		values = append(values, describeValue(v, c.Leaf.Param.Type, c.Leaf.Modifier))
	}
	return head + " " + strings.Join(values, " or ")
}

func describeValue(v index.Value, kind def.ParamType, m index.Modifier) string {
	prefix := prefixNames[v.Prefix]
	coded := v.Text
	if v.HasSystem {
		coded = v.System + "|" + v.Text
	}
	switch {
	case m == index.Missing:
		return fmt.Sprint(v.Missing)
	case kind == def.NumberParam:
		return prefix + v.Number.String()
	case kind == def.DateParam:
		return prefix + v.Date.String()
	case kind == def.QuantityParam:
		if v.HasSystem {
			coded = "|" + coded
		}
		return prefix + v.Number.String() + coded
	case kind == def.CompositeParam:
		var parts []string
		for i, p := range v.Parts {
			parts = append(parts, describeValue(p, componentTypes[i], index.Plain))
		}
		return strings.Join(parts, "$")
	}
	return coded
}

// componentTypes are those of Observation's code-value-quantity.
var componentTypes = []def.ParamType{def.TokenParam, def.QuantityParam}

// describeShape writes what shapes the answer, leaving out what is as it is if nothing is asked.
func describeShape(q *search.Query) string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, s := range q.Sort {
		add("sort %s%s", map[bool]string{true: "-"}[s.Descending], s.Param.Code)
	}
	if q.Count != 100 {
		add("count %d", q.Count)
	}
	if q.Total != search.TotalIfFree {
		add("total %d", q.Total)
	}
	if q.Summary != search.SummaryFalse {
		add("summary %d", q.Summary)
	}
	if len(q.Elements) > 0 {
		add("elements %s", strings.Join(q.Elements, ","))
	}
	for i, in := range slices.Concat(q.Include, q.RevInclude) {
		kind, param := "include", "*"
		if i >= len(q.Include) {
			kind = "revinclude"
		}
		if in.Param != nil {
			param = in.Param.Code
		}
		add("%s %s:%s:%s%s", kind, in.Source, param, in.Target, map[bool]string{true: " iterate"}[in.Iterate])
	}
	if q.Page != "" {
		add("page %s", q.Page)
	}
	if len(q.Ignored) > 0 {
		add("ignored %s", strings.Join(q.Ignored, ","))
	}
	return strings.Join(all, "; ")
}
