// SPDX-License-Identifier: Apache-2.0

package insights_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/insights"
	"galen/internal/llm"
)

// little is a small record as a Bundle, with what is easily got wrong.
const little = `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"p","name":[{"given":["Ana"],"family":"Roe"}],"gender":"female","birthDate":"1950-03-01"}},
{"resource":{"resourceType":"Condition","id":"c1","subject":{"reference":"urn:uuid:p"},"clinicalStatus":{"coding":[{"code":"active"}]},
 "code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.22"}],"text":"Type 2 diabetes with kidney disease"},"recordedDate":"2019-02-03"}},
{"resource":{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"code":"active"}]},
 "verificationStatus":{"coding":[{"code":"refuted"}]},"code":{"text":"Lupus"}}},
{"resource":{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/other"},"code":{"text":"Gout"}}},
{"resource":{"resourceType":"Condition","id":"c4","subject":{"reference":"http://elsewhere.example/fhir/Patient/p"},"clinicalStatus":{"coding":[{"code":"active"}]},
 "code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}],"text":"Type 2 diabetes"},"recordedDate":"2018-01-02"}},
{"resource":{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","subject":{"reference":"Patient/p"},"authoredOn":"2019-02-03",
 "medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"860975"}],"text":"Metformin 500 MG Oral Tablet"},
 "dosageInstruction":[{"route":{"text":"Oral"},"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}],"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}}}]}},
{"resource":{"resourceType":"MedicationStatement","id":"m2","status":"active","subject":{"reference":"Patient/p"},"effectiveDateTime":"2019-05-01",
 "medicationCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/sid/ndc","code":"1"}],"text":"metformin 500 MG oral tablet [Glucophage]"}}},
{"resource":{"resourceType":"MedicationRequest","id":"m3","status":"active","doNotPerform":true,"intent":"order","subject":{"reference":"Patient/p"},
 "medicationCodeableConcept":{"text":"Ibuprofen"}}},
{"resource":{"resourceType":"MedicationRequest","id":"m4","status":"entered-in-error","intent":"order","subject":{"reference":"Patient/p"},"medicationCodeableConcept":{"text":"Warfarin"}}},
{"resource":{"resourceType":"AllergyIntolerance","id":"a1","patient":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"code":"active"}]},"criticality":"high",
 "code":{"text":"Penicillin"},"reaction":[{"manifestation":[{"text":"Anaphylaxis"}],"severity":"severe"}]}},
{"resource":{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"2020-01-05T23:30:00-05:00","end":"2020-01-05T23:50:00-05:00"}}},
{"resource":{"resourceType":"Encounter","id":"e2","status":"planned","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"2020-03-05"}}},
{"resource":{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],"subject":{"reference":"Patient/p"},"effectiveDateTime":"2020-02-01",
 "code":{"coding":[{"system":"http://loinc.org","code":"4548-4","display":"Hemoglobin A1c"}]},"valueQuantity":{"value":8.1,"unit":"%","code":"%"},
 "interpretation":[{"coding":[{"code":"H"}]}]}},
{"resource":{"resourceType":"Observation","id":"o2","status":"final","category":[{"coding":[{"code":"laboratory"}]}],"subject":{"reference":"Patient/p"},"effectiveDateTime":"2019-02-01",
 "code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},"valueQuantity":{"value":7.2,"unit":"%","code":"%"}}},
{"resource":{"resourceType":"Observation","id":"o3","status":"final","subject":{"reference":"Patient/p"},"effectiveDateTime":"2031-02-01",
 "code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},"valueQuantity":{"value":9.9,"unit":"%","code":"%"}}}]}`

func littleInput() insights.Input {
	return insights.Input{Request: insights.Request{JobID: "j", Patient: "p", Reason: "diabetes follow-up", Pronouns: "THEY_THEM", Now: now},
		Resources: [][]byte{[]byte(little)}}
}

