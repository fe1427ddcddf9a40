// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// profiled makes profiles of definitions: url, type and the elements of a differential each.
func profiled(definitions ...string) *validate.Profiles {
	p := &pack.Package{Name: "t", Version: "1"}
	for i := 0; i < len(definitions); i += 4 {
		url, base, typ, elements := definitions[i], definitions[i+1], definitions[i+2], definitions[i+3]
		p.Resources = append(p.Resources, pack.Resource{Type: "StructureDefinition", URL: url, JSON: fmt.Appendf(nil,
			`{"resourceType":"StructureDefinition","url":%q,"kind":"resource","type":%q,"baseDefinition":%q,"derivation":"constraint","differential":{"element":[%s]}}`,
			url, typ, base, elements)})
	}
	return validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil)
}

const core = "http://hl7.org/fhir/StructureDefinition/"

var constrained = []struct{ name, typ, elements, right, wrong, want string }{
	{"min", "Patient", `{"path":"Patient.name","min":1}`, `"name":[{"text":"x"}]`, `"active":true`, "required Patient.name"},
	{"min 2", "Patient", `{"path":"Patient.name","min":2}`, `"name":[{"text":"x"},{"text":"y"}]`, `"name":[{"text":"x"}]`, "required Patient.name"},
	{"max", "Patient", `{"path":"Patient.name","max":"1"}`, `"name":[{"text":"x"}]`, `"name":[{"text":"x"},{"text":"y"}]`, "structure Patient.name"},
	{"max 0", "Patient", `{"path":"Patient.name","max":"0"}`, `"active":true`, `"name":[{"text":"x"}]`, "structure Patient.name"},
	{"min below", "Patient", `{"path":"Patient.name.family","min":1}`, `"active":true`, `"name":[{"text":"x"}]`, "required Patient.name[0].family"},
	{"fixed", "Patient", `{"path":"Patient.gender","fixedCode":"male"}`, `"gender":"male"`, `"gender":"female"`, "value Patient.gender"},
	{"fixed object", "Patient", `{"path":"Patient.maritalStatus","fixedCodeableConcept":{"text":"x"}}`, `"maritalStatus":{"text":"x"}`,
		`"maritalStatus":{"text":"x","id":"a"}`, "value Patient.maritalStatus"},
	{"pattern", "Patient", `{"path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}}`,
		`"maritalStatus":{"coding":[{"code":"S"},{"code":"M","system":"x"}]}`, `"maritalStatus":{"text":"M"}`, "value Patient.maritalStatus"},
	{"minValue", "Patient", `{"path":"Patient.multipleBirth[x]","minValueInteger":2}`, `"multipleBirthInteger":2`, `"multipleBirthInteger":1`, "value Patient.multipleBirth.ofType(integer)"},
	{"maxValue", "Patient", `{"path":"Patient.birthDate","maxValueDate":"2020-01-01"}`, `"birthDate":"2020-01-01"`, `"birthDate":"2020-01-02"`, "value Patient.birthDate"},
	{"minValue before now", "Patient", `{"path":"Patient.birthDate","minValueQuantity":{"value":100,"system":"http://unitsofmeasure.org","code":"a"}}`, `"birthDate":"1990"`, `"birthDate":"1850-01-01"`, "value Patient.birthDate"},
	{"maxValue after now", "Patient", `{"path":"Patient.birthDate","maxValueQuantity":{"value":52,"system":"http://unitsofmeasure.org","code":"wk"}}`, `"birthDate":"1990"`, `"birthDate":"2150-01-01"`, "value Patient.birthDate"},
	{"maxLength", "Patient", `{"path":"Patient.name.text","maxLength":2}`, `"name":[{"text":"é1"}]`, `"name":[{"text":"abc"}]`, "value Patient.name[0].text"},
	{"type", "Patient", `{"path":"Patient.deceased[x]","type":[{"code":"boolean"}]}`, `"deceasedBoolean":true`, `"deceasedDateTime":"2020"`, "structure Patient.deceased.ofType(dateTime)"},
	{"target", "Patient", `{"path":"Patient.generalPractitioner","type":[{"code":"Reference","targetProfile":["` + core + `Organization"]}]}`,
		`"generalPractitioner":[{"reference":"Organization/a"}]`, `"generalPractitioner":[{"reference":"Practitioner/a"}]`, "structure Patient.generalPractitioner[0].reference"},
	{"binding", "Patient", `{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}`,
		`"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}`, `"maritalStatus":{"coding":[{"system":"http://x","code":"male"}]}`, "code-invalid Patient.maritalStatus"},
	{"minLength", "Patient", `{"path":"Patient.name.text","extension":[{"url":"` + core + `minLength","valueInteger":2}]}`, `"name":[{"text":"é1"}]`, `"name":[{"text":"é"}]`, "value Patient.name[0].text"},
	{"mustHaveValue", "Patient", `{"path":"Patient.active","extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue","valueBoolean":true}]}`,
		`"active":true`, `"_active":{"extension":[{"url":"http://a","valueString":"x"}]}`, "required Patient.active"},
	{"valueAlternatives", "Patient", `{"path":"Patient.active","extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives","valueCanonical":"http://a"}]}`,
		`"_active":{"extension":[{"url":"http://a","valueString":"x"}]}`, `"_active":{"extension":[{"url":"http://b","valueString":"x"}]}`, "required Patient.active"},
	{"languages", "Patient", `{"path":"Patient.text","extension":[{"url":"` + core + `narrative-language-control","valueCode":"_yes"}]}`,
		`"text":{"status":"generated","div":"<div><div lang='de'>x</div></div>"}`, `"text":{"status":"generated","div":"<div><p lang='de'>x</p></div>"}`, "invariant Patient.text.div"},
	{"language of the resource", "Patient", `{"path":"Patient.text","extension":[{"url":"` + core + `narrative-language-control","valueCode":"_resource"}]}`,
		`"language":"de","text":{"status":"generated","div":"<div><div lang='de'>x</div></div>"}`, `"language":"en","text":{"status":"generated","div":"<div><div lang='de'>x</div></div>"}`, "invariant Patient.text.div"},
	{"additional binding", "Patient", `{"path":"Patient.maritalStatus","binding":{"strength":"example","additional":[{"purpose":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}]}}`,
		`"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}`, `"maritalStatus":{"coding":[{"system":"http://x","code":"male"}]}`, "code-invalid Patient.maritalStatus"},
	{"slices by a type within Resource", "Bundle", `{"path":"Bundle.entry","slicing":{"discriminator":[{"type":"type","path":"resource"}],"rules":"open"}},
		{"path":"Bundle.entry","sliceName":"a","min":1},{"path":"Bundle.entry.resource","type":[{"code":"Patient"}]}`,
		`"type":"collection","entry":[{"resource":{"resourceType":"Patient","active":true}}]`, `"type":"collection","entry":[{"resource":{"resourceType":"Person","active":true}}]`, "required Bundle.entry"},
	{"a slice that states one of two discriminators", "Patient", `{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"},{"type":"value","path":"use"}],"rules":"open"}},
		{"path":"Patient.identifier","sliceName":"a","min":1},{"path":"Patient.identifier.system","fixedUri":"http://a"}`,
		`"identifier":[{"system":"http://a","use":"old"}]`, `"identifier":[{"system":"http://b"}]`, "required Patient.identifier"},
	{"invariant", "Patient", `{"path":"Patient","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"active.exists() or gender.exists()"}]}`,
		`"active":true`, `"birthDate":"2020"`, "invariant Patient"},
	{"invariant with memberOf", "Patient", `{"path":"Patient","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"maritalStatus.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender') and gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')"}]}`,
		`"gender":"male","maritalStatus":{"coding":[{"system":"http://x","code":"male"},{"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}`,
		`"gender":"male","maritalStatus":{"coding":[{"system":"http://x","code":"male"}]}`, "invariant Patient"},
	{"closed slices by value", "Patient", `{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed"}},
		{"path":"Patient.identifier","sliceName":"a","max":"1"},{"path":"Patient.identifier.system","fixedUri":"http://a"}`,
		`"identifier":[{"system":"http://a"}]`, `"identifier":[{"system":"http://b"}]`, "structure Patient.identifier[0]"},
	{"slice's max", "Patient", `{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
		{"path":"Patient.identifier","sliceName":"a","max":"1"},{"path":"Patient.identifier.system","fixedUri":"http://a"}`,
		`"identifier":[{"system":"http://a"},{"system":"http://b"}]`, `"identifier":[{"system":"http://a"},{"system":"http://a"}]`, "structure Patient.identifier"},
	{"openAtEnd", "Patient", `{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"openAtEnd"}},
		{"path":"Patient.identifier","sliceName":"a"},{"path":"Patient.identifier.system","fixedUri":"http://a"}`,
		`"identifier":[{"system":"http://a"},{"system":"http://b"}]`, `"identifier":[{"system":"http://b"},{"system":"http://a"}]`, "structure Patient.identifier[1]"},
	{"ordered", "Patient", `{"path":"Patient.identifier","slicing":{"ordered":true,"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
		{"path":"Patient.identifier","sliceName":"a"},{"path":"Patient.identifier.system","fixedUri":"http://a"},
		{"path":"Patient.identifier","sliceName":"b"},{"path":"Patient.identifier.system","fixedUri":"http://b"}`,
		`"identifier":[{"system":"http://a"},{"system":"http://b"}]`, `"identifier":[{"system":"http://b"},{"system":"http://a"}]`, "structure Patient.identifier[1]"},
	{"slices by pattern above", "Observation", `{"path":"Observation.category","slicing":{"discriminator":[{"type":"value","path":"coding.code"}],"rules":"open"}},
		{"path":"Observation.category","sliceName":"lab","min":1,"patternCodeableConcept":{"coding":[{"code":"laboratory"}]}}`,
		`"category":[{"coding":[{"code":"laboratory"}]}]`, `"category":[{"coding":[{"code":"x"}]}]`, "required Observation.category"},
	{"slices by exists", "Patient", `{"path":"Patient.name","slicing":{"discriminator":[{"type":"exists","path":"period"}],"rules":"open"}},
		{"path":"Patient.name","sliceName":"old","max":"1"},{"path":"Patient.name.period","min":1},{"path":"Patient.name","sliceName":"new","min":1},{"path":"Patient.name.period","max":"0"}`,
		`"name":[{"text":"x"},{"period":{"end":"2020"}}]`, `"name":[{"period":{"end":"2020"}}]`, "required Patient.name"},
	{"slices by type", "Observation", `{"path":"Observation.value[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"closed"}},
		{"path":"Observation.value[x]","sliceName":"valueQuantity","type":[{"code":"Quantity"}]},{"path":"Observation.value[x].unit","min":1}`,
		`"valueQuantity":{"unit":"mm"}`, `"valueQuantity":{"value":1}`, "required Observation.value.ofType(Quantity).unit"},
	{"short form of a choice", "Observation", `{"path":"Observation.valueQuantity","type":[{"code":"Quantity"}]},{"path":"Observation.valueQuantity.unit","min":1}`,
		`"valueString":"x"`, `"valueQuantity":{"value":1}`, "required Observation.value.ofType(Quantity).unit"},
	{"extension slice", "Patient", `{"path":"Patient.extension","sliceName":"e","min":1,"type":[{"code":"Extension","profile":["http://t/ext"]}]}`,
		`"extension":[{"url":"http://t/ext","valueCode":"x"}]`, `"active":true`, "required Patient.extension"},
	{"re-slice", "Patient", `{"path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
		{"path":"Patient.identifier","sliceName":"a"},{"path":"Patient.identifier.system","fixedUri":"http://a"},
		{"path":"Patient.identifier","sliceName":"a/1","min":1,"slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}},{"path":"Patient.identifier.use","fixedCode":"usual"}`,
		`"identifier":[{"system":"http://a","use":"usual"}]`, `"identifier":[{"system":"http://a","use":"old"}]`, "required Patient.identifier"},
}

