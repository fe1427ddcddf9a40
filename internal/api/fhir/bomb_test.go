// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"net/url"
	"strings"
	"testing"

	api "galen/internal/api/fhir"
	"galen/internal/engine/mem"
)

// TestSearchBombs are searches that would cost much to read or to answer: each is refused by an OperationOutcome, in the address and in a
// form.
func TestSearchBombs(t *testing.T) {
	s := newServer(t, mem.New(), api.Options{})
	s.do("PUT", r4+"/Patient/p1", patient).want(t, 201)
	nested := func(n int) string {
		return "_filter=" + url.QueryEscape(strings.Repeat("(", n)+"gender eq male"+strings.Repeat(")", n))
	}
	for name, c := range map[string]struct {
		query  string
		status int
		code   string
	}{
		"a chain of 100 levels":        {strings.Repeat("link.", 100) + "_id=a", 422, "too-costly"},
		"a chain of 10,000 levels":     {strings.Repeat("link:Patient.", 10_000) + "_id=a", 413, "too-long"},
		"_has of 100 levels":           {strings.Repeat("_has:Patient:link:", 100) + "_id=a", 422, "too-costly"},
		"20,000 values":                {"_id=" + strings.Repeat("a,", 20_000) + "a", 422, "too-costly"},
		"a million values":             {"_id=" + strings.Repeat("a,", 1_000_000) + "a", 413, "too-long"},
		"a filter nested 100 deep":     {nested(100), 422, "too-costly"},
		"a filter nested 100,000 deep": {nested(100_000), 413, "too-long"},
		"10 MB":                        {"family=" + strings.Repeat("x", 10<<20), 413, "too-long"},
		"10,000 parameters":            {strings.Repeat("family=a&", 10_000) + "family=a", 422, "too-costly"},
		"101 words":                    {"_text=" + strings.Repeat("a+", 101), 422, "too-costly"},
		"20,000 circles":               {"near=" + strings.Repeat("1|2,", 20_000) + "1|2", 413, "too-long"},
	} {
		t.Run(name, func(t *testing.T) {
			typ := "/Patient"
			if strings.HasPrefix(c.query, "near") {
				typ = "/Location"
			}
			s.do("GET", r4+typ+"?"+c.query, "").outcome(t, c.status, c.code)
			s.do("POST", r4+typ+"/_search", c.query, form).outcome(t, c.status, c.code)
		})
	}
	s.do("GET", r4+"/Patient?_query=everything", "").outcome(t, 400, "not-supported")
	s.do("GET", r4+"/Patient?_contained=true&_include=Patient:organization", "").outcome(t, 400, "not-supported")
	s.do("GET", r4+"/Patient?_id=p1", "").want(t, 200, `"total"`)
}
