// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/index"
)

// TestCheckTakesWhatR4Has holds that every expression of R4 would do for an own parameter.
func TestCheckTakesWhatR4Has(t *testing.T) {
	d := def.R4()
	n := 0
	for _, typ := range d.Types() {
		if typ.Abstract {
			continue
		}
		for _, p := range d.SearchParams(typ.Name) {
			expression := p.ExpressionFor(typ.Name)
			if expression == "" || p.Type == def.CompositeParam || p.Type == def.SpecialParam {
				continue
			}
			n++
			if err := index.Check(d, p.Type, typ, expression); err != nil {
				t.Errorf("%s?%s: %v", typ.Name, p.Code, err)
			}
		}
	}
	t.Logf("%d expressions", n)
}

func TestCheckRefuses(t *testing.T) {
	d := def.R4()
	for _, c := range []struct {
		typ, expression string
		kind            def.ParamType
	}{
		{"Patient", "Patient.name.", def.StringParam},
		{"Patient", "Patient.nothing", def.StringParam},
		{"Patient", "Patient.name.nothing", def.StringParam},
		{"Patient", "Patient.birthDate", def.TokenParam},
		{"Patient", "Patient.birthDate", def.StringParam},
		{"Patient", "Patient.name", def.ReferenceParam},
		{"Patient", "Patient.contact", def.TokenParam},
		{"Patient", "Patient.name.exists()", def.StringParam},
		{"Encounter", "Encounter.subject.where(resolve() is Pet)", def.ReferenceParam},
	} {
		if err := index.Check(d, c.kind, d.Type(c.typ), c.expression); !errors.Is(err, fault.Unprocessable) {
			t.Errorf("a %s parameter %q of %s: %v", c.kind, c.expression, c.typ, err)
		}
	}
}

// ownParams are R4's parameters over again, as if they were a data store's own.
func ownParams(d *def.Definitions) (list []*def.SearchParam) {
	for _, p := range d.Params() {
		if p.Expression == "" || p.Type == def.CompositeParam || p.Type == def.SpecialParam || strings.HasPrefix(p.Code, "_") {
			continue
		}
		list = append(list, &def.SearchParam{ID: def.FirstFreeParam + def.ParamID(len(list)), URL: p.URL + "-own", Code: "own-" + p.Code, Type: p.Type,
			Bases: p.Bases, Expression: p.Expression, Targets: p.Targets, MultipleOr: true, MultipleAnd: true})
	}
	return list
}

// TestOwnParametersHaveTheTermsOfR4s holds that an own parameter posts what one of R4 with the same expression does, under its own number only.
func TestOwnParametersHaveTheTermsOfR4s(t *testing.T) {
	base := newIndex(t)
	params := ownParams(def.R4())
	x, err := base.With(params)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{ann, condition, pressure} {
		resource := fhirtest.Parse(t, doc)
		typ := fhir.Type(resource)
		whole, plain := termsOf(t, x, resource), termsOf(t, base, resource)
		for key := range plain {
			if !whole[key] {
				t.Errorf("%s has lost the term %q", typ, key)
			}
		}
		for _, p := range params {
			if p.ExpressionFor(typ) == "" {
				continue
			}
			alone, err := base.With([]*def.SearchParam{{ID: p.ID, URL: p.URL, Code: p.Code, Type: p.Type, Bases: p.Bases, Expression: p.Expression, Targets: p.Targets}})
			if err != nil {
				t.Fatal(err)
			}
			only, err := x.Only([]def.ParamID{p.ID})
			if err != nil {
				t.Fatal(err)
			}
			got, want := of(termsOf(t, alone, resource), typ, p.ID), of(whole, typ, p.ID)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s?%s alone has the terms %v, with others %v", typ, p.Code, got, want)
			}
			if got := termsOf(t, only, resource); fmt.Sprint(of(got, typ, p.ID)) != fmt.Sprint(want) || len(got) != len(want) {
				t.Errorf("only %s?%s makes the terms %v, want %v", typ, p.Code, got, want)
			}
		}
	}
}

func termsOf(t *testing.T, x *index.Index, resource fhir.Node) map[string]bool {
	t.Helper()
	var terms index.Terms
	if err := x.AppendTerms(&terms, resource); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for i := range terms.Len() {
		have[string(terms.Key(i))] = true
	}
	return have
}

// of is the terms of one parameter.
func of(terms map[string]bool, typ string, p def.ParamID) map[string]bool {
	head := string([]byte{index.PostingKind, byte(def.R4().Type(typ).ID >> 8), byte(def.R4().Type(typ).ID), byte(p >> 8), byte(p)})
	found := map[string]bool{}
	for key := range terms {
		if strings.HasPrefix(key, head) {
			found[key] = true
		}
	}
	return found
}

// TestOwnParametersNeverRefuseAResource holds that what an own parameter cannot be made of has no terms of it, and all others.
func TestOwnParametersNeverRefuseAResource(t *testing.T) {
	base := newIndex(t)
	own := func(id def.ParamID, code string, kind def.ParamType, expression string) *def.SearchParam {
		return &def.SearchParam{ID: def.FirstFreeParam + id, URL: "urn:" + code, Code: code, Type: kind, Bases: []string{"Patient"}, Expression: expression}
	}
	good := own(0, "nick", def.StringParam, "Patient.name.where(use = 'nickname').given")
	fails := own(1, "fails", def.TokenParam, "Patient.name.given + 'x' = 'y'")
	many := own(2, "many", def.StringParam, "Patient.name.given")
	x, err := base.With([]*def.SearchParam{good, fails, many})
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"resourceType":"Patient","name":[{"use":"nickname","given":["al"]},{"given":["` + strings.Join(names(index.MaxOwnTerms), `","`) + `"]}]}`
	resource := fhirtest.Parse(t, doc)
	var terms index.Terms
	if err := x.AppendTerms(&terms, resource); err != nil {
		t.Fatal(err)
	}
	if terms.Skipped() != 2 {
		t.Errorf("%d parameters were left out, want 2", terms.Skipped())
	}
	have := termsOf(t, x, resource)
	for p, want := range map[*def.SearchParam]int{good: 2, fails: 0, many: 0} {
		if got := len(of(have, "Patient", p.ID)); got != want {
			t.Errorf("%s has %d terms, want %d", p.Code, got, want)
		}
	}
	m, err := x.Matcher(index.Clause{Type: "Patient", Param: fails}, index.Value{Text: "true"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := m.Match(resource); found || err != nil {
		t.Errorf("what cannot be evaluated matches: %v, %v", found, err)
	}
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("n", i)
	}
	return list
}

// TestPendingIsRefused holds that nothing is answered from the terms of a parameter by which resources are still being indexed.
func TestPendingIsRefused(t *testing.T) {
	p := &def.SearchParam{ID: def.FirstFreeParam, URL: "urn:x", Code: "x", Type: def.StringParam, Bases: []string{"Patient"}, Expression: "Patient.name.family", Pending: true}
	x, err := newIndex(t).With([]*def.SearchParam{p})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Lookup(index.Clause{Type: "Patient", Param: p}, index.Value{Text: "a"}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a lookup: %v", err)
	}
	if _, ok := x.Walk("Patient", p); ok {
		t.Error("there are terms to walk")
	}
}
