// SPDX-License-Identifier: Apache-2.0

package def

import "testing"

// BenchmarkLoad is what a process pays once; R4 hides it.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		load()
	}
}

// TestUnionParts holds the one parser of this package to quotes and parentheses.
func TestUnionParts(t *testing.T) {
	for expression, want := range map[string]int{
		"":                                      1,
		"A.b":                                   1,
		"A.b | C.d":                             2,
		"(A.b | A.c).d | E.f":                   2,
		"A.where(x = 'a | b') | C":              2,
		`A.where(x = 'it\'s | so') | C | (D|E)`: 3,
	} {
		if got := len(unionParts(expression)); got != want {
			t.Errorf("%s: got %d parts, want %d", expression, got, want)
		}
	}
}
