// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// installed makes profiles of resources: type, url and text each.
func installed(resources ...string) *validate.Profiles {
	p := &pack.Package{Name: "t", Version: "1"}
	for i := 0; i < len(resources); i += 3 {
		p.Resources = append(p.Resources, pack.Resource{Type: resources[i], URL: resources[i+1], JSON: []byte(resources[i+2])})
	}
	return validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil)
}

// errorsOf gives where a resource has errors by profiles alone.
func errorsOf(t *testing.T, p *validate.Profiles, text string) (at []string) {
	t.Helper()
	for _, f := range p.Check(fhirtest.Parse(t, text), validate.Strict) {
		if f.Severity == fhir.Error {
			at = append(at, f.Expression)
		}
	}
	return at
}

func TestDisplays(t *testing.T) {
	const system = `{"resourceType":"CodeSystem","url":"http://t/cs","content":"complete","concept":[{"code":"a","display":"Apple pie",
		"designation":[{"language":"de","value":"Apfelkuchen"}]}]}`
	p := installed("CodeSystem", "http://t/cs", system)
	for coding, want := range map[string]bool{
		`"system":"http://t/cs","code":"a","display":"Apple pie"`:                               true,
		`"system":"http://t/cs","code":"a","display":"apple  PIE"`:                              true,
		`"system":"http://t/cs","code":"a","display":"Apfelkuchen"`:                             true,
		`"system":"http://t/cs","code":"a"`:                                                     true,
		`"system":"http://t/cs","code":"unknown","display":"Apple"`:                             true,
		`"system":"http://elsewhere","code":"a","display":"Apple"`:                              true,
		`"system":"http://t/cs","code":"a","display":"Pear"`:                                    false,
		`"system":"http://hl7.org/fhir/administrative-gender","code":"male","display":"Female"`: false,
		`"system":"http://hl7.org/fhir/administrative-gender","code":"male","display":"Male"`:   true,
	} {
		text := `{"resourceType":"Patient","maritalStatus":{"coding":[{` + coding + `}]}}`
		if got := errorsOf(t, p, text); got != nil {
			t.Errorf("%s: %q without the rule", coding, got)
		}
		got := errorsOf(t, p.With(validate.Rules{Displays: true}), text)
		if want && got != nil || !want && !slices.Equal(got, []string{"Patient.maritalStatus.coding[0].display"}) {
			t.Errorf("%s: got %q, right is %v", coding, got, want)
		}
	}
}

