// SPDX-License-Identifier: Apache-2.0

package fhirpath_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
)

// resources gives every resource of the suite's examples.
func resources(t testing.TB) (list [][]byte) {
	files, _ := filepath.Glob(filepath.Join(root(t), "../shared/suites/fhirpath/resources/r4/*.json"))
	for _, f := range files {
		if src, err := os.ReadFile(f); err == nil {
			list = append(list, src)
		}
	}
	return list
}

func TestInvariants(t *testing.T) {
	d := def.R4()
	list := resources(t)
	if len(list) == 0 {
		t.Skip("the official FHIRPath suite is not there")
	}
	held, all := 0, 0
	failed, broken, programs := map[string]int{}, map[string]int{}, map[string]*fhirpath.Program{}
	for _, src := range list {
		var tape fhir.Tape
		if err := tape.Parse(src, fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		focus := fhirpath.Root(d, tape.Root())
		var e fhirpath.Evaluator
		e.Env.Now = time.Now()
		below, err := fhirpath.CompileMode(fhirpath.Language, d, "descendants()", focus.Type)
		if err != nil {
			t.Fatal(err)
		}
		items, err := e.Evaluate(below, focus, focus)
		if err != nil {
			t.Logf("descendants: %v", err)
		}
		check := func(v fhirpath.Value, c def.Constraint) {
			p := programs[c.Expression]
			if p == nil {
				if p, err = fhirpath.CompileMode(fhirpath.Invariant, d, c.Expression); err != nil {
					t.Errorf("%s: %v", c.Key, err)
					return
				}
				programs[c.Expression] = p
			}
			all++
			items, err := e.Evaluate(p, v, focus)
			switch {
			case errors.Is(err, fault.Internal):
				t.Errorf("%s: %v", c.Key, err)
			case err != nil:
				failed[v.TypeName()+" "+c.Key+" "+err.Error()]++
			case len(items) == 0 || len(items) == 1 && fhirpath.TextOf(items[0]) != "false":
				held++
			default:
				broken[v.TypeName()+" "+c.Key]++
			}
		}
		for _, v := range append([]fhirpath.Value{focus}, items...) {
			for s := v.Type; s != nil; s = s.Base {
				for _, c := range s.Constraints {
					check(v, c)
				}
			}
			if v.Element != nil {
				for _, c := range v.Element.Constraints {
					check(v, c)
				}
			}
		}
	}
	t.Logf("broken: %v", broken)
	t.Logf("failing: %v", failed)
	t.Logf("invariants: %d of %d hold", held, all)
}

func TestInvariantsCompile(t *testing.T) {
	d := def.R4()
	count := 0
	seen := map[*def.Structure]bool{}
	var visit func(s *def.Structure)
	visit = func(s *def.Structure) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		try := func(c def.Constraint, on ...*def.Structure) {
			count++
			if _, err := fhirpath.CompileMode(fhirpath.Language, d, c.Expression, on...); err != nil {
				t.Errorf("%s %s: %v", s.Name, c.Key, err)
			}
		}
		for _, c := range s.Constraints {
			try(c, s)
		}
		for _, el := range s.Elements {
			for i := range el.Types {
				for _, c := range el.Constraints {
					try(c, el.Types[i].Structure)
				}
				visit(el.Types[i].Structure)
			}
		}
	}
	for _, typ := range d.Types() {
		visit(typ.Structure)
	}
	t.Logf("%d constraints compile", count)
}

func TestBounds(t *testing.T) {
	d := def.R4()
	var tape fhir.Tape
	if err := tape.Parse([]byte(patient), fhir.Limits{}); err != nil {
		t.Fatal(err)
	}
	focus := fhirpath.Root(d, tape.Root())
	for _, expr := range []string{
		"(1|2|3).repeat($this + 1)", "('a').repeat($this + $this)", "1.repeat($this * 10)",
		"descendants().defineVariable('a', %resource.descendants()).select(%resource.descendants().defineVariable('b', %a).select(%b))",
		"descendants().select(%resource.descendants().select(%resource.descendants()))",
	} {
		p, err := fhirpath.CompileMode(fhirpath.Language, d, expr, focus.Type)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		var e fhirpath.Evaluator
		_, err = e.Evaluate(p, focus, focus)
		if err != nil && !errors.Is(err, fault.TooCostly) {
			t.Errorf("%s: got %v, want too costly", expr, err)
		}
	}
}

func FuzzLanguage(f *testing.F) {
	d := def.R4()
	for _, s := range []string{"name.given.select($this + 'a')", "1.5 'g' * 2 'm'", "@2015-02 + 3 months", "descendants().where($this is string).distinct()",
		"repeat(extension).sort(-url)", "(1|2).aggregate($this+$total, 0).lowBoundary(3)", "'a'.matches('(a+)+$')", "name.defineVariable('n', given).select(%n.defineVariable('m').select($this = %m))", "birthDate.toString().toQuantity() ~ 1 'kg'"} {
		f.Add(s, []byte(patient))
	}
	f.Fuzz(func(t *testing.T, expr string, src []byte) {
		var tape fhir.Tape
		if tape.Parse(src, fhir.Limits{}) != nil {
			return
		}
		p, err := fhirpath.CompileMode(fhirpath.Language, d, expr)
		if err != nil {
			return
		}
		var e fhirpath.Evaluator
		e.Env.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		focus := fhirpath.Root(d, tape.Root())
		items, err := e.Evaluate(p, focus, focus)
		if fault.KindOf(err) == fault.Internal && err != nil {
			t.Error(err)
		}
		for _, v := range items {
			fhirpath.TextOf(v)
		}
	})
}
