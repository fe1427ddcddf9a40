// SPDX-License-Identifier: Apache-2.0

package def_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir/def"
)

func TestSearchParam(t *testing.T) {
	d := def.R4()
	for _, c := range []struct {
		typeName, code string
		kind           def.ParamType
		expression     string
	}{
		{"Patient", "birthdate", def.DateParam, "Patient.birthDate"},
		{"Person", "birthdate", def.DateParam, "Person.birthDate"},
		{"Patient", "_id", def.TokenParam, "Resource.id"},
		{"Bundle", "_lastUpdated", def.DateParam, "Resource.meta.lastUpdated"},
		{"Patient", "_text", def.StringParam, ""},
		{"Patient", "deceased", def.TokenParam, "Patient.deceased.exists() and Patient.deceased != false"},
		{"Condition", "code", def.TokenParam, "Condition.code"},
		{"AllergyIntolerance", "code", def.TokenParam, "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"},
		{"Observation", "value-quantity", def.QuantityParam, "(Observation.value as Quantity) | (Observation.value as SampledData)"},
		{"Encounter", "patient", def.ReferenceParam, "Encounter.subject.where(resolve() is Patient)"},
		{"Location", "near", def.SpecialParam, "Location.position"},
		{"RiskAssessment", "probability", def.NumberParam, "RiskAssessment.prediction.probability"},
		{"ValueSet", "url", def.URIParam, "ValueSet.url"},
	} {
		p := d.SearchParam(c.typeName, c.code)
		if p == nil {
			t.Errorf("%s has no parameter %s", c.typeName, c.code)
			continue
		}
		if got := p.ExpressionFor(c.typeName); got != c.expression || p.Type != c.kind {
			t.Errorf("%s?%s: got %s %q, want %s %q", c.typeName, c.code, p.Type, got, c.kind, c.expression)
		}
	}
	if d.SearchParam("Patient", "code") != nil || d.SearchParam("Bundle", "_text") != nil || d.SearchParam("Pet", "_id") != nil {
		t.Error("a parameter is found that is not there")
	}
	if got := d.SearchParam("Patient", "birthdate").ExpressionFor("Observation"); got != "" {
		t.Errorf("birthdate of an Observation is %s", got)
	}
	if got := testing.AllocsPerRun(10, func() { d.SearchParam("Patient", "_id").ExpressionFor("Patient") }); got != 0 {
		t.Errorf("a lookup allocates %v times", got)
	}
}

func TestEveryParam(t *testing.T) {
	d := def.R4()
	silent := []string{"_text", "_content", "_query"}
	pairs := 0
	for _, p := range d.Params() {
		if len(p.Bases) == 0 || p.Type.String() == "" {
			t.Errorf("%s has no base or no type", p.URL)
		}
		if (p.Type == def.CompositeParam) != (len(p.Components) > 0) {
			t.Errorf("%s is a %s of %d components", p.URL, p.Type, len(p.Components))
		}
		for _, base := range p.Bases {
			pairs++
			expression := p.ExpressionFor(base)
			if (expression == "") != slices.Contains(silent, p.Code) {
				t.Errorf("%s has the expression %q for %s", p.URL, expression, base)
			}
			for _, other := range p.Bases {
				if other != base && strings.HasPrefix(expression, other+".") {
					t.Errorf("%s has for %s what is %s's: %s", p.URL, base, other, expression)
				}
			}
			if d.SearchParam(base, p.Code) != p {
				t.Errorf("%s?%s is not %s", base, p.Code, p.URL)
			}
		}
	}
	for _, x := range d.Types() {
		list := d.SearchParams(x.Name)
		if !slices.IsSortedFunc(list, func(a, b *def.SearchParam) int { return strings.Compare(a.Code, b.Code) }) {
			t.Errorf("the parameters of %s are not sorted", x.Name)
		}
		for i := range list[1:] {
			if list[i].Code == list[i+1].Code {
				t.Errorf("%s has %s twice", x.Name, list[i].Code)
			}
		}
	}
	t.Logf("%d parameters, %d with their bases", len(d.Params()), pairs)
}

func TestComposite(t *testing.T) {
	p := def.R4().SearchParam("Observation", "code-value-quantity")
	if len(p.Components) != 2 || p.Components[0].Param.Code != "code" || p.Components[0].Expression != "code" ||
		p.Components[1].Param.Code != "value-quantity" || p.Components[1].Expression != "value.as(Quantity)" {
		t.Errorf("the components of code-value-quantity are %+v", p.Components)
	}
	if p := def.R4().SearchParam("Patient", "birthdate"); !slices.Contains(p.Comparators, "sa") || !p.MultipleOr || !p.MultipleAnd {
		t.Errorf("birthdate is %+v", p)
	}
}

func TestCompartments(t *testing.T) {
	d := def.R4()
	want := map[string]int{"Device": 32, "Encounter": 25, "Patient": 66, "Practitioner": 59, "RelatedPerson": 32}
	if len(d.Compartments()) != len(want) {
		t.Errorf("got %d compartments, want %d", len(d.Compartments()), len(want))
	}
	for _, c := range d.Compartments() {
		if got := len(c.Types()); got != want[c.Type] || d.Compartment(c.Type) != c {
			t.Errorf("%s: got %d types, want %d", c.Type, got, want[c.Type])
		}
		for _, name := range c.Types() {
			for _, code := range c.Params(name) {
				if code != "{def}" && d.SearchParam(name, code) == nil {
					t.Errorf("%s: %s has no parameter %s", c.Type, name, code)
				}
			}
		}
	}
	if got := d.Compartment("Patient").Params("AllergyIntolerance"); !slices.Equal(got, []string{"patient", "recorder", "asserter"}) {
		t.Errorf("AllergyIntolerance is in Patient's compartment by %v", got)
	}
	if d.Compartment("Organization") != nil || d.Compartment("Patient").Params("Organization") != nil {
		t.Error("a compartment is found that is not there")
	}
}
