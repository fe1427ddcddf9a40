// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

const asked = `{"resourceType":"Bundle","type":"collection","entry":[
	{"fullUrl":"http://x/Patient/a","resource":{"resourceType":"Patient","id":"a","gender":"male","name":[{"use":"official","family":"A"},{"use":"usual","family":"B"},{"text":"C"}]}},
	{"fullUrl":"http://x/Patient/b","resource":{"resourceType":"Patient","id":"b","gender":"none"}},
	{"fullUrl":"http://x/Observation/o","resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Practitioner/p"}]}}]}`

var askedProfiles = []string{
	"http://t/named", core + "Patient", "Patient", `{"path":"Patient"},{"id":"Patient.name","path":"Patient.name","min":1,"slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}},
		{"id":"Patient.name:legal","path":"Patient.name","sliceName":"legal","min":1},{"id":"Patient.name:legal.use","path":"Patient.name.use","min":1,"fixedCode":"official"}`,
	"http://t/family", core + "HumanName", "HumanName", `{"path":"HumanName"},{"path":"HumanName.family","min":1}`,
	"http://t/subject", core + "Observation", "Observation", `{"path":"Observation","constraint":[{"key":"t-1","severity":"error","human":"the subject is named","expression":"subject.resolve().conformsTo('http://t/named')"}]}`,
	"http://t/woman", core + "Observation", "Observation", `{"path":"Observation","constraint":[{"key":"t-1","severity":"error","human":"of a woman","expression":"subject.resolve().gender = 'female'"}]}`,
	"http://t/self", core + "Patient", "Patient", `{"path":"Patient","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"conformsTo('http://t/self')"}]}`,
	"http://t/many", core + "Patient", "Patient", `{"path":"Patient.name","constraint":[{"key":"t-1","severity":"error","human":"x","expression":"%resource.conformsTo('http://t/many')"}]}`,
}

// TestEnvironment evaluates what FHIRPath asks of profiles and references.
func TestEnvironment(t *testing.T) {
	v := validate.NewWithProfiles(def.R4(), profiled(askedProfiles...))
	root := fhirpath.Root(def.R4(), fhirtest.Parse(t, asked))
	var e fhirpath.Evaluator
	e.Env = v.Environment(root.Node, nil)
	for expression, want := range map[string]string{
		"entry.resource.ofType(Patient).select(conformsTo('http://t/named'))":                                    "[true,false]",
		"entry[0].resource.name.select(conformsTo('http://t/family'))":                                           "[true,true,false]",
		"entry.resource.ofType(Patient).select(conformsTo('http://hl7.org/fhir/StructureDefinition/Patient'))":   "[true,false]",
		"entry[0].resource.conformsTo('http://hl7.org/fhir/StructureDefinition/Person')":                         "[false]",
		"entry[2].resource.conformsTo('http://t/named')":                                                         "[false]",
		"entry[2].resource.conformsTo('http://t/subject')":                                                       "[true]",
		"entry[2].resource.conformsTo('http://t/woman')":                                                         "[false]",
		"entry[2].resource.subject.resolve().name.family":                                                        `["A","B"]`,
		"entry[2].resource.performer.resolve() is Practitioner":                                                  "[true]",
		"entry[0].resource.name.slice('http://t/named', 'legal').family":                                         `["A"]`,
		"entry[0].resource.name.slice('http://t/named', 'other').family":                                         "[]",
		"entry[0].resource.gender.slice('http://t/named', 'legal')":                                              "[]",
		"entry[0].resource.name.elementDefinition().select(path & ' ' & min.toString() & '..' & max).distinct()": `["Patient.name 0..*"]`,
		"entry[0].resource.gender.elementDefinition().binding.select(strength & ' ' & valueSet)":                 `["required http://hl7.org/fhir/ValueSet/administrative-gender"]`,
		"entry[2].resource.subject.elementDefinition().type.targetProfile.count()":                               "[4]",
		"entry[2].resource.elementDefinition().path":                                                             `["Bundle.entry.resource"]`,
		"elementDefinition().constraint.key contains 'bdl-7'":                                                    "[true]",
		"1.elementDefinition()": "[]",
	} {
		got, err := evaluate(&e, expression, root)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", expression, got, err, want)
		}
	}
	for expression, want := range map[string]error{
		"entry[0].resource.conformsTo('http://t/none')":               fault.Unprocessable,
		"entry[0].resource.name.slice('http://t/none', 'legal')":      fault.Unprocessable,
		"entry[0].resource.name.conformsTo('http://t/family')":        fault.Unprocessable,
		"entry.resource.repeat(conformsTo('http://t/named') | $this)": nil,
	} {
		if _, err := evaluate(&e, expression, root); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", expression, err, want)
		}
	}
}

