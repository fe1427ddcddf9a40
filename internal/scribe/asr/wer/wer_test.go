// SPDX-License-Identifier: Apache-2.0

package wer_test

import (
	"slices"
	"testing"

	"galen/internal/scribe/asr/wer"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"I do n't know; it's 45 %.", []string{"i", "don't", "know", "it's", "forty", "five", "percent"}},
		{"'Cold-hearted' Mr. X took 20 of 8 in 2021", []string{"cold", "hearted", "mr", "x", "took", "twenty", "of", "eight", "in", "2021"}},
		{" … ''", nil},
	} {
		if got := wer.Words(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	drugs := map[string]bool{"lisinopril": true, "metformin": true}
	for _, c := range []struct {
		heard, said string
		want, names wer.Count
	}{
		{"take lisinopril daily", "Take lisinopril, daily.", wer.Count{Words: 3}, wer.Count{Words: 1}},
		{"take listen a pill daily", "take lisinopril daily", wer.Count{Words: 3, Wrong: 3}, wer.Count{Words: 1, Wrong: 1}},
		{"take daily", "take lisinopril daily", wer.Count{Words: 3, Wrong: 1}, wer.Count{Words: 1, Wrong: 1}},
		{"lisinopril and metformin and metformin", "metformin", wer.Count{Words: 1, Wrong: 4}, wer.Count{Words: 1}},
		{"", "metformin and lisinopril", wer.Count{Words: 3, Wrong: 3}, wer.Count{Words: 2, Wrong: 2}},
		{"metformin", "", wer.Count{Wrong: 1}, wer.Count{}},
	} {
		heard, said := wer.Words(c.heard), wer.Words(c.said)
		if got := wer.Compare(heard, said); got != c.want {
			t.Errorf("%q for %q: got %+v, want %+v", c.heard, c.said, got, c.want)
		}
		if got := wer.CompareNames(heard, said, drugs); got != c.names {
			t.Errorf("names in %q for %q: got %+v, want %+v", c.heard, c.said, got, c.names)
		}
	}
	sum := wer.Count{Words: 3, Wrong: 1}
	sum.Add(wer.Count{Words: 1, Wrong: 3})
	if got := sum.Rate(); got != 1 {
		t.Errorf("the rate is %v, want 1", got)
	}
	if got := (wer.Count{Wrong: 1}).Rate(); got != 0 {
		t.Errorf("the rate of nothing is %v", got)
	}
}
