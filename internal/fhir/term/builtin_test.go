// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"errors"
	"slices"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/term"
)

// TestEnumerableSets holds the value sets of R4 that package def has in full to what they expand to here.
func TestEnumerableSets(t *testing.T) {
	s := term.New(term.Options{MaxExpansion: 100_000})
	checked, codes := 0, 0
	for url := range valueSetsInUse() {
		want := def.R4().ValueSet(url)
		if want == nil || !want.Enumerable {
			continue
		}
		e, err := s.Expand(term.ExpandRequest{URL: url, Flat: true})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		var wanted, got []string
		for system, code := range want.Codes() {
			wanted = append(wanted, system+" "+code)
		}
		for _, c := range e.Contains {
			got = append(got, c.System+" "+c.Code)
		}
		slices.Sort(wanted)
		slices.Sort(got)
		if wanted = slices.Compact(wanted); !slices.Equal(got, wanted) {
			t.Errorf("%s: got %d codes, want %d: %s", url, len(got), len(wanted), firstDifference(got, wanted))
		}
		checked, codes = checked+1, codes+len(got)
	}
	t.Logf("%d value sets with %d codes agree", checked, codes)
	if checked < 200 {
		t.Errorf("only %d value sets were compared", checked)
	}
}

func firstDifference(got, want []string) string {
	for _, g := range got {
		if !slices.Contains(want, g) {
			return "too much: " + g
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			return "missing: " + w
		}
	}
	return "order"
}

// valueSetsInUse is the value sets that elements of R4 are bound to, whatever the strength.
func valueSetsInUse() map[string]bool {
	urls := map[string]bool{}
	for _, typ := range def.R4().Types() {
		collectBindings(typ.Structure, urls, map[*def.Structure]bool{})
	}
	return urls
}

// TestEveryBuiltinSet expands all value sets of R4: each works, or says why not.
func TestEveryBuiltinSet(t *testing.T) {
	s := term.New(term.Options{MaxExpansion: 100_000})
	reasons := map[fault.Kind]int{}
	expanded := 0
	for url := range valueSetsInUse() {
		_, err := s.Expand(term.ExpandRequest{URL: url})
		if err == nil {
			expanded++
			continue
		}
		reasons[fault.KindOf(err)]++
		for _, kind := range []fault.Kind{fault.NotFound, fault.Unsupported, fault.TooCostly} {
			if errors.Is(err, kind) {
				err = nil
			}
		}
		if err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	t.Logf("%d value sets expanded; the others: %v", expanded, reasons)
}

func collectBindings(s *def.Structure, urls map[string]bool, seen map[*def.Structure]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	for _, e := range s.Elements {
		if e.Binding != nil && e.Binding.URL != "" {
			urls[e.Binding.URL] = true
		}
		for i := range e.Types {
			collectBindings(e.Types[i].Structure, urls, seen)
		}
	}
}
