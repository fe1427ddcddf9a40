// SPDX-License-Identifier: Apache-2.0

package search_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/search"
	"galen/internal/search/index"
)

// fuzzTypes are the types searched: those with the most different parameters.
var fuzzTypes = []string{"Patient", "Observation", "RiskAssessment", "ValueSet", "AuditEvent", "Location"}

// FuzzParse holds whatever is accepted to the limits, to what leaves must be, and to its canonical form.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"family=Berg&given:exact=Ann&birthdate=ge1970-03&_sort=-birthdate,family&_count=5&page=x",
		"identifier=urn:mrn|17,|18,urn:x|&gender:not=male&active:missing=true",
		"subject:Patient.organization.name:contains=x&patient=Patient/a&subject:identifier=a|b",
		"_has:Observation:patient:_has:AuditEvent:entity:agent=u",
		"code-value-quantity=http://loinc.org|8480-6$lt60||mm[Hg],a$1&value-quantity=ap5.40|http://u.org|mg&value-quantity=-1e3",
		"_include=Observation:subject:Patient&_include:iterate=Patient:*&_revinclude=*&_summary=count&_total=accurate",
		"probability=ne1e-7&url:below=http://x&_profile=http://x|2&_lastUpdated=sa2020-03-05T10:20:30.25-05:00",
		`name=a\,b\$c\|d\\&entity.date=2020&_elements=name,Patient.gender`,
		"_filter=name co \"pet\" and not (subject[active eq true].name pr false or birthdate po 1970)&_list=a,List/b",
		"identifier:of-type=a|b|c&_filter=family ge x or code ss http://loinc.org|1 or (date ap 2020)",
		"_text=a \"b c\" OR NOT d&_content=x,y&near=1|2|3|km",
		"_contained=both&_containedType=contained&_elements=name&partof:below=a,Location/b&_sort=_id",
		"colour=red&_text=x&focus.focus.code=1&near=1|2&_format=json",
	} {
		for i := range fuzzTypes {
			f.Add(uint8(i), seed)
		}
	}
	opt := search.Options{Now: now, MaxPairs: 20, MaxValues: 50, MaxChain: 3, MaxCount: 500, Base: "http://here/fhir/"}
	f.Fuzz(func(t *testing.T, typ uint8, query string) {
		name := fuzzTypes[int(typ)%len(fuzzTypes)]
		for _, lenient := range []bool{false, true} {
			opt.Lenient = lenient
			q, err := search.Parse(def.R4(), name, loosePairs(query), opt)
			if err != nil {
				var fa *fault.Fault
				if !errors.As(err, &fa) || fa.Kind == fault.Internal {
					t.Fatalf("refused with %v, which is no fault of the caller's", err)
				}
				continue
			}
			checkLimits(t, q, opt)
			checkCanonical(t, q, opt)
		}
	})
}

// loosePairs takes a query apart and takes what is not percent-encoded as it is.
func loosePairs(query string) []search.Pair {
	var pairs []search.Pair
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	return pairs
}

func checkLimits(t *testing.T, q *search.Query, opt search.Options) {
	t.Helper()
	values := 0
	for _, c := range q.Where {
		values += checkClause(t, q.Type, c, opt.MaxChain)
	}
	switch {
	case values > opt.MaxValues:
		t.Errorf("%d values", values)
	case q.Count < 0 || q.Count > opt.MaxCount:
		t.Errorf("%d entries on a page", q.Count)
	case len(q.Where)+len(q.Include)+len(q.RevInclude)+len(q.Ignored) > opt.MaxPairs:
		t.Error("more clauses than pairs")
	case len(q.Ignored) > 0 && !opt.Lenient:
		t.Errorf("%q is ignored", q.Ignored)
	}
}

// checkClause holds a condition on typ to what it must be, and counts its values.
func checkClause(t *testing.T, typ string, c search.Clause, links int) (values int) {
	t.Helper()
	if links < 0 {
		t.Fatal("a chain is longer than it may be")
	}
	kinds := 0
	if c.Leaf != nil {
		kinds++
		values += len(c.Leaf.Values)
		if c.Leaf.Modifier == index.Missing {
			values = 0
		}
		if c.Leaf.Type != typ || c.Leaf.Param == nil || len(c.Leaf.Values) == 0 || def.R4().SearchParam(typ, c.Leaf.Param.Code) != c.Leaf.Param {
			t.Errorf("a leaf of %s is %+v", typ, c.Leaf)
		}
	}
	if c.Chain != nil {
		kinds++
		if len(c.Chain.Next) == 0 || c.Chain.Param.Type != def.ReferenceParam {
			t.Errorf("a chain of %s is %+v", typ, c.Chain)
		}
		for _, l := range c.Chain.Next {
			values += checkClause(t, l.Type, l.Clause, links-1)
		}
	}
	if c.Has != nil {
		kinds++
		values += checkClause(t, c.Has.Link.Type, c.Has.Link.Clause, links-1)
	}
	for _, list := range [][]search.Clause{c.Any, c.All} {
		kinds += min(len(list), 1)
		for _, one := range list {
			values += checkClause(t, typ, one, links)
		}
	}
	if c.Not != nil {
		kinds++
		values += checkClause(t, typ, *c.Not, links)
	}
	if c.Text != nil {
		kinds++
	}
	if c.Near != nil {
		kinds++
		values += len(c.Near)
	}
	if c.Lists != nil {
		kinds++
		values += len(c.Lists)
	}
	if kinds != 1 {
		t.Errorf("a clause is %d things", kinds)
	}
	return values
}

// checkCanonical reads the canonical form: it must mean the same and be its own canonical form.
func checkCanonical(t *testing.T, q *search.Query, opt search.Options) {
	t.Helper()
	opt.Lenient = false
	again, err := search.Parse(def.R4(), q.Type, pairsOf(t, q.Canonical()), opt)
	if err != nil {
		t.Fatalf("the canonical form %q is refused: %v", q.Canonical(), err)
	}
	if again.Hash() != q.Hash() || again.Canonical() != q.Canonical() {
		t.Errorf("the canonical form %q is read as %q", q.Canonical(), again.Canonical())
	}
	if got, want := describeShape(again), shapeWithoutPage(q); got != want {
		t.Errorf("the shape of %q is %q, was %q", q.Canonical(), got, want)
	}
}

// shapeWithoutPage is what the canonical form keeps of the shape.
func shapeWithoutPage(q *search.Query) string {
	copied := *q
	copied.Page, copied.Ignored = "", nil
	return describeShape(&copied)
}
