// SPDX-License-Identifier: Apache-2.0

package fhirpath_test

import (
	"errors"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/fhirtest"
)

// show writes a collection: JSON of elements, text of computed values, type of targets; with ":type" where known.
func show(items []fhirpath.Value) string {
	var out []string
	for _, v := range items {
		var s string
		switch v.System {
		case fhirpath.Element:
			s = string(v.Node.Raw())
			if v.Node.Kind() == fhir.Object {
				s = "{}"
			}
		case fhirpath.Boolean:
			s = "false"
			if v.True {
				s = "true"
			}
		case fhirpath.Target:
			s = "->"
		default:
			s = v.Text
		}
		out = append(out, s+":"+v.TypeName())
	}
	return strings.Join(out, " ")
}

const patient = `{"resourceType":"Patient","id":"p","active":true,
"extension":[{"url":"http://e/a","valueCode":"x"},{"url":"http://e/b","valueString":"y"}],
"contained":[{"resourceType":"Practitioner","id":"c1"}],
"name":[{"family":"Smith","given":["Ann","Bea"]},{"family":"Jones"}],
"_birthDate":{"extension":[{"url":"http://e/t","valueDateTime":"1970-03-01T10:00:00Z"}]},
"telecom":[{"system":"phone","value":"1"},{"system":"email","value":"2"}],
"deceasedDateTime":"2020-01-01",
"generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"#c1"},{"reference":"Organization/2"},
 {"type":"Practitioner","identifier":{"value":"9"}},{"display":"nobody"}],
"managingOrganization":{"reference":"http://other/fhir/Organization/7"}}`

const observation = `{"resourceType":"Observation","id":"o","status":"final","valueQuantity":{"value":1.50,"unit":"kg"},
"code":{"coding":[{"system":"s","code":"c"}],"text":"t"},"effectivePeriod":{"start":"2020"},
"component":[{"valueString":"a"},{"valueQuantity":{"value":2}},{"valueCodeableConcept":{"text":"z"}}]}`

