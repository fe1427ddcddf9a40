// SPDX-License-Identifier: Apache-2.0

package ips_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/insights/facts"
	"galen/internal/insights/ips"
)

var now = time.Date(2020, 6, 1, 9, 0, 0, 0, time.UTC)

func shared(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("the module's root was not found")
		}
	}
	dir = filepath.Join(dir, "..", "shared")
	if _, err := os.Stat(filepath.Join(dir, "packages", "ips-ips_v110.tgz")); err != nil {
		t.Skip("the packages and sample data (../shared) are not here")
	}
	return dir
}

const guide = "http://hl7.org/fhir/uv/ips/StructureDefinition/"

// profiles are the guide's, of the resources that go into its sections.
var profiles = map[string]string{"Composition": "Composition-uv-ips", "Patient": "Patient-uv-ips", "Condition": "Condition-uv-ips",
	"MedicationRequest": "MedicationRequest-uv-ips", "MedicationStatement": "MedicationStatement-uv-ips", "Medication": "Medication-uv-ips",
	"AllergyIntolerance": "AllergyIntolerance-uv-ips", "Immunization": "Immunization-uv-ips", "Procedure": "Procedure-uv-ips"}

// checker validates a document against R4 and the guide, and each of its resources against the guide's profile.
func checker(t *testing.T) func(src []byte) []string {
	f, err := os.Open(filepath.Join(shared(t), "packages", "ips-ips_v110.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := pack.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	extra := validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{p}), nil)
	base := validate.NewWithProfiles(def.R4(), extra)
	return func(src []byte) (out []string) {
		var tape fhir.Tape
		if err := tape.Parse(src, fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		found := base.Resource(tape.Root(), validate.Strict)
		found = append(found, extra.Check(tape.Root(), validate.StructureOnly, guide+"Bundle-uv-ips")...)
		for _, e := range tape.Root().Field("entry").Elements() {
			r := e.Field("resource")
			name := profiles[fhir.Type(r)]
			if fhir.Type(r) == "Observation" {
				name = map[string]string{"laboratory": "Observation-results-laboratory-uv-ips", "vital-signs": "Observation-results-uv-ips",
					"survey": "Observation-tobaccouse-uv-ips", "social-history": "Observation-tobaccouse-uv-ips"}[r.Field("category").First().Field("coding").First().Field("code").Text()]
			}
			if name != "" {
				found = append(found, extra.Check(r, validate.StructureOnly, guide+name)...)
			}
		}
		for _, f := range found {
			if f.Severity == fhir.Error || f.Severity == fhir.Fatal {
				out = append(out, f.Expression+": "+f.Text)
			}
		}
		return out
	}
}

func document(t testing.TB, patient string, resources ...[]byte) []byte {
	r, err := facts.Read(resources, patient)
	if err != nil {
		t.Fatal(err)
	}
	return ips.Document(r, facts.Build(r, facts.Options{Now: now}), ips.Options{Base: "https://fhir.example.org/r4/", Now: now})
}

// TestValid validates the documents of all patients of synthea-100 and of the transaction Bundles.
func TestValid(t *testing.T) {
	check := checker(t)
	folder := filepath.Join(shared(t), "data")
	byPatient := map[string][][]byte{}
	for _, typ := range []string{"Patient", "Condition", "MedicationRequest", "AllergyIntolerance", "Immunization", "Procedure", "Observation", "CarePlan"} {
		src, err := os.ReadFile(filepath.Join(folder, "synthea-100", typ+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(src) {
			var r struct {
				ResourceType, ID string
				Subject, Patient struct{ Reference string }
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			who := strings.TrimPrefix(r.Subject.Reference+r.Patient.Reference, "Patient/")
			if typ == "Patient" {
				who = r.ID
			}
			byPatient[who] = append(byPatient[who], line)
		}
	}
	for id, resources := range byPatient {
		if faults := check(document(t, id, resources...)); len(faults) > 0 {
			t.Errorf("%s: %d errors: %q", id, len(faults), faults[:min(len(faults), 8)])
		}
	}
	bundles, _ := filepath.Glob(filepath.Join(folder, "bundles", "*.json"))
	for _, name := range bundles {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Entry []struct {
				Resource struct{ ResourceType, ID string }
			}
		}
		if err := json.Unmarshal(src, &b); err != nil {
			t.Fatal(err)
		}
		got := document(t, b.Entry[0].Resource.ID, src)
		if faults := check(got); len(faults) > 0 {
			t.Errorf("%s: %d errors: %q", filepath.Base(name), len(faults), faults[:min(len(faults), 8)])
		}
		if bytes.Contains(got, []byte(`"subject":{"reference":"urn:uuid:`)) {
			t.Errorf("%s: the subject is still a urn", filepath.Base(name))
		}
	}
	t.Logf("%d documents of synthea-100, %d of bundles", len(byPatient), len(bundles))
}

// TestNothingKnown: a record with a patient only says that nothing is known.
func TestNothingKnown(t *testing.T) {
	check := checker(t)
	got := document(t, "p", []byte(`{"resourceType":"Patient","id":"p"}`))
	if faults := check(got); len(faults) > 0 {
		t.Errorf("got %q", faults)
	}
	for _, code := range []string{"no-allergy-info", "no-problem-info", "no-medication-info"} {
		if !bytes.Contains(got, []byte(`"code":"`+code+`"`)) {
			t.Errorf("the document does not say %s", code)
		}
	}
	if again := document(t, "p", []byte(`{"resourceType":"Patient","id":"p"}`)); !bytes.Equal(got, again) {
		t.Error("the same record gives another document")
	}
}

// TestEntries: every entry of a section is in the document, and every resource of the document was asked for.
func TestEntries(t *testing.T) {
	got := document(t, "p", []byte(`{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p","name":[{"text":"<b>Ana</b>"}],"birthDate":"1950-03-01"}},
{"fullUrl":"urn:uuid:2","resource":{"resourceType":"Medication","id":"m","code":{"text":"Metformin <500>"}}},
{"resource":{"resourceType":"MedicationRequest","id":"r","status":"active","intent":"order","subject":{"reference":"urn:uuid:1"},"medicationReference":{"reference":"urn:uuid:2"}}}]}`))
	if faults := checker(t)(got); len(faults) > 0 {
		t.Errorf("got %q", faults)
	}
	var b struct {
		Entry []struct {
			FullURL  string
			Resource struct {
				ResourceType, ID string
				Section          []struct {
					Text  struct{ Div string }
					Entry []struct{ Reference string }
				}
			}
		}
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, e := range b.Entry {
		if want := "https://fhir.example.org/r4/" + e.Resource.ResourceType + "/" + e.Resource.ID; e.FullURL != want {
			t.Errorf("got fullUrl %s, want %s", e.FullURL, want)
		}
		have[e.Resource.ResourceType+"/"+e.Resource.ID] = true
	}
	for _, s := range b.Entry[0].Resource.Section {
		for _, e := range s.Entry {
			if !have[e.Reference] {
				t.Errorf("%s is not in the document", e.Reference)
			}
		}
	}
	if !have["Medication/m"] || !have["MedicationRequest/r"] || b.Entry[0].Resource.ResourceType != "Composition" {
		t.Errorf("got %v", have)
	}
	if div := b.Entry[0].Resource.Section[0].Text.Div; !strings.Contains(div, "Metformin &lt;500&gt;") {
		t.Errorf("got narrative %s", div)
	}
}