func TestLittle(t *testing.T) {
	s, _, err := insights.Compose(t.Context(), littleInput())
	if err != nil {
		t.Fatal(err)
	}
	text := string(s.Plain(1000, true))
	for _, want := range []string{
		"Ana Roe is a 70-year-old female, born Mar 1, 1950.", "They were last seen on Jan 5, 2020: Office visit.",
		"Hemoglobin A1c: 8.1 %, high (Feb 1, 2020); up from 7.2 % (Feb 1, 2019).", "Type 2 diabetes with kidney disease, since Feb 3, 2019.",
		"  - metformin 500 MG oral tablet [Glucophage], 1 tablet by mouth twice a day, since Feb 3, 2019.", "Not to be given: Ibuprofen.", "Penicillin (high criticality, Anaphylaxis, severe).",
		"Diabetes with Chronic Complications: coded E11.22, last assessed Feb 3, 2019. Confirm if still present.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary does not say %q", want)
		}
	}
	for _, never := range []string{"Lupus", "Gout", "Warfarin", "9.9", "2031", "without Complication", "Mar 5, 2020"} {
		if strings.Contains(text, never) {
			t.Errorf("the summary says %q", never)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestWire reads summary.json as a client of the original does.
func TestWire(t *testing.T) {
	out, err := (insights.Summariser{}).Summarise(t.Context(), littleInput())
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		PatientSummaries []struct {
			PatientSummary struct {
				JobId, SummaryType, PatientId, GeneratedAt string
				Sections                                   []struct {
					SectionName       string
					ClinicalNarrative []struct {
						Text     string
						Evidence []string
					}
				}
			}
		}
		TotalCount  int
		GeneratedAt string
		HccIncluded bool
	}
	if err := json.Unmarshal(out.Files[0].Body, &file); err != nil {
		t.Fatal(err)
	}
	if out.Files[0].Name != "summary.json" || file.TotalCount != 1 || len(file.PatientSummaries) != 1 || !file.HccIncluded {
		t.Fatalf("got %q with %d summaries", out.Files[0].Name, file.TotalCount)
	}
	s := file.PatientSummaries[0].PatientSummary
	if s.JobId != "j" || s.PatientId != "p" || s.SummaryType != "Pre-visit" || s.GeneratedAt != "2020-06-01T09:00:00.000000" {
		t.Errorf("got %q %q %q %q", s.JobId, s.PatientId, s.SummaryType, s.GeneratedAt)
	}
	var names []string
	for _, section := range s.Sections {
		names = append(names, section.SectionName)
		text := ""
		for _, f := range section.ClinicalNarrative {
			if f.Evidence == nil {
				t.Errorf("%q has null evidence", f.Text)
			}
			text += f.Text
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, ". * ") || !strings.HasSuffix(line, "\n") {
				t.Errorf("%s: bullets run together: %q", section.SectionName, line)
			}
		}
	}
	want := []string{"# PATIENT_AND_ENCOUNTER_OVERVIEW\n", "# SINCE_LAST_VISIT\n", "# TRENDS\n", "# CMS_HCC_CODING_ANALYSIS\n", "# HHS_HCC_CODING_ANALYSIS\n"}
	if !slices.Equal(names, want) {
		t.Errorf("got sections %q, want %q", names, want)
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*insights.Input)
		want   fault.Kind
	}{
		"unknown patient":    {func(in *insights.Input) { in.Patient = "q" }, fault.NotFound},
		"another birth date": {func(in *insights.Input) { in.BirthDate = "1951-03-01" }, fault.Unprocessable},
		"no birth date":      {func(in *insights.Input) { in.BirthDate = "yesterday" }, fault.Invalid},
		"no time":            {func(in *insights.Input) { in.Now = in.Now.Truncate(0).AddDate(-2019, -5, 0).Add(-9 * 3600e9) }, fault.Invalid},
	} {
		in := littleInput()
		c.change(&in)
		if _, err := (insights.Summariser{}).Summarise(t.Context(), in); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	in := littleInput()
	in.BirthDate = "1950-03-01"
	in.Resources = append(in.Resources, []byte("<html>"))
	out, err := (insights.Summariser{}).Summarise(t.Context(), in)
	if err != nil || len(out.Problems) != 1 {
		t.Errorf("a resource that is no JSON: got %v, problems %q, want one problem", err, out.Problems)
	}
}

// TestModelDown: a model that cannot be used costs nothing but a note.
func TestModelDown(t *testing.T) {
	want, err := (insights.Summariser{}).Summarise(t.Context(), littleInput())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer server.Close()
	m, err := llm.New(llm.Options{URL: server.URL, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := insights.Summariser{Model: m}.Summarise(t.Context(), littleInput())
	if err != nil || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "language model") {
		t.Fatalf("got %v, problems %q, want one of the language model", err, got.Problems)
	}
	for i := range want.Files {
		if !bytes.Equal(got.Files[i].Body, want.Files[i].Body) {
			t.Errorf("%s is another than without a model", want.Files[i].Name)
		}
	}
}
