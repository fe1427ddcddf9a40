// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// right are resources at the edge of the rules that nevertheless hold to them.
var right = []string{
	`{"resourceType":"Patient"}`,
	`{"id":"a","resourceType":"Patient"}`,
	`{"resourceType":"Patient","_gender":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`,
	`{"resourceType":"Observation","_status":{"extension":[{"url":"http://x","valueCode":"unknown"}]},"code":{"text":"x"}}`,
	`{"resourceType":"Patient","name":[{"given":["x",null],"_given":[null,{"extension":[{"url":"http://x","valueCode":"y"}]}]}]}`,
	`{"resourceType":"Patient","name":[{"_given":[{"extension":[{"url":"http://x","valueCode":"y"}]}]}]}`,
	`{"resourceType":"Patient","deceasedBoolean":true,"_deceasedBoolean":{"id":"a"}}`,
	`{"resourceType":"Patient","_deceasedBoolean":{"id":"a"},"deceasedBoolean":true}`,
	`{"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}`,
	`{"resourceType":"Patient","managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"y","partOf":{"reference":"#p"}},{"resourceType":"Organization","id":"p","name":"x"}]}`,
	`{"resourceType":"Patient","managingOrganization":{"reference":"http://x/fhir/Organization/1/_history/2"}}`,
	`{"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}}`,
	`{"resourceType":"Patient","managingOrganization":{"identifier":{"value":"x"}}}`,
	`{"resourceType":"Patient","managingOrganization":{"reference":"Organization?identifier=x"}}`,
	`{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://x","code":"y"},{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}}`,
	`{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"},"clinicalStatus":{"extension":[{"url":"http://x","valueCode":"unknown"}]}}`,
	`{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"string","item":[{"linkId":"3","type":"display"}]}]}]}`,
	`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Bundle","type":"collection"}}]}`,
	`{"resourceType":"Questionnaire","status":"active","item":[{"linkId":"a","type":"string"},{"linkId":"b","type":"string","enableWhen":[{"question":"a","operator":"exists","answerBoolean":true}]}]}`,
}

func TestRight(t *testing.T) {
	v := validate.New(def.R4())
	for _, doc := range right {
		for _, level := range []validate.Level{validate.Strict, validate.StructureOnly, validate.Minimal} {
			if found := v.Resource(fhirtest.Parse(t, doc), level); found != nil {
				t.Errorf("%s at %v: got %v, want nothing", doc, level, found)
			}
		}
	}
}

func TestBounded(t *testing.T) {
	doc := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"x":1},`, 5000) + `{"x":1}]}`
	if got := len(validate.New(def.R4()).Resource(fhirtest.Parse(t, doc), validate.Strict)); got != validate.MaxFindings {
		t.Errorf("got %d findings, want %d", got, validate.MaxFindings)
	}
}

func TestFinding(t *testing.T) {
	doc := `{"resourceType":"Patient","birthDate":"secret","name":"secret"}`
	found := validate.New(def.R4()).Resource(fhirtest.Parse(t, doc), validate.Minimal)
	if len(found) != 2 || validate.Failed(found) || validate.Faults(found) != nil {
		t.Fatalf("at minimal: got %v, want two warnings", found)
	}
	found = validate.New(def.R4()).Resource(fhirtest.Parse(t, doc), validate.Strict)
	for i, want := range []string{`"secret","name`, `"secret"}`} {
		if got := doc[found[i].Offset:]; !strings.HasPrefix(got, want) {
			t.Errorf("finding %d points to %s, want %s", i, got, want)
		}
		if strings.Contains(found[i].Text, "secret") {
			t.Errorf("finding %d tells a value: %s", i, found[i].Text)
		}
	}
	faults := validate.Faults(found)
	if len(faults) != 2 || !errors.Is(faults, fault.Unprocessable) || faults[0].Path != "Patient.birthDate" || faults[0].Code != "value" {
		t.Errorf("got the faults %v", faults)
	}
	issues := validate.Issues(found)
	if len(issues) != 2 || issues[1].Expression != "Patient.name" || issues[1].Severity != fhir.Error || issues[1].Code != "structure" {
		t.Errorf("got the issues %v", issues)
	}
}

func TestLevels(t *testing.T) {
	for _, l := range []validate.Level{validate.Strict, validate.StructureOnly, validate.Minimal} {
		if got, ok := validate.ParseLevel(l.String()); got != l || !ok {
			t.Errorf("ParseLevel(%q): got %v, %v", l.String(), got, ok)
		}
	}
	if _, ok := validate.ParseLevel("lenient"); ok {
		t.Error("ParseLevel takes lenient")
	}
}

func TestConcurrent(t *testing.T) {
	v := validate.New(def.R4())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, c := range broken[:20] {
				if len(v.Resource(fhirtest.Parse(t, c.doc), validate.Strict)) == 0 {
					t.Errorf("%s: nothing found", c.name)
				}
			}
			for _, doc := range right {
				if found := v.Resource(fhirtest.Parse(t, doc), validate.Strict); found != nil {
					t.Errorf("%s: %v", doc, found)
				}
			}
		})
	}
	wg.Wait()
}

func TestNoAllocation(t *testing.T) {
	v := validate.New(def.R4())
	root := fhirtest.Parse(t, right[10])
	if got := testing.AllocsPerRun(100, func() { v.Resource(root, validate.Strict) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
