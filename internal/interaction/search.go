// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// Find is a search.
type Find struct {
	Type    string   // empty: the types that the parameter _type names, or all
	In      fhir.Key // the compartment to search in; zero: the data store
	Query   string   // as it stands in a URL or a form
	Lenient bool     // ignore parameters that are not understood, and say so
}

// Search gives the searchset Bundle of a page of a search.
//
// http://hl7.org/fhir/R4/http.html#search
func (s *Service) Search(ctx context.Context, c Caller, f Find) ([]byte, error) {
	st, err := s.enter(ctx, c, authz.Search, f.Type, "")
	if err != nil {
		return nil, err
	}
	if f.Type != "" {
		if _, err := typeID(f.Type); err != nil {
			return nil, err
		}
	}
	if f.In.Type != "" && !fhir.ValidID(f.In.ID) {
		return nil, errNever
	}
	pairs, err := parsePairs(f.Query)
	if err != nil {
		return nil, err
	}
	queries, err := s.parseSearch(c, st, f, pairs, search.Options{Indexed: st.Indexed, Lenient: f.Lenient, DefaultCount: s.opt.DefaultCount,
		MaxCount: s.opt.MaxCount, Now: s.opt.Now(), Compartment: f.In, Base: c.Base + "/"})
	if err != nil {
		return nil, err
	}
	for _, q := range queries { // containers that the caller may not search stay out of sight
		q.Containers = slices.DeleteFunc(q.Containers, func(typ string) bool {
			return c.Who.May(authz.Search, authz.Object{Account: c.Who.Account, Type: typ}) != nil
		})
	}
	head, err := c.View(ctx, st)
	if err != nil {
		return nil, err
	}
	defer head.Close()
	page, err := s.planner.SearchTypes(ctx, head, queries)
	if err != nil {
		return nil, err
	}
	path, q := f.Type, queries[0]
	switch {
	case f.In.Type != "" && f.Type == "":
		path = f.In.String() + "/*"
	case f.In.Type != "":
		path = f.In.String() + "/" + f.Type
	}
	return s.searchset(c, path, formed(q.Canonical(), f.Query), q, page, head.Time())
}

// parseSearch gives the query of each type that is searched, all of which the caller must be allowed to search.
func (s *Service) parseSearch(c Caller, st *store.Store, f Find, pairs []search.Pair, opt search.Options) ([]*search.Query, error) {
	if f.Type != "" {
		q, err := search.Parse(st.Definitions(), f.Type, pairs, opt)
		return []*search.Query{q}, err
	}
	queries, err := search.ParseTypes(st.Definitions(), pairs, opt)
	if err != nil {
		return nil, err
	}
	for _, q := range queries {
		if err := c.Who.May(authz.Search, authz.Object{Account: c.Who.Account, Type: q.Type}); err != nil {
			return nil, err
		}
	}
	return queries, nil
}

// parsePairs reads name=value&… in order, as search needs it.
func parsePairs(query string) ([]search.Pair, error) {
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, fault.New(fault.Invalid, "the query is not well formed")
		}
		pairs = append(pairs, search.Pair{Name: n, Value: v})
	}
	return pairs, nil
}

// searchset makes the Bundle of a page; canonical is the query of its links. Resources are copied as they are stored, unless only a part of each is wanted.
func (s *Service) searchset(c Caller, path, canonical string, q *search.Query, page *plan.Result, at time.Time) ([]byte, error) {
	links := []link{{"self", address(c.Base, path, canonical)}}
	if page.Next != "" {
		query := "page=" + url.QueryEscape(page.Next)
		if canonical != "" {
			query = canonical + "&" + query
		}
		links = append(links, link{"next", address(c.Base, path, query)})
	}
	total := -1
	if page.Total != nil {
		total = *page.Total
	}
	b := newBundle(c.Base, "searchset", at, total, links...)
	part := projection{summary: q.Summary, elements: q.Elements}
	if err := s.entries(b, page.Matches, page.Inside, "match", part); err != nil {
		return nil, err
	}
	part.elements = nil // _elements is about the type searched
	if err := s.entries(b, page.Included, nil, "include", part); err != nil {
		return nil, err
	}
	issues := warnings(q.Ignored, page.Warnings)
	if q.Explain {
		issues = explain(issues, "", page.Steps)
	}
	b.outcome(issues)
	return b.bytes(), nil
}

// entries adds resources with a search mode; inside says which of the resources that each contains is meant instead of it, -1 for itself.
func (s *Service) entries(b *bundle, versions []record.Version, inside []int, mode string, part projection) error {
	tape, done := s.tape()
	defer done()
	size := 0
	for i := range versions {
		size += len(versions[i].Body) + 200
	}
	b.grow(size)
	for i := range versions {
		v, alone := &versions[i], inside != nil && inside[i] >= 0
		body, id := fhir.Node{}, v.ID
		if alone || !part.whole() {
			if err := tape.Parse(v.Body, stored); err != nil {
				return fault.Wrap(fault.Internal, err, "a stored resource cannot be read")
			}
			body = tape.Root()
		}
		if alone {
			body = containedAt(body, inside[i])
			id += "#" + body.Field("id").Text()
		}
		b.begin(typeName(v.Type), id)
		b.text(`"resource":`)
		switch {
		case !part.whole():
			b.buf = part.append(b.buf, body)
		case alone:
			b.buf = append(b.buf, body.Raw()...)
		default:
			b.buf = append(b.buf, v.Body...)
		}
		b.text(`,"search":{"mode":"`, mode, `"}`)
		b.end()
	}
	return nil
}

// containedAt is the i-th of the resources that a resource contains.
func containedAt(resource fhir.Node, i int) fhir.Node {
	c := resource.Field("contained").First()
	for ; i > 0; i-- {
		c = c.Next()
	}
	return c
}

// warnings are what the caller must know of the answer: parameters that a lenient search left out, and what was cut.
func warnings(ignored, cut []string) []fhir.Issue {
	var issues []fhir.Issue
	for _, name := range ignored {
		issues = append(issues, fhir.Issue{Severity: fhir.Warning, Code: "not-supported", Expression: name,
			Diagnostics: "The search parameter was not understood and is ignored."})
	}
	for _, text := range cut {
		issues = append(issues, fhir.Issue{Severity: fhir.Warning, Code: "incomplete", Diagnostics: text})
	}
	return issues
}

func typeName(id uint16) string {
	if t := def.R4().TypeByID(def.TypeID(id)); t != nil {
		return t.Name
	}
	return ""
}
