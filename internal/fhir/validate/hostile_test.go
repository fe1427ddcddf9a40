// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"fmt"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
)

// checkAll checks a document at every level, against the profiles too; findings hold to what FuzzResource asks of them.
func checkAll(t *testing.T, v *validate.Validator, doc string) []validate.Finding {
	t.Helper()
	mustHold(t, v, []byte(doc))
	var tape fhir.Tape
	if err := tape.Parse([]byte(doc), fhir.Limits{Size: 64 << 20}); err != nil {
		t.Fatalf("the document is refused before it is checked: %v", err)
	}
	return v.Resource(tape.Root(), validate.Strict)
}

func TestHostileResources(t *testing.T) {
	v := validate.NewWithProfiles(def.R4(), profiled("http://t/p", core+"Patient", "Patient", `{"path":"Patient.name","min":1}`))
	for _, c := range []struct{ name, doc, want string }{
		{"a string of 10 MB", `{"resourceType":"Patient","gender":"` + strings.Repeat("x", 10<<20) + `"}`, "code-invalid Patient.gender"},
		{"extensions within extensions", `{"resourceType":"Patient","extension":[` + strings.Repeat(`{"url":"http://x","extension":[`, 28) + `{"url":"http://x","valueCode":" "}` +
			strings.Repeat(`]}`, 28) + `]}`, "value Patient.extension"},
		{"20,000 contained", `{"resourceType":"Patient","contained":[` + strings.TrimSuffix(strings.Repeat(`{"resourceType":"Basic","id":"a"},`, 20_000), ",") + `]}`, "required Patient.contained"},
		{"20,000 profiles", `{"resourceType":"Patient","meta":{"profile":[` + strings.TrimSuffix(strings.Repeat(`"http://t/p",`, 20_000), ",") + `]}}`, "required Patient.name"},
		{"20,000 names of other profiles", `{"resourceType":"Patient","meta":{"profile":[` + strings.TrimSuffix(strings.Repeat(`"http://t/q",`, 20_000), ",") + `]}}`, "not-supported Patient.meta.profile"},
	} {
		found := checkAll(t, v, c.doc)
		if len(found) == 0 || !strings.Contains(strings.Join(kinds(found), "\n"), c.want) {
			t.Errorf("%s: got %.300v, want %s", c.name, found, c.want)
		}
	}
}

// TestWrongTypesEverywhere puts each kind of JSON value at each member of a resource.
func TestWrongTypesEverywhere(t *testing.T) {
	v := validate.NewWithProfiles(def.R4(), profiled("http://t/p", core+"Questionnaire", "Questionnaire", `{"path":"Questionnaire.item","min":1}`))
	for _, typ := range []string{"Patient", "Observation", "Bundle", "Questionnaire", "QuestionnaireResponse", "Parameters", "StructureDefinition"} {
		s := def.R4().Structure(typ)
		for _, value := range []string{`null`, `{}`, `[]`, `[null]`, `""`, `0`, `1e400`, `true`, `"x"`, `[[1]]`, `{"resourceType":"Patient"}`, `[{"resource":1,"item":{},"answer":"x","linkId":[]}]`} {
			var doc strings.Builder
			fmt.Fprintf(&doc, `{"resourceType":%q`, typ)
			for _, e := range s.Elements {
				for _, m := range e.Types {
					fmt.Fprintf(&doc, `,%q:%s`, m.JSON, value)
				}
			}
			if found := checkAll(t, v, doc.String()+"}"); !validate.Failed(found) {
				t.Errorf("%s of %s passes", typ, value)
			}
		}
	}
}