func TestGlobalProfiles(t *testing.T) {
	p := installed("ImplementationGuide", "http://t/ig", `{"resourceType":"ImplementationGuide","url":"http://t/ig","global":[{"type":"Patient","profile":"http://t/p"}]}`,
		"StructureDefinition", "http://t/p", `{"resourceType":"StructureDefinition","url":"http://t/p","kind":"resource","type":"Patient","derivation":"constraint",
		"baseDefinition":"`+core+`Patient","differential":{"element":[{"path":"Patient.name","min":1}]}}`)
	const within = `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","active":true}},{"resource":{"resourceType":"Person","active":true}}]}`
	if got := errorsOf(t, p, within); got != nil {
		t.Errorf("%q without the rule", got)
	}
	if got, want := errorsOf(t, p.With(validate.Rules{Global: true}), within), []string{"Bundle.entry[0].resource.name"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMeasureReports(t *testing.T) {
	const measure = `{"resourceType":"Measure","url":"http://t/m","scoring":{"coding":[{"code":"cohort"}]},"group":[
		{"code":{"text":"one"},"population":[{"code":{"coding":[{"system":"http://s","code":"initial"}]}}],"stratifier":[{"code":{"text":"age"}},{"component":[{"code":{"text":"sex"}}]}]},
		{"code":{"text":"two"}}]}`
	p := installed("Measure", "http://t/m", measure)
	for group, want := range map[string]string{
		`"code":{"text":"one"},"population":[{"code":{"coding":[{"system":"http://s","code":"initial"}]}}]`: "",
		`"code":{"text":"one"},"population":[{"code":{"coding":[{"code":"initial"}]}}]`:                     "",
		`"code":{"text":"two"}`:   "",
		`"code":{"text":"three"}`: "MeasureReport.group[0]",
		`"id":"x"`:                "MeasureReport.group[0]",
		`"code":{"text":"one"},"population":[{"code":{"coding":[{"system":"http://s","code":"numerator"}]}}]`:              "MeasureReport.group[0].population[0]",
		`"code":{"text":"one"},"population":[{"code":{"coding":[{"system":"http://r","code":"initial"}]}}]`:                "MeasureReport.group[0].population[0]",
		`"code":{"text":"two"},"measureScore":{"value":1}`:                                                                 "MeasureReport.group[0].measureScore",
		`"code":{"text":"one"},"stratifier":[{"code":[{"text":"age"}]}]`:                                                   "",
		`"code":{"text":"one"},"stratifier":[{"code":[{"text":"size"}]}]`:                                                  "MeasureReport.group[0].stratifier[0]",
		`"code":{"text":"one"},"stratifier":[{"stratum":[{"component":[{"code":{"text":"sex"},"value":{"text":"f"}}]}]}]`:  "",
		`"code":{"text":"one"},"stratifier":[{"stratum":[{"component":[{"code":{"text":"size"},"value":{"text":"f"}}]}]}]`: "MeasureReport.group[0].stratifier[0]",
	} {
		got := strings.Join(errorsOf(t, p, `{"resourceType":"MeasureReport","status":"complete","type":"summary","measure":"http://t/m","period":{},"group":[{`+group+`}]}`), " ")
		if got != want {
			t.Errorf("%s: got %q, want %q", group, got, want)
		}
	}
	if got := errorsOf(t, p, `{"resourceType":"MeasureReport","status":"complete","type":"data-collection","measure":"http://t/m","period":{},"group":[{"id":"x"}]}`); got != nil {
		t.Errorf("a report of data collection: %q", got)
	}
}

func TestItemsEnabledByExpressions(t *testing.T) {
	question := func(extension string) *validate.Profiles {
		return installed("Questionnaire", "http://t/q", `{"resourceType":"Questionnaire","url":"http://t/q","status":"active","item":[{"linkId":"a","type":"boolean"},
			{"linkId":"b","type":"string","required":true,"extension":[`+extension+`]}]}`)
	}
	const sdc = `{"url":"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression","valueExpression":{"language":"text/fhirpath","expression":"%resource.item.where(linkId='a').answer.value = true"}}`
	const broken = `{"url":"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression","valueExpression":{"language":"text/fhirpath","expression":"((("}}`
	for _, c := range []struct{ extension, items, want string }{
		{sdc, `{"linkId":"a","answer":[{"valueBoolean":true}]},{"linkId":"b","answer":[{"valueString":"x"}]}`, ""},
		{sdc, `{"linkId":"a","answer":[{"valueBoolean":true}]}`, "QuestionnaireResponse.item"},
		{sdc, `{"linkId":"a","answer":[{"valueBoolean":false}]}`, ""},
		{sdc, `{"linkId":"a","answer":[{"valueBoolean":false}]},{"linkId":"b","answer":[{"valueString":"x"}]}`, "QuestionnaireResponse.item[1]"},
		{broken, `{"linkId":"b","answer":[{"valueString":"x"}]}`, ""},
	} {
		got := strings.Join(errorsOf(t, question(c.extension), `{"resourceType":"QuestionnaireResponse","questionnaire":"http://t/q","status":"completed","item":[`+c.items+`]}`), " ")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.items, got, c.want)
		}
	}
}

func TestDerivedProfilesKeepWhatTheirBaseFixes(t *testing.T) {
	p := profiled("http://t/base", core+"Extension", "Extension", `{"id":"Extension.url","path":"Extension.url","fixedUri":"http://t/base"},{"path":"Extension.value[x]","patternCoding":{"system":"http://a"}}`,
		"http://t/between", "http://t/base", "Extension", "")
	derived := func(elements string) []string {
		return errorsOf(t, p, `{"resourceType":"StructureDefinition","url":"http://t/d","type":"Extension","kind":"complex-type","derivation":"constraint","baseDefinition":"http://t/between",
			"differential":{"element":[`+elements+`]}}`)
	}
	if got := derived(`{"id":"Extension.url","path":"Extension.url","fixedUri":"http://t/base"},{"path":"Extension.value[x]","fixedCoding":{"system":"http://a","code":"b"}}`); got != nil {
		t.Errorf("the same and more: %q", got)
	}
	got := derived(`{"id":"Extension.url","path":"Extension.url","fixedUri":"http://t/d"},{"path":"Extension.value[x]","fixedCoding":{"code":"b"}}`)
	if want := []string{"StructureDefinition.differential.element[0]", "StructureDefinition.differential.element[1]"}; len(got) != 2 || !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
