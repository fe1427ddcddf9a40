// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"math"
	"testing"
	"time"

	"galen/internal/synth/chance"
	"galen/internal/synth/people"
)

// TestDraw compares a population with the figures that it is drawn from.
func TestDraw(t *testing.T) {
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	const n = 50_000
	var women, children, old, hispanic, dead float64
	for i := range n {
		s := chance.New(1, 2, uint64(i))
		p := people.Draw(&s, now, []int{0, 1})
		age := float64(now-p.Birth) / people.Year
		if age < 0 || age > 110 || p.Given == "" || p.Family == "" || p.City > 1 {
			t.Fatalf("person %d cannot be: age %.1f, %d letters of names, city %d", i, age, len(p.Given)+len(p.Family), p.City)
		}
		if p.Death != 0 && (p.Death < p.Birth || p.Death > now || p.Death < now-people.Recent) {
			t.Fatalf("person %d dies %d seconds before now, at age %.1f", i, now-p.Death, age)
		}
		for _, c := range []struct {
			is bool
			of *float64
		}{{p.Female, &women}, {age < 18, &children}, {age >= 65, &old}, {p.Hispanic, &hispanic}, {p.Death != 0, &dead}} {
			if c.is {
				*c.of += 100.0 / n
			}
		}
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"women", women, 51}, {"children", children, 21.9}, {"65 and over", old, 16.8}, {"Hispanic", hispanic, 19}, {"died in ten years, not by a module", dead, 4}} {
		if math.Abs(c.got-c.want) > 1.5 {
			t.Errorf("%s: got %.1f%%, want %.1f%%", c.name, c.got, c.want)
		}
	}
}
