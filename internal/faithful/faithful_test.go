// SPDX-License-Identifier: Apache-2.0

package faithful_test

import (
	"testing"

	"galen/internal/faithful"
)

func TestTo(t *testing.T) {
	metformin, lisinopril := "Metformin 500 MG Oral Tablet, twice a day", "Lisinopril 10 MG Oral Tablet, once a day"
	a1c := "Hemoglobin A1c: 8.1 %, high (Feb 1, 2020); up from 7.2 % (Feb 1, 2019)."
	for _, c := range []struct {
		text    string
		sources []string
		want    bool
	}{
		{"Hemoglobin A1c was 8.1 %, high, on Feb 1, 2020, up from 7.2 % on Feb 1, 2019.", []string{a1c}, true},
		{"The most recent hemoglobin A1c is 8.1 %, elevated (Feb 1, 2020), which has risen from 7.2 % (Feb 1, 2019).", []string{a1c}, true},
		{"Hemoglobin A1c was 9.1 %, high, on Feb 1, 2020, up from 7.2 % on Feb 1, 2019.", []string{a1c}, false},
		{"Hemoglobin A1c was 7.2 %, high, on Feb 1, 2020, up from 8.1 % on Feb 1, 2019.", []string{a1c}, false},
		{"Hemoglobin A1c was 8.1 %, high, on Feb 1, 2019, up from 7.2 % on Feb 1, 2020.", []string{a1c}, false},
		{"Hemoglobin A1c was 8.1 %, high, on Feb 1, 2020, down from 7.2 % on Feb 1, 2019.", []string{a1c}, false},
		{"Hemoglobin A1c was 8.1 % on Feb 1, 2020, up from high 7.2 % on Feb 1, 2019.", []string{a1c}, false},
		{"Hemoglobin A1c was 8.1 %, high, on Feb 1, 2020.", []string{a1c}, false},
		{"Hemoglobin A1c was 8.1 %, high, on Feb 1, 2020, up from 7.2 % on Feb 1, 2019: poor control.", []string{a1c}, false},
		{"Metformin 500 MG oral tablet, twice a day, and lisinopril 10 MG oral tablet, once a day.", []string{metformin, lisinopril}, true},
		{"Lisinopril 500 MG oral tablet, twice a day, and metformin 10 MG oral tablet, once a day.", []string{metformin, lisinopril}, false},
		{"Metformin 10 MG oral tablet, twice a day, and lisinopril 500 MG oral tablet, once a day.", []string{metformin, lisinopril}, false},
		{"Metformin 500 G oral tablet, twice a day.", []string{metformin}, false},
		{"Metformin .500 MG oral tablet, twice a day.", []string{metformin}, false},
		{"Metformin -500 MG oral tablet, twice a day.", []string{metformin}, false},
		{"Dose 5 MG", []string{"Dose .5 MG"}, false},
		{"Metformin 500 MG oral tablet.", []string{metformin}, false},
		{"Allergic to metformin 500 MG oral tablet, twice a day.", []string{metformin}, false},
		{"Metformin 500 MG oral tablet, not twice a day.", []string{metformin}, false},
		{"Losartan 500 MG oral tablet, twice a day.", []string{metformin}, false},
		{"Chest film: “Fracture. No pneumonia”.", []string{"Chest film: “No fracture. Pneumonia”."}, false},
		{"The chest film shows: “No fracture. Pneumonia”.", []string{"Chest film: “No fracture. Pneumonia”."}, true},
		{"She was last seen on Jan 5, 2020 with chest pain.", []string{"He was last seen on Jan 5, 2020: chest pain."}, false},
		{"He was last seen on Jan 5, 2020 with chest pain.", []string{"He was last seen on Jan 5, 2020: chest pain."}, true},
		{"No problem resolved: Asthma on Mar 3, 2019.", []string{"Resolved: Asthma on Mar 3, 2019."}, false},
		{"New problem: Asthma on Mar 3, 2019.", []string{"Resolved: Asthma on Mar 3, 2019."}, false},
		{"", []string{metformin}, false},
	} {
		if got := faithful.To(c.text, c.sources); got != c.want {
			t.Errorf("%q of %q: got %v, want %v", c.text, c.sources, got, c.want)
		}
	}
}

func FuzzTo(f *testing.F) {
	f.Add("Metformin 500 MG", "Metformin 500 MG")
	f.Add("No fracture", "fracture on Feb 1, 2020")
	f.Fuzz(func(t *testing.T, text, source string) {
		if faithful.To(text, []string{source}) {
			if !faithful.To(source, []string{source}) {
				t.Errorf("%q is faithful to %q, which is not faithful to itself", text, source)
			}
			if faithful.To(text+" 417.3 ", []string{source}) {
				t.Error("a number was added and not found")
			}
		}
	})
}
