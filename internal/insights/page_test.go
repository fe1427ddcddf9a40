// SPDX-License-Identifier: Apache-2.0

package insights_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"galen/internal/insights"
)

var (
	anchors = regexp.MustCompile(` id="(s\d+|f\d+|more)"`)
	links   = regexp.MustCompile(` href="([^"]*)"`)
)

// TestPage: every link of a page leads to something on it, every sentence with evidence has one, and nothing is loaded.
func TestPage(t *testing.T) {
	total := 0
	for i, p := range patients(t) {
		s, _, err := insights.Compose(t.Context(), p.input("hypertension"))
		if err != nil {
			t.Fatal(err)
		}
		page := string(s.HTML())
		at := map[string]bool{}
		for _, m := range anchors.FindAllStringSubmatch(page, -1) {
			if at[m[1]] {
				t.Errorf("patient %d: two elements with id %s", i, m[1])
			}
			at[m[1]] = true
		}
		for _, m := range links.FindAllStringSubmatch(page, -1) {
			total++
			if to, ok := strings.CutPrefix(m[1], "#"); !ok || !at[to] {
				t.Errorf("patient %d: the link %q leads nowhere", i, m[1])
			}
		}
		for _, section := range s.Sections {
			for _, part := range section.Parts {
				for _, line := range part.Lines {
					for _, e := range line.Evidence() {
						if !strings.Contains(page, "<code>"+e+"</code>") {
							t.Errorf("patient %d: the page does not name %s", i, e)
						}
					}
				}
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, " src=") || strings.Contains(page, "url(") {
			t.Errorf("patient %d: the page has a script or loads something", i)
		}
	}
	t.Logf("%d links", total)
}

// TestHostile: names and texts of a record cannot become markup, nor reach a terminal as control characters.
func TestHostile(t *testing.T) {
	in := littleInput()
	in.Resources[0] = bytes.ReplaceAll(in.Resources[0], []byte(`"Roe"`), []byte(`"<script>alert(1)</script>\u001b[31m"`))
	in.Resources[0] = bytes.ReplaceAll(in.Resources[0], []byte(`Metformin 500 MG`), []byte(`\"><img src=x onerror=1> 500 MG`))
	in.Reason = "<b>diabetes</b>"
	s, _, err := insights.Compose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "<img", "<b>"} {
		if strings.Contains(string(s.HTML()), never) {
			t.Errorf("the page has %s", never)
		}
	}
	if bytes.ContainsRune(s.Plain(80, true), '\x1b') {
		t.Error("an escape character reached the terminal")
	}
}

// BenchmarkSummarise is a job of the patient with the most resources of the sample: facts, and all files.
func BenchmarkSummarise(b *testing.B) {
	var most patient
	for _, p := range patients(b) {
		own := own(p)
		if len(own) > len(most.resources) {
			most = patient{p.id, own}
		}
	}
	b.ReportMetric(float64(len(most.resources)), "resources")
	for b.Loop() {
		if _, err := (insights.Summariser{}).Summarise(b.Context(), most.input("annual physical")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(most.resources)), "resources")
}

// BenchmarkThousand is a job of a patient of about 1,000 resources.
func BenchmarkThousand(b *testing.B) {
	for _, p := range patients(b) {
		if r := own(p); len(r) >= 1000 {
			p.resources = r[:1000]
			for b.Loop() {
				if _, err := (insights.Summariser{}).Summarise(b.Context(), p.input("annual physical")); err != nil {
					b.Fatal(err)
				}
			}
			return
		}
	}
	b.Skip("no patient of the sample has 1,000 resources")
}

// own is a patient's own resources, without those that everybody's may refer to.
func own(p patient) (out [][]byte) {
	for _, r := range p.resources {
		if bytes.Contains(r, []byte(p.id)) {
			out = append(out, r)
		}
	}
	return out
}