func evaluate(e *fhirpath.Evaluator, expression string, root fhirpath.Value) (string, error) {
	p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), expression, root.Type)
	if err != nil {
		return "", err
	}
	items, err := e.Evaluate(p, root, root)
	return string(fhirpath.AppendJSON(nil, items)), err
}

// TestRulesAsk lets rules of profiles ask for other profiles, and for what references of the Bundle point to.
func TestRulesAsk(t *testing.T) {
	definitions := slices.Clone(askedProfiles)
	for i := range 20 { // each asks for the next one: of the names, a hundred times; of the patient, once
		rule := func(path, id string) string {
			return fmt.Sprintf(`{"path":%q,"constraint":[{"key":"t-1","severity":"error","human":"x","expression":"%%resource.conformsTo('http://t/%s%d')"}]}`, path, id, i+1)
		}
		definitions = append(definitions, fmt.Sprint("http://t/ring", i), core+"Patient", "Patient", rule("Patient.name", "ring"),
			fmt.Sprint("http://t/chain", i), core+"Patient", "Patient", rule("Patient", "chain"))
	}
	p := profiled(definitions...)
	for _, c := range []struct{ profile, doc, want string }{
		{"http://t/self", `{"resourceType":"Patient"}`, ""},
		{"http://t/many", `{"resourceType":"Patient","name":[` + strings.Repeat(`{"text":"x"},`, 100) + `{"text":"y"}]}`, ""},
		{"http://t/ring0", `{"resourceType":"Patient","name":[` + strings.Repeat(`{"text":"x"},`, 100) + `{"text":"y"}]}`, "too-costly"},
		{"http://t/chain0", `{"resourceType":"Patient"}`, "too-costly"},
		{"http://t/named", `{"resourceType":"Patient"}`, "required Patient.name"},
	} {
		found := p.Check(fhirtest.Parse(t, c.doc), validate.StructureOnly, c.profile)
		if !strings.Contains(strings.Join(kinds(found), "\n"), c.want) {
			t.Errorf("%s: got %.300v, want %s", c.profile, found, c.want)
		}
	}
	claims := func(profile string) string {
		return strings.Replace(asked, `"id":"o"`, `"id":"o","meta":{"profile":["`+profile+`"]}`, 1)
	}
	if found := p.Check(fhirtest.Parse(t, claims("http://t/subject")), validate.Strict); found != nil {
		t.Errorf("got %v", found)
	}
	if found := p.Check(fhirtest.Parse(t, claims("http://t/woman")), validate.Strict); len(found) != 1 || found[0].Code != validate.Invariant {
		t.Errorf("got %v, want t-1", found)
	}
}

// FuzzEnvironment evaluates anything on a Bundle with profiles and references to ask: it ends, with an answer or a reason.
func FuzzEnvironment(f *testing.F) {
	for _, s := range []string{"entry.resource.select(conformsTo('http://t/named') or conformsTo('http://t/self'))", "entry.resource.name.slice('http://t/named', 'legal').elementDefinition().type.code",
		"entry.resource.subject.resolve().descendants().elementDefinition()", "descendants().where(conformsTo('http://t/family'))", "entry.resource.repeat(subject.resolve()).conformsTo('http://t/many')"} {
		f.Add(s)
	}
	v := validate.NewWithProfiles(def.R4(), profiled(askedProfiles...))
	root := fhirpath.Root(def.R4(), fhirtest.Parse(f, asked))
	f.Fuzz(func(t *testing.T, expression string) {
		var e fhirpath.Evaluator
		e.Env = v.Environment(root.Node, nil)
		if _, err := evaluate(&e, expression, root); err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%q: %v", expression, err)
		}
	})
}
