// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"galen/internal/engine/lsm"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// loaded is a data store on the embedded engine with all of a Synthea set.
func loaded(b *testing.B, name string) *store.Store {
	b.Helper()
	data := fhirtest.Synthea(b, name)
	dir := b.TempDir()
	st, done := opened(b, dir)
	var tape fhir.Tape
	var group []*store.Change
	flush := func() {
		if _, err := st.Commit(b.Context(), store.Group{Changes: group}); err != nil {
			b.Fatal(err)
		}
		group = nil
	}
	for _, typ := range sortedKeys(data) {
		for _, line := range data[typ] {
			if err := tape.Parse(line, fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			c, err := st.Prepare(&tape, store.Put{})
			if err != nil {
				b.Fatal(err)
			}
			if group = append(group, c); len(group) == 1000 {
				flush()
			}
		}
	}
	flush()
	done() // opened again, most of it lies in tables, as in a store that has run for a while
	st, done = opened(b, dir)
	b.Cleanup(done)
	return st
}

func opened(b *testing.B, dir string) (st *store.Store, done func()) {
	b.Helper()
	e, err := lsm.Open(dir, lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	stores := store.New(e, terms(), store.Options{})
	if st, err = stores.Store(1); err != nil {
		b.Fatal(err)
	}
	return st, func() {
		stores.Close()
		e.Close()
	}
}

// BenchmarkSearch answers searches on the whole of synthea-100, first page each, from the parsed query to the rows.
func BenchmarkSearch(b *testing.B) {
	st := loaded(b, "synthea-100")
	p := plannerOf(b, plan.Options{})
	for _, c := range []struct{ name, target string }{
		{"token", "Observation?code=http://loinc.org|8302-2&_count=20"},
		{"count", "Observation?status=final&_summary=count"},
		{"code-date", "Observation?code=http://loinc.org|8302-2&date=ge2015-01-01&date=lt2018-01-01&_count=20"},
		{"code-date-sorted", "Observation?code=http://loinc.org|8302-2&date=ge2015&_sort=-date&_count=20"},
		{"sort", "Observation?_sort=-date&_count=20"},
		{"sort-id", "Observation?_sort=_id&_count=20"},
		{"sort-quantity", "Observation?_sort=value-quantity&_count=20"},
		{"string", "Patient?family=sch&_count=20"},
		{"contains", "Patient?family:contains=chm&_count=20"},
		{"chain", "Observation?subject:Patient.gender=female&code=8302-2&_count=20"},
		{"chain-wide", "Observation?subject:Patient.gender=female&_count=20"},
		{"has", "Patient?_has:Observation:patient:code=8302-2&_count=20"},
		{"include", "Observation?code=8302-2&_include=Observation:subject&_include=Observation:encounter&_count=20"},
		{"revinclude", "Patient?_count=1&_revinclude=Condition:subject"},
	} {
		b.Run(c.name, func(b *testing.B) {
			now := time.Now()
			for b.Loop() {
				if _, err := answer(b, p, st, queryOf(b, c.target, now)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSearchAfterWrites answers searches right after three hundred transactions of a hundred creates: what those posted is not
// in tables yet, and every term that a search reads has an operand of each.
func BenchmarkSearchAfterWrites(b *testing.B) {
	const transactions, creates = 300, 100
	st := loaded(b, "synthea-100")
	lines := fhirtest.Synthea(b, "synthea-100")["Observation"]
	var tape fhir.Tape
	for range transactions {
		var group []*store.Change
		for i := range creates {
			if err := tape.Parse(lines[i], fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
			c, err := st.Prepare(&tape, store.Put{Assign: true})
			if err != nil {
				b.Fatal(err)
			}
			group = append(group, c)
		}
		if _, err := st.Commit(b.Context(), store.Group{Changes: group}); err != nil {
			b.Fatal(err)
		}
	}
	p := plannerOf(b, plan.Options{})
	for _, c := range []struct{ name, target string }{
		{"count", "Observation?code=8302-2&_summary=count"},
		{"code-date", "Observation?code=http://loinc.org|8302-2&date=ge2015-01-01&_count=20"},
		{"code-date-sorted", "Observation?code=http://loinc.org|8302-2&date=ge2015-01-01&_sort=-date&_count=20"},
		{"has", "Patient?_has:Observation:patient:code=8302-2&_count=20"},
	} {
		b.Run(c.name, func(b *testing.B) {
			now := time.Now()
			for b.Loop() {
				if _, err := answer(b, p, st, queryOf(b, c.target, now)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
