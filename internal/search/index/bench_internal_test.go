// SPDX-License-Identifier: Apache-2.0

package index

import (
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
)

// BenchmarkExpressions finds the values of all search parameters and makes no terms of them: what is left of BenchmarkAppendTerms is
// the building of keys. Its floor, in the same run, is to look at each value of the resource once.
func BenchmarkExpressions(b *testing.B) {
	x, err := New(def.R4())
	if err != nil {
		b.Fatal(err)
	}
	for _, tp := range x.types {
		tp.root.mute()
		for i, s := range tp.sources {
			tp.sources[i] = s.muted()
		}
	}
	var tapes []*fhir.Tape
	for _, list := range fhirtest.Synthea(b, "synthea-100") {
		for i := 0; i < len(list); i += 20 {
			tape := new(fhir.Tape)
			if err := tape.Parse(list[i], fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			tapes = append(tapes, tape)
		}
	}
	b.Run("floor", func(b *testing.B) {
		i, values := 0, 0
		for b.Loop() {
			values += look(tapes[i%len(tapes)].Root())
			i++
		}
		b.ReportMetric(float64(values)/float64(i), "values/resource")
	})
	b.Run("expressions", func(b *testing.B) {
		b.ReportAllocs()
		var terms Terms
		i := 0
		for b.Loop() {
			terms.Reset()
			if err := x.AppendTerms(&terms, tapes[i%len(tapes)].Root()); err != nil || terms.Len() > 0 {
				b.Fatal(terms.Len(), err)
			}
			i++
		}
	})
}

// look counts a value and those within it.
func look(n fhir.Node) int {
	count := 1
	if k := n.Kind(); k == fhir.Object || k == fhir.Array {
		for m := n.First(); m.Ok(); m = m.Next() {
			count += look(m)
		}
	}
	return count
}

// muted is a source of the same values that makes no terms of them.
func (s *source) muted() *source { return &source{kind: def.SpecialParam, program: s.program} }

func (b *branch) mute() {
	for i, s := range b.emits {
		b.emits[i] = s.muted()
	}
	for _, e := range b.edges {
		e.to.mute()
	}
}
