// SPDX-License-Identifier: Apache-2.0

package note_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"galen/internal/scribe"
	"galen/internal/scribe/note"
)

// summary is the after-visit summary of a visit.
func summary(t *testing.T, v scribe.Visit) []string {
	t.Helper()
	w := &note.Writer{}
	own, _, err := w.Note(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.Summary(t.Context(), v, own)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		AfterVisitSummary struct {
			SummarizedSegments []struct{ SummarizedSegment string }
		}
	}
	if err := json.Unmarshal(files[0].Body, &doc); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range doc.AfterVisitSummary.SummarizedSegments {
		list = append(list, s.SummarizedSegment)
	}
	return list
}

var (
	soundOfVowels = regexp.MustCompile(`[aeiouy]+`)
	silentEnd     = regexp.MustCompile(`([^laeiouy]|[aeiouy]l)e$|[^tdaeiouy]ed$|[^aeiouyscxzgh]es$`)
)

// syllables of a word, by its vowels.
func syllables(word string) int {
	return max(1, len(soundOfVowels.FindAllString(word, -1))-len(silentEnd.FindAllString(word, -1)))
}

// grade is the school grade that a text is written for.
//
// Kincaid and others, 1975: Derivation of new readability formulas for Navy enlisted personnel.
func grade(sentences []string) float64 {
	n, spoken := 0, 0
	for _, s := range sentences {
		for _, w := range words(s) {
			n++
			spoken += syllables(w)
		}
	}
	return 0.39*float64(n)/float64(len(sentences)) + 11.8*float64(spoken)/float64(n) - 15.59
}

func TestGrade(t *testing.T) {
	for word, want := range map[string]int{"the": 1, "medicine": 3, "knee": 1, "take": 1, "takes": 1, "little": 2, "walked": 1, "needed": 2, "blood": 1, "pressure": 2, "swelling": 2, "hypertension": 4} {
		if got := syllables(word); got != want {
			t.Errorf("%s has %d syllables, want %d", word, got, want)
		}
	}
}

var ends = regexp.MustCompile(`[.?!](?: |$)`)

// TestSummaryTells: the note's sentences to the patient, in groups, short and plain.
func TestSummaryTells(t *testing.T) {
	v := visit(`[doctor] ms. smith is a 50 year old female here for follow-up of her hypertension .
[patient] okay .
[doctor] so for your first problem , your hypertension . i think you have essential hypertension that is well controlled . i want you to continue to take lisinopril 20 milligrams once a day , and i want you to monitor your blood pressure at home .
[doctor] we'll order an echocardiogram , and they'll call you with the results . come back in three months .
[patient] okay .
`, "HISTORY_AND_PHYSICAL")
	got := summary(t, v)
	want := []string{"You came in for: check-up of your high blood pressure.", "What we found: For your high blood pressure: you have essential high blood pressure that is well controlled.",
		"Your medicines: For your high blood pressure: I want you to still take lisinopril 20 milligrams once a day.", "I want you to monitor your blood pressure at home.",
		"What happens next: We will order a heart scan (echo), and they'll call you with the results.", "When to come back or call: Come back in 3 months.", "Call your care team if you have questions or if you feel worse."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	v.Session.Config.Template = scribe.Template{Type: "GIRPP", Custom: true, Instructions: []scribe.Instruction{{Header: "WhatWeDo", Text: "x"}, {Header: "NextSteps", Text: "x"}}}
	if got := summary(t, v); !slices.Contains(got, want[4]) {
		t.Errorf("of a custom template: %q", got)
	}
}

// TestSummaryIsPlain: the summaries of ACI-Bench's visits are written for the sixth grade, in the middle.
func TestSummaryIsPlain(t *testing.T) {
	for _, set := range []string{"valid.csv", "test1.csv"} {
		var grades []float64
		for _, row := range aci(t, set)[1:] {
			var sentences []string
			for _, s := range summary(t, visit(row[2], "HISTORY_AND_PHYSICAL")) {
				for _, one := range ends.Split(s, -1) {
					if one = strings.TrimSpace(one); one != "" {
						sentences = append(sentences, one)
					}
				}
			}
			grades = append(grades, grade(sentences))
		}
		slices.Sort(grades)
		median, worst := grades[len(grades)/2], grades[len(grades)-1]
		t.Logf("%s: Flesch-Kincaid grade %.1f, at worst %.1f", set, median, worst)
		if median > 6.9 {
			t.Errorf("%s: the grade is %.1f", set, median)
		}
	}
}
