// SPDX-License-Identifier: Apache-2.0

package synth_test

import (
	"math"
	"testing"
	"time"

	"galen/internal/synth"
)

// published are prevalences, in per cent, of living persons by sex and age; docs/synth.md has the sources.
var published = []struct {
	name, code string
	sex        string // male, female or empty for both
	from, to   int    // ages, the last not included
	want       float64
}{
	{"hypertension", "59621000", "male", 18, 40, 31.2}, {"hypertension", "59621000", "male", 40, 60, 59.4},
	{"hypertension", "59621000", "male", 60, 120, 75.2}, {"hypertension", "59621000", "female", 18, 40, 13.0},
	{"hypertension", "59621000", "female", 40, 60, 49.9}, {"hypertension", "59621000", "female", 60, 120, 73.9},
	{"diabetes", "44054006", "", 18, 45, 4.8}, {"diabetes", "44054006", "", 45, 65, 18.9}, {"diabetes", "44054006", "", 65, 120, 29.2},
	{"hyperlipidemia", "55822004", "", 20, 120, 28.9},
	{"asthma", "195967001", "", 1, 18, 6.5}, {"asthma", "195967001", "male", 18, 120, 6.2}, {"asthma", "195967001", "female", 18, 120, 9.7},
	{"COPD", "13645005", "", 18, 120, 6.2},
	{"coronary disease", "53741008", "male", 60, 80, 22.0}, {"coronary disease", "53741008", "female", 60, 80, 13.4},
	{"heart failure", "88805009", "male", 60, 80, 6.9}, {"heart failure", "88805009", "female", 60, 80, 4.8},
	{"atrial fibrillation", "49436004", "", 80, 120, 9.0},
	{"stroke", "230690007", "male", 60, 80, 6.1}, {"stroke", "230690007", "female", 60, 80, 5.2},
	{"osteoarthritis", "396275006", "", 18, 120, 13.0},
	{"dementia", "26929004", "", 65, 75, 5.0}, {"dementia", "26929004", "", 75, 85, 13.1}, {"dementia", "26929004", "", 85, 120, 33.3},
}

// TestPrevalence holds a population to the published figures: within a third of them, or 2.5 standard errors beyond that.
func TestPrevalence(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 6000 patients")
	}
	people, have := make([]int, len(published)), make([]int, len(published))
	records(t, synth.Options{Patients: 6000, Seed: 3, Years: 1}, func(r record) {
		if r[0].DeceasedDateTime != "" {
			return
		}
		birth, err := time.Parse(time.DateOnly, r[0].BirthDate)
		if err != nil {
			t.Fatal(err)
		}
		age := int(synth.DefaultDate.Sub(birth).Hours() / 24 / 365.25)
		for i, p := range published {
			if age < p.from || age >= p.to || p.sex != "" && p.sex != r[0].Gender {
				continue
			}
			people[i]++
			if r.any(func(e *entry) bool { return e.ResourceType == "Condition" && e.is(p.code) && e.AbatementDateTime == "" }) {
				have[i]++
			}
		}
	})
	t.Logf("%-20s %-7s %-7s %7s %7s %7s", "condition", "sex", "age", "people", "want %", "got %")
	for i, p := range published {
		got := 100 * float64(have[i]) / float64(people[i])
		se := 100 * math.Sqrt(p.want/100*(1-p.want/100)/float64(people[i]))
		t.Logf("%-20s %-7s %3d-%-3d %7d %7.1f %7.1f", p.name, p.sex, p.from, p.to, people[i], p.want, got)
		if off := math.Abs(got - p.want); off > p.want/3+2.5*se {
			t.Errorf("%s %s %d-%d: got %.1f%%, want %.1f%%", p.name, p.sex, p.from, p.to, got, p.want)
		}
	}
}
