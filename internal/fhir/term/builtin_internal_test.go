// SPDX-License-Identifier: Apache-2.0

package term

import (
	"testing"

	"galen/internal/fault"
)

// TestAllBuiltins reads everything that is embedded: each system, value set and map can be read, and each value set expands or
// says why not.
func TestAllBuiltins(t *testing.T) {
	s := New(Options{MaxExpansion: 100_000})
	count, reasons := map[string]int{}, map[fault.Kind]int{}
	concepts, memory := 0, 0
	for key := range loadBuiltins().at {
		if key.version == "" {
			continue
		}
		count[key.kind]++
		switch key.kind {
		case "CodeSystem":
			sys, err := s.System(key.url)
			if err == nil {
				concepts += sys.Len()
				memory += sys.Memory()
			} else if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", key.url, err)
			}
		case "ConceptMap":
			if m, err := s.conceptMap(key.url, ""); err != nil || m == nil {
				t.Errorf("%s: %v", key.url, err)
			}
		case "ValueSet":
			_, err := s.Expand(ExpandRequest{URL: key.url})
			switch k := fault.KindOf(err); {
			case err == nil:
				count["expanded"]++
			case k == fault.NotFound || k == fault.Unsupported || k == fault.TooCostly || k == fault.Unprocessable:
				reasons[k]++
				t.Log(err)
			default:
				t.Errorf("%s: %v", key.url, err)
			}
		}
	}
	t.Logf("%v; %d concepts in %d bytes; not expanded: %v", count, concepts, memory, reasons)
	if count["expanded"] < 1150 {
		t.Errorf("got %d value sets expanded", count["expanded"])
	}
}
