// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/engine/scripttest"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/record"
	"galen/internal/search"
	"galen/internal/search/plan"
	"galen/internal/store"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// base is the address of the server.
const base = "http://here/fhir/"

// requestTime is the time of the searches, scriptStart that of the first commit; each further one is a second later.
var (
	requestTime = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	scriptStart = time.Date(2024, 1, 1, 0, 0, 1, 0, time.UTC)
)

// A script is paragraphs: commands, a line of four dashes, and a line for each search of what it finds, in order; what was
// included stands after a plus, which of the contained resources is meant after a #, the pages are parted by bars, the total comes last if it was asked for. Commands are
//
//	put Type/id body      delete Type/id      search Type[?query]      search ?query (of all types)
//
// A query is written as in a URL, but with spaces. All its pages are read; the base of the server is http://here/fhir/.
func TestScripts(t *testing.T) {
	scripttest.Run(t, *update, func(t *testing.T, e engine.Engine) func(string) []string { return newScript(t, e).run })
}

type script struct {
	t       *testing.T
	store   *store.Store
	planner *plan.Planner
	commits int
}

func newScript(t *testing.T, e engine.Engine) *script {
	t.Helper()
	s := &script{t: t}
	now := func() time.Time { return scriptStart.Add(time.Duration(s.commits) * time.Second) }
	stores := store.New(e, terms(), store.Options{Now: now})
	t.Cleanup(func() { stores.Close() })
	var err error
	if s.store, err = stores.Store(1); err != nil {
		t.Fatal(err)
	}
	if s.planner, err = plan.New(def.R4(), terms(), plan.Options{PageKey: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// run does one command. A search prints a line; a write prints only what went wrong.
func (s *script) run(line string) []string {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "put", "delete":
		target, body, _ := strings.Cut(rest, " ")
		if err := s.write(verb, target, body); err != nil {
			return []string{failure(err)}
		}
		return nil
	case "search":
		found, err := s.search(rest)
		if err != nil {
			return []string{failure(err)}
		}
		return []string{found}
	}
	return []string{"unknown command " + verb}
}

func failure(err error) string {
	f := fault.All(err)[0]
	return fmt.Sprintf("error: %s (%s)", f.Text, f.Path)
}

func (s *script) write(verb, target, body string) error {
	typ, id, _ := strings.Cut(target, "/")
	change, err := s.store.Delete(typ, id, store.If{})
	if verb == "put" {
		head := fmt.Sprintf(`{"resourceType":%q,"id":%q,`, typ, id)
		var tape fhir.Tape
		if err := tape.Parse([]byte(strings.Replace(strings.Replace(body, "{", head, 1), ",}", "}", 1)), fhir.Limits{}); err != nil {
			return err
		}
		change, err = s.store.Prepare(&tape, store.Put{})
	}
	if err != nil {
		return err
	}
	results, err := s.store.Commit(s.t.Context(), store.Group{Changes: []*store.Change{change}})
	if err != nil {
		return err
	}
	s.commits++
	return results[0].Err
}

// search reads all pages and writes them as one line.
func (s *script) search(target string) (string, error) {
	typ, query, _ := strings.Cut(target, "?")
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	var pages []string
	var total string
	for page := ""; ; {
		queries, err := queriesOf(typ, slices.Concat(pairs, pageOf(page)))
		if err != nil {
			return "", err
		}
		q := queries[0]
		view, err := s.store.View(s.t.Context())
		if err != nil {
			return "", err
		}
		result, err := s.planner.SearchTypes(s.t.Context(), view, queries)
		view.Close()
		if err != nil {
			return "", err
		}
		pages = append(pages, names(result))
		if result.Total != nil && (q.Total != search.TotalIfFree || q.Count == 0) {
			total = fmt.Sprintf(" total %d", *result.Total)
		}
		if page = result.Next; page == "" {
			return strings.Join(pages, " | ") + total, nil
		}
	}
}

// queriesOf reads the search of a type; of all if it names none.
func queriesOf(typ string, pairs []search.Pair) ([]*search.Query, error) {
	opt := search.Options{Now: requestTime, Base: base}
	if typ == "" {
		return search.ParseTypes(def.R4(), pairs, opt)
	}
	q, err := search.Parse(def.R4(), typ, pairs, opt)
	return []*search.Query{q}, err
}

func pageOf(token string) []search.Pair {
	if token == "" {
		return nil
	}
	return []search.Pair{{Name: "page", Value: token}}
}

// names writes what a page holds: Type/id for matches, and after a plus for what was included.
func names(r *plan.Result) string {
	var all []string
	add := func(versions []record.Version) {
		for _, v := range versions {
			all = append(all, def.R4().TypeByID(def.TypeID(v.Type)).Name+"/"+v.ID)
		}
	}
	add(r.Matches)
	for i, at := range r.Inside {
		if at >= 0 {
			all[i] += fmt.Sprintf("#%d", at)
		}
	}
	if len(all) == 0 {
		all = append(all, "none")
	}
	if len(r.Included) > 0 {
		all = append(all, "+")
		add(r.Included)
	}
	return strings.Join(all, " ")
}