func TestEvaluate(t *testing.T) {
	tests := []struct{ on, expr, want string }{
		{patient, "Patient.name.family", `"Smith":string "Jones":string`},
		{patient, "Patient.name.given", `"Ann":string "Bea":string`},
		{patient, "name.given[1]", `"Bea":string`},
		{patient, "Patient.name[1].family", `"Jones":string`},
		{patient, "Patient.name[7]", ``},
		{patient, "Resource.id | DomainResource.active", `"p":id true:boolean`},
		{patient, "Observation.code", ``},
		{patient, "Patient.deceased", `"2020-01-01":dateTime`},
		{patient, "(Patient.deceased as dateTime)", `"2020-01-01":dateTime`},
		{patient, "Patient.deceased.as(DateTime)", `"2020-01-01":dateTime`},
		{patient, "Patient.deceased as boolean", ``},
		{patient, "Patient.deceased.exists() and Patient.deceased != false", `true:Boolean`},
		{patient, "Patient.telecom.where(system='email').value", `"2":string`},
		{patient, "Patient.telecom.where(system = 'fax' or $index = 0).value", `"1":string`},
		{patient, "Patient.generalPractitioner.where(resolve() is Practitioner).count()", `3:Integer`},
		{patient, "Patient.generalPractitioner.where(resolve() is Organization).reference", `"Organization/2":string`},
		{patient, "Patient.managingOrganization.resolve()", `->:Organization`},
		{patient, "Patient.generalPractitioner[1].resolve().id", `"c1":id`},
		{patient, "Patient.extension('http://e/b').value", `"y":string`},
		{patient, "extension('http://e/a').value is code", `true:Boolean`},
		{patient, "extension('http://e/a').value is string", `true:Boolean`},
		{patient, "extension('http://e/b').value is code", `false:Boolean`},
		{patient, "Patient.birthDate.hasValue()", `false:Boolean`},
		{patient, "Patient.birthDate.exists()", `true:Boolean`},
		{patient, "Patient.birthDate.extension('http://e/t').value", `"1970-03-01T10:00:00Z":dateTime`},
		{patient, "Patient.active.hasValue()", `true:Boolean`},
		{patient, "%resource.id", `"p":id`},
		{patient, "Patient.name.where($this.family = 'Jones').family", `"Jones":string`},
		{patient, "Patient.name.exists(family = 'Nobody')", `false:Boolean`},
		{patient, "Patient.contact.empty()", `true:Boolean`},
		{patient, "Patient.name.first().family | Patient.name.last().family", `"Smith":string "Jones":string`},
		{patient, "Patient.active | true", `true:boolean`},
		{patient, "{} = 1", ``},
		{patient, "true and {}", ``},
		{patient, "false and {}", `false:Boolean`},
		{patient, "{} or true", `true:Boolean`},
		{patient, "true xor true", `false:Boolean`},
		{patient, "false implies {}", `true:Boolean`},
		{patient, "1.0 = 1", `true:Boolean`},
		{patient, "active.not()", `false:Boolean`},
		{patient, "Patient.contained.id", `"c1":id`},
		{patient, "Patient.`name`[0].family /* c */ // d", `"Smith":string`},
		{patient, "Patient.nothing", ``},
		{patient, "Patient is Patient", `true:Boolean`},
		{patient, "Patient is FHIR.DomainResource", `true:Boolean`},
		{patient, "'it''s' = 'x'", "error"},
		{patient, `'it\'s'`, `it's:String`},
		{patient, "Patient.name.family = 'Smith'", "false:Boolean"},
		{patient, "Patient.name.not()", "error"},
		{observation, "Observation.value", `{}:Quantity`},
		{observation, "(Observation.value as Quantity).value", `1.50:decimal`},
		{observation, "Observation.value.as(Period)", ``},
		{observation, "Observation.effective.start", `"2020":dateTime`},
		{observation, "(Observation.component.value as string)", `"a":string`},
		{observation, "Observation.component.value.ofType(Quantity).value", `2:decimal`},
		{observation, "Observation.code | Observation.component.code", `{}:CodeableConcept`},
		{observation, "Observation | Observation.component", `{}:Observation {}:Observation.component {}:Observation.component {}:Observation.component`},
		{observation, "Observation.value.value = 1.5", `true:Boolean`},
	}
	var e fhirpath.Evaluator
	for _, typed := range []bool{true, false} {
		for _, test := range tests {
			root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(test.on)))
			var context []*def.Structure
			if typed {
				context = append(context, root.Type)
			}
			got := "error"
			if p, err := fhirpath.Compile(def.R4(), test.expr, context...); err == nil {
				if items, err := e.Evaluate(p, root, root); err == nil {
					got = show(items)
				}
			}
			if got != test.want {
				t.Errorf("%s (typed %v): got %s, want %s", test.expr, typed, got, test.want)
			}
		}
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		expr   string
		column int
		kind   fault.Kind
	}{
		{"", 1, fault.Invalid},
		{"Patient.", 9, fault.Invalid},
		{"Patient.name.frobnicate()", 14, fault.Unsupported},
		{"Patient.name.where()", 14, fault.Invalid},
		{"a as Nothing", 6, fault.Invalid},
		{"'open", 1, fault.Invalid},
		{"a ? b", 3, fault.Invalid},
		{"(a", 3, fault.Invalid},
		{"a and", 6, fault.Invalid},
		{"a and and", 7, fault.Invalid},
		{"%nothing", 1, fault.Unsupported},
		{"a /* b", 3, fault.Invalid},
		{strings.Repeat("(", 300), fhirpath.MaxDepth + 1, fault.TooLarge},
		{strings.Repeat("(", 100_000), fhirpath.MaxLength + 1, fault.TooLarge},
		{"a" + strings.Repeat(".a", fhirpath.MaxNodes), 0, fault.TooLarge},
	}
	for _, test := range tests {
		_, err := fhirpath.Compile(def.R4(), test.expr)
		var syntax *fhirpath.SyntaxError
		if !errors.As(err, &syntax) || fault.KindOf(err) != test.kind || test.column > 0 && syntax.Column != test.column {
			t.Errorf("%.40s: got %v (%v), want column %d, %v", test.expr, err, fault.KindOf(err), test.column, test.kind)
		}
	}
}

