// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/search/plan"
)

// TestHierarchiesAreBounded has a place with more parts than one search may ask for.
func TestHierarchiesAreBounded(t *testing.T) {
	b := newBench(t, mem.New(), 1)
	lines := [][]byte{[]byte(`{"resourceType":"Location","id":"whole"}`)}
	for i := range 10_000 {
		lines = append(lines, fmt.Appendf(nil, `{"resourceType":"Location","id":"l%d","partOf":{"reference":"Location/whole"}}`, i))
	}
	for chunk := range slices.Chunk(lines, 1000) {
		b.put(chunk...)
	}
	p := plannerOf(t, plan.Options{})
	if _, err := answer(t, p, b.store, queryOf(t, "Encounter?location:below=whole", requestTime)); !errors.Is(err, fault.TooCostly) {
		t.Errorf("%v, want it to be too costly", err)
	}
	if r, err := answer(t, p, b.store, queryOf(t, "Location?partof:above=l9999&_summary=count", requestTime)); err != nil || *r.Total != 10_000 {
		t.Errorf("got %+v and %v, want 10,000", r, err)
	}
}