func TestProfiles(t *testing.T) {
	for _, c := range constrained {
		t.Run(c.name, func(t *testing.T) {
			p := profiled("http://t/p", core+c.typ, c.typ, c.elements, "http://t/derived", "http://t/p", c.typ, "")
			for _, url := range []string{"http://t/p", "http://t/derived"} {
				resource := func(members string) fhir.Node {
					return fhirtest.Parse(t, `{"resourceType":"`+c.typ+`",`+members+`}`)
				}
				if found := p.Check(resource(c.right), validate.Strict, url); found != nil {
					t.Errorf("%s: right: got %v", url, found)
				}
				if got, want := short(p.Check(resource(c.wrong), validate.Strict, url)), []string{c.want}; !slices.Equal(got, want) {
					t.Errorf("%s: wrong: got %q, want %q", url, got, want)
				}
			}
		})
	}
}

func TestClaims(t *testing.T) {
	p := profiled("http://t/p", core+"Patient", "Patient", `{"path":"Patient.name","min":1}`,
		"http://t/ext", core+"Extension", "Extension", `{"path":"Extension.value[x]","min":1,"type":[{"code":"code"}]}`,
		"http://t/a", "http://t/b", "Patient", "", "http://t/b", "http://t/a", "Patient", "")
	for _, c := range []struct{ doc, want string }{
		{`{"resourceType":"Patient","meta":{"profile":["http://t/p"]}}`, "required Patient.name"},
		{`{"resourceType":"Patient","meta":{"profile":["http://t/none"]}}`, "not-supported Patient.meta.profile[0]"},
		{`{"resourceType":"Patient","meta":{"profile":["http://t/a"]}}`, "not-supported Patient.meta.profile[0]"},
		{`{"resourceType":"Observation","meta":{"profile":["http://t/p"]}}`, "structure Observation.meta.profile[0]"},
		{`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","meta":{"profile":["http://t/p"]}}}]}`, "required Bundle.entry[0].resource.name"},
		{`{"resourceType":"Observation","contained":[{"resourceType":"Patient","meta":{"profile":["http://t/p"]}}]}`, "required Observation.contained[0].name"},
		{`{"resourceType":"Patient","name":[{"extension":[{"url":"http://t/ext","valueString":"x"}]}]}`, "structure Patient.name[0].extension[0].value.ofType(string)"},
		{`{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://t/ext","valueString":"x"}]}}`, "structure Patient.birthDate.extension[0].value.ofType(string)"},
	} {
		found := p.Check(fhirtest.Parse(t, c.doc), validate.Strict)
		if got := strings.Join(short(found), "|"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.doc, got, c.want)
		}
		if found := p.Check(fhirtest.Parse(t, c.doc), validate.StructureOnly); found != nil {
			t.Errorf("%s: structure-only: got %v", c.doc, found)
		}
	}
}

