// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
)

// shared is the folder of shared data; the test is skipped if it is not here.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	dir = filepath.Join(dir, "..", "shared")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared data is not here")
	}
	return dir
}

// load stores the resources of a data set, and gives the ids of its patients.
func (s *script) load(set string) (patients []string) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(s.t), "data", set, "*.ndjson"))
	if err != nil || len(files) == 0 {
		s.t.Skipf("%s is not here", set)
	}
	var tape fhir.Tape
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if err := tape.Parse(line, fhir.Limits{}); err != nil {
				s.t.Fatal(err)
			}
			key := fhir.Key{Type: fhir.Type(tape.Root()), ID: strings.Clone(fhir.ID(tape.Root()))}
			if _, err := s.service.Update(s.t.Context(), s.caller, key, interaction.Match{}, interaction.Input{Body: line, Level: validate.StructureOnly}); err != nil {
				s.t.Fatalf("%s: %v", key, err)
			}
			if key.Type == "Patient" {
				patients = append(patients, key.ID)
			}
		}
	}
	return patients
}

// TestSummary holds that the summaries of synthetic patients are valid by R4 and by the guide.
func TestSummary(t *testing.T) {
	s := newIdleScript(t, mem.New())
	f, err := os.Open(filepath.Join(shared(t), "packages", "ips-ips_v110.tgz"))
	if err != nil {
		t.Skip("the package of the guide is not here")
	}
	defer f.Close()
	guide, err := pack.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	profiles := validate.NewProfiles(def.R4(), pack.NewSet([]*pack.Package{guide}), nil)
	check := validate.NewWithProfiles(def.R4(), profiles)
	patients := s.load("synthea-10")
	for _, id := range patients {
		reply, err := s.operate.Invoke(t.Context(), s.caller, interaction.Invocation{Name: "summary", Key: fhir.Key{Type: "Patient", ID: id}, Method: "GET"})
		if err != nil {
			t.Fatal(err)
		}
		var tape fhir.Tape
		if err := tape.Parse(reply.Body, fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		for _, f := range check.Resource(tape.Root(), validate.Strict) {
			// Slices told apart by the profile of a resource are not asked of the validator (insights/ips tests them one by one).
			sliced := strings.HasPrefix(f.Text, "the slice ") && (f.Expression == "Bundle.entry" || strings.HasSuffix(f.Expression, ".entry"))
			if (f.Severity == fhir.Error || f.Severity == fhir.Fatal) && !sliced {
				t.Errorf("the summary of %s: %s at %s", id, f.Text, f.Expression)
			}
		}
		if n := tape.Root().Field("entry").Len(); n < 3 || !tape.Root().Field("entry").First().Field("resource").Field("resourceType").Is("Composition") {
			t.Errorf("the summary of %s has %d entries", id, n)
		}
	}
	if len(patients) < 10 {
		t.Errorf("%d patients are summarised", len(patients))
	}
	for _, key := range []fhir.Key{{Type: "Patient", ID: "none"}, {Type: "Patient"}} {
		if _, err := s.operate.Invoke(t.Context(), s.caller, interaction.Invocation{Name: "summary", Key: key, Method: "GET", Query: "identifier=urn:none|1"}); !errors.Is(err, fault.NotFound) {
			t.Errorf("the summary of %v is %v", key, err)
		}
	}
}
