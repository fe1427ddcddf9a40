// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"math/rand/v2"
	"testing"

	"galen/internal/engine"
)

// TestUnited holds the ranges that are left to: the same keys, in order, none twice, no two that could be one.
func TestUnited(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		var ranges, given []engine.Range
		for range random.IntN(8) {
			lo := byte(random.IntN(40))
			r := engine.Range{Lo: []byte{lo}, Hi: []byte{lo + 1 + byte(random.IntN(8))}}
			if random.IntN(30) == 0 {
				r.Hi = nil
			}
			ranges, given = append(ranges, r), append(given, r)
		}
		got := united(ranges)
		for i := 1; i < len(got); i++ {
			if got[i-1].Hi == nil || string(got[i-1].Hi) >= string(got[i].Lo) {
				t.Fatalf("united %v is %v", given, got)
			}
		}
		for key := range byte(60) {
			if in(given, key) != in(got, key) {
				t.Fatalf("united %v is %v: %d", given, got, key)
			}
		}
	}
}

func in(ranges []engine.Range, key byte) bool {
	for _, r := range ranges {
		if r.Contains([]byte{key}) {
			return true
		}
	}
	return false
}