// usCore gives the profiles of US Core 6.1.0.
func usCore(t testing.TB) *validate.Profiles {
	t.Helper()
	text, err := os.ReadFile("../../../../shared/packages/us_core_610.tgz")
	if err != nil {
		t.Skip("../shared/packages is not here")
	}
	p, err := pack.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil)
}

const us = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

var usProfiles = map[string]string{"Patient": us + "patient", "Observation": us + "simple-observation", "Encounter": us + "encounter",
	"Immunization": us + "immunization", "Condition": us + "condition-problems-health-concerns", "Procedure": us + "procedure",
	"MedicationRequest": us + "medicationrequest", "CarePlan": us + "careplan", "Organization": us + "organization", "Goal": us + "goal"}

// TestUSCore counts what US Core 6.1.0 finds in synthea-10, which was made for an earlier one: categories came later.
func TestUSCore(t *testing.T) {
	p := usCore(t)
	counts := map[string]int{}
	total := 0
	for name, lines := range fhirtest.Synthea(t, "synthea-10") {
		typ := strings.TrimSuffix(name, ".ndjson")
		for _, line := range lines {
			root := fhirtest.Parse(t, string(line))
			total++
			var named []string
			if url := usProfiles[typ]; url != "" {
				named = append(named, url)
			}
			for _, k := range kinds(p.Check(root, validate.StructureOnly, named...)) {
				counts[k]++
			}
		}
	}
	t.Logf("%d resources, findings: %v", total, counts)
	for k := range counts {
		if !slices.Contains([]string{"code-invalid Patient.identifier.type", "required CarePlan.category", "required Condition.category"}, k) {
			t.Errorf("got %s", k)
		}
	}
}

