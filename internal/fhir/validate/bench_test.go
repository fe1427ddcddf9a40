// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// BenchmarkSynthea validates all of synthea-100 an iteration; ns/resource is what counts, without parsing and with it. Parsing alone is the
// floor, in the same run.
func BenchmarkSynthea(b *testing.B) {
	v := validate.New(def.R4())
	var lines [][]byte
	size := 0
	for _, list := range fhirtest.Synthea(b, "synthea-100") {
		for _, line := range list {
			lines = append(lines, line)
			size += len(line)
		}
	}
	tapes := make([]fhir.Tape, len(lines))
	for i, line := range lines {
		if err := tapes[i].Parse(line, fhir.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(size))
		var tape fhir.Tape
		for b.Loop() {
			for _, line := range lines {
				if err := tape.Parse(line, fhir.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/resource")
	})
	b.Run("validate", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for i := range tapes {
				if found := v.Resource(tapes[i].Root(), validate.Strict); found != nil {
					b.Fatal(found[0])
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/resource")
	})
	b.Run("parse+validate", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		var tape fhir.Tape
		for b.Loop() {
			for _, line := range lines {
				if err := tape.Parse(line, fhir.Limits{}); err != nil {
					b.Fatal(err)
				}
				if found := v.Resource(tape.Root(), validate.Strict); found != nil {
					b.Fatal(found[0])
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/resource")
	})
}

// BenchmarkNew is what a process pays once.
func BenchmarkNew(b *testing.B) {
	d := def.R4()
	for b.Loop() {
		validate.New(d)
	}
}
