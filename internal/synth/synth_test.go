// SPDX-License-Identifier: Apache-2.0

package synth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"testing"
	"testing/fstest"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/synth"
)

// preloaded are the types that the preload of a data store has.
var preloaded = []string{"AllergyIntolerance", "CarePlan", "CareTeam", "Claim", "Condition", "Device", "DiagnosticReport",
	"Encounter", "ExplanationOfBenefit", "ImagingStudy", "Immunization", "Location", "MedicationAdministration",
	"MedicationRequest", "Observation", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure", "Provenance"}

// population is how many patients the tests look at: 100, or what SYNTH_PATIENTS says.
func population(t testing.TB) int {
	n := 100
	if s := os.Getenv("SYNTH_PATIENTS"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestEverythingIsValidAndEveryReferenceResolves(t *testing.T) {
	v := validate.New(def.R4())
	there, wanted := map[string]bool{}, map[string]string{}
	count := map[string]int{}
	reference := regexp.MustCompile(`"reference":"([^"#]+)"`)
	var tape fhir.Tape
	err := synth.Generate(t.Context(), synth.Options{Patients: population(t), Seed: 1}, func(typ string, line []byte) error {
		if err := tape.Parse(bytes.TrimSpace(line), fhir.Limits{}); err != nil {
			return fmt.Errorf("%s: %w\n%s", typ, err, line)
		}
		for _, f := range v.Resource(tape.Root(), validate.Strict) {
			return fmt.Errorf("%s: %s: %s\n%s", typ, f.Expression, f.Text, line)
		}
		if !bytes.Contains(line, []byte(`"code":"HTEST"`)) {
			t.Errorf("a %s is not marked as test data", typ)
		}
		key := typ + "/" + fhir.ID(tape.Root())
		if there[key] {
			t.Errorf("%s is there twice", key)
		}
		there[key] = true
		count[typ]++
		for _, m := range reference.FindAllSubmatch(line, -1) {
			wanted[string(m[1])] = typ
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for to, from := range wanted {
		if !there[to] {
			t.Errorf("%s refers to %s, which is not there", from, to)
		}
	}
	for _, typ := range preloaded {
		if count[typ] == 0 {
			t.Errorf("there is no %s", typ)
		}
	}
	t.Logf("%d resources: %v", len(there), count)
}

// digest is the hash of all lines of a run.
func digest(t *testing.T, o synth.Options) [32]byte {
	t.Helper()
	h := sha256.New()
	if err := synth.Generate(t.Context(), o, func(typ string, line []byte) error {
		h.Write([]byte(typ))
		h.Write(line)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return [32]byte(h.Sum(nil))
}

func TestSameBytes(t *testing.T) {
	want := digest(t, synth.Options{Patients: 30, Seed: 5, Workers: 1})
	for _, workers := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(workers)
		got := digest(t, synth.Options{Patients: 30, Seed: 5, Workers: workers})
		runtime.GOMAXPROCS(before)
		if got != want {
			t.Errorf("with %d workers: got %x, want %x", workers, got[:4], want[:4])
		}
	}
	if got := digest(t, synth.Options{Patients: 30, Seed: 6}); got == want {
		t.Error("another seed gives the same bytes")
	}
}

func TestBundles(t *testing.T) {
	v := validate.New(def.R4())
	var tape fhir.Tape
	n := 0
	err := synth.Generate(t.Context(), synth.Options{Patients: 5, Seed: 3, Bundles: true}, func(typ string, line []byte) error {
		n++
		if err := tape.Parse(line, fhir.Limits{}); err != nil {
			return err
		}
		for _, f := range v.Resource(tape.Root(), validate.Strict) {
			t.Errorf("%s: %s", f.Expression, f.Text)
		}
		return nil
	})
	if err != nil || n != 6 {
		t.Errorf("got %d bundles, %v, want 6: one of the organizations and one for each patient", n, err)
	}
}

func TestSinkStopsIt(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	err := synth.Generate(t.Context(), synth.Options{Patients: 1000, Seed: 1}, func(string, []byte) error {
		if n++; n == 500 {
			return stop
		}
		return nil
	})
	if err != stop || n != 500 {
		t.Errorf("got %v after %d, want the sink's error after 500", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = synth.Generate(ctx, synth.Options{Patients: 1000}, func(string, []byte) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestModuleInACircle(t *testing.T) {
	m := fstest.MapFS{"loop.json": {Data: []byte(`{"states":{"Initial":{"type":"Initial","direct_transition":"Round"},
		"Round":{"type":"Simple","direct_transition":"Round"}}}`)}}
	err := synth.Generate(t.Context(), synth.Options{Patients: 1, Modules: []fs.FS{m}}, func(string, []byte) error { return nil })
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a fault that the module goes in a circle", err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	n, bytes := 0, 0
	for b.Loop() {
		if err := synth.Generate(b.Context(), synth.Options{Patients: 200, Seed: 1}, func(_ string, line []byte) error {
			n++
			bytes += len(line)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64(bytes)/float64(n), "B/resource")
}
