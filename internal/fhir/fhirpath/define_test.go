// SPDX-License-Identifier: Apache-2.0

package fhirpath_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/fhirtest"
)

func TestDefineVariable(t *testing.T) {
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	for _, c := range []struct{ expression, want string }{
		{"defineVariable('n', name.given).select(%n)", `"Ann":string "Bea":string`},
		{"name.defineVariable('n').first().select(%n.family)", `"Smith":string "Jones":string`},
		{"name.given.defineVariable('g')", `"Ann":string "Bea":string`},
		{"name.select(defineVariable('f', family).given.select(%f + ' ' + $this))", `Smith Ann:String Smith Bea:String`},
		{"defineVariable('a', 1).defineVariable('b', %a + 1).select(%a + %b)", `3:Integer`},
		{"defineVariable('a', 1).select(%a) | defineVariable('a', 2).select(%a)", `1:Integer 2:Integer`},
		{"(1 | 2).select(defineVariable('a', $this * 10).select(%a + 1))", `11:Integer 21:Integer`},
		{"telecom.where(defineVariable('s', system).select(%s = 'email')).value", `"2":string`},
		{"defineVariable('none', {}).select(%none.exists())", `false:Boolean`},
		{"(1 | 2 | 3).defineVariable('all').where($this = %all.count())", `3:Integer`},
	} {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), c.expression, root.Type)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		var e fhirpath.Evaluator
		for range 2 { // an evaluator is used again
			items, err := e.Evaluate(p, root, root)
			if got := show(items); err != nil || got != c.want {
				t.Errorf("%s: %s (%v), want %s", c.expression, got, err, c.want)
			}
		}
	}
}

func TestDefineVariableRefused(t *testing.T) {
	many := "1"
	for i := range 200 {
		many += fmt.Sprintf(".defineVariable('v%d')", i)
	}
	for expression, want := range map[string]error{
		"defineVariable('a').defineVariable('a')":            fault.Invalid,
		"defineVariable('context')":                          fault.Invalid,
		"defineVariable('ucum', 1)":                          fault.Invalid,
		"defineVariable('vs-x', 1)":                          fault.Invalid,
		"defineVariable(id)":                                 fault.Unsupported,
		"defineVariable()":                                   fault.Invalid,
		"defineVariable('a', 1, 2)":                          fault.Invalid,
		strings.Repeat("defineVariable('a').", 101) + "name": fault.Invalid,
		many: fault.TooCostly,
	} {
		if _, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), expression); !errors.Is(err, want) {
			t.Errorf("%.60s: %v, want %v", expression, err, want)
		}
	}
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	for _, expression := range []string{"name.select(defineVariable('a', 1)).select(%a)", "defineVariable('a', 1) | %a", "select(defineVariable('a', %b))"} {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), expression, root.Type)
		if err != nil {
			t.Fatal(expression, err)
		}
		var e fhirpath.Evaluator
		if _, err := e.Evaluate(p, root, root); !errors.Is(err, fault.Unprocessable) {
			t.Errorf("%s: %v, want %v", expression, err, fault.Unprocessable)
		}
	}
}

// TestConstants quotes the names of value sets and extensions in each way that releases of the specification do.
func TestConstants(t *testing.T) {
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	for expression, want := range map[string]string{
		"%`vs-marital-status`":                               `http://hl7.org/fhir/ValueSet/marital-status:String`,
		"%'vs-marital-status'":                               `http://hl7.org/fhir/ValueSet/marital-status:String`,
		`%"vs-marital-status"`:                               `http://hl7.org/fhir/ValueSet/marital-status:String`,
		"%`ext-patient-birthPlace`":                          `http://hl7.org/fhir/StructureDefinition/patient-birthPlace:String`,
		"extension(%`ext-x`).exists()":                       `false:Boolean`,
		"%ucum & %sct.substring(0, 0)":                       `http://unitsofmeasure.org:String`,
		"%vs-marital-status":                                 "quote the name of a value set or extension: %`vs-name`",
		"%resource = %context and %resource = %rootResource": `true:Boolean`,
	} {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), expression, root.Type)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		var e fhirpath.Evaluator
		items, err := e.Evaluate(p, root, root)
		got := show(items)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
