// SPDX-License-Identifier: Apache-2.0

package assertion_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/scribe/note/assertion"
)

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		sentence, finding string
		want              assertion.Status
	}{
		{"He has chest pain.", "chest pain", assertion.Status{}},
		{"No chest pain or shortness of breath.", "shortness of breath", assertion.Status{Negated: true}},
		{"She denies fever, chills, but has a cough.", "chills", assertion.Status{Negated: true}},
		{"She denies fever, chills, but has a cough.", "cough", assertion.Status{}},
		{"No increase in edema.", "edema", assertion.Status{}},
		{"Pneumonia was ruled out.", "Pneumonia", assertion.Status{Negated: true}},
		{"Edema: none.", "Edema", assertion.Status{Negated: true}},
		{"Call if you have a fever.", "fever", assertion.Status{Hypothetical: true}},
		{"His mother had breast cancer.", "breast cancer", assertion.Status{Other: true}},
		{"History of asthma.", "asthma", assertion.Status{Historical: true}},
		{"Possible pneumonia.", "pneumonia", assertion.Status{Possible: true}},
		{"i do n't have any headaches", "headaches", assertion.Status{Negated: true}},
		{"", "", assertion.Status{}},
	} {
		at := strings.Index(c.sentence, c.finding)
		if got := assertion.Of(c.sentence, at, at+len(c.finding)); got != c.want {
			t.Errorf("%q: %s is %+v, want %+v", c.sentence, c.finding, got, c.want)
		}
	}
}

// TestNegExSet holds negation to the labels of the NegEx test set: F1 of the negated at least 0.95.
func TestNegExSet(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "..", "shared", "data", "clinical", "negex", "rsAnnotations-1-120-random.txt"))
	if err != nil {
		t.Skip("the NegEx test set is not here: ", err)
	}
	var right, wrong, missed, skipped float64
	for line := range strings.Lines(string(file)) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) < 4 || f[3] != "Negated" && f[3] != "Affirmed" {
			continue
		}
		sentence, finding := strings.Join(strings.Fields(f[2]), " "), strings.Join(strings.Fields(f[1]), " ")
		at := strings.Index(strings.ToLower(sentence), strings.ToLower(finding))
		if at < 0 {
			skipped++ // the sentence was cut before the finding
			continue
		}
		got, want := assertion.Of(sentence, at, at+len(finding)).Negated, f[3] == "Negated"
		switch {
		case got && want:
			right++
		case got:
			wrong++
			t.Logf("not negated: %q in %q", finding, sentence)
		case want:
			missed++
			t.Logf("negated: %q in %q", finding, sentence)
		}
	}
	precision, recall := right/(right+wrong), right/(right+missed)
	f1 := 2 * precision * recall / (precision + recall)
	t.Logf("negation: precision %.3f, recall %.3f, F1 %.3f; %.0f of the findings are not in their sentences", precision, recall, f1, skipped)
	if f1 < 0.95 {
		t.Errorf("F1 is %.3f", f1)
	}
}

func FuzzOf(f *testing.F) {
	f.Add("no chest pain", 3, 13)
	f.Fuzz(func(t *testing.T, sentence string, begin, end int) {
		assertion.Of(sentence, begin, end)
	})
}