func BenchmarkUSCore(b *testing.B) {
	p := usCore(b)
	var tapes []fhir.Node
	var urls []string
	for name, lines := range fhirtest.Synthea(b, "synthea-10") {
		url := usProfiles[strings.TrimSuffix(name, ".ndjson")]
		for _, line := range lines {
			if url != "" {
				tapes, urls = append(tapes, fhirtest.Parse(b, string(line))), append(urls, url)
			}
		}
	}
	for b.Loop() {
		for i, n := range tapes {
			p.Check(n, validate.Strict, urls[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(tapes)), "ns/resource")
}

func TestNewWithProfiles(t *testing.T) {
	v := validate.NewWithProfiles(def.R4(), profiled("http://t/p", core+"Patient", "Patient", `{"path":"Patient.name","min":1}`))
	n := fhirtest.Parse(t, `{"resourceType":"Patient","meta":{"profile":["http://t/p","http://t/none"]}}`)
	for level, want := range map[validate.Level][]string{
		validate.Strict:        {"required Patient.name", "not-supported Patient.meta.profile[1]"},
		validate.StructureOnly: nil,
		validate.Minimal:       nil,
	} {
		if got := short(v.Resource(n, level)); !slices.Equal(got, want) {
			t.Errorf("%v: got %q, want %q", level, got, want)
		}
	}
}
