// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/index"
)

func newIndex(t testing.TB) *index.Index {
	t.Helper()
	x, err := index.New(def.R4())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExamplesAndSynthea(t *testing.T) {
	x := newIndex(t)
	check := func(t *testing.T, sets map[string][][]byte) {
		var terms index.Terms
		var tape fhir.Tape
		resources, count, size := 0, 0, 0
		for name, list := range sets {
			for _, doc := range list {
				if err := tape.Parse(doc, fhir.Limits{}); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				terms.Reset()
				if err := x.AppendTerms(&terms, tape.Root()); err != nil {
					t.Errorf("%s/%s: %v", name, fhir.ID(tape.Root()), err)
				}
				seen := map[string]bool{}
				for i := range terms.Len() {
					key := string(terms.Key(i))
					if seen[key] {
						t.Fatalf("%s/%s: a term twice: %q", name, fhir.ID(tape.Root()), key)
					}
					seen[key] = true
				}
				resources++
				count += terms.Len()
				size += terms.Bytes()
			}
		}
		t.Logf("%d resources, %.1f terms and %.0f bytes of keys each", resources, float64(count)/float64(resources), float64(size)/float64(resources))
	}
	t.Run("examples", func(t *testing.T) { check(t, fhirtest.Examples(t)) })
	t.Run("synthea-10", func(t *testing.T) { check(t, fhirtest.Synthea(t, "synthea-10")) })
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := index.New(def.R4()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendTerms indexes resources in their mixture; one operation is one resource.
func BenchmarkAppendTerms(b *testing.B) {
	x := newIndex(b)
	var tapes []*fhir.Tape
	size := 0
	for _, list := range fhirtest.Synthea(b, "synthea-100") {
		for i := 0; i < len(list); i += 20 {
			tape := new(fhir.Tape)
			if err := tape.Parse(list[i], fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			size += len(list[i])
			tapes = append(tapes, tape)
		}
	}
	var terms index.Terms
	count, bytes := 0, 0
	for _, tape := range tapes {
		terms.Reset()
		if err := x.AppendTerms(&terms, tape.Root()); err != nil {
			b.Fatal(err)
		}
		count += terms.Len()
		bytes += terms.Bytes()
	}
	n := float64(len(tapes))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		terms.Reset()
		_ = x.AppendTerms(&terms, tapes[i%len(tapes)].Root())
		i++
	}
	b.ReportMetric(float64(count)/n, "terms/resource")
	b.ReportMetric(float64(bytes)/n, "keybytes/resource")
	b.ReportMetric(float64(size)/n, "bytes/resource")
}
