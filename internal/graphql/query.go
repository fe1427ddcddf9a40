// SPDX-License-Identifier: Apache-2.0

package graphql

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// Limits of a query; the zero value works.
type Limits struct {
	Tokens    int // of the text; 0: 5,000
	Depth     int // of fields in fields; 0: 25
	Fields    int // values that are given, of all resources; 0: 200,000
	Resources int // that are read; 0: 2,000
	Searches  int // 0: 100
	Bytes     int // of the answer; 0: 16 MiB
}

// Source is where resources come from.
type Source interface {
	// Read gives a resource. It fails with fault.NotFound or fault.Gone if there is none.
	Read(ctx context.Context, key fhir.Key) ([]byte, error)
	// Search gives a searchset Bundle. query is as it stands in a URL.
	Search(ctx context.Context, typ, query string) ([]byte, error)
}

// Request is one query.
type Request struct {
	Query     string
	Operation string                     // which of several operations of the query; empty: the only one
	Variables map[string]json.RawMessage // may be nil
	On        fhir.Key                   // the resource that the query is about; zero: all
}

// run is one query being carried out. It belongs to one goroutine.
type run struct {
	ctx       context.Context
	source    Source
	left      Limits // what may still be used
	fragments ast.FragmentDefinitionList
	variables map[string]json.RawMessage
	defaults  ast.VariableDefinitionList
	resources map[fhir.Key]*fhir.Tape
}

// Do carries out a query and gives its answer: an object with the member data. It fails with fault.Invalid for a query that is wrong, with
// fault.TooCostly for one over the limits, and as the source does.
func Do(ctx context.Context, source Source, q Request, limits Limits) ([]byte, error) {
	limits.Tokens = cmp.Or(limits.Tokens, 5000)
	limits.Depth = cmp.Or(limits.Depth, 25)
	limits.Fields = cmp.Or(limits.Fields, 200_000)
	limits.Resources = cmp.Or(limits.Resources, 2000)
	limits.Searches = cmp.Or(limits.Searches, 100)
	limits.Bytes = cmp.Or(limits.Bytes, 16<<20)
	if len(q.Query) > 20*limits.Tokens {
		return nil, fault.New(fault.TooCostly, "the query is longer than %d bytes", 20*limits.Tokens)
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: q.Query}, limits.Tokens)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the query is not GraphQL: %s", strings.TrimPrefix(err.Error(), "input:")).WithCode("structure")
	}
	operation := document.Operations.ForName(q.Operation)
	switch {
	case operation == nil:
		return nil, fault.New(fault.Invalid, "the query has no operation of this name, or several and none is named").WithCode("structure")
	case operation.Operation != ast.Query:
		return nil, fault.New(fault.Unsupported, "only queries are offered").WithCode("not-supported")
	}
	if deeper(operation.SelectionSet, limits.Depth) {
		return nil, errDeep(limits.Depth)
	}
	r := &run{ctx: ctx, source: source, left: limits, fragments: document.Fragments, variables: q.Variables,
		defaults: operation.VariableDefinitions, resources: map[fhir.Key]*fhir.Tape{}}
	var on place
	if q.On.ID != "" {
		if on, err = r.read(q.On); err != nil {
			return nil, err
		}
	}
	out := &object{}
	if err := r.fields(operation.SelectionSet, on, out, 1, false); err != nil {
		return nil, err
	}
	return append(out.append([]byte(`{"data":`)), '}'), nil
}

// deeper reports whether a selection goes deeper than so many fields, what its fragments elsewhere have left out.
func deeper(set ast.SelectionSet, depth int) bool {
	if depth < 0 {
		return true
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if deeper(s.SelectionSet, depth-1) {
				return true
			}
		case *ast.InlineFragment:
			if deeper(s.SelectionSet, depth-1) {
				return true
			}
		}
	}
	return false
}

func errDeep(depth int) error {
	return fault.New(fault.TooCostly, "the query is deeper than %d fields", depth).WithCode("too-costly")
}

// spend takes from a limit.
func spend(left *int, n int, what string) error {
	if *left -= n; *left < 0 {
		return fault.New(fault.TooCostly, "the query asks for too much: %s", what).WithCode("too-costly")
	}
	return nil
}