// TestPrecedence compares expressions with the same ones in parentheses.
func TestPrecedence(t *testing.T) {
	tests := [][2]string{
		{"true or true and false", "true or (true and false)"},
		{"false implies false or true and false", "false implies (false or (true and false))"},
		{"1 = 1 and 2 = 2", "(1 = 1) and (2 = 2)"},
		{"false = true | true", "false = (true | true)"},
		{"Patient.active | Patient.active is boolean", "Patient.active | (Patient.active is boolean)"},
	}
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	var e fhirpath.Evaluator
	for _, test := range tests {
		var got [2]string
		for i, source := range test {
			p, err := fhirpath.Compile(def.R4(), source)
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			items, err := e.Evaluate(p, root, root)
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			got[i] = show(items)
		}
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", test[0], got[0], got[1])
		}
	}
}

func TestSearchParametersCompile(t *testing.T) {
	d, count, plain := def.R4(), 0, 0
	for _, typ := range d.Types() {
		for _, p := range d.SearchParams(typ.Name) {
			source := p.ExpressionFor(typ.Name)
			if source == "" {
				continue
			}
			count++
			program, err := fhirpath.Compile(d, source, typ.Structure)
			if err != nil {
				t.Errorf("%s of %s: %v", p.Code, typ.Name, err)
				continue
			}
			if walks, ok := program.Walks(); ok {
				plain++
				if len(walks) == 0 {
					t.Errorf("%s of %s: %s leads nowhere", p.Code, typ.Name, source)
				}
			}
			types, _ := program.Types()
			for _, component := range p.Components {
				if _, err := fhirpath.Compile(d, component.Expression, types...); err != nil {
					t.Errorf("%s of %s: %v", p.Code, typ.Name, err)
				}
			}
		}
	}
	t.Logf("%d expressions, %d of them plain walks", count, plain)
}

func TestEvaluationEnds(t *testing.T) {
	list := `{"resourceType":"List","entry":[` + strings.Repeat(`{"id":"x"},`, 3000) + `{"id":"y"}]}`
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(list)))
	source := "List.entry.where(%resource.entry.where(%resource.entry.exists(id = 'z')).exists())"
	p, err := fhirpath.Compile(def.R4(), source, root.Type)
	if err != nil {
		t.Fatal(err)
	}
	var e fhirpath.Evaluator
	if _, err := e.Evaluate(p, root, root); !errors.Is(err, fault.TooCostly) {
		t.Errorf("got %v, want %v", err, fault.TooCostly)
	}
}

func TestNoAllocations(t *testing.T) {
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, []byte(patient)))
	var e fhirpath.Evaluator
	for _, source := range []string{"Patient.name.given", "Patient.telecom.where(system='email')",
		"Patient.generalPractitioner.where(resolve() is Practitioner)", "Patient.deceased.exists() and Patient.deceased != false"} {
		p, err := fhirpath.Compile(def.R4(), source, root.Type)
		if err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(100, func() {
			if _, err := e.Evaluate(p, root, root); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: got %v allocations, want 0", source, got)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, s := range []string{"Patient.name.where(given='x')[0] | $this.as(Quantity)", "a.exists() and b != 'x'", "`q`.resolve() is Patient",
		"%resource.extension('u').value.not()", "@2015-01-01T00:00:00.000+01:00", "1 'mg' * -2 in {}", "'\\u0041' & \"x\""} {
		f.Add(s, patient)
		f.Add(s, observation)
	}
	f.Fuzz(func(t *testing.T, source, doc string) {
		p, err := fhirpath.Compile(def.R4(), source)
		if err != nil {
			var syntax *fhirpath.SyntaxError
			if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Column > len(source)+1 {
				t.Fatalf("got %v, want a syntax error within the source", err)
			}
			return
		}
		var tape fhir.Tape
		if tape.Parse([]byte(doc), fhir.Limits{}) != nil {
			return
		}
		root := fhirpath.Root(def.R4(), tape.Root())
		var e fhirpath.Evaluator
		_, _ = e.Evaluate(p, root, root)
	})
}

func BenchmarkEvaluate(b *testing.B) {
	root := fhirpath.Root(def.R4(), fhirtest.Parse(b, []byte(patient)))
	for _, source := range []string{"Patient.name.given", "Patient.telecom.where(system='email')", "Patient.generalPractitioner.where(resolve() is Practitioner)"} {
		b.Run(source, func(b *testing.B) {
			p, err := fhirpath.Compile(def.R4(), source, root.Type)
			if err != nil {
				b.Fatal(err)
			}
			var e fhirpath.Evaluator
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Evaluate(p, root, root); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