func TestHostileProfiles(t *testing.T) {
	rule := func(expression string) string {
		return fmt.Sprintf(`{"path":"Patient","constraint":[{"key":"t-1","severity":"error","human":"x","expression":%q}]}`, expression)
	}
	var chain []string
	for i := range 100 {
		chain = append(chain, fmt.Sprintf("http://t/c%d", i), fmt.Sprintf("http://t/c%d", i+1), "Patient", `{"path":"Patient.name","min":1}`)
	}
	names := `"name":[` + strings.TrimSuffix(strings.Repeat(`{"text":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"},`, 2000), ",") + `]`
	for _, c := range []struct {
		name        string
		definitions []string
		url, more   string
		want        string // code of a finding
	}{
		{"a profile that is its own base", []string{"http://t/a", "http://t/a", "Patient", ""}, "http://t/a", "", "not-supported"},
		{"a circle of two", []string{"http://t/a", "http://t/b", "Patient", "", "http://t/b", "http://t/a", "Patient", ""}, "http://t/a", "", "not-supported"},
		{"a chain of 100", chain, "http://t/c0", "", "not-supported"},
		{"100,000 parentheses", []string{"http://t/a", core + "Patient", "Patient", rule(strings.Repeat("(", 100_000) + "true" + strings.Repeat(")", 100_000))}, "http://t/a", "", "not-supported"},
		{"a pattern that explodes elsewhere", []string{"http://t/a", core + "Patient", "Patient", rule(`name.all(text.matches('^(a+)+$'))`)}, "http://t/a", names, "invariant"},
		{"a pattern that is large", []string{"http://t/a", core + "Patient", "Patient", rule(`name.all(text.matches('((a?){30}){30}b'))`)}, "http://t/a", names, "invariant"},
		{"a pattern that is large, on a large text", []string{"http://t/a", core + "Patient", "Patient", rule(`name.all(text.matches('((a?){30}){30}b'))`)}, "http://t/a",
			`"name":[{"text":"` + strings.Repeat("a", 1<<20) + `"}]`, "too-costly"},
		{"every one with every one", []string{"http://t/a", core + "Patient", "Patient",
			`{"path":"Patient.name","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"%resource.name.where($this.text = 'never').empty()"}]}`}, "http://t/a", strings.Replace(names, "[", "["+strings.Repeat(`{"text":"b"},`, 3000), 1), "too-costly"},
	} {
		p := profiled(c.definitions...)
		doc := `{"resourceType":"Patient"}`
		if c.more != "" {
			doc = `{"resourceType":"Patient",` + c.more + `}`
		}
		found := p.Check(fhirtest.Parse(t, doc), validate.StructureOnly, c.url)
		if !strings.Contains(strings.Join(kinds(found), "\n"), c.want) {
			t.Errorf("%s: got %.300v, want %q", c.name, found, c.want)
		}
	}
}

// FuzzProfile reads whatever is JSON as a profile of Patient, with an extension that it may ask for, and checks a resource against it.
func FuzzProfile(f *testing.F) {
	for _, c := range constrained {
		f.Add([]byte(`{"resourceType":"StructureDefinition","url":"http://t/p","type":"`+c.typ+`","baseDefinition":"`+core+c.typ+`","differential":{"element":[`+c.elements+`]}}`),
			[]byte(`{"resourceType":"`+c.typ+`",`+c.wrong+`}`))
	}
	f.Fuzz(func(t *testing.T, definition, doc []byte) {
		var tape fhir.Tape
		if tape.Parse(doc, fhir.Limits{}) != nil {
			return
		}
		p := &pack.Package{Name: "t", Version: "1", Resources: []pack.Resource{{Type: "StructureDefinition", URL: "http://t/p", Package: "t#1", JSON: definition}}}
		profiles := validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil)
		found := profiles.Check(tape.Root(), validate.Strict, "http://t/p")
		if again := profiles.Check(tape.Root(), validate.Strict, "http://t/p"); len(found) > validate.MaxFindings+1 || len(again) != len(found) {
			t.Fatalf("got %d findings, then %d", len(found), len(again))
		}
	})
}

// FuzzQuestionnaire checks whatever is JSON as an answer to whatever is JSON as a Questionnaire.
func FuzzQuestionnaire(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Questionnaire","url":"http://t/q","status":"active","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"choice","required":true,
		"enableWhen":[{"question":"1","operator":"exists","answerBoolean":true}],"answerOption":[{"valueCoding":{"code":"a"}}]}]}]}`),
		[]byte(`{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://t/q","item":[{"linkId":"1","item":[{"linkId":"2","answer":[{"valueCoding":{"code":"b"}}]}]}]}`))
	f.Fuzz(func(t *testing.T, questionnaire, doc []byte) {
		var tape fhir.Tape
		if tape.Parse(doc, fhir.Limits{}) != nil {
			return
		}
		p := &pack.Package{Name: "t", Version: "1", Resources: []pack.Resource{{Type: "Questionnaire", URL: "http://t/q", Package: "t#1", JSON: questionnaire}}}
		found := validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil).Check(tape.Root(), validate.Strict)
		if len(found) > validate.MaxFindings {
			t.Fatalf("got %d findings", len(found))
		}
	})
}
