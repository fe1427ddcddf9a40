// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"encoding/json"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
)

// syntheaLines is every line of synthea-100 and their size.
func syntheaLines(b *testing.B) (lines [][]byte, size int64) {
	for _, ofType := range fhirtest.Synthea(b, "synthea-100") {
		for _, line := range ofType {
			lines = append(lines, line)
			size += int64(len(line))
		}
	}
	return lines, size
}

func BenchmarkTape(b *testing.B) {
	lines, size := syntheaLines(b)
	var tape fhir.Tape
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range lines {
			if err := tape.Parse(line, fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkTapeAndVisit(b *testing.B) {
	lines, size := syntheaLines(b)
	var tape fhir.Tape
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range lines {
			if err := tape.Parse(line, fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			visit(tape.Root())
		}
	}
}

func BenchmarkEncodingJSONValid(b *testing.B) {
	lines, size := syntheaLines(b)
	b.SetBytes(size)
	for b.Loop() {
		for _, line := range lines {
			if !json.Valid(line) {
				b.Fatal("not valid")
			}
		}
	}
}

func BenchmarkField(b *testing.B) {
	root := fhirtest.Parse(b, fhirtest.Smalls()[2].JSON)
	b.ReportAllocs()
	for b.Loop() {
		if !root.Field("valueQuantity").Field("value").Ok() {
			b.Fatal("no value")
		}
	}
}
